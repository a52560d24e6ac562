"""The client on Windows and macOS, as far as a Linux machine can tell: missing system calls, other paths, other launchers.

Each test takes away, or puts in, what differs there. The locks and the console have files of their own
(test_atomic_file_windows.py, test_terminal_input_windows.py); .github/workflows/ci.yml runs the client on the real systems.
"""

import importlib.util
import ntpath
import os
import shutil
import subprocess
import types
from pathlib import Path

import pytest

from daypass.client import child_process, credential_cache, loopback, profile_names
from daypass.client.browser_command import browser_argv
from daypass.client.child_process import run_child
from daypass.client.consumer_tokens import obtain_token
from daypass.client.session_cache import SessionCache
from daypass.errors import UsageError
from support.transcript import arn_of, cache_path, save_session

URL = "https://signin.example.com/v1/authorize?a=b&c=d"


@pytest.fixture
def without_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `os` does not have on Windows."""
    for name in ("getuid", "fchmod", "tcgetpgrp", "getpgrp", "killpg", "O_NOCTTY", "O_NOFOLLOW"):
        monkeypatch.delattr(os, name)


@pytest.mark.usefixtures("without_posix")
def test_where_files_have_no_owner_and_mode_a_session_is_read_all_the_same(tmp_path: Path) -> None:
    """Access there is by lists of the folder, which the person's profile folder brings along."""
    path = save_session(tmp_path, "dev", 900)
    path.chmod(0o644)
    environ = {"AWS_LOGIN_CACHE_DIRECTORY": str(path.parent)}
    entry = SessionCache(environ).load(arn_of("dev"))
    assert entry is not None
    assert entry.access_key_id == "ASIADEV"
    assert credential_cache.read_entry(str(cache_path(tmp_path, "dev"))) is not None
    token = obtain_token(tmp_path / "consumers", "web", renew=False)
    assert obtain_token(tmp_path / "consumers", "web", renew=False).reveal() == token.reveal()


def test_home_is_the_users_profile_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_cache.os, "path", ntpath)
    monkeypatch.setenv("USERPROFILE", r"C:\Users\me")
    assert credential_cache.cache_directory({}) == r"C:\Users\me\.aws\login\cache"
    assert credential_cache.config_file({}) == r"C:\Users\me\.aws\config"
    assert profile_names.recent_file({}) == r"C:\Users\me\.aws\login\cache\.recent-profiles"
    assert credential_cache.config_file({"AWS_CONFIG_FILE": r"D:\aws\config"}) == r"D:\aws\config"


def test_files_with_windows_line_ends_are_read(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(b"[profile dev]\r\nlogin_session = arn:x\r\n[profile two words]\r\n")
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    assert profile_names.profile_names(environ) == [("dev", "arn:x"), ("two words", "")]
    assert credential_cache.login_session_of(config.read_text(), "dev") == "arn:x"


@pytest.mark.usefixtures("without_posix")
def test_ctrl_c_at_a_windows_console_has_reached_the_child_already() -> None:
    assert child_process._is_in_foreground()


def _on_windows_with(monkeypatch: pytest.MonkeyPatch, program: str) -> list[list[str]]:
    started: list[list[str]] = []

    class Child:
        def __init__(self, argv: list[str], *, env: dict[str, str]) -> None:
            started.append(argv)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Child)
    monkeypatch.setattr(child_process, "os", types.SimpleNamespace(name="nt"))
    monkeypatch.setattr(shutil, "which", lambda name: program)
    return started


def test_a_batch_file_is_started_by_its_whole_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install awscli` makes aws.cmd, which CreateProcess does not find as `aws`."""
    started = _on_windows_with(monkeypatch, r"C:\Python\Scripts\aws.CMD")
    assert run_child(["aws", "s3", "ls"], {}) == 0
    assert started == [[r"C:\Python\Scripts\aws.CMD", "s3", "ls"]]


@pytest.mark.parametrize("word", ["a&calc", "%PATH%", 'a"b', "x|y", "a\nb"])
def test_a_batch_file_gets_no_word_that_cmd_would_run(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    started = _on_windows_with(monkeypatch, r"C:\Python\Scripts\aws.CMD")
    with pytest.raises(UsageError, match="batch file"):
        run_child(["aws", word], {})
    assert started == []


def test_a_program_gets_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    started = _on_windows_with(monkeypatch, r"C:\Program Files\Amazon\AWSCLIV2\aws.exe")
    assert run_child(["aws", "a&b"], {}) == 0
    assert started == [["aws", "a&b"]]


def test_two_programs_never_share_a_forwarded_port_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """There SO_REUSEADDR would let a second one listen and take the answers."""
    spec = importlib.util.spec_from_file_location("loopback_for_windows", loopback.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        patched.setitem(__import__("sys").modules, "loopback_for_windows", module)
        spec.loader.exec_module(module)
    assert module._FixedPortServer.allow_reuse_address is False
    assert loopback._FixedPortServer.allow_reuse_address is True


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"),
        ("edge", "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe"),
        ("brave", "/mnt/c/Program Files/BraveSoftware/Brave-Browser/Application/brave.exe"),
    ],
)
def test_browsers_are_found_where_macos_and_windows_keep_them(name: str, program: str) -> None:
    def find(candidate: str) -> str | None:
        return candidate if candidate == program else None

    assert browser_argv(name, URL, is_private=False, find=find)[0] == program
