"""`daypass login` and `daypass login --remote` from a real terminal through a real Chromium to real credentials."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.aws_cli_v2 import CliV2
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal
from support.serving import PASSWORD, ROOT, prepare, serve
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("terminal-login")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Any) -> Iterator[RunningServer]:
    with serve(prepare(tmp_path_factory.mktemp("t") / "server", unused_tcp_port_factory())) as running:
        yield running


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with new_terminal() as made:
        yield made


def _start(terminal: Terminal, server: RunningServer, *words: str) -> tuple["subprocess.Popen[str]", str]:
    """Start a login and read the link it prints."""
    process = subprocess.Popen(
        [*DAYPASS, "login", "--endpoint-url", server.endpoint, *words],
        env=terminal.environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("http"):
            return process, line.strip()
    raise AssertionError("no link was printed")


def _sign_in_as_root(page: Page) -> None:
    page.get_by_role("link", name="Continue with root or IAM user").click()
    page.get_by_role("radio", name="Root user").check()
    page.get_by_role("textbox", name="Email address").fill(ROOT["email"])
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _identity(terminal: Terminal, profile: str) -> str:
    aws = str(Path(sys.executable).parent / "aws")
    run = terminal.run(aws, "sts", "get-caller-identity", "--profile", profile)
    assert run.returncode == 0, run.stderr
    return str(json.loads(run.stdout)["Arn"])


def test_a_login_ends_on_the_terminal_s_own_page_with_the_real_outcome(
    page: Page, terminal: Terminal, server: RunningServer
) -> None:
    """Browser, page and terminal agree; the second login needs no password."""
    process, url = _start(terminal, server, "--no-browser", "--profile", "one")
    page.goto(url)
    _sign_in_as_root(page)
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    expect(page.get_by_text('The profile "one" in your terminal now uses this identity.')).to_be_visible()
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert _identity(terminal, "one").endswith(":root")

    process, url = _start(terminal, server, "--no-browser", "--profile", "two")
    page.goto(url)
    expect(page.get_by_role("heading", name="Continue with an active session")).to_be_visible()
    page.get_by_role("button", name=":root").first.click()
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert _identity(terminal, "two").endswith(":root")


def test_a_remote_login_carries_the_code_by_hand(
    page: Page, terminal: Terminal, server: RunningServer
) -> None:
    """The text of the confirmation page, pasted, is all the terminal needs."""
    process, url = _start(terminal, server, "--remote", "--profile", "far")
    page.goto(url)
    _sign_in_as_root(page)
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    expect(page.get_by_role("button", name="Copy code")).to_be_visible()
    code = page.locator("#verification-code").inner_text()
    _, told = process.communicate(code + "\n", timeout=30)
    assert process.returncode == 0, told
    assert _identity(terminal, "far").endswith(":root")


def test_cancelling_in_the_browser_ends_the_login_with_code_3(
    page: Page, terminal: Terminal, server: RunningServer
) -> None:
    """The page of the terminal says so too, and nothing is saved."""
    process, url = _start(terminal, server, "--no-browser", "--profile", "none")
    page.goto(url)
    page.get_by_role("button", name="Cancel this request").click()
    expect(page.get_by_role("heading", name="Sign-in failed")).to_be_visible()
    _, told = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "[login_denied]" in told
    assert not (terminal.home / ".aws" / "config").exists()


def test_an_address_that_fails_to_load_on_another_device_is_pasted(
    page: Page, terminal: Terminal, server: RunningServer
) -> None:
    """The browser is where our listener is not; what its address bar shows is all the terminal needs."""
    words = ["login", "--endpoint-url", server.endpoint, "--no-browser", "--profile", "elsewhere"]
    with on_terminal([*DAYPASS, *words], {**terminal.environment, "TERM": "xterm"}) as typed:
        page.route("**/oauth/callback?*", lambda route: route.abort("connectionrefused"))
        with page.expect_request("**/oauth/callback?*") as asked:
            page.goto(typed.wait_for_link())
            _sign_in_as_root(page)
        typed.wait_for("paste the address its browser ends on")
        typed.type(asked.value.url + "\n")
        assert typed.end_of_command() == 0, typed.shown
    assert _identity(terminal, "elsewhere").endswith(":root")


def test_a_program_follows_the_event_lines(page: Page, terminal: Terminal, server: RunningServer) -> None:
    """An agent shows the link it reads from standard output, and learns who it is now."""
    process = subprocess.Popen(
        [
            *DAYPASS,
            "login",
            "--endpoint-url",
            server.endpoint,
            "--no-browser",
            "--json",
            "--profile",
            "agent",
        ],
        env=terminal.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["event"] == "url"
    page.goto(first["url"])
    _sign_in_as_root(page)
    # Line by line to the end: `communicate` would not see what `readline` has read ahead.
    events = [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 0
    process.stdout.close()
    assert [event["event"] for event in events] == ["waiting", "code_received", "signed_in"]
    assert events[-1]["identity"] == _identity(terminal, "agent")


def test_aws_login_of_the_aws_cli_version_2_through_the_same_pages(
    page: Page, terminal: Terminal, server: RunningServer
) -> None:
    """The unmodified program: its own page at the end, then the session of this browser for a second profile."""
    cli = CliV2(terminal)
    cli.knows(server, "one", "two")
    # The command's own listener closes before the browser has asked it for a picture of the tab.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))

    def first(url: str) -> None:
        page.goto(url)
        _sign_in_as_root(page)

    def second(url: str) -> None:
        page.goto(url)
        page.get_by_role("button", name=":root").first.click()

    for profile, answer in (("one", first), ("two", second)):
        done = cli.login(answer, "--profile", profile)
        assert (done.returncode, done.stderr) == (0, "")
        expect(page.get_by_text("Your credentials have been shared successfully")).to_be_visible()
        assert json.loads(cli.said("sts", "get-caller-identity", "--profile", profile))["Arn"].endswith(
            ":root"
        )
