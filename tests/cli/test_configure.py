"""`daypass configure bridge`: the profile every SDK accepts, and nothing of the person's overwritten."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

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
