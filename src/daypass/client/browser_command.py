"""From what the person calls their browser to the words of one command: no shell ever sees the URL.

    chrome, chromium, edge, brave, firefox      a program by its name
    chrome:Profile 1, edge:Default              one of its profiles, by folder (`browser_profiles.py` knows the names)
    firefox:Work                                a container tab (needs the extension "Open external links in a container")
    "some-launcher --flag {url}"                any command; without {url} (or %s) the address is its last word

A command is split as a POSIX shell splits words, and then only handed to the operating system as a list. The URL must be
a plain http(s) address. Text browsers are refused: sign-in pages need more, and they would take over the terminal.
"""

import os
import re
import shlex
from collections.abc import Callable
from pathlib import PurePath
from urllib.parse import quote

from daypass.errors import UsageError

__all__ = ["PRESET_NAMES", "TEXT_BROWSERS", "browser_argv", "check_url", "is_text_browser", "wsl_argv"]

TEXT_BROWSERS = frozenset({"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl"})
Find = Callable[[str], str | None]
"""As `shutil.which`."""

_is_plain_url = re.compile(
    r"https?://[A-Za-z0-9.\-:\[\]]+(?:/[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%\-]*)?"
).fullmatch
_PRESETS = {
    "chrome": ("google-chrome", "google-chrome-stable", "chrome"),
    "chromium": ("chromium", "chromium-browser"),
    "edge": ("microsoft-edge", "microsoft-edge-stable", "msedge"),
    "brave": ("brave-browser", "brave"),
    "firefox": ("firefox", "firefox-esr"),
}
PRESET_NAMES = tuple(_PRESETS)
"""What may be said instead of a command."""
_MAC_PROGRAMS = {
    "chrome": "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "chromium": "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "edge": "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "brave": "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
    "firefox": "/Applications/Firefox.app/Contents/MacOS/firefox",
}
_WINDOWS_PROGRAMS = {
    "chrome": "Google/Chrome/Application/chrome.exe",
    "chromium": "Chromium/Application/chrome.exe",
    "edge": "Microsoft/Edge/Application/msedge.exe",
    "brave": "BraveSoftware/Brave-Browser/Application/brave.exe",
    "firefox": "Mozilla Firefox/firefox.exe",
}
_WINDOWS_FOLDERS = (
    "C:/Program Files/",
    "C:/Program Files (x86)/",
    "/mnt/c/Program Files/",
    "/mnt/c/Program Files (x86)/",
)
_PRIVATE = {
    "chrome": "--incognito",
    "chromium": "--incognito",
    "brave": "--incognito",
    "edge": "--inprivate",
    "firefox": "--private-window",
}


def check_url(url: str) -> str:
    """The URL itself. Raises UsageError unless every character is one an address is made of."""
    if not _is_plain_url(url):
        raise UsageError("only a plain http or https address can be opened in a browser")
    return url


def is_text_browser(command: str) -> bool:
    """Whether the command's program shows pages as text."""
    words = _split(command)
    return bool(words) and _stem(words[0]) in TEXT_BROWSERS


def browser_argv(command: str, url: str, *, is_private: bool, find: Find) -> list[str]:
    """The words to run. Raises UsageError for a command that cannot be one, names no program, or shows only text."""
    check_url(url)
    name, colon, place = command.partition(":")
    if name in _PRESETS and "{url}" not in place:
        return _preset_argv(name, place if colon else "", url, is_private=is_private, find=find)
    words = _split(command)
    if not words:
        raise UsageError("a browser command needs a program", hint="--browser firefox")
    if is_text_browser(command):
        raise UsageError(
            f"{_stem(words[0])} is a text browser, which cannot sign in", hint="daypass login --remote"
        )
    if find(words[0]) is None:
        raise UsageError(f"there is no program {words[0]} here", hint="--browser firefox")
    before, after = (words, [url]) if not _has_place(words) else _filled(words, url)
    return [*before, *([_private_flag(words[0])] if is_private else []), *after]


def wsl_argv(url: str, find: Find) -> list[str] | None:
    """The first launcher of the Windows side that is here; the exit status of none of them means anything."""
    check_url(url)
    if find("wslview"):
        return ["wslview", url]
    if find("powershell.exe"):
        # Single quotes cannot be in a checked URL, and inside them PowerShell reads every character as itself.
        return ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", f"Start-Process '{url}'"]
    if find("cmd.exe"):
        # cmd.exe reads & ( ) ! as its own outside quotes; a caret makes each of them a character.
        return ["cmd.exe", "/c", "start", "", re.sub(r"([&()!])", r"^\1", url)]
    return None


def _preset_argv(name: str, place: str, url: str, *, is_private: bool, find: Find) -> list[str]:
    program = next((found for found in map(find, _candidates(name)) if found), None)
    if program is None:
        raise UsageError(f"{name} was not found on this machine", hint="--browser 'COMMAND {url}'")
    if place and not (place.isprintable() and not place.startswith("-")):
        raise UsageError("a browser profile's name has no control characters and begins with no dash")
    private = [_PRIVATE[name]] if is_private else []
    if name != "firefox":
        return [program, *([f"--profile-directory={place}"] if place else []), *private, url]
    if place and is_private:
        raise UsageError("a private window has no containers", hint="--browser firefox --private")
    # "Open external links in a container" reads this address.
    inside = f"ext+container:name={quote(place, safe='')}&url={quote(url, safe='')}" if place else url
    return [program, *private, inside]


def _candidates(name: str) -> list[str]:
    inside = _WINDOWS_PROGRAMS[name]
    return [*_PRESETS[name], _MAC_PROGRAMS[name], *(folder + inside for folder in _WINDOWS_FOLDERS)]


def _has_place(words: list[str]) -> bool:
    return any("{url}" in word or "%s" in word for word in words)


def _filled(words: list[str], url: str) -> tuple[list[str], list[str]]:
    """The words with the URL in its place, cut before the first that holds it."""
    first = next(index for index, word in enumerate(words) if "{url}" in word or "%s" in word)
    filled = [word.replace("{url}", url) if "{url}" in word else word.replace("%s", url) for word in words]
    return filled[:first], filled[first:]


def _private_flag(program: str) -> str:
    stem = _stem(program)
    for name, programs in _PRESETS.items():
        if stem == name or stem in programs:
            return _PRIVATE[name]
    raise UsageError(
        "--private works with chrome, chromium, edge, brave and firefox", hint="--browser firefox --private"
    )


def _stem(program: str) -> str:
    name = PurePath(program.replace("\\", "/")).name.lower()
    return name.removesuffix(".exe")


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError:
        raise UsageError("the browser command has an open quote", hint="--browser 'COMMAND {url}'") from None
    return [word.strip('"') for word in words] if os.name == "nt" else words
