"""Choose the person's browser, open a URL in it, and never wait for it.

Whose word counts, first to last: the flag, `DAYPASS_BROWSER`, the profile's `daypass_browser`, `BROWSER`, the system's
own launcher. A launcher that does not return must not stop the login, so it runs beside us; its exit status says nothing
and is ignored: the URL is always printed as well.
"""

import contextlib
import os
import shutil
import subprocess
import threading
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass

from daypass.client.browser_command import TEXT_BROWSERS, browser_argv, check_url, is_text_browser, wsl_argv
from daypass.client.browser_profiles import with_profile_folder
from daypass.client.environment_hints import is_wsl, read_surroundings, why_no_browser
from daypass.errors import UsageError

__all__ = ["BrowserChoice", "can_open_browser", "choose_browser", "open_in_browser"]

_SAMPLE_URL = "https://signin.example.com/"


@dataclass(frozen=True, slots=True)
class BrowserChoice:
    """What will open a URL, or why nothing will."""

    command: str = ""
    """The person's own words; empty for the system's launcher."""
    is_private: bool = False
    obstacle: str = ""
    """Why nothing can be opened, as in "in an SSH session"; empty when something can."""


def choose_browser(
    environ: Mapping[str, str],
    *,
    flag: str | None = None,
    profile_browser: str = "",
    is_private: bool = False,
) -> BrowserChoice:
    """Decide, and check what was asked for by name.

    `flag` is what `--browser` was given: None without it, empty for "open one whatever this place looks like".
    Raises UsageError for a command that the flag, our variable or the profile names and that cannot work.
    """
    named = flag or environ.get("DAYPASS_BROWSER") or profile_browser
    if named:
        named = with_profile_folder(named, environ)
        browser_argv(named, _SAMPLE_URL, is_private=is_private, find=shutil.which)
        return BrowserChoice(named, is_private)
    general = _first_usable(environ.get("BROWSER", ""))
    if is_private and not general:
        raise UsageError("--private needs the browser's name", hint="--browser firefox --private")
    if general and is_text_browser(general):
        return BrowserChoice(obstacle="where BROWSER is a text browser")
    if general or flag is not None:
        return BrowserChoice(general, is_private)
    place = why_no_browser(read_surroundings(environ))
    return BrowserChoice(obstacle=f"in {place}" if place else "")


def _first_usable(browsers: str) -> str:
    """`BROWSER` may be a list, like PATH; the first whose program is here counts, else the whole."""
    candidates = [part for part in browsers.split(os.pathsep) if part.strip()]
    if len(candidates) < 2 or "://" in browsers:
        return browsers.strip()
    for candidate in candidates:
        with contextlib.suppress(UsageError):
            browser_argv(candidate, _SAMPLE_URL, is_private=False, find=shutil.which)
            return candidate
    return candidates[0]


def can_open_browser(environ: Mapping[str, str]) -> bool:
    """Whether trying makes sense: a display, a desktop system, or a named launcher."""
    return not choose_browser(environ).obstacle


def open_in_browser(url: str, choice: BrowserChoice | None = None) -> threading.Thread:
    """Start the browser in the background; failures are silent, the printed URL remains.

    Returns the thread, for a program that would otherwise end before the launcher began. Raises UsageError for
    what is no plain address.
    """
    check_url(url)
    chosen = choice or BrowserChoice()

    def launch() -> None:
        with contextlib.suppress(webbrowser.Error, OSError, UsageError):
            argv = _argv(url, chosen)
            if argv is not None:
                _run_silently(argv)
            elif not _shows_only_text():
                webbrowser.open(url)

    thread = threading.Thread(target=launch, name="browser", daemon=True)
    thread.start()
    return thread


def _argv(url: str, choice: BrowserChoice) -> list[str] | None:
    if choice.command:
        return browser_argv(choice.command, url, is_private=choice.is_private, find=shutil.which)
    return wsl_argv(url, shutil.which) if is_wsl(read_surroundings(os.environ)) else None


def _run_silently(argv: list[str]) -> None:
    """Launchers write to the terminal, and read from it; theirs is not our conversation."""
    quiet = subprocess.DEVNULL
    # A group of its own: Ctrl-C in the terminal is for us, not for a browser with fifty tabs.
    process = subprocess.Popen(  # noqa: S603 - a list without a shell, and the URL was checked
        argv, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=os.name != "nt"
    )
    process.wait()


def _shows_only_text() -> bool:
    """Whether the system's own choice would draw its pages into our terminal."""
    try:
        return getattr(webbrowser.get(), "basename", "") in TEXT_BROWSERS
    except webbrowser.Error:
        return False
