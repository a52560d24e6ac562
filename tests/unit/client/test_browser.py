"""Opening a browser: when it makes sense, and that it never holds anybody up."""

import sys
import threading
import webbrowser

import pytest

from daypass.client.browser import can_open_browser, open_in_browser


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
