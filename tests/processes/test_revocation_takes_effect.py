"""A login that ends takes its live credentials along: within seconds, at STS and at the S3 gateway, in real processes."""

import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.form_browser import FormBrowser
from support.running_server import RunningServer, Terminal, run_up

pytestmark = pytest.mark.processes

_DEADLINE = 10.0
"""Seconds. The law is two: a verifier reads an account's revision at most once a second."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_up(tmp_path_factory.mktemp("revoked") / "data") as running:
        yield running


def _logged_in(server: RunningServer, home: Path) -> tuple[Terminal, dict[str, str]]:
    terminal = Terminal(home)
    terminal.login(server, server.user)
    given = json.loads(terminal.daypass("credential-process").stdout)
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return terminal, keys


def _client(server: RunningServer, service: str, keys: dict[str, str]) -> Any:
    endpoint = server.s3_endpoint if service == "s3" else server.endpoint
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def _await_refusal(call: Callable[[], object]) -> str:
    """The error code once it is refused."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end:
        try:
            call()
        except ClientError as refusal:
            return str(refusal.response["Error"]["Code"])
        time.sleep(0.2)
    raise AssertionError("still accepted")


def test_signing_out_in_the_terminal_ends_credentials_already_handed_out(
    server: RunningServer, tmp_path: Path
) -> None:
    terminal, keys = _logged_in(server, tmp_path)
    sts, s3 = _client(server, "sts", keys), _client(server, "s3", keys)
    sts.get_caller_identity()
    s3.list_buckets()
    assert terminal.daypass("logout").returncode == 0
    assert _await_refusal(sts.get_caller_identity) == "ExpiredToken"
    assert _await_refusal(s3.list_buckets) == "ExpiredToken"


def _ends(browser: FormBrowser, server: RunningServer) -> dict[str, tuple[str, bytes]]:
    """What would sign each of the person's terminals out, by its session: where to, and the form."""
    browser.open(f"{server.endpoint}/")
    browser.follow("Manage")
    assert browser.status == 200
    return {
        value: (form.action, urllib.parse.urlencode({**form.fields, name: value}).encode())
        for form in browser.page.forms
        if form.action.endswith("/end") and form.fields.get("kind") == "login"
        for _, name, value in form.buttons
    }


def test_a_terminal_signed_out_on_its_persons_page_loses_them_too(
    server: RunningServer, tmp_path: Path
) -> None:
    elsewhere, other = _logged_in(server, tmp_path / "other")
    before = _ends(elsewhere.browser, server)
    terminal, keys = _logged_in(server, tmp_path)
    browser = terminal.browser
    [(action, form)] = [end for session, end in _ends(browser, server).items() if session not in before]
    browser.open(action, form)
    assert "That terminal is signed out" in browser.html
    sts = _client(server, "sts", keys)
    assert _await_refusal(sts.get_caller_identity) == "ExpiredToken"
    _client(server, "sts", other).get_caller_identity()
    _client(server, "s3", other).list_buckets()
