"""The versions a project has locked: `botocore` and `awscrt` in a lock file, without running or installing anything.

Read are TOML locks with `[[package]]` or `[[packages]]` tables (uv, Poetry, PDM, PEP 751), Pipfile.lock and
requirements files with `==` pins. A file is read up to a size, and anything else in it is passed over.
"""

import json
import re
import tomllib
from pathlib import Path

__all__ = ["read_locked_versions"]

_LARGEST = 32 << 20
"""Bytes."""
_WANTED = ("botocore", "awscrt")
_find_pins = re.compile(
    r"^[ \t]*(botocore|awscrt)(?:\[[^\]\n]*\])?[ \t]*===?[ \t]*([0-9A-Za-z.+!-]{1,40})", re.M | re.I
).findall


def read_locked_versions(path: Path) -> dict[str, str] | None:
    """Name to version, as far as they are locked; None for a file that cannot be read as a lock."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8")
        if path.suffix == ".toml" or path.name.endswith(".lock"):
            return _from_json(text) if text.lstrip().startswith("{") else _from_toml(text)
    except (OSError, ValueError, RecursionError):
        return None
    return {name.lower(): version for name, version in _find_pins(text)}


def _from_toml(text: str) -> dict[str, str]:
    content = tomllib.loads(text)
    rows = [*_rows(content.get("package")), *_rows(content.get("packages"))]
    return {
        str(row["name"]): str(row["version"])
        for row in rows
        if row.get("name") in _WANTED and isinstance(row.get("version"), str)
    }


def _from_json(text: str) -> dict[str, str]:
    content = json.loads(text)
    default = content.get("default") if isinstance(content, dict) else None
    found = {}
    for name in _WANTED:
        row = default.get(name) if isinstance(default, dict) else None
        version = row.get("version") if isinstance(row, dict) else None
        if isinstance(version, str):
            found[name] = version.lstrip("=")
    return found


def _rows(value: object) -> list[dict[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
