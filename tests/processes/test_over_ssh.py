"""Over a real SSH connection: a login on the far side with a forwarded port, pasted codes, and credentials carried there.

sshd runs on loopback with keys of its own (support/ssh_host.py).
"""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.ssh_host import FarHost, far_host
from support.transcript import arn_of, save_session
from support.typed_terminal import on_terminal

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8, and /proc"),
]

SDK = (
    "import botocore.session; f = botocore.session.get_session().get_credentials();"
    " print(f.method, f.get_frozen_credentials().access_key)"
)


@pytest.fixture
def host(tmp_path: Path, unused_tcp_port: int) -> Iterator[FarHost]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    with far_host(folder, unused_tcp_port) as made:
        yield made


@pytest.fixture
def fake() -> Iterator[FakeSignIn]:
    with listening(FakeSignIn()) as made:
        yield made


@pytest.fixture
def near(tmp_path: Path, host: FarHost) -> dict[str, str]:
    home = tmp_path / "near-home"
    home.mkdir()
    return host.near(Terminal(home).environment)


def _is_signed_in(host: FarHost, fake: FakeSignIn) -> bool:
    config = host.home / ".aws" / "config"
    return config.exists() and f"login_session = {fake.arn}\n" in config.read_text()


def _browse_through_tunnel(address: str) -> int:
    """What a browser of the near machine does: its 127.0.0.1 is the tunnel's end, here called 127.0.0.2."""
    parts = urlsplit(address)
    request = urllib.request.Request(
        address.replace("127.0.0.1", "127.0.0.2", 1), headers={"Host": parts.netloc}
    )
    with urllib.request.urlopen(request, timeout=60) as page:
        status: int = page.status
        return status


def test_a_login_on_the_far_side_is_answered_through_a_forwarded_port(
    host: FarHost, near: dict[str, str], fake: FakeSignIn, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """As docs/how-to/sign-in-without-a-browser.md says; the place is noticed by the variables that sshd really sets."""
    port = unused_tcp_port_factory()
    words = [
        *("ssh", "-L", f"127.0.0.2:{port}:127.0.0.1:{port}", "HOST"),
        f"daypass login --port {port} --endpoint-url {fake.base_url}",
    ]
    process = subprocess.Popen(
        words, env=near, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told: list[str] = []
    for line in process.stderr:
        told.append(line)
        if line.startswith("http"):
            break
    assert "no browser is opened in an SSH session (--browser opens one)" in told[0]
    assert _browse_through_tunnel(fake.approve(told[-1].strip())) == 200
    told += process.stderr.readlines()
    assert process.wait(60) == 0, "".join(told)
    assert f"ssh -L {port}:127.0.0.1:{port} HOST" in "".join(told)
    assert _is_signed_in(host, fake)
    process.stdout.close()
    process.stderr.close()


def test_a_login_at_a_far_terminal_takes_a_long_paste(
    host: FarHost, near: dict[str, str], fake: FakeSignIn
) -> None:
    """sshd's own terminal, `TERM` included; the paste is longer than any terminal's line."""
    command = ["ssh", "-tt", "HOST", f"daypass login --endpoint-url {fake.base_url}"]
    with on_terminal(command, {**near, "TERM": "xterm"}) as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("no browser is opened in an SSH session: the code comes by hand")
        terminal.wait_for("paste the code")
        terminal.type("x" * 5000 + "\n")
        terminal.wait_for("that is not the answer")
        terminal.type(fake.code_to_paste(link) + "\n")
        assert terminal.end_of_command(60) == 0, terminal.shown
    assert _is_signed_in(host, fake)


def test_a_connection_that_breaks_leaves_no_lock_and_no_process(
    host: FarHost, near: dict[str, str], fake: FakeSignIn
) -> None:
    """SIGHUP reaches the login; the next one is not kept waiting for it."""
    command = [
        "ssh",
        "-tt",
        "HOST",
        f"echo $$ >pid; exec daypass login --remote --endpoint-url {fake.base_url}",
    ]
    with on_terminal(command, {**near, "TERM": "xterm"}) as terminal:
        terminal.wait_for("paste the code")
        terminal.process.send_signal(signal.SIGKILL)
        pid = (host.home / "pid").read_text().strip()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists():
            assert time.monotonic() < deadline, "the login outlived its terminal"
            time.sleep(0.05)
    with on_terminal(["ssh", "-tt", "HOST", command[-1]], {**near, "TERM": "xterm"}) as again:
        link = again.wait_for_link()
        again.wait_for("paste the code")
        assert "under way" not in again.shown
        again.type(fake.code_to_paste(link) + "\n")
        assert again.end_of_command(60) == 0, again.shown


@contextlib.contextmanager
def _serving(environment: dict[str, str]) -> Iterator[dict[str, object]]:
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", "--json", "--port", "0", "--consumer", "job=dev"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_printed_lines_give_a_far_sdk_the_credentials_and_nothing_else(
    host: FarHost, near: dict[str, str], unused_tcp_port_factory: Callable[[], int]
) -> None:
    """`ssh -R` as it is printed, but for the far port's number: both sides have one loopback here."""
    far_port = unused_tcp_port_factory()
    home = Path(near["HOME"])
    save_session(home, "dev", 900)
    (home / ".aws" / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nlogin_session = {arn_of('dev')}\n"
    )
    with _serving(near) as said:
        consumers = said["consumers"]
        assert isinstance(consumers, list)
        carry, tunnel, _then, *exports = consumers[0]["snippets"]["ssh"].splitlines()
        subprocess.run(["sh", "-c", carry], env=near, check=True)
        token_file = host.home / ".aws" / "daypass" / "consumers" / "job.token"
        assert token_file.stat().st_mode & 0o777 == 0o600
        port = said["port"]
        assert tunnel == f"ssh -R 127.0.0.1:{port}:127.0.0.1:{port} HOST"
        tunnel = tunnel.replace(f"-R 127.0.0.1:{port}:", f"-R 127.0.0.1:{far_port}:")
        exported = "\n".join(exports).replace(f":{port}/", f":{far_port}/")
        far = f"{exported}\n{sys.executable} -c '{SDK}'"
        ran = subprocess.run([*tunnel.split(), far], env=near, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (0, "container-role ASIADEV\n"), ran.stderr
        assert not (host.home / ".aws" / "login").exists()
        assert not (host.home / ".aws" / "config").exists()
        token_file.write_text("x" * 43)
        refused = subprocess.run(
            [*tunnel.split(), far], env=near, capture_output=True, text=True, check=False
        )
        assert "ASIADEV" not in refused.stdout
        assert refused.returncode != 0
