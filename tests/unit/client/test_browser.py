"""Opening a browser: when it makes sense, and that it never holds anybody up."""

import shlex
import sys
import threading
import webbrowser
from pathlib import Path

import pytest

from daypass.client.browser import BrowserChoice, can_open_browser, choose_browser, open_in_browser
from daypass.errors import UsageError


@pytest.mark.parametrize(
    ("platform", "environ", "makes_sense"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"WSL_DISTRO_NAME": "Ubuntu"}, True),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "1 2 3 4"}, False),
        ("linux", {"DISPLAY": ":10", "SSH_TTY": "/dev/pts/0"}, False),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("linux", {"SSH_CONNECTION": "1 2 3 4", "BROWSER": "helper"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "1 2 3 4"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_tried_where_one_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, platform: str, environ: dict[str, str], makes_sense: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert can_open_browser(environ) is makes_sense


def test_a_launcher_that_never_returns_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    started, release = threading.Event(), threading.Event()

    def hang(url: str) -> bool:
        assert url == "https://signin.example.com/"
        started.set()
        return release.wait(20)

    monkeypatch.setattr(webbrowser, "open", hang)
    open_in_browser("https://signin.example.com/")
    assert started.wait(20)
    release.set()


@pytest.mark.parametrize("problem", [webbrowser.Error("none"), OSError("none")])
def test_a_launcher_that_fails_is_no_news(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    """The link is printed; a traceback of a thread would be a warning, which fails this suite."""
    done = threading.Event()

    def fail(_url: str) -> bool:
        done.set()
        raise problem

    monkeypatch.setattr(webbrowser, "open", fail)
    open_in_browser("https://signin.example.com/")
    assert done.wait(20)
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join(20)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that has these programs, each of which writes its words into a file of its name."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("firefox", "google-chrome", "w3m", "opener", "wslview"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nfor word; do echo "$word"; done >{shlex.quote(str(tmp_path))}/{name}\nexit 3\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("flag", "ours", "profile", "general", "chosen"),
    [
        ("chrome", "firefox", "opener", "w3m", "chrome"),
        (None, "firefox", "opener", "w3m", "firefox"),
        (None, "", "opener -x", "w3m", "opener -x"),
        (None, "", "", "opener", "opener"),
        ("", "", "", "opener", "opener"),
        (None, "", "", "missing:opener:firefox", "opener"),
    ],
)
def test_the_nearest_word_wins(
    programs: Path, flag: str | None, ours: str, profile: str, general: str, chosen: str
) -> None:
    """Flag, our variable, the profile, BROWSER (which may be a list)."""
    environ = {"DAYPASS_BROWSER": ours, "BROWSER": general, "SSH_TTY": "/dev/pts/0"}
    assert choose_browser(environ, flag=flag, profile_browser=profile) == BrowserChoice(chosen)


def test_a_flag_opens_a_browser_whatever_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    environ = {"SSH_TTY": "/dev/pts/0"}
    assert choose_browser(environ).obstacle == "in an SSH session"
    assert choose_browser(environ, flag="") == BrowserChoice()


def test_a_text_browser_is_refused_where_it_was_named_and_passed_over_where_it_is_general(
    programs: Path,
) -> None:
    with pytest.raises(UsageError, match="w3m is a text browser"):
        choose_browser({}, flag="w3m")
    with pytest.raises(UsageError):
        choose_browser({"DAYPASS_BROWSER": "w3m"})
    assert choose_browser({"BROWSER": "w3m"}).obstacle == "where BROWSER is a text browser"


def test_a_private_window_needs_a_name(programs: Path) -> None:
    with pytest.raises(UsageError, match="--private needs the browser's name"):
        choose_browser({"DISPLAY": ":0"}, is_private=True)
    assert choose_browser({"BROWSER": "firefox"}, is_private=True) == BrowserChoice("firefox", True)


URL = "https://signin.example.com/v1/authorize?a=1&b=%2Fx"


@pytest.mark.parametrize(
    ("choice", "program", "words"),
    [
        (BrowserChoice("opener --new {url} 'a b;c'"), "opener", ["--new", URL, "a b;c"]),
        (
            BrowserChoice("chrome:Profile 1", True),
            "google-chrome",
            ["--profile-directory=Profile 1", "--incognito", URL],
        ),
    ],
)
def test_the_program_gets_exactly_these_words_and_its_exit_status_is_no_news(
    programs: Path, choice: BrowserChoice, program: str, words: list[str]
) -> None:
    open_in_browser(URL, choice).join(20)
    assert (programs / program).read_text().splitlines() == words


def test_in_wsl_the_windows_launcher_is_taken(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSL_DISTRO_NAME", "Ubuntu")
    monkeypatch.setattr(sys, "platform", "linux")
    open_in_browser(URL, BrowserChoice()).join(20)
    assert (programs / "wslview").read_text().splitlines() == [URL]


def test_the_systems_choice_is_not_taken_when_it_shows_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("lynx"))
    monkeypatch.setattr(webbrowser, "open", opened.append)
    open_in_browser(URL).join(20)
    assert opened == []


def test_what_is_no_address_is_refused_before_any_thread() -> None:
    with pytest.raises(UsageError):
        open_in_browser("file:///etc/passwd", BrowserChoice("opener"))
