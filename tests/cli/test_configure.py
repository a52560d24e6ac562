"""`daypass configure bridge`: the profile every SDK accepts, and nothing of the person's overwritten."""

import configparser
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from daypass.client.aws_config import load_config
from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session

_BEFORE = (
    "# mine\n[profile my dev]\nregion = eu-west-1\ns3 =\n  addressing_style = path\nlogin_session = {arn}\n"
)


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    """Signed in under a name with a blank."""
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(_BEFORE.format(arn=arn_of("dev")))
    return Terminal(tmp_path)


def _config(person: Terminal) -> str:
    return (person.home / ".aws" / "config").read_text()


def test_an_unmodified_sdk_gets_the_logins_credentials_through_the_bridge(person: Terminal) -> None:
    """With the profile's settings, but not its login."""
    done = person.run(*DAYPASS, "configure", "bridge", "my dev", "--as", "tools")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    read = configparser.ConfigParser()
    read.read_string(_config(person))
    bridge = dict(read["profile tools"])
    assert bridge["region"] == "eu-west-1"
    assert "addressing_style = path" in bridge["s3"]
    assert "login_session" not in bridge
    assert _config(person).startswith(_BEFORE.format(arn=arn_of("dev")))
    asked = "import botocore.session as b; s = b.Session(profile='tools'); c = s.get_credentials(); print(c.method, c.access_key)"
    sdk = subprocess.run(
        [sys.executable, "-c", asked], env=person.environment, capture_output=True, text=True, check=True
    )
    assert sdk.stdout == "custom-process ASIADEV\n"


def test_a_bridge_may_be_written_again_and_nothing_else_over(person: Terminal) -> None:
    """A profile of the person's own is refused, and stays."""
    assert person.run(*DAYPASS, "configure", "bridge", "my dev").returncode == 0
    once = _config(person)
    assert person.run(*DAYPASS, "configure", "bridge", "my dev").returncode == 0
    assert _config(person) == once
    with (person.home / ".aws" / "config").open("a") as file:
        file.write("[profile mine]\nregion = x\n")
    before = _config(person)
    refused = person.run(*DAYPASS, "configure", "bridge", "my dev", "--as", "mine")
    assert refused.returncode == 2
    assert "it is no bridge; nothing was changed [config]" in refused.stderr
    assert _config(person) == before


def test_a_bridge_to_a_profile_without_a_login_is_refused(person: Terminal) -> None:
    """Exit code 4, with the command that helps."""
    with (person.home / ".aws" / "config").open("a") as file:
        file.write("[profile keys]\nregion = x\n")
    refused = person.run(*DAYPASS, "configure", "bridge", "keys")
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (4, "hint: daypass login --profile keys")


@pytest.mark.parametrize("name", ["$(id)", "`id`", 'a"b', "a\\b", "50%", "-dev", "no!"])
def test_a_name_that_a_shell_would_look_into_never_reaches_a_command_line(
    person: Terminal, name: str
) -> None:
    """Some SDKs give the line to a shell, and double quotes do not stop those characters there."""
    with (person.home / ".aws" / "config").open("a") as file:
        file.write(f"[profile {shlex.quote(name)}]\nlogin_session = {arn_of('dev')}\n")
    before = _config(person)
    refused = person.run(*DAYPASS, "configure", "bridge", "--as", "tools", "--", name)
    assert (refused.returncode, _config(person)) == (2, before), refused.stderr
    assert "cannot stand in a command line of the config file" in refused.stderr


@pytest.mark.parametrize("name", ["o'brien", "a;b", "a&b", "x > y", "ü*", "my (dev)"])
def test_every_other_name_is_one_word_to_a_shell_and_to_an_sdk(person: Terminal, name: str) -> None:
    with (person.home / ".aws" / "config").open("a") as file:
        file.write(f"[profile {shlex.quote(name)}]\nlogin_session = {arn_of('dev')}\n")
    done = person.run(*DAYPASS, "configure", "bridge", name, "--as", "tools")
    assert done.returncode == 0, done.stderr
    process = load_config(person.environment).profile("tools").text("credential_process") or ""
    assert shlex.split(process)[-1] == name
    assert json.loads(person.run("sh", "-c", process).stdout)["AccessKeyId"] == "ASIADEV"


def test_a_bridge_is_not_written_over_a_role(person: Terminal) -> None:
    """It asks the same process; written over, it would be a role by name and the login by what it gives."""
    role = ("--role-arn", "arn:aws:iam::111122223333:role/Reader", "--source-profile", "my dev")
    assert person.run(*DAYPASS, "configure", "role", "reader", *role).returncode == 0
    before = _config(person)
    refused = person.run(*DAYPASS, "configure", "bridge", "my dev", "--as", "reader")
    assert (refused.returncode, _config(person)) == (2, before)


def test_no_option_adds_a_line_to_the_config_file(person: Terminal) -> None:
    before = _config(person)
    role = ("--role-arn", "arn:aws:iam::111122223333:role/Reader", "--source-profile", "my dev")
    for word in ("x\ncredential_process = evil", "x\u2028y = z", "x\x85y = z"):
        refused = person.run(*DAYPASS, "configure", "role", "reader", *role, "--region", word)
        assert (refused.returncode, _config(person)) == (2, before), refused.stderr
        assert "a setting holds a line break" in refused.stderr
        refused = person.run(*DAYPASS, "configure", "bridge", "my dev", "--as", word)
        assert (refused.returncode, _config(person)) == (2, before), refused.stderr


def test_a_command_to_type_is_one_that_can_be_pasted(person: Terminal) -> None:
    """A name with a blank, or one that a shell would run, is quoted where a command holds it."""
    hint = person.run(*DAYPASS, "status", "--profile", "$(touch x)").stderr.splitlines()[-1]
    assert shlex.split(hint) == ["hint:", "daypass", "login", "--profile", "$(touch x)"]
    tried = person.run(*DAYPASS, "configure", "bridge", "my dev").stderr.splitlines()[-1]
    assert tried == "daypass: try: AWS_PROFILE='my dev-bridge' aws sts get-caller-identity"
