"""What a migration changes in the two AWS files, as texts: before, after, and the difference people see.

Pure. A profile loses its key settings and gets its login (or the bridge's command); every other line stays byte for
byte. The functions are deterministic in the text and the settings, so an interrupted migration can be finished from
its receipt and no second copy of a secret is kept for that.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from daypass.client.aws_config import CREDENTIAL_KINDS
from daypass.client.ini_text import Setting, parse, profile_section, set_values
from daypass.client.key_text import masked
from daypass.errors import ConfigError
from daypass.secret import Secret

__all__ = [
    "KEY_SETTINGS",
    "FileChange",
    "NoKey",
    "OldKey",
    "difference",
    "find_key",
    "rewrite_config",
    "rewrite_keys_file",
]

KEY_SETTINGS = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}
)
"""What a profile loses, in any case of letters (the SDKs read names without regard to it)."""


class NoKey(ConfigError):
    """The profile holds no access key (any more)."""


@dataclass(frozen=True, slots=True)
class OldKey:
    """The key a profile holds."""

    access_key_id: str
    secret_access_key: Secret


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after."""

    path: str
    before: str | None = field(repr=False)
    """None when there is no such file."""
    after: str = field(repr=False)


def find_key(config_text: str, keys_text: str, profile: str) -> OldKey:
    """The profile's long-lived key; the credentials file wins, as in the SDKs.

    Raises NoKey when there is none, ConfigError when it is temporary, or the profile holds other credentials too.
    """
    merged: dict[str, Setting] = {}
    for section in _config_sections(parse(config_text), profile):
        merged |= _lower(parse(config_text)[section])
    merged |= _lower(parse(keys_text).get(profile, {}))
    access_key_id, secret = (merged.get(name) for name in ("aws_access_key_id", "aws_secret_access_key"))
    if not isinstance(access_key_id, str) or not isinstance(secret, str):
        raise NoKey(f'profile "{profile}" holds no access key', hint="daypass audit")
    if access_key_id.startswith("ASIA") or "aws_session_token" in merged:
        raise ConfigError(f'the key of profile "{profile}" is temporary and ends by itself; nothing to do')
    for kind, names in CREDENTIAL_KINDS:
        found = next((name for name in names if name in merged and name not in KEY_SETTINGS), None)
        if found:
            raise ConfigError(
                f'profile "{profile}" holds {kind} credentials too ({found}); nothing was changed',
                hint="move them to a profile of their own first",
            )
    return OldKey(access_key_id, Secret(secret))


def rewrite_config(text: str, profile: str, settings: Mapping[str, str]) -> str:
    """The config file with the profile's key taken out and the settings put in."""
    sections = _config_sections(parse(text), profile)
    for section in sections:
        text = _without_keys(text, section)
    return set_values(text, sections[-1] if sections else profile_section(profile), settings)


def rewrite_keys_file(text: str, profile: str) -> str:
    """The credentials file with the profile's key taken out; a section with nothing left goes whole.

    Raises ConfigError when the section stands there twice.
    """
    if profile not in parse(text):
        return text
    text = _without_keys(text, profile)
    if parse(text)[profile]:
        return text
    lines = text.splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line[:1] == "[" and list(parse(line)) == [profile])
    end = next((i for i in range(start + 1, len(lines)) if lines[i][:1] == "["), len(lines))
    if any(line.strip() for line in lines[start + 1 : end]):
        return text  # a comment of the person's keeps its section
    return "".join(lines[:start] + lines[end:])


def difference(change: FileChange, secrets: Iterable[Secret]) -> str:
    """The change as a unified diff in which nothing secret is left, in the context lines neither."""
    known = tuple(secrets)
    before, after = (
        [masked(line, known) + "\n" for line in (text or "").splitlines()]
        for text in (change.before, change.after)
    )
    source = "/dev/null" if change.before is None else change.path
    return "".join(difflib.unified_diff(before, after, source, change.path))


def _without_keys(text: str, section: str) -> str:
    removed: dict[str, Setting | None] = {
        name: None for name in parse(text)[section] if name.lower() in KEY_SETTINGS
    }
    text = set_values(text, section, removed)
    if KEY_SETTINGS & _lower(parse(text)[section]).keys():
        raise ConfigError(
            f"the section [{section}] stands in the file twice", hint="make it one, then try again"
        )
    return text


def _config_sections(sections: Mapping[str, object], profile: str) -> list[str]:
    """The sections that make up the profile, the winning one last (AWS SDKs reference guide, "Shared files")."""
    wanted = ["default", "profile default"] if profile == "default" else [profile_section(profile)]
    return [section for section in wanted if section in sections]


def _lower(section: Mapping[str, Setting]) -> dict[str, Setting]:
    return {name.lower(): value for name, value in section.items()}
