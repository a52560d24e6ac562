"""Our own store's process, with a stand-in program where the real one would only be slower."""

import asyncio
import signal
import stat
import sys
from importlib import metadata
from pathlib import Path

import pytest

from daypass.errors import ConfigError
from daypass.server.adapters import seaweedfs
from daypass.server.adapters.seaweedfs import SeaweedFs, find_weed

STAND_IN = """#!{python}
import http.server, signal, sys, time
{setup}
options = dict(word.lstrip('-').partition('=')[::2] for word in sys.argv)
class Status(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response(200 if self.path == '/status' else 404)
        self.send_header('content-length', '0')
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(('127.0.0.1', int(options['s3.port'])), Status).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "stand-in"
    monkeypatch.setattr(seaweedfs, "find_weed", lambda: program)
    return program


def _write(program: Path, setup: str = "") -> None:
    program.write_text(STAND_IN.format(python=sys.executable, setup=setup))
    program.chmod(0o700)


def test_the_installed_packages_program_is_found() -> None:
    assert find_weed().name == "weed"


def test_a_missing_program_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "files", missing)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError) as refusal:
        find_weed()
    assert "pip install 'daypass[s3]'" in refusal.value.hint


async def test_it_starts_answers_keeps_its_ports_and_keys_and_ends(stand_in: Path, tmp_path: Path) -> None:
    _write(stand_in)
    store = SeaweedFs(tmp_path / "s3")
    store.start()
    await store.wait_ready()
    endpoint, keys = store.endpoint_url, store.files.load_keys()
    await store.stop()
    assert store.has_ended()
    again = SeaweedFs(tmp_path / "s3")
    again.start()
    await again.wait_ready()
    assert (again.endpoint_url, again.files.load_keys()) == (endpoint, keys)
    await again.stop()


async def test_its_keys_are_for_the_owner_only_and_not_on_the_command_line(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(stand_in)
    store = SeaweedFs(tmp_path / "s3")
    store.start()
    await store.wait_ready()
    _, secret = store.files.load_keys()
    pid = int((tmp_path / "s3" / "weed.pid").read_text())
    command_line = Path(f"/proc/{pid}/cmdline").read_text() if sys.platform == "linux" else ""
    await store.stop()
    assert secret.reveal() not in command_line
    for name in ("identities.json", "security.toml", "weed.log"):
        assert stat.S_IMODE((tmp_path / "s3" / name).stat().st_mode) == 0o600


async def test_it_listens_on_loopback_and_reports_nothing_home(stand_in: Path, tmp_path: Path) -> None:
    _write(stand_in)
    store = SeaweedFs(tmp_path / "s3")
    store.start()
    await store.wait_ready()
    options = store._options()
    await store.stop()
    for wanted in (
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-s3.iam=false",
        "-webdav=false",
    ):
        assert wanted in options


async def test_one_that_will_not_go_is_killed_after_the_grace(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(stand_in, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    monkeypatch.setattr(seaweedfs, "_STOP_GRACE_SECONDS", 0.2)
    store = SeaweedFs(tmp_path / "s3")
    store.start()
    await store.wait_ready()
    await asyncio.wait_for(store.stop(), 10)
    assert store._process is not None
    assert store._process.returncode == -signal.SIGKILL


async def test_one_that_cannot_start_names_its_log(stand_in: Path, tmp_path: Path) -> None:
    _write(stand_in, "sys.exit('no')")
    store = SeaweedFs(tmp_path / "s3")
    store.start()
    with pytest.raises(ConfigError) as refusal:
        await store.wait_ready()
    assert str(tmp_path / "s3" / "weed.log") in refusal.value.hint
    await store.stop()


async def test_an_orphan_of_an_earlier_run_is_ended_before_the_next(stand_in: Path, tmp_path: Path) -> None:
    _write(stand_in)
    first = SeaweedFs(tmp_path / "s3")
    first.start()
    await first.wait_ready()
    second = SeaweedFs(tmp_path / "s3")
    second.start()
    assert first._process is not None
    assert first._process.wait(10) == -signal.SIGTERM
    await second.wait_ready()
    await second.stop()
