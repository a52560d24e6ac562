"""The Python blocks of docs/how-to/use-from-python.md run as they stand, where awscrt is not to be had."""

import re
import sys
from pathlib import Path

from support.fake_sign_in import FakeSignIn, listening
from support.running_server import Terminal
from support.transcript import arn_of, save_session

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-from-python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_each_block_prints_what_the_page_means(tmp_path: Path) -> None:
    save_session(tmp_path, "dev", 900)
    with listening(FakeSignIn()) as fake:
        (tmp_path / ".aws" / "config").write_text(
            f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\nendpoint_url = {fake.base_url}\n"
        )
        blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        without_crt = "import sys; sys.modules['awscrt'] = None\n"
        printed = []
        for block in blocks:
            done = Terminal(tmp_path).run(sys.executable, "-c", without_crt + block)
            assert done.returncode == 0, done.stderr
            printed.append(done.stdout)
    assert printed == [
        f"{fake.arn}\n",
        'there is no profile "nobody" -> daypass login --profile nobody\n',
        "",
    ]
