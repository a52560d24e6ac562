"""`daypass migrate` with a person at the terminal, and with a login at the real server."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daypass.client.session_cache import format_time
from support.aws_account_double import DAY, AccountDouble, KnownKey, account_double
from support.running_server import DAYPASS, Terminal, run_up
from support.transcript import ACCOUNT, arn_of, save_session
from support.typed_terminal import on_terminal

KEY, SECRET = "AKIAY34FZKBOKMUTVV7A", "abcdefghijABCDEFGHIJabcdefghij0123456789"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
PASSPHRASE = "correct horse battery"


@pytest.fixture
def account() -> Iterator[AccountDouble]:
    keys = {KEY: KnownKey(SECRET, ALICE), "ASIADEV": KnownKey("secret-of-dev", arn_of("dev"))}
    with account_double(keys) as double:
        yield double


def _with_key(home: Path) -> Terminal:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "credentials").write_text(
        f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    return Terminal(home)


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    save_session(tmp_path, "dev", 3000)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev-login]\nlogin_session = {arn_of('dev')}\n")
    return _with_key(tmp_path)


def _migrate(person: Terminal, account: AccountDouble, *typed: str) -> str:
    """What was on the screen."""
    environment = {**person.environment, "AWS_ENDPOINT_URL": account.base_url}
    with on_terminal([*DAYPASS, "migrate", "dev", "--apply"], environment) as terminal:
        for question, answer in zip(
            ["passphrase for the backup", "same passphrase again", r"switch .* off now\?"],
            typed,
            strict=False,
        ):
            terminal.wait_for(question)
            terminal.type(answer + "\n")
        code = terminal.end_of_command()
        shown = terminal.shown
    assert SECRET not in shown
    assert PASSPHRASE not in shown
    assert code == (0 if len(typed) == 3 else 2), shown
    return shown


def _receipt(person: Terminal) -> dict[str, str]:
    (path,) = (person.home / ".aws" / "daypass" / "migrations").glob("*.json")
    return json.loads(path.read_text())  # type: ignore[no-any-return]  # JSON is what the command wrote


def test_the_key_is_switched_off_by_the_new_session_when_the_person_agrees(
    person: Terminal, account: AccountDouble
) -> None:
    """Off, not away; and going back says how to switch it on."""
    shown = _migrate(person, account, PASSPHRASE, PASSPHRASE, "y")
    assert account.keys[KEY].status == "Inactive"
    assert account.asked[-1] == (
        "ASIADEV",
        "UpdateAccessKey",
        {"AccessKeyId": KEY, "Status": "Inactive", "UserName": "alice"},
    )
    assert "says how to delete it" in shown
    receipt = _receipt(person)
    assert receipt["deactivated_at"]
    assert receipt["backup_key"]["kind"] == "passphrase"  # type: ignore[index]  # JSON is what the command wrote
    with on_terminal([*DAYPASS, "migrate", "--undo", receipt["id"]], person.environment) as terminal:
        terminal.wait_for("passphrase of the backup")
        terminal.type("another passphrase\n")
        assert terminal.end_of_command() == 2
        assert "does not open with this key" in terminal.shown
    with on_terminal([*DAYPASS, "migrate", "--undo", receipt["id"]], person.environment) as terminal:
        terminal.wait_for("passphrase of the backup")
        terminal.type(PASSPHRASE + "\n")
        assert terminal.end_of_command() == 0
        assert f"update-access-key --access-key-id {KEY} --status Active" in terminal.shown
    assert SECRET in (person.home / ".aws" / "credentials").read_text()


def test_the_deletion_command_comes_only_after_an_unused_week(
    person: Terminal, account: AccountDouble
) -> None:
    """Not sooner, not when it was used since, and nothing is deleted."""
    _migrate(person, account, PASSPHRASE, PASSPHRASE, "y")
    (path,) = (person.home / ".aws" / "daypass" / "migrations").glob("*.json")

    def again(days: int) -> str:
        moment = format_time(int(time.time()) - days * DAY)
        path.write_text(json.dumps({**json.loads(path.read_text()), "deactivated_at": moment}))
        ended = person.daypass("migrate", "dev", "--apply", "--no-input", AWS_ENDPOINT_URL=account.base_url)
        assert ended.returncode == 0, ended.stderr
        return ended.stderr

    deletion = f"aws iam delete-access-key --access-key-id {KEY} --user-name alice --profile dev-login"
    assert "ask again when a week has passed" in (told := again(6))
    assert deletion not in told
    assert deletion in again(8)
    account.keys[KEY].used_at = int(time.time()) - 2 * DAY
    assert "it has been switched on again" in (told := again(8))
    assert deletion not in told
    account.keys["ASIADEV"].may = frozenset()
    assert f"get-access-key-last-used --access-key-id {KEY}" in (told := again(8))
    assert deletion not in told
    account.keys["ASIADEV"].may = frozenset({"GetAccessKeyLastUsed"})
    del account.keys[KEY]
    assert f"{KEY} is gone from its account" in again(8)


def test_no_is_the_default_and_a_refusal_gives_the_command(person: Terminal, account: AccountDouble) -> None:
    account.keys["ASIADEV"].may = frozenset()
    shown = _migrate(person, account, PASSPHRASE, PASSPHRASE, "y")
    assert "it was not switched off: iam refused UpdateAccessKey (AccessDenied)" in shown
    assert f"aws iam update-access-key --access-key-id {KEY} --status Inactive --user-name alice" in shown
    assert account.keys[KEY].status == "Active"
    assert _receipt(person)["deactivated_at"] == ""


def test_an_empty_answer_leaves_the_key_on(person: Terminal, account: AccountDouble) -> None:
    _migrate(person, account, PASSPHRASE, PASSPHRASE, "")
    assert account.keys[KEY].status == "Active"
    assert "UpdateAccessKey" not in {action for _, action, _ in account.asked}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ((PASSPHRASE, PASSPHRASE + "!"), "the passphrases differ"),
        (("short", "short"), "12 characters or more"),
    ],
)
def test_a_mistyped_or_short_passphrase_changes_nothing(
    person: Terminal, account: AccountDouble, typed: tuple[str, str], told: str
) -> None:
    assert told in _migrate(person, account, *typed)
    assert SECRET in (person.home / ".aws" / "credentials").read_text()
    assert not (person.home / ".aws" / "daypass").exists()


@pytest.mark.processes
def test_a_key_gives_way_to_a_login_at_the_real_server(tmp_path: Path) -> None:
    """The login's side is our own STS; the old key's account, which our server has not, is the double.

    Afterwards an unmodified SDK works with the old profile name, through our server.
    """
    home = tmp_path / "home"
    home.mkdir()
    with run_up(tmp_path / "data") as server, account_double({}) as account:
        person = Terminal(home)
        person.login(server, server.user, "--profile", "dev-login")
        _with_key(home)
        before = {name: (home / ".aws" / name).read_bytes() for name in ("config", "credentials")}
        words = (
            *("migrate", "dev", "--apply", "--no-input", "--backup-key-file", str(home / "backup.key")),
            *("--endpoint-url", account.base_url),
        )
        account.keys[KEY] = KnownKey(SECRET, "arn:aws:iam::999999999999:user/alice")
        refused = person.daypass(*words)
        assert (refused.returncode, "999999999999" in refused.stderr) == (6, True), refused.stderr
        account.keys[KEY] = KnownKey(SECRET, f"arn:aws:iam::{server.account_id}:user/alice")
        moved = person.daypass(*words)
        assert moved.returncode == 0, moved.stderr
        asked = "import boto3; print(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Account'])"
        sdk = person.run(sys.executable, "-c", asked)
        assert sdk.stdout.strip() == server.account_id, sdk.stderr
        undone = person.daypass("migrate", "--undo", _receipt(person)["id"], "--no-input")
        assert undone.returncode == 0, undone.stderr
        assert before == {name: (home / ".aws" / name).read_bytes() for name in ("config", "credentials")}
