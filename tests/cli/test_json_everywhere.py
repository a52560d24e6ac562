"""`--json` of the commands whose answer is short: one JSON value on standard output, people's words on the other stream.

And the table of which commands have `--json` and `--no-input`, with the reason of each that has not.
"""

import json
import subprocess
from pathlib import Path

import pytest

from daypass.cli.command_words import COMMAND_WORDS
from daypass.cli.main import COMMANDS
from support.fake_sign_in import FakeSignIn, listening
from support.running_server import Terminal
from support.transcript import arn_of, save_session

pytestmark = pytest.mark.processes

_NO_ANSWER = {
    "exec": "its output is the command's",
    "completion": "its output is a script",
    "credential-process": "its output is JSON",
}
"""Commands without `--json`, and why."""
_ASKS_NOBODY = {
    "status": "what it shows is written in clear, and no keyring is asked",
    "doctor": "a keyring that is locked is a finding",
    "configure": "it writes lines of the config file",
    "configure role": "it writes lines of the config file",
    "configure python": "it writes one file",
    "configure aws-cli-v1": "it writes lines of the config file",
    "credential-process": "programs run it, so it never asks",
    "completion": "it prints a script",
}
"""Commands without `--no-input`, and why."""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Two profiles that share a login, a third of another, and one that still has a key."""
    for name in ("dev", "ops"):
        save_session(tmp_path, name, 900)
    (tmp_path / ".aws" / "config").write_text(
        "".join(
            f"[profile {name}]\nregion = us-east-1\nlogin_session = {arn_of(user)}\n"
            for name, user in (("dev", "dev"), ("twin", "dev"), ("ops", "ops"))
        )
        + "[profile old]\n"
    )
    (tmp_path / ".aws" / "credentials").write_text(
        "[old]\naws_access_key_id = AKIAY34FZKBOKMUTVV7A\n"
        "aws_secret_access_key = abcdefghijABCDEFGHIJabcdefghij9876543210\n"
    )
    return Terminal(tmp_path)


def _json(ended: "subprocess.CompletedProcess[str]", code: int = 0) -> object:
    assert ended.returncode == code, ended.stderr
    found: object = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize(("option", "exempt"), [("--json", _NO_ANSWER), ("--no-input", _ASKS_NOBODY)])
def test_every_command_has_it_or_a_reason_not_to(option: str, exempt: dict[str, str]) -> None:
    without = {words for words in COMMANDS if option not in {named[0] for named in COMMAND_WORDS[words][1]}}
    assert without == set(exempt)


def test_env_prints_the_variables(terminal: Terminal) -> None:
    found = _json(terminal.daypass("env", "--profile", "dev", "--json"))
    assert isinstance(found, dict)
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_REGION"]) == ("ASIADEV", "us-east-1")
    assert terminal.daypass("env", "--profile", "dev", "--json", "--unset").returncode == 2


def test_a_bridge_says_what_was_written(terminal: Terminal) -> None:
    found = _json(terminal.daypass("configure", "bridge", "dev", "--json"))
    assert isinstance(found, dict)
    assert (found["profile"], found["source_profile"]) == ("dev-bridge", "dev")
    config = (terminal.home / ".aws" / "config").read_text()
    assert f"credential_process = {found['credential_process']}\n" in config


def test_a_sign_out_names_who_shared_the_session(terminal: Terminal) -> None:
    """AWS offers no revocation, so `revoked` is neither yes nor no."""
    row = {"identity": arn_of("dev"), "profiles": ["dev", "twin"], "revoked": None, "problem": None}
    assert _json(terminal.daypass("logout", "--profile", "dev", "--json")) == {"sessions": [row]}
    assert _json(terminal.daypass("logout", "--profile", "dev", "--json")) == {"sessions": []}


def test_a_sign_out_of_everything_says_what_was_revoked_and_what_not(terminal: Terminal) -> None:
    with listening(FakeSignIn()) as fake:
        ended = terminal.daypass("logout", "--all", "--json", AWS_ENDPOINT_URL_SIGNIN=fake.base_url)
        assert any(request.url.endswith("/v1/revoke") for request in fake.requests)
    found = _json(ended)
    assert isinstance(found, dict)
    rows = sorted(found["sessions"], key=lambda row: row["identity"])
    assert [(row["identity"], row["profiles"], row["revoked"]) for row in rows] == [
        (arn_of("dev"), ["dev", "twin"], True),
        (arn_of("ops"), ["ops"], True),
    ]
    save_session(terminal.home, "ops", 900)
    failed = terminal.daypass("logout", "--all", "--json", AWS_ENDPOINT_URL_SIGNIN=fake.base_url)
    found = _json(failed, 5)
    assert isinstance(found, dict)
    assert found["sessions"][0]["revoked"] is False
    assert "nothing answers" in found["sessions"][0]["problem"]


def test_a_migration_plan_holds_the_diffs_and_no_secret(terminal: Terminal) -> None:
    ended = terminal.daypass("migrate", "old", "--to", "dev", "--json")
    found = _json(ended)
    assert isinstance(found, dict)
    assert (found["profile"], found["login_profile"], found["is_signed_in"]) == ("old", "dev", True)
    assert found["access_key_id"] == "AKIAY34FZKBOKMUTVV7A"
    diffs = "".join(each["diff"] for each in found["files"])
    assert f"+login_session = {arn_of('dev')}" in diffs
    assert "9876543210" not in ended.stdout + ended.stderr
