"""Long-lived keys in a text: which, on which line, of which profile, and the secret that goes with each.

Pure: text in, records out; `client/key_scan.py` owns the files. A secret leaves here only inside a `Secret`, and only
so that the key's own account can be asked with it. `masked` is what every line that may quote a file goes through.
"""

import re
from dataclasses import dataclass

from daypass.client.ini_text import section_name
from daypass.protocol.aws.access_key import find_long_lived_key_ids
from daypass.secret import Secret

__all__ = ["MOST_KEYS", "KeyInText", "masked", "read_keys"]

MOST_KEYS = 200
"""Ids looked at in one text; a file with more is no settings file."""
_REACH = 600
"""Characters before and behind an id in which its secret is looked for."""
_MASK = "*" * 16
_LONGEST_LINE = 2000
"""Characters shown of a line."""

_find_secrets = re.compile(
    r"secret[^\n]{0,60}?(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])", re.IGNORECASE
).finditer
_is_long_run = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40,}={0,2}")
_NAMED_SECRET = re.compile(
    r"""(?ix) ^ ( [\s\#;]* (?:export\s+|set\s+)? ["']? [\w.-]* (?:secret|token|password|passphrase) [\w.-]* ["']?
    \s* [=:] \s* ) (?=\S) .* $"""
)
_ID_SETTING = re.compile(r"\s*aws_access_key_id\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KeyInText:
    """One key id where it stands."""

    access_key_id: str
    line: int
    """From 1."""
    profile: str | None
    """The AWS profile it is the key of; None where it only stands in the text."""
    secret_access_key: Secret | None
    """The secret beside it, when one is."""


def masked(text: str, secrets: tuple[Secret, ...] = ()) -> str:
    """One line without what may be a secret in it: the known ones, values with a telling name, runs of 40 and more."""
    for known in secrets:
        if known:
            text = text.replace(known.reveal(), _MASK)
    if len(text) > _LONGEST_LINE:  # what nobody reads is not worth a long search
        text = text[:_LONGEST_LINE] + "…"
    named = _NAMED_SECRET.match(text)
    if named:
        return named[1] + _MASK
    return _is_long_run.sub(_MASK, text)


def read_keys(text: str, *, is_ini: bool = False, is_config: bool = False) -> list[KeyInText]:
    """Every long-lived key of the text. `is_ini` reads sections as profiles; `is_config` as the config file names them."""
    found = []
    profiles = _profiles_by_line(text, is_config=is_config) if is_ini else {}
    for offset, access_key_id in find_long_lived_key_ids(text)[:MOST_KEYS]:
        line = text.count("\n", 0, offset) + 1
        profile = profiles.get(line)
        start, end = _span(text, offset, is_ini=is_ini)
        found.append(KeyInText(access_key_id, line, profile, _nearest_secret(text, offset, start, end)))
    return found


def _span(text: str, offset: int, *, is_ini: bool) -> tuple[int, int]:
    """Where the secret may stand: near the id, and in AWS's files in the same section."""
    start, end = max(0, offset - _REACH), min(len(text), offset + _REACH)
    if is_ini:
        before, after = text.rfind("\n[", start, offset), text.find("\n[", offset, end)
        start, end = max(start, before), end if after < 0 else after
    return start, end


def _nearest_secret(text: str, offset: int, start: int, end: int) -> Secret | None:
    """The closest text that looks like a secret key and is called one."""
    candidates = [(abs(each.start(1) + start - offset), each[1]) for each in _find_secrets(text[start:end])]
    return Secret(min(candidates)[1]) if candidates else None


def _profiles_by_line(text: str, *, is_config: bool) -> dict[int, str]:
    """Line numbers of `aws_access_key_id` settings to the profile they belong to."""
    profiles: dict[int, str] = {}
    profile: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] == "[" and "]" in line:
            name = section_name(line[1 : line.index("]")])
            if not is_config or name == "default":
                profile = name
            else:
                profile = name.removeprefix("profile ") if name.startswith("profile ") else None
        elif profile is not None and _ID_SETTING.match(line):
            profiles[number] = profile
    return profiles
