"""HOT: which profiles there are, the recently used first: for completion on every Tab, and for the picker.

Reads the two AWS files as lines and understands section headers only, so it imports what the interpreter has built in
and nothing else (`tests/budgets/test_hot_path.py`). What it cannot read it leaves out; it repairs and asks nothing.
"""

import os

from daypass.client import credential_cache

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

    Environ = Mapping[str, str]

_LONGEST = 1 << 20
"""Bytes of a file that are looked at."""
_MOST_REMEMBERED = 50


def recent_file(environ: "Environ") -> str:
    """Where recent use is remembered: one profile's name per line, the latest first."""
    return os.path.join(credential_cache.cache_directory(environ), ".recent-profiles")


def recent_names(environ: "Environ") -> list[str]:
    """The profiles in the order of their last use, as far as it is remembered."""
    lines = _read(recent_file(environ)).splitlines()
    return [line for line in lines if line][:_MOST_REMEMBERED]


def profile_names(environ: "Environ") -> list[tuple[str, str]]:
    """Every profile and the identity of its login (or ""): used ones first, then in the files' order."""
    found = _sections(_read(credential_cache.config_file(environ)), is_config=True)
    keys_file = environ.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.join("~", ".aws", "credentials")
    for name, login_session in _sections(_read(os.path.expanduser(keys_file)), is_config=False).items():
        found[name] = login_session or found.get(name, "")
    first = [name for name in recent_names(environ) if name in found]
    return [(name, found[name]) for name in [*first, *(name for name in found if name not in first)]]


def setting_values(environ: "Environ", key: str) -> list[str]:
    """The different values a setting has in the config file, in its order."""
    values = []
    for line in _read(credential_cache.config_file(environ)).splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == key and value.strip() and value.strip() not in values:
            values.append(value.strip())
    return values


_SESSION_SETTINGS = ("login_session", "daypass_login_session")
"""In AWS's file, or in a vault (client/storage_choice.py)."""


def _sections(text: str, *, is_config: bool) -> dict[str, str]:
    """Profile to `login_session`, or ""."""
    found: dict[str, str] = {}
    name: str | None = None
    for line in text.splitlines():
        if line[:1] == "[":
            name = _profile_of(line, is_config=is_config)
            if name is not None:
                found.setdefault(name, "")
        elif name is not None and line.startswith(_SESSION_SETTINGS):
            key, equals, value = line.partition("=")
            if equals and key.rstrip() in _SESSION_SETTINGS:
                found[name] = value.strip()
    return found


def _profile_of(line: str, *, is_config: bool) -> str | None:
    """The name in a section's header, or None when it is no profile's or nothing a shell could show."""
    inside, closed, _ = line[1:].partition("]")
    section = inside.strip()
    if is_config and section != "default":
        word, _, rest = section.partition(" ")
        if word != "profile":
            return None
        section = rest.strip()
    if len(section) > 1 and section[0] == section[-1] and section[0] in "'\"":
        section = section[1:-1]
    return section if closed and section and section.isprintable() else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST)
    except OSError:
        return ""
