"""`daypass migrate`: proof before change, nothing secret left in clear, byte-identical undo, kill -9 anywhere."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daypass.client.ini_text import parse
from support import killed_client
from support.aws_account_double import AccountDouble, KnownKey, account_double
from support.running_server import DAYPASS, Terminal
from support.transcript import ACCOUNT, arn_of, save_session

KEY, SECRET = "AKIAY34FZKBOKMUTVV7A", "abcdefghijABCDEFGHIJabcdefghij0123456789"
OTHER = "ABCDEFGHIJabcdefghijABCDEFGHIJ0123456789"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
CONFIG = (
    "# mine\r\n[profile dev]\r\nregion = eu-west-1\r\n\r\n[profile  chained]\nsource_profile=dev\n"
    "[profile dev-login]\nregion = eu-west-1\nlogin_session = {arn}\nservices = here\n"
    "[services here]\nsignin =\n  endpoint_url = {url}\nsts =\n  endpoint_url = {url}\niam =\n  endpoint_url = {url}\n"
)
KEYS = (
    f"[other]\n  aws_access_key_id=AKIAY34FZKBOKMUTVV7B\naws_secret_access_key={OTHER}\n\n"
    f"[dev]\nAWS_Access_Key_Id = {KEY}\r\naws_secret_access_key = {SECRET}\n\n# the end, without a line feed"
)
APPLY = ("migrate", "dev", "--apply", "--no-input", "--backup-key-file", "~/keys/backup.key")


@pytest.fixture
def account() -> Iterator[AccountDouble]:
    """Alice's key and the session of the login, in one account."""
    keys = {KEY: KnownKey(SECRET, ALICE), "ASIADEV": KnownKey("secret-of-dev", arn_of("dev"))}
    with account_double(keys) as double:
        yield double


@pytest.fixture
def person(tmp_path: Path, account: AccountDouble) -> Terminal:
    """Signed in as `dev-login`, with the old key in `dev`."""
    save_session(tmp_path, "dev", 3000)
    (tmp_path / ".aws" / "config").write_bytes(
        CONFIG.format(arn=arn_of("dev"), url=account.base_url).encode()
    )
    (tmp_path / ".aws" / "credentials").write_bytes(KEYS.encode())
    (tmp_path / ".aws" / "credentials").chmod(0o640)
    return Terminal(tmp_path)


def _run(person: Terminal, *words: str, code: int = 0, **settings: str) -> "subprocess.CompletedProcess[str]":
    ended = person.run(*DAYPASS, *words, **settings)
    told = ended.stdout + ended.stderr
    assert ended.returncode == code, told
    assert not any(secret in told for secret in (SECRET, OTHER, "secret-of-dev")), told
    return ended


def _files(person: Terminal) -> dict[str, tuple[str, int]]:
    """Hash and mode of the person's own files."""
    found = {}
    for name in ("config", "credentials"):
        path = person.home / ".aws" / name
        found[name] = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
    return found


def _section(person: Terminal, name: str, section: str) -> dict[str, object] | None:
    text = (person.home / ".aws" / name).read_bytes().decode()
    return parse(text).get(section)  # type: ignore[return-value]  # JSON and sections are what the test wrote


def _receipt(person: Terminal) -> dict[str, object]:
    (path,) = (person.home / ".aws" / "daypass" / "migrations").glob("*.json")
    return json.loads(path.read_text())  # type: ignore[no-any-return]  # JSON and sections are what the test wrote


def _endpoint(account: AccountDouble) -> tuple[str, str]:
    return "--endpoint-url", account.base_url


def test_the_plan_is_a_diff_without_secrets_and_changes_nothing(
    person: Terminal, account: AccountDouble
) -> None:
    """It asks nobody either."""
    before = _files(person)
    ended = _run(person, "migrate", "dev")
    assert _files(person) == before
    assert account.raw == []
    assert f"+login_session = {arn_of('dev')}\n" in ended.stdout
    assert f"-AWS_Access_Key_Id = {KEY}\n" in ended.stdout
    assert "-aws_secret_access_key = ****************\n" in ended.stdout
    assert ended.stdout.count("\n--- ") + ended.stdout.startswith("--- ") == 2
    assert "take their credentials from this profile: chained" in ended.stderr
    assert ended.stderr.endswith("then: daypass migrate dev --apply\n")


def test_a_migration_switches_parks_the_key_sealed_and_undoes_byte_for_byte(
    person: Terminal, account: AccountDouble
) -> None:
    """Every file of the person as before; nothing secret in clear meanwhile but what was not asked to move."""
    before = _files(person)
    ended = _run(person, *APPLY, *_endpoint(account))
    receipt = _receipt(person)
    assert ended.stdout == f"{person.home}/.aws/daypass/migrations/{receipt['id']}.json\n"
    assert _section(person, "config", "profile dev") == {
        "region": "eu-west-1",
        "login_session": arn_of("dev"),
        "services": "here",
    }
    assert _section(person, "credentials", "dev") is None or not _section(person, "credentials", "dev")
    assert _section(person, "credentials", "other")
    assert receipt["state"] == "applied"
    assert (receipt["account_id"], receipt["old_identity"], receipt["access_key_id"]) == (ACCOUNT, ALICE, KEY)
    assert (
        f"aws iam update-access-key --access-key-id {KEY} --status Inactive --user-name alice --profile dev-login"
        in ended.stderr
    )
    assert account.keys[KEY].status == "Active"
    for path in person.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
            if path.suffix in (".key", ".backup", ".json"):
                assert path.stat().st_mode & 0o077 == 0
    _run(person, "migrate", "--undo", str(receipt["id"]), "--no-input")
    assert _files(person) == before
    assert list((person.home / ".aws" / "daypass" / "migrations").glob("*.backup")) == []
    again = _run(person, "migrate", "--undo", str(receipt["id"]), "--no-input")
    assert "nothing to do" in again.stderr


def test_a_profile_that_moved_already_says_so(person: Terminal, account: AccountDouble) -> None:
    """With the way back, and what is left to do at the account."""
    _run(person, *APPLY, *_endpoint(account))
    ended = _run(person, "migrate", "dev")
    assert (ended.stdout, ended.stderr.splitlines()[0]) == (
        "",
        'daypass: profile "dev" has moved to its login',
    )
    assert f"--undo {_receipt(person)['id']}" in ended.stderr
    assert "--status Inactive --user-name alice" in ended.stderr


def test_an_sdk_uses_the_login_after_the_migration(person: Terminal, account: AccountDouble) -> None:
    """And asks the process with the bridge form."""
    asked = "import botocore.session as b; c = b.Session(profile='dev').get_credentials(); print(c.method, c.access_key)"
    _run(person, *APPLY, *_endpoint(account))
    sdk = person.run(sys.executable, "-c", asked)
    assert sdk.stdout == "login ASIADEV\n", sdk.stderr
    _run(person, "migrate", "--undo", str(_receipt(person)["id"]), "--no-input")
    assert person.run(sys.executable, "-c", asked).stdout == f"shared-credentials-file {KEY}\n"
    _run(person, *APPLY, *_endpoint(account), "--bridge")
    assert person.run(sys.executable, "-c", asked).stdout == "custom-process ASIADEV\n"


def test_an_undo_after_other_changes_puts_only_the_profiles_settings_back(
    person: Terminal, account: AccountDouble
) -> None:
    _run(person, *APPLY, *_endpoint(account))
    with (person.home / ".aws" / "credentials").open("a") as file:
        file.write("\n[later]\naws_access_key_id = x\n")
    with (person.home / ".aws" / "config").open("a") as file:
        file.write("\n[profile later]\nregion = x\n")
    ended = _run(person, "migrate", "--undo", str(_receipt(person)["id"]), "--no-input")
    assert ended.stderr.count("changed since; only the settings") == 2
    assert _section(person, "config", "profile dev") == {"region": "eu-west-1"}
    assert _section(person, "config", "profile later") == {"region": "x"}
    assert _section(person, "credentials", "later") == {"aws_access_key_id": "x"}
    assert _section(person, "credentials", "dev") == {
        "AWS_Access_Key_Id": KEY,
        "aws_secret_access_key": SECRET,
    }


def test_another_account_is_refused(person: Terminal, account: AccountDouble) -> None:
    before = _files(person)
    account.keys[KEY].arn = "arn:aws:iam::999999999999:user/alice"
    ended = _run(person, *APPLY, *_endpoint(account), code=6)
    assert "the key belongs to account 999999999999" in ended.stderr
    assert ended.stderr.splitlines()[-2].endswith("nothing was changed [login_mismatch]")
    assert _files(person) == before
    assert not (person.home / ".aws" / "daypass").exists()


def test_a_key_that_proves_nothing_is_refused(person: Terminal, account: AccountDouble) -> None:
    account.keys[KEY].status = "Inactive"
    before = _files(person)
    assert "[login_mismatch]" in _run(person, *APPLY, *_endpoint(account), code=6).stderr
    account.keys[KEY] = KnownKey("another-secret", ALICE)
    assert "[login_mismatch]" in _run(person, *APPLY, *_endpoint(account), code=6).stderr
    assert _files(person) == before


def test_a_login_that_is_not_accepted_is_refused(person: Terminal, account: AccountDouble) -> None:
    account.keys["ASIADEV"].status = "Inactive"
    before = _files(person)
    assert "hint: daypass login --profile dev-login" in _run(person, *APPLY, code=4).stderr
    assert _files(person) == before


def test_a_key_in_use_is_taken_for_a_workloads_unless_the_person_says_otherwise(
    person: Terminal, account: AccountDouble
) -> None:
    """The login asks; a look by IAM or STS is no use."""
    account.keys[KEY].used_at = int(time.time()) - 3600
    before = _files(person)
    ended = _run(person, *APPLY, *_endpoint(account), code=2)
    assert f"{KEY} looks like a program's key (used for s3 in eu-west-1 within a day)" in ended.stderr
    assert _files(person) == before
    assert {signer for signer, action, _ in account.asked if action == "GetAccessKeyLastUsed"} == {"ASIADEV"}
    account.keys[KEY].service = "sts"
    _run(person, *APPLY, *_endpoint(account))
    _run(person, "migrate", "--undo", str(_receipt(person)["id"]), "--no-input")
    account.keys[KEY].service = "s3"
    _run(person, *APPLY, *_endpoint(account), "--mine")


def test_a_workloads_key_is_never_touched(person: Terminal, account: AccountDouble) -> None:
    project = person.home / "project" / ".github" / "workflows"
    project.mkdir(parents=True)
    (project / "deploy.yml").write_text(f"env:\n  KEY: {KEY}\n")
    before = _files(person)
    ended = _run(
        person, *APPLY, *_endpoint(account), "--mine", "--folder", str(person.home / "project"), code=2
    )
    assert "CI settings: ~/project/.github/workflows/deploy.yml:2" in ended.stderr
    assert "federation from CI" in ended.stderr
    assert _files(person) == before
    assert account.raw == []


def test_a_backup_opens_only_with_its_key_and_its_receipt(person: Terminal, account: AccountDouble) -> None:
    _run(person, *APPLY, *_endpoint(account))
    applied = _files(person)
    name = str(_receipt(person)["id"])
    wrong = person.home / "keys" / "wrong.key"
    wrong.write_text("A" * 43 + "=\n")
    wrong.chmod(0o600)
    undo = ("migrate", "--undo", name, "--no-input", "--backup-key-file")
    assert "does not open with this key" in _run(person, *undo, str(wrong), code=2).stderr
    wrong.chmod(0o644)
    assert "others can read the backup key" in _run(person, *undo, str(wrong), code=2).stderr
    folder = person.home / ".aws" / "daypass" / "migrations"
    damaged = folder / f"{name}.backup"
    damaged.write_text(damaged.read_text()[:-9] + "AAAAAAAA\n")
    assert "does not open" in _run(person, "migrate", "--undo", name, "--no-input", code=2).stderr
    assert _files(person) == applied


def test_the_backups_key_lies_apart_from_the_backup(person: Terminal, account: AccountDouble) -> None:
    """Else the lock is as good as open."""
    before = _files(person)
    inside = str(person.home / ".aws" / "daypass" / "migrations" / "x.key")
    ended = _run(person, *APPLY[:-1], inside, *_endpoint(account), code=2)
    assert "must lie apart from the backup [usage]" in ended.stderr
    ended = _run(person, *APPLY[:-2], *_endpoint(account), code=2)
    assert "needs a passphrase and nobody can be asked" in ended.stderr
    assert _files(person) == before


@pytest.mark.processes
def test_kill_9_at_any_step_leaves_what_the_next_run_understands(
    person: Terminal, account: AccountDouble, tmp_path: Path
) -> None:
    """At every step the profile has the key or the login; the next run ends it; undo gives the bytes back."""
    folder = str(person.home / ".aws")
    runner = [sys.executable, killed_client.__file__]
    before = _files(person)
    counted = person.run(*runner, "0", folder, *APPLY, *_endpoint(account))
    assert counted.returncode == 0, counted.stderr
    _run(person, "migrate", "--undo", str(_receipt(person)["id"]), "--no-input")
    steps = int((person.home / "steps").read_text())
    assert steps > 20
    killed = 0
    for fatal in range(1, steps + 1):
        for path in (person.home / ".aws" / "daypass" / "migrations").glob("*"):
            path.unlink()
        ended = person.run(*runner, str(fatal), folder, *APPLY, *_endpoint(account))
        killed += ended.returncode == -9
        key = _section(person, "credentials", "dev")
        login = _section(person, "config", "profile dev")
        assert (key and key.get("AWS_Access_Key_Id") == KEY) or (login and "login_session" in login), fatal
        if _files(person) == before and fatal % 5:
            continue  # nothing had happened: the next run of every fifth is enough
        _run(person, *APPLY, *_endpoint(account))
        receipts = [
            json.loads(path.read_text())
            for path in (person.home / ".aws" / "daypass" / "migrations").glob("*.json")
        ]
        (applied,) = [each for each in receipts if each["state"] == "applied"]
        assert all(each["state"] in ("applied", "abandoned") for each in receipts)
        assert list((person.home / ".aws").glob(".c*.tmp")) == []
        _run(person, "migrate", "--undo", applied["id"], "--no-input")
        assert _files(person) == before, fatal
    assert killed > 20


@pytest.mark.processes
def test_kill_9_during_an_undo_is_mended_by_the_next_undo(person: Terminal, account: AccountDouble) -> None:
    folder = str(person.home / ".aws")
    runner = [sys.executable, killed_client.__file__]
    before = _files(person)
    for fatal in range(4, 40, 3):
        for path in (person.home / ".aws" / "daypass" / "migrations").glob("*"):
            path.unlink()
        _run(person, *APPLY, *_endpoint(account))
        name = str(_receipt(person)["id"])
        if person.run(*runner, str(fatal), folder, "migrate", "--undo", name, "--no-input").returncode == 0:
            break
        _run(person, "migrate", "--undo", name, "--no-input")
        assert _files(person) == before, fatal
    else:
        raise AssertionError("no undo ever ended")
    assert _files(person) == before
