"""`daypass console` as the person lives it: what opens, what is printed, and what is not."""

import threading
from pathlib import Path

import pytest

from daypass.cli import console
from daypass.client.browser import BrowserChoice
from daypass.errors import UsageError
from daypass.protocol.http import Request, Response
from support.transcript import arn_of, save_session

TOKEN = "a-sign-in-token"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A signed-in profile `dev` at AWS, a federation endpoint that says yes; what the browser was given."""
    links: list[str] = []

    def send(request: Request) -> Response:
        assert request.url.startswith("https://signin.aws.amazon.com/federation?Action=getSigninToken&")
        return Response(200, {}, b'{"SigninToken": "%s"}' % TOKEN.encode())

    def open_in_browser(url: str, _choice: object = None) -> threading.Thread:
        thread = threading.Thread(target=links.append, args=(url,))
        thread.start()
        return thread

    config = tmp_path / ".aws" / "config"
    save_session(tmp_path, "dev", 890)
    config.write_text(f"[profile dev]\nregion = eu-west-1\nlogin_session = {arn_of('dev')}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(config.with_name("credentials")))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path / ".aws" / "login" / "cache"))
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr(console, "send", send)
    monkeypatch.setattr(console, "open_in_browser", open_in_browser)
    return links


def test_the_browser_gets_the_link_and_the_terminal_does_not(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.run(["--profile", "dev"]) == 0
    (link,) = opened
    assert TOKEN in link
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (f"daypass: opening https://eu-west-1.console.aws.amazon.com as {arn_of('dev')}\n")


@pytest.mark.parametrize("flag", ["--print-url", "--no-browser"])
def test_the_link_is_printed_when_asked_for_and_nothing_opens(
    opened: list[str], capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    assert console.run(["--profile", "dev", flag, "--destination", "/s3/buckets"]) == 0
    told = capsys.readouterr()
    assert opened == []
    assert told.err == ""
    assert told.out.startswith(
        "https://signin.aws.amazon.com/federation?Action=login&Destination=https%3A%2F%2F"
    )
    assert told.out.endswith(f"SigninToken={TOKEN}\n")


def test_the_profiles_own_browser_opens_it(
    opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting of the profile, and a flag over it; a command that is none is refused before any call."""
    config = tmp_path / ".aws" / "config"
    config.write_text(config.read_text() + "daypass_browser = true --from-profile\n")
    chosen: list[object] = []

    def open_in_browser(url: str, choice: object) -> threading.Thread:
        chosen.append(choice)
        thread = threading.Thread(target=opened.append, args=(url,))
        thread.start()
        return thread

    monkeypatch.setattr(console, "open_in_browser", open_in_browser)
    assert console.run(["--profile", "dev"]) == 0
    assert console.run(["--profile", "dev", "--browser", "true {url}"]) == 0
    assert chosen == [BrowserChoice("true --from-profile"), BrowserChoice("true {url}")]
    with pytest.raises(UsageError, match="no program nobody-has-this"):
        console.run(["--profile", "dev", "--browser", "nobody-has-this"])
