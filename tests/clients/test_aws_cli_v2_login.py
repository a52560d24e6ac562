"""`aws login` and `aws logout` of the unmodified AWS CLI version 2: each way in, each way out, in its own words."""

import base64
import html
import json
import re

import pytest

from support.aws_cli_v2 import CliV2, administrator, new_user, sign_in
from support.form_browser import FormBrowser
from support.running_server import RunningServer, Terminal
from support.serving import age_cache
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]


@pytest.fixture
def cli(terminal: Terminal, server: RunningServer) -> CliV2:
    """Somebody's machine that knows the server and nobody's session."""
    cli = CliV2(terminal)
    cli.knows(server, "default", "dev")
    return cli


def _arn(cli: CliV2, *arguments: str) -> str:
    return str(json.loads(cli.said("sts", "get-caller-identity", *arguments))["Arn"])


def test_who_signs_in_is_who_the_server_names(cli: CliV2, server: RunningServer) -> None:
    """The root user, then an IAM user, each in a profile; the CLI wrote a line into the profile and a file."""
    cli.signs_in(server.root)
    cli.signs_in(server.user, "--profile", "dev")
    root = f"arn:aws:iam::{server.account_id}:root"
    user = f"arn:aws:iam::{server.account_id}:user/developer"
    assert (_arn(cli), _arn(cli, "--profile", "dev")) == (root, user)
    assert re.findall("login_session = (.+)", cli.config.read_text()) == [root, user]
    entries = [json.loads(path.read_text()) for path in cli.cache.glob("*.json")]
    assert [set(entry) for entry in entries] == [
        {"accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey"}
    ] * 2
    assert {path.stat().st_mode & 0o777 for path in cli.cache.glob("*.json")} == {0o600}


def test_an_active_session_is_picked_without_a_password(cli: CliV2, server: RunningServer) -> None:
    """A second terminal of the same person, the same browser: the chooser, one button."""
    browser: list[FormBrowser] = []
    assert cli.login(lambda url: browser.append(sign_in(server.user, url))).returncode == 0

    def choose(url: str) -> None:
        browser[0].open(url)
        assert "Continue with an active session" in browser[0].html
        browser[0].press("developer")

    done = cli.login(choose, "--profile", "dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert _arn(cli, "--profile", "dev").endswith(":user/developer")


def test_the_browser_is_given_the_link_that_is_printed(cli: CliV2, server: RunningServer) -> None:
    """`BROWSER` is a command, as the person's desktop would set it."""
    opened = cli.person.home / "opened"
    script = cli.person.home / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    script.chmod(0o755)
    printed: list[str] = []

    def answer(url: str) -> None:
        printed.append(url)
        sign_in(server.user, url)

    done = cli.login(answer, BROWSER=str(script))
    assert (done.returncode, done.stderr) == (0, "")
    assert opened.read_text() == printed[0]


def test_the_line_on_the_server_s_own_page_signs_in_for_good(cli: CliV2, server: RunningServer) -> None:
    """The address stays in the profile: the commands after it, and the renewal, need no flag."""
    cli.config.write_text("[default]\nregion = us-east-1\n")
    page = FormBrowser()
    page.open(server.endpoint + "/")
    (line,) = (found for found in re.findall("<code>(aws .+?)</code>", page.html))
    setting, login = html.unescape(line).split(" && ")
    cli.said(*setting.split()[1:])
    assert login == "aws login"
    cli.signs_in(server.root)
    age_cache(cli.person)
    assert _arn(cli).endswith(":root")


def test_from_another_device_by_the_pasted_code_with_a_region_asked_for(
    cli: CliV2, server: RunningServer
) -> None:
    """`aws login --remote` on a terminal: it asks for the region, shows the link, and reads what the page shows."""
    cli.config.write_text(cli.config.read_text().replace("region = us-east-1\n", ""))
    environment = {**cli.person.environment, "TERM": "xterm"}
    with on_terminal([cli.program, "login", "--remote"], environment) as typed:
        typed.wait_for("AWS Region")
        typed.type("eu-central-1\r")
        page = sign_in(server.root, typed.wait_for_link()).page
        typed.wait_for("authorization code displayed in your browser")
        typed.type(page.text_by_id["verification-code"] + "\n")
        assert typed.end_of_command() == 0, typed.shown
    assert "Updated profile default" in typed.shown
    assert "region = eu-central-1" in cli.config.read_text()
    assert _arn(cli).endswith(":root")


def test_what_was_not_on_the_page_is_refused(cli: CliV2) -> None:
    """Not a code at all; a code that another login asked for."""
    assert "Failed to decode the verification code." in cli.login_remote(lambda _: "nonsense").stderr
    foreign = cli.login_remote(lambda _: base64.b64encode(b"state=x&code=y").decode())
    assert (foreign.returncode, "State parameter x does not match" in foreign.stderr) == (255, True)
    assert not cli.cache.exists()


def test_another_person_in_the_profile_is_asked_about(cli: CliV2, server: RunningServer) -> None:
    """The CLI asks after the browser; without an answer the profile and its session stay."""
    cli.signs_in(server.user)
    done = cli.login(lambda url: sign_in(server.root, url))
    assert (done.returncode, "Do you want to overwrite it" in done.stdout) == (255, True)
    assert _arn(cli).endswith(":user/developer")


def test_a_request_cancelled_on_the_page_ends_the_command(cli: CliV2, server: RunningServer) -> None:
    """Access denied: the page says what is missing; the CLI waits until the person cancels there."""
    ann = new_user(administrator(server), server.account_id, "ann")

    def cancel(url: str) -> None:
        browser = sign_in(ann, url)
        assert (browser.status, "Access denied" in browser.html) == (403, True)
        assert "SignInLocalDevelopmentAccess" in browser.html
        browser.press("Cancel this request")

    done = cli.login(cancel)
    assert done.returncode == 255
    assert done.stderr.strip() == (
        "aws: [ERROR]: Error loading or redeeming a login authorization code:"
        " Failed to retrieve an authorization code."
    )


def test_logout_forgets_one_profile_and_all(cli: CliV2, server: RunningServer) -> None:
    cli.signs_in(server.root)
    cli.signs_in(server.user, "--profile", "dev")
    assert "Removed cached login credentials for profile 'default'" in cli.said("logout")
    after = cli.run("sts", "get-caller-identity")
    assert (after.returncode, "Please reauthenticate with 'aws login'" in after.stderr) == (255, True)
    assert _arn(cli, "--profile", "dev").endswith(":user/developer")
    assert "Removed 1 cached login credential." in cli.said("logout", "--all")
    assert list(cli.cache.glob("*.json")) == []
    cli.signs_in(server.root)
    assert _arn(cli).endswith(":root")
