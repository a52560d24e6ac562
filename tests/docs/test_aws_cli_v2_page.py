"""docs/how-to/use-with-aws-cli-v2.md, done from the first command to the last with the program it is about."""

import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws_cli_v2 import aws_cli_v2
from support.form_browser import FormBrowser
from support.page_blocks import REPOSITORY, Page, Saves
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal, run_up

pytestmark = [pytest.mark.processes, pytest.mark.clients, pytest.mark.xdist_group("cli-v2")]

PATH = "how-to/use-with-aws-cli-v2.md"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with run_up(tmp_path / "data") as running:
        yield running


def test_the_page_of_version_2(server: RunningServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    page = Page(
        PATH,
        blocks={"[profile work]": Saves(".aws/config", adds=True)},
        exchanged={
            "https://signin.example.com": server.endpoint,
            "https://s3.example.com": server.s3_endpoint,
            "111122223333": server.account_id,
        },
        stand_ins={"aws": f'exec {aws_cli_v2()} "$@"'},
    )
    # The program takes `BROWSER` for one name, and listens only after that has ended.
    browser, answers = tmp_path / "browser", Path(__file__).parents[1] / "support" / "page_browser.py"
    browser.write_text(
        f'#!/bin/sh\n{sys.executable} {answers} {tmp_path}/home-page/signs-in.json "$1" >/dev/null 2>&1 &\n'
    )
    browser.chmod(0o755)
    with PageRun(page, Terminal(home), {"BROWSER": str(browser)}) as run:
        run.sign_in_as(server.user)
        run.until("[profile work]")
        run.sign_in_as(server.root)
        run.rest()
        run.type(f"export AWS_REGION=us-east-1\n{_lines_of_the_front_page(server)}\naws s3 ls")
        assert "from-version-2" in run.output


def _lines_of_the_front_page(server: RunningServer) -> str:
    """What the server itself says to who has the AWS CLI and no profile."""
    browser = FormBrowser()
    browser.open(server.endpoint)
    return "\n".join(re.findall(r"<code>((?:aws|export) .+?)</code>", html.unescape(browser.html)))


def test_its_words_are_those_that_the_clients_tests_hear() -> None:
    """Each sentence that the page quotes is one that a test waits for."""
    heard = "".join(
        re.sub(r'"\s*"', "", path.read_text())
        for path in Path(__file__).parents[1].glob("clients/test_aws_cli_v2_*.py")
    )
    text = (REPOSITORY / "docs" / PATH).read_text().split("## What the AWS CLI says")[1]
    quoted = re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)
    assert len(quoted) == 4
    assert [words for words in quoted if words not in heard] == []
