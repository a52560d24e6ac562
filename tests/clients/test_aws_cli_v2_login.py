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


def test_two_people_sign_in_and_out_again(cli: CliV2, server: RunningServer) -> None:
    """The root user and an IAM user: who the server names, what is written, and what `aws logout` takes away."""
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
    assert "Removed cached login credentials for profile 'default'" in cli.said("logout")
    after = cli.run("sts", "get-caller-identity")
    assert (after.returncode, "Please reauthenticate with 'aws login'" in after.stderr) == (255, True)
    assert "Removed 1 cached login credential." in cli.said("logout", "--all")
    assert list(cli.cache.glob("*.json")) == []


def test_an_active_session_is_picked_without_a_password(cli: CliV2, server: RunningServer) -> None:
    """`BROWSER` is given the link that is printed; a second terminal then finds one button for its person."""
    opened, script = cli.person.home / "opened", cli.person.home / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    script.chmod(0o755)
    browser = FormBrowser()
    printed: list[str] = []

    def with_password(url: str) -> None:
        nonlocal browser
        printed.append(url)
        browser = sign_in(server.user, url)

    def with_a_button(url: str) -> None:
        browser.open(url)
        assert "Continue with an active session" in browser.html
        browser.press("developer")

    assert cli.login(with_password, BROWSER=str(script)).returncode == 0
    assert [opened.read_text()] == printed
    done = cli.login(with_a_button, "--profile", "dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert _arn(cli, "--profile", "dev").endswith(":user/developer")


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
