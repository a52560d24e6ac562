"""`daypass server backup|restore` and a lost root password: real commands on a real database."""

import json
import os
import socket
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from support.form_browser import FormBrowser
from support.running_server import Terminal
from support.serving import PASSWORD, ROOT, Prepared, prepare, serve

pytestmark = pytest.mark.processes


def server(*words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daypass", "server", *words]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "server"
    folder.mkdir()
    return prepare(folder, port)


def can_sign_in(prepared: Prepared, password: str = PASSWORD) -> bool:
    with serve(prepared):
        browser = FormBrowser()
        browser.open(f"{prepared.endpoint}/signin/user?kind=root")
        browser.press("Sign in", **{**ROOT, "password": password})
        browser.open(f"{prepared.endpoint}/")
        return "Signed in in this browser" in browser.html


def account_of(prepared: Prepared) -> str:
    listed = server("account", "list", "--config", str(prepared.config), "--json")
    return str(json.loads(listed.stdout)[0]["account_id"])


def test_a_backup_of_a_running_server_is_restored_into_an_empty_place(
    prepared: Prepared, tmp_path: Path
) -> None:
    backup = tmp_path / "daypass.backup"
    with serve(prepared):
        made = server("backup", str(backup), "--config", str(prepared.config))
        assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    folder = prepared.config.parent
    for name in ("daypass.db", "daypass.db-wal", "daypass.db-shm", "key-ring.json"):
        (folder / name).unlink(missing_ok=True)
    restored = server("restore", str(backup), "--config", str(prepared.config))
    assert restored.returncode == 0, restored.stderr
    assert stat.S_IMODE((folder / "key-ring.json").stat().st_mode) == 0o600
    assert can_sign_in(prepared)


def test_logins_of_the_saved_moment_have_ended(prepared: Prepared, tmp_path: Path) -> None:
    """Some were revoked since, and a restored database does not know which."""
    backup = tmp_path / "daypass.backup"
    terminal = Terminal(tmp_path / "home")
    with serve(prepared) as running:
        terminal.login(running, ROOT)
        assert terminal.daypass("status").returncode == 0
        assert server("backup", str(backup), "--config", str(prepared.config)).returncode == 0
    assert server("restore", str(backup), "--config", str(prepared.config), "--force").returncode == 0
    with serve(prepared):
        terminal.browser.open(f"{prepared.endpoint}/")
        assert "Nobody is signed in" in terminal.browser.html
        [entry] = (tmp_path / "home" / ".aws" / "login" / "cache").glob("*.json")
        held = json.loads(entry.read_text())
        held["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
        entry.write_text(json.dumps(held))
        refused = terminal.daypass("credential-process")
    assert refused.returncode != 0
    assert "daypass login" in refused.stderr


def test_what_is_there_is_moved_aside_only_when_told(prepared: Prepared, tmp_path: Path) -> None:
    backup = tmp_path / "daypass.backup"
    assert server("backup", str(backup), "--config", str(prepared.config)).returncode == 0
    (prepared.config.parent / "key-ring.json.audit-head").touch()  # of the log that is replaced
    refused = server("restore", str(backup), "--config", str(prepared.config))
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    forced = server("restore", str(backup), "--config", str(prepared.config), "--force")
    assert forced.returncode == 0, forced.stderr
    aside = [path.name.split(".before")[0] for path in prepared.config.parent.glob("*.before-restore-*")]
    assert sorted(aside) == [
        "daypass.db",
        "key-ring.json",
        "key-ring.json.audit-head",
    ]
    assert can_sign_in(prepared)


def test_a_database_that_a_server_has_open_is_not_replaced(prepared: Prepared, tmp_path: Path) -> None:
    backup = tmp_path / "daypass.backup"
    assert server("backup", str(backup), "--config", str(prepared.config)).returncode == 0
    with serve(prepared):
        refused = server("restore", str(backup), "--config", str(prepared.config), "--force")
    assert refused.returncode != 0
    assert "stop it first" in refused.stderr
    assert can_sign_in(prepared)


@pytest.mark.parametrize("harm", ["cut", "altered", "other"])
def test_a_backup_that_is_not_whole_changes_nothing(prepared: Prepared, tmp_path: Path, harm: str) -> None:
    backup = tmp_path / "daypass.backup"
    assert server("backup", str(backup), "--config", str(prepared.config)).returncode == 0
    raw = bytearray(backup.read_bytes())
    if harm == "cut":
        raw = raw[: len(raw) // 2]
    elif harm == "altered":
        raw[len(raw) // 2] ^= 1
    else:
        raw = bytearray(b"not an archive")
    backup.write_bytes(raw)
    refused = server("restore", str(backup), "--config", str(prepared.config), "--force")
    assert refused.returncode != 0
    assert not list(prepared.config.parent.glob("*.before-restore-*"))
    assert can_sign_in(prepared)


def test_an_archive_cannot_choose_where_its_files_go(prepared: Prepared, tmp_path: Path) -> None:
    """Members are read by our names; links and other kinds are refused."""
    backup, evil = tmp_path / "daypass.backup", tmp_path / "evil.backup"
    assert server("backup", str(backup), "--config", str(prepared.config)).returncode == 0
    with tarfile.open(backup) as good, tarfile.open(evil, "w") as bad:
        for member in good.getmembers():
            if member.name == "daypass.db":
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
                bad.addfile(member)
            else:
                bad.addfile(member, good.extractfile(member))
    refused = server("restore", str(evil), "--config", str(prepared.config), "--force")
    assert refused.returncode != 0
    assert can_sign_in(prepared)


def test_an_existing_file_is_not_overwritten(prepared: Prepared, tmp_path: Path) -> None:
    backup = tmp_path / "daypass.backup"
    backup.write_text("mine")
    refused = server("backup", str(backup), "--config", str(prepared.config))
    assert refused.returncode == 2
    assert backup.read_text() == "mine"


def test_keys_that_are_kept_elsewhere_are_left_out(prepared: Prepared, tmp_path: Path) -> None:
    backup = tmp_path / "daypass.backup"
    made = server("backup", str(backup), "--config", str(prepared.config), "--without-keys")
    assert "without the keys" in made.stderr
    with tarfile.open(backup) as archive:
        assert archive.getnames() == ["manifest.json", "daypass.db"]


def test_a_postgresql_database_is_left_to_its_own_tools(tmp_path: Path) -> None:
    config = tmp_path / "daypass.toml"
    config.write_text('database_url = "postgresql://daypass@127.0.0.1/daypass"\n')
    config.chmod(0o600)
    refused = server("backup", str(tmp_path / "x"), "--config", str(config))
    assert refused.returncode == 2
    assert "pg_dump" in refused.stderr


def test_a_lost_root_password_is_replaced(prepared: Prepared) -> None:
    reset = server("account", "reset-password", account_of(prepared), "--config", str(prepared.config))
    assert reset.returncode == 0, reset.stderr
    name, _, password = reset.stdout.strip().partition("=")
    assert name == "DAYPASS_ROOT_PASSWORD"
    assert not can_sign_in(prepared)
    assert can_sign_in(prepared, password)


def test_a_chosen_root_password_is_read_and_not_shown(prepared: Prepared) -> None:
    words = ("account", "reset-password", account_of(prepared), "--config", str(prepared.config))
    weak = server(*words, "--root-password-stdin", typed="short\n")
    assert weak.returncode != 0
    reset = server(*words, "--root-password-stdin", "--remove-mfa", typed="violet anchor pebble\n")
    assert reset.returncode == 0, reset.stderr
    assert "violet" not in reset.stdout + reset.stderr
    assert can_sign_in(prepared, "violet anchor pebble")


def test_an_account_that_is_not_there_is_named(prepared: Prepared) -> None:
    refused = server("account", "reset-password", "999999999999", "--config", str(prepared.config))
    assert refused.returncode == 2
    assert "account list" in refused.stderr


def test_the_folder_is_left_as_it_was_when_a_backup_fails(prepared: Prepared, tmp_path: Path) -> None:
    (prepared.config.parent / "key-ring.json").chmod(0o644)
    refused = server("backup", str(tmp_path / "daypass.backup"), "--config", str(prepared.config))
    assert refused.returncode != 0
    assert "chmod 600" in refused.stderr
    assert not [name for name in os.listdir(tmp_path) if "backup" in name]
