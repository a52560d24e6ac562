"""Links into a real server: `daypass console`, and a broker's script as people have it for AWS."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.form_browser import FormBrowser
from support.running_server import RunningServer, Terminal, new_terminal, run_up

pytestmark = [pytest.mark.processes, pytest.mark.clients]

SCRIPT = Path(__file__).parents[2] / "examples" / "console_link.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_up(tmp_path_factory.mktemp("broker") / "data") as running:
        yield running


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with new_terminal() as machine:
        yield machine


def test_the_console_command_signs_another_browser_in_once(server: RunningServer, terminal: Terminal) -> None:
    terminal.login(server, server.user, "--profile", "dev")
    printed = terminal.daypass("console", "--profile", "dev", "--print-url")
    assert (printed.returncode, printed.stderr) == (0, "")
    link = printed.stdout.strip()
    assert link.startswith(f"{server.endpoint}/federation?Action=login&")
    browser = FormBrowser()
    browser.open(link)
    assert browser.url == f"{server.endpoint}/"
    assert "user/<wbr>developer" in browser.html
    other = FormBrowser()
    other.open(link)
    assert (other.status, "used already" in other.html) == (400, True)


def test_a_duration_for_a_login_is_refused_with_the_servers_own_words(
    server: RunningServer, terminal: Terminal
) -> None:
    terminal.login(server, server.user, "--profile", "dev")
    refused = terminal.daypass("console", "--profile", "dev", "--print-url", "--duration", "3600")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "leave it out" in refused.stderr
    assert "hint: leave out --duration" in refused.stderr


def test_a_brokers_script_for_aws_works_with_another_endpoint(
    server: RunningServer, terminal: Terminal
) -> None:
    terminal.login(server, server.root, "--profile", "admin")
    account = server.account_id
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:user/developer"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    words = (
        "--role-name",
        "auditor",
        "--assume-role-policy-document",
        json.dumps(trust),
        "--profile",
        "admin",
    )
    made = terminal.run("aws", "iam", "create-role", *words)
    assert made.returncode == 0, made.stderr
    terminal.browser = FormBrowser()
    terminal.login(server, server.user, "--profile", "dev")
    command = (sys.executable, str(SCRIPT), f"arn:aws:iam::{account}:role/auditor", "pat")
    printed = terminal.run(*command, "--federation", f"{server.endpoint}/federation", AWS_PROFILE="dev")
    assert printed.returncode == 0, printed.stderr
    browser = FormBrowser()
    browser.open(printed.stdout.strip())
    assert "assumed-role/<wbr>auditor/<wbr>pat" in browser.html
