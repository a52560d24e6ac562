"""The keyring's child, for real: every way a keyring can fail has its own word, none takes for ever, nothing leaks."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daypass.client import vault_keyring
from daypass.client.vault_keyring import SystemKeyring, patience_of
from daypass.errors import (
    ConfigError,
    KeyringAbsent,
    KeyringDenied,
    KeyringError,
    KeyringLocked,
    KeyringTimedOut,
)
from daypass.secret import Secret
from support.file_keyring import kept, keyring_environment, set_mood

HANG_SECONDS = 0.3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring in a file."""
    folder = tmp_path / "keyring"
    for name, value in keyring_environment(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def _keyring(*, may_prompt: bool = False, patience: float = 20.0) -> SystemKeyring:
    return SystemKeyring("dev", may_prompt, patience)


def test_a_key_is_kept_read_and_forgotten(folder: Path) -> None:
    """Under our service's name; forgetting twice is no failure."""
    keyring = _keyring()
    assert keyring.read("login-1") is None
    keyring.write("login-1", Secret("abc"))
    assert kept(folder) == {"daypass login-1": "abc"}
    assert keyring.read("login-1") == Secret("abc")
    keyring.forget("login-1")
    keyring.forget("login-1")
    assert kept(folder) == {}


def test_the_check_leaves_nothing_behind(folder: Path) -> None:
    """It keeps, reads and removes."""
    _keyring().check()
    assert kept(folder) == {}


@pytest.mark.parametrize(
    ("mood", "may_prompt", "error", "word"),
    [
        ("hang", False, KeyringTimedOut, "keyring_timed_out"),
        ("hang", True, KeyringTimedOut, "keyring_timed_out"),
        ("locked", False, KeyringLocked, "keyring_locked"),
        ("locked", True, KeyringDenied, "keyring_denied"),
        ("raise", False, KeyringError, "keyring"),
        ("forgetful", False, KeyringError, "keyring"),
    ],
)
def test_each_failure_has_its_word(
    folder: Path, mood: str, may_prompt: bool, error: type[KeyringError], word: str
) -> None:
    """Exit code 8, a command to type, and no text of the backend's."""
    set_mood(folder, mood)
    with pytest.raises(error) as caught:
        _keyring(may_prompt=may_prompt, patience=HANG_SECONDS if mood == "hang" else 20.0).check()
    assert (caught.value.code, caught.value.exit_code) == (word, 8)
    assert caught.value.hint
    assert "hunter2" not in caught.value.message + caught.value.detail
    assert caught.value.detail != "its process", "the child keeps its own time"


def test_a_keyring_that_keeps_nothing_is_found_out_when_a_key_is_kept(folder: Path) -> None:
    """Else the login would be sealed for ever."""
    set_mood(folder, "forgetful")
    with pytest.raises(KeyringError, match="it kept something else"):
        _keyring().write("login-1", Secret("abc"))


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "no.such.module.Keyring",
        "support.file_keyring.NoSuchClass",
        "keyring.backends.Windows.WinVaultKeyring",
        "support.file_keyring.PlaintextKeyring",
    ],
)
def test_a_keyring_that_is_none_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """Switched off, not there, or one that keeps plain text: never used, and nothing is written."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    with pytest.raises(KeyringAbsent) as caught:
        _keyring().write("login-1", Secret("abc"))
    assert caught.value.hint == "daypass login --profile dev --storage file"
    assert kept(folder) == {}


def test_a_machine_without_any_keyring_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A headless Linux: no message bus, no backend that the library would recommend."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    with pytest.raises(KeyringAbsent, match="there is no system keyring here"):
        _keyring().check()


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client does not depend on it."""
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "__init__.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(KeyringAbsent) as caught:
        _keyring().check()
    assert caught.value.hint == "pip install 'daypass[keyring]'"


def test_a_program_of_the_current_folder_is_not_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standing in somebody's repository must not hand it our keys."""
    (tmp_path / "keyring.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    _keyring().check()
    assert not (tmp_path / "ran").exists()


def test_a_backend_that_prints_does_not_spoil_the_answer(folder: Path) -> None:
    """Its words go nowhere."""
    set_mood(folder, "chatty")
    _keyring().write("login-1", Secret("abc"))
    assert _keyring().read("login-1") == Secret("abc")


def test_no_secret_is_in_an_argument_or_a_variable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine may read the first, many programs the second."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os, sys\n"
        "question = json.load(sys.stdin)\n"
        f"json.dump([sys.argv, dict(os.environ)], open({str(tmp_path / 'seen')!r}, 'w'))\n"
        "print(json.dumps({'secret': question['secret']}))\n"
    )
    monkeypatch.setattr(vault_keyring, "WORKER", (str(spy),))
    _keyring().write("login-1", Secret("the-key-itself"))
    assert "the-key-itself" not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(
    "program", ["", "print('nonsense')", "print('[1]')", "import os; os.abort()", "print('{')"]
)
def test_a_child_that_dies_or_babbles_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """A native library may take the whole process down."""
    monkeypatch.setattr(vault_keyring, "WORKER", ("-c", program))
    with pytest.raises(KeyringError) as caught:
        _keyring().read("login-1")
    assert caught.value.code == "keyring"


def test_a_child_that_loses_its_own_clock_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stuck native call keeps the child's timer from running; a prompter of its own must not stay either."""
    program = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    monkeypatch.setattr(vault_keyring, "WORKER", ("-c", program))
    monkeypatch.setattr(vault_keyring, "START_SECONDS", 2.0)
    began = time.monotonic()
    with pytest.raises(KeyringTimedOut):
        _keyring(patience=0.1).read("login-1")
    assert time.monotonic() - began < 10
    grandchild = Path("/proc") / (tmp_path / "pid").read_text()
    deadline = time.monotonic() + 10
    while _runs(grandchild) and time.monotonic() < deadline:
        os.sched_yield()
    assert not _runs(grandchild)


def _runs(process: Path) -> bool:
    try:
        return "State:\tZ" not in (process / "status").read_text()
    except FileNotFoundError:
        return False


def test_a_person_is_told_why_it_takes_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and only where somebody could unlock it."""
    set_mood(folder, "slow")
    monkeypatch.setattr(vault_keyring, "_TELL_AFTER", 0.05)
    told: list[str] = []
    SystemKeyring("dev", True, 20.0, told.append).read("login-1")
    assert told == ["waiting for the system keyring, which may be asking you to unlock it"]
    SystemKeyring("dev", False, 20.0, told.append).read("login-1")
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "may_prompt", "seconds"),
    [("", True, 60.0), ("", False, 5.0), ("0.5", True, 0.5), ("600", False, 600.0)],
)
def test_the_patience_is_the_person_s_choice(text: str, may_prompt: bool, seconds: float) -> None:
    """Else by whether somebody is there to type a password."""
    assert patience_of({"DAYPASS_KEYRING_TIMEOUT": text}, may_prompt=may_prompt) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "601", "nan", "inf", "soon", "1e9"])
def test_a_patience_that_is_none_is_refused(text: str) -> None:
    """Never for ever."""
    with pytest.raises(ConfigError):
        patience_of({"DAYPASS_KEYRING_TIMEOUT": text}, may_prompt=True)


def test_the_hot_modules_do_not_know_the_library() -> None:
    """The child alone imports it."""
    program = "import sys, daypass.cli.renewing; sys.exit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
