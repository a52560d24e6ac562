"""From the name a person gave a browser profile to the folder the browser knows it by.

Chromium's family starts a new, empty profile for a folder it does not know, so a wrong name must be said here. The names
stand in the file `Local State` of the browser's data folder. Firefox containers need no look-up. Reads, never writes.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from daypass.errors import UsageError

__all__ = ["with_profile_folder"]

_PLACES = {
    "chrome": ("google-chrome", "Google/Chrome"),
    "chromium": ("chromium", "Chromium"),
    "edge": ("microsoft-edge", "Microsoft Edge", "Microsoft/Edge"),
    "brave": ("BraveSoftware/Brave-Browser",),
}


def with_profile_folder(command: str, environ: Mapping[str, str]) -> str:
    """`chrome:Work` with the profile's folder in place of its name; everything else as it is.

    Raises UsageError when the browser's own list has neither such a name nor such a folder.
    """
    browser, colon, wanted = command.partition(":")
    if not colon or not wanted or browser not in _PLACES:
        return command
    known = _known_profiles(browser, environ)
    if not known or wanted in known:
        return command
    for folder, name in known.items():
        if name == wanted:
            return f"{browser}:{folder}"
    listed = ", ".join(f'"{name}"' for name in known.values() if name.isprintable())
    raise UsageError(
        f'{browser} has no profile "{wanted}"; it has {listed}', hint=f"--browser '{browser}:NAME'"
    )


def _known_profiles(browser: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Folder to name; empty when the browser never ran here."""
    for place in _data_folders(browser, environ):
        try:
            content = json.loads((place / "Local State").read_text(encoding="utf-8"))
            profiles = content["profile"]["info_cache"]
            return {folder: str(profile["name"]) for folder, profile in profiles.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return {}


def _data_folders(browser: str, environ: Mapping[str, str]) -> list[Path]:
    """Where each system keeps it: Linux, macOS, Windows."""
    home = Path(environ.get("HOME") or "~").expanduser()
    linux = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    bases = [(linux, ""), (home / "Library" / "Application Support", "")]
    if environ.get("LOCALAPPDATA"):
        bases.append((Path(environ["LOCALAPPDATA"]), "User Data"))
    return [base / place / last for base, last in bases for place in _PLACES[browser]]
