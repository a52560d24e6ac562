"""One login, two clients: what `aws login` of the unmodified AWS CLI version 2 began daypass goes on with, and the other way.

The file and the line in the profile are all that is between them; each renews what the other wrote, and each ends it.
"""

import json
import subprocess

import pytest

from support.aws_cli_v2 import CliV2
from support.running_server import DAYPASS, RunningServer, Terminal
from support.serving import age_cache

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]

IDENTITY = ("sts", "get-caller-identity")
CLIS_OWN = {"accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey"}


@pytest.fixture
def cli(terminal: Terminal, server: RunningServer) -> CliV2:
    cli = CliV2(terminal)
    cli.knows(server, "dev")
    return cli


def _daypass(cli: CliV2, *words: str) -> "subprocess.CompletedProcess[str]":
    done = cli.person.daypass(*words)
    assert done.returncode == 0, done.stderr
    return done


def _arn(server: RunningServer) -> str:
    return f"arn:aws:iam::{server.account_id}:user/developer"


def test_daypass_reads_and_renews_what_aws_login_began(cli: CliV2, server: RunningServer) -> None:
    """`status`, `doctor`, `credential-process`, `exec`, `env`; and the CLI reads the successor daypass wrote."""
    cli.signs_in(server.user, "--profile", "dev")
    (row,) = json.loads(_daypass(cli, "status", "--json").stdout)
    assert (row["profile"], row["identity"], row["state"]) == ("dev", _arn(server), "valid")
    assert row["session_seconds_left"] > 11 * 3600, "the ID token says when the session ends"
    found = json.loads(_daypass(cli, "doctor", "--json", "--profile", "dev").stdout)["findings"]
    assert {each["code"] for each in found if each["severity"] not in ("ok", "note")} == set()
    assert {"login", "session_alive", "identity"} <= {each["code"] for each in found}
    age_cache(cli.person)
    before = cli.entry
    served = json.loads(_daypass(cli, "credential-process", "--profile", "dev").stdout)
    assert cli.entry["refreshToken"] != before["refreshToken"]
    assert served["AccessKeyId"] == cli.entry["accessToken"]["accessKeyId"]
    assert set(cli.entry) >= CLIS_OWN
    exported = json.loads(cli.said("configure", "export-credentials", "--profile", "dev"))
    assert exported["AccessKeyId"] == served["AccessKeyId"]
    inside = _daypass(cli, "exec", "--profile", "dev", "--", cli.program, *IDENTITY)
    assert json.loads(inside.stdout)["Arn"] == _arn(server)
    assert served["AccessKeyId"] in _daypass(cli, "env", "--profile", "dev").stdout


def test_daypass_ends_at_the_server_what_aws_login_began(cli: CliV2, server: RunningServer) -> None:
    """`aws logout` only forgets; `daypass logout` revokes, with what was narrowed from it, and a copy renews nothing."""
    cli.signs_in(server.user, "--profile", "dev")
    (path,) = cli.cache.glob("*.json")
    copy = path.read_text()
    cli.said("logout", "--profile", "dev")
    path.write_text(copy)
    path.chmod(0o600)
    age_cache(cli.person)
    assert cli.run(*IDENTITY, "--profile", "dev").returncode == 0, "the session lived on"
    copy = path.read_text()
    _daypass(cli, "narrow", "dev", "--as", "agent", "--read-only", "--no-input")
    receipt = json.loads(_daypass(cli, "receipt", "agent", "--json").stdout)
    assert receipt["identity"] == _arn(server)
    ended = json.loads(_daypass(cli, "logout", "--profile", "dev", "--json").stdout)["sessions"]
    assert [(row["profiles"], row["revoked"]) for row in ended] == [(["dev"], True), (["agent"], True)]
    assert not path.exists()
    path.write_text(copy)
    path.chmod(0o600)
    age_cache(cli.person)
    refused = cli.run(*IDENTITY, "--profile", "dev")
    assert (refused.returncode, "Your session has expired." in refused.stderr) == (255, True)


def test_the_cli_reads_renews_and_forgets_what_daypass_login_began(cli: CliV2, server: RunningServer) -> None:
    """And daypass goes on with the successor that the CLI wrote, which kept what it does not know."""
    cli.person.login(server, server.user, "--profile", "mine")
    assert json.loads(cli.said(*IDENTITY, "--profile", "mine"))["Arn"] == _arn(server)
    age_cache(cli.person)
    before = cli.entry
    assert json.loads(cli.said(*IDENTITY, "--profile", "mine"))["Arn"] == _arn(server)
    after = cli.entry
    assert after["refreshToken"] != before["refreshToken"]
    assert set(after) == set(before), "it keeps the members it does not know"
    served = json.loads(_daypass(cli, "credential-process", "--profile", "mine").stdout)
    assert served["AccessKeyId"] == after["accessToken"]["accessKeyId"]
    age_cache(cli.person)
    _daypass(cli, "credential-process", "--profile", "mine")
    assert json.loads(cli.said(*IDENTITY, "--profile", "mine"))["Arn"] == _arn(server)
    cli.said("logout", "--profile", "mine")
    asked = cli.person.daypass("status", "--json", "--profile", "mine")
    assert (asked.returncode, json.loads(asked.stdout)[0]["state"]) == (4, "signed_out")


def test_the_cli_signs_in_again_where_daypass_did(cli: CliV2, server: RunningServer) -> None:
    """`aws login` on a profile that daypass wrote: the same person, no question, and daypass sees the new session."""
    cli.person.login(server, server.user, "--profile", "mine")
    before = cli.entry["refreshToken"]
    cli.signs_in(server.user, "--profile", "mine")
    assert cli.entry["refreshToken"] != before
    (row,) = [
        each
        for each in json.loads(_daypass(cli, "status", "--json", "--profile", "mine").stdout)
        if each["profile"] == "mine"
    ]
    assert row["state"] == "valid"


def test_both_renew_one_session_at_once_and_neither_loses_it(cli: CliV2, server: RunningServer) -> None:
    """daypass locks, the CLI does not; the server gives all of them the same successor.

    A CLI that reads half of what another wrote says only the file's name (a `KeyError`); behind a bridge none does.
    """
    cli.signs_in(server.user, "--profile", "dev")
    _daypass(cli, "configure", "bridge", "dev", "--as", "bridged")
    export = [cli.program, "configure", "export-credentials", "--profile"]
    commands = {
        "daypass": [*DAYPASS, "credential-process", "--profile", "dev"],
        "bridged": [*export, "bridged"],
        "alone": [*export, "dev"],
    }
    age_cache(cli.person)
    before = cli.entry["refreshToken"]
    running = [
        (
            who,
            subprocess.Popen(
                commands[who],
                env=cli.person.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ),
        )
        for _ in range(6)
        for who in commands
    ]
    answers = [(who, *process.communicate(timeout=300)) for who, process in running]
    (name,) = (path.stem for path in cli.cache.glob("*.json"))
    assert {(who, error.strip()) for who, _, error in answers if error} <= {
        ("alone", f"aws: [ERROR]: '{name}'")
    }
    assert len({json.loads(out)["AccessKeyId"] for _, out, _ in answers if out}) == 1
    assert cli.entry["refreshToken"] != before
    age_cache(cli.person)
    assert json.loads(cli.said(*IDENTITY, "--profile", "dev"))["Arn"] == _arn(server)
    age_cache(cli.person)
    _daypass(cli, "credential-process", "--profile", "dev")
