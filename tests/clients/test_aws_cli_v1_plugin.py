"""`aws login`, `aws logout` and login profiles in the unmodified AWS CLI version 1, against a whole server, without awscrt."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.aws_cli_v2 import aws_cli_v2
from support.running_server import DAYPASS, RunningServer, Terminal
from support.transcript import cache_path, save_session

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

AWS = str(Path(sys.executable).parent / "aws")


@pytest.fixture
def configured(terminal: Terminal, tmp_path: Path) -> Terminal:
    """The plugin named by our command, beside settings of the person's own; awscrt cannot be imported."""
    config = terminal.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("# mine\n[default]\noutput = json\n\n[profile other]\nregion = eu-west-1\n")
    done = terminal.run(*DAYPASS, "configure", "aws-cli-v1", "--aws", AWS)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert config.read_text().startswith("# mine\n[default]\noutput = json\n\n[profile other]\n")
    return terminal


def _aws(person: Terminal, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The AWS CLI as `aws` starts it, in a Python where awscrt is not to be had."""
    start = "import sys; sys.modules['awscrt'] = None; sys.argv[0] = 'aws'; from awscli.clidriver import main; sys.exit(main())"
    return person.run(sys.executable, "-c", start, *words, **settings)


def test_aws_login_then_aws_sts_then_aws_logout(server: RunningServer, configured: Terminal) -> None:
    """A person's whole day; the words and the codes are ours."""
    command = [AWS, "login", "--profile", "dev", "--region", "us-east-1", "--endpoint-url", server.endpoint]
    process = subprocess.Popen(
        command,
        env={**configured.environment, "DAYPASS_BROWSER": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told: list[str] = []
    for line in process.stderr:
        told.append(line)
        if line.startswith("http"):
            break
    configured.answer(told[-1].strip(), server.user)
    out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), [*told, rest]
    assert f"arn:aws:iam::{server.account_id}:user/developer" in rest

    seen = _aws(configured, "sts", "get-caller-identity", "--profile", "dev")
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)["Arn"] == f"arn:aws:iam::{server.account_id}:user/developer", seen.stderr

    gone = _aws(configured, "logout", "--profile", "dev")
    assert (gone.returncode, gone.stdout) == (0, "")
    assert f"signed out of arn:aws:iam::{server.account_id}:user/developer" in gone.stderr
    seen = _aws(configured, "sts", "get-caller-identity", "--profile", "dev")
    assert (seen.returncode, seen.stdout) == (255, "")
    assert seen.stderr.split("\n")[1:3] == [
        'profile "dev" has no saved session [signin_needed]',
        "hint: daypass login --profile dev",
    ]


def test_its_commands_renew_a_login_that_neared_its_end(
    short_lived_server: RunningServer, configured: Terminal
) -> None:
    """Credentials of eight seconds are renewed at every call; botocore's own provider would need awscrt."""
    configured.login(short_lived_server, short_lived_server.user, "--profile", "dev")
    (entry,) = (configured.home / ".aws" / "login" / "cache").glob("*.json")
    before = json.loads(entry.read_text())["refreshToken"]
    seen = _aws(configured, "sts", "get-caller-identity", "--profile", "dev")
    assert seen.returncode == 0, seen.stderr
    assert json.loads(entry.read_text())["refreshToken"] != before
    listed = _aws(configured, "configure", "list", "--profile", "dev")
    assert " login " in listed.stdout


def test_flags_and_exit_codes_are_handed_on(configured: Terminal) -> None:
    """What `daypass login` and `daypass logout` refuse is refused with the same words."""
    refused = _aws(configured, "login", "--profile", "dev", "--region", "us_east_1", "--remote")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (
        2,
        "daypass: a region looks like us-east-1 [usage]",
    )
    refused = _aws(configured, "login", "--region", "us-east-1", "--endpoint-url", "http://example.com")
    assert "sign-in over plain http is only for this machine" in refused.stderr
    refused = _aws(configured, "login", "--redirect-port", "0", "--region", "us-east-1")
    assert (refused.returncode, "--port is a number" in refused.stderr) == (2, True)
    refused = _aws(configured, "login", "--no-verify-ssl")
    assert (refused.returncode, "--no-verify-ssl was refused" in refused.stderr) == (2, True)
    alone = _aws(configured, "login", "--profile", "dev", "--region", "us-east-1", CI="true")
    assert alone.returncode == 4, alone.stderr
    assert _aws(configured, "logout", "--profile", "other").stderr.startswith(
        'daypass: profile "other" is not signed in'
    )


def test_aws_logout_all_forgets_every_session(configured: Terminal) -> None:
    for user in ("dev", "ops"):
        save_session(configured.home, user, 900)
    gone = _aws(configured, "logout", "--all")
    assert (gone.returncode, "2 saved sessions removed" in gone.stderr) == (0, True)
    assert not cache_path(configured.home, "dev").exists()


def test_a_role_over_a_login_works_in_its_commands(server: RunningServer, configured: Terminal) -> None:
    """The AWS CLI's own role provider asks ours for its source profile: STS answers, not a missing library."""
    configured.login(server, server.user, "--profile", "dev")
    with (configured.home / ".aws" / "config").open("a") as file:
        file.write(
            f"\n[profile deploy]\nregion = us-east-1\nrole_arn = arn:aws:iam::{server.account_id}:role/none\n"
            "source_profile = dev\nservices = daypass-dev\n"
        )
    seen = _aws(configured, "sts", "get-caller-identity", "--profile", "deploy")
    assert "AccessDenied" in seen.stderr
    assert "AssumeRole" in seen.stderr


def test_undo_takes_its_line_back_and_only_that(configured: Terminal) -> None:
    config = configured.home / ".aws" / "config"
    config.write_text(config.read_text().replace("[plugins]", "[plugins]\nmine = json"))
    done = configured.run(*DAYPASS, "configure", "aws-cli-v1", "--undo", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"file": str(config), "state": "deleted"})
    assert "daypass" not in config.read_text()
    assert "mine = json" in config.read_text()
    again = configured.run(*DAYPASS, "configure", "aws-cli-v1", "--undo")
    assert (again.returncode, "nothing to do" in again.stderr) == (0, True)


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("#!/bin/sh\necho hello\n", 2, "did not say that it is the AWS CLI"),
        ("#!/bin/sh\necho aws-cli/1.46.3 Python/3.11\n", 2, "does not say which Python runs it"),
    ],
)
def test_the_line_is_written_only_for_a_version_1_that_can_load_it(
    terminal: Terminal, tmp_path: Path, script: str, code: int, told: str
) -> None:
    command = tmp_path / "aws"
    command.write_text(script)
    command.chmod(0o755)
    done = terminal.run(*DAYPASS, "configure", "aws-cli-v1", "--aws", str(command))
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert not (terminal.home / ".aws" / "config").exists()


def test_version_2_is_told_by_its_own_words_and_does_not_mind_the_line(
    server: RunningServer, configured: Terminal
) -> None:
    """The unmodified program, on the machine of somebody who uses both."""
    refused = configured.run(*DAYPASS, "configure", "aws-cli-v1", "--aws", aws_cli_v2())
    assert (refused.returncode, "which has a login of its own" in refused.stderr) == (2, True)
    configured.login(server, server.user, "--profile", "dev")
    assert "daypass.aws_cli_v1" in (configured.home / ".aws" / "config").read_text()
    done = configured.run(aws_cli_v2(), "sts", "get-caller-identity", "--profile", "dev")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_config_that_is_set_up_for_version_2_plugins_is_left_alone(terminal: Terminal) -> None:
    """With that setting version 2 would load our plugin, and fail for every command where it cannot."""
    config = terminal.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[plugins]\ncli_legacy_plugin_path = /opt/plugins\n")
    done = terminal.run(*DAYPASS, "configure", "aws-cli-v1", "--aws", AWS)
    assert (done.returncode, config.read_text()) == (2, "[plugins]\ncli_legacy_plugin_path = /opt/plugins\n")
    assert "cli_legacy_plugin_path" in done.stderr


def test_help_of_both_commands_is_the_aws_clis(configured: Terminal) -> None:
    shown = _aws(configured, "login", "help", PAGER="cat")
    assert shown.returncode == 0, shown.stderr
    assert "redirect-port" in shown.stdout.replace("\b", "")
