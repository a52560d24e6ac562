"""A container made of namespaces: it has no `~/.aws`, reaches the endpoint over a network of its own, and sees one profile.

The host of this test is a network namespace too, so nothing is added to the machine's own network. Where only root may
make namespaces, a user namespace is asked for.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.running_server import Terminal
from support.transcript import arn_of, save_session

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
]

_WORLD = Path(__file__).parents[1] / "support" / "container_world.py"


@pytest.fixture
def found(tmp_path: Path) -> dict[str, dict[str, object]]:
    """What programs in the container got."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(
        "".join(
            f"[profile {name}]\nregion = eu-west-1\nlogin_session = {arn_of(name)}\n"
            for name in ("dev", "ops")
        )
    )
    for name in ("dev", "ops"):
        save_session(home, name, 900)
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_root, "--net", "--mount", sys.executable, str(_WORLD), str(tmp_path)]
    ran = subprocess.run(
        command, env=Terminal(home).environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, dict[str, object]] = json.loads(ran.stdout)
    return answer


def test_a_container_gets_its_own_profile_without_any_file_of_the_person(
    found: dict[str, dict[str, object]],
) -> None:
    assert found["web"] == {"method": "container-role", "key": "ASIADEV", "home": []}
    assert found["job"] == {"method": "container-role", "key": "ASIAOPS", "home": []}
    assert "401" in str(found["stranger"]["problem"])
    assert found["afterwards"].get("key") is None
