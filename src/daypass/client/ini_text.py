"""AWS's INI dialect as text: read it the way botocore does, change it without disturbing a line.

Rules (AWS CLI guide, "Configuration and credential file settings"): `[default]`, `[profile NAME]`,
`[services NAME]`; `key = value`; indented lines below an empty value are a nested block; `#` and `;` in
the first column are comments. Pure: text in, text out; `client/aws_config.py` owns the files.
An edit rewrites only the lines it names; comments, order, unknown sections and keys stay as they are.
"""

import re
import shlex
from collections.abc import Mapping

__all__ = ["Setting", "first_damage", "parse", "profile_section", "section_name", "set_values"]

_is_setting = re.compile(r"[^=:]+[=:]").match

Setting = str | dict[str, str]
"""A value, or the nested block below an empty value."""


def section_name(header: str) -> str:
    """The normal form of what stands between brackets: one space, quotes resolved."""
    try:
        return " ".join(shlex.split(header))
    except ValueError:
        return " ".join(header.split())


def profile_section(profile: str) -> str:
    """The section of a profile in the config file."""
    return "default" if profile == "default" else f"profile {profile}"


def parse(text: str) -> dict[str, dict[str, Setting]]:
    """All sections. A section that appears twice is merged, later values win (as in botocore)."""
    sections: dict[str, dict[str, Setting]] = {}
    current: dict[str, Setting] | None = None
    block: dict[str, str] | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or line[0] in "#;":
            continue
        if line[0] == "[" and "]" in line:
            current = sections.setdefault(section_name(line[1 : line.index("]")]), {})
            block = None
        elif current is None or "=" not in stripped:
            continue
        else:
            key, value = (part.strip() for part in stripped.split("=", 1))
            if line[0].isspace() and block is not None:
                block[key] = value
                continue
            block = None
            if value:
                current[key] = value
            else:
                block = {}
                current[key] = block
    return sections


def first_damage(text: str) -> int:
    """The number of the first line for which the AWS CLI and botocore refuse the whole file; 0 where there is none."""
    is_inside = has_key = False
    level = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if has_key and indent > level:
            continue  # a block's line, or more of the value before
        level = indent
        if stripped[0] == "[" and "]" in stripped[2:]:
            is_inside, has_key = True, False
        elif is_inside and _is_setting(stripped):
            has_key = True
        else:
            return number
    return 0


def set_values(text: str, section: str, values: Mapping[str, Setting | None]) -> str:
    """The text with these keys of the section set; None removes a key with its nested block."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    start, end = _section_span(lines, section)
    if start < 0:
        new = [f"[{_header(section)}]\n", *_render(values)]
        return "".join([*lines, "\n", *new] if lines else new)
    kept: list[str] = []
    index = start + 1
    while index < end:
        stop = _setting_end(lines, index, end)
        if _key_of(lines[index]) not in values:
            kept.extend(lines[index:stop])
        index = stop
    # New values stand before the blank lines that separate this section from the next.
    tail = len(kept)
    while tail and not kept[tail - 1].strip():
        tail -= 1
    return "".join([*lines[: start + 1], *kept[:tail], *_render(values), *kept[tail:], *lines[end:]])


def _section_span(lines: list[str], section: str) -> tuple[int, int]:
    start = -1
    for index, line in enumerate(lines):
        if line[:1] == "[" and "]" in line:
            if start >= 0:
                return start, index
            if section_name(line[1 : line.index("]")]) == section:
                start = index
    return start, len(lines)


def _setting_end(lines: list[str], index: int, end: int) -> int:
    """Behind the line and, if it opens a nested block, behind the block."""
    line = lines[index]
    index += 1
    if _key_of(line) is None or line.split("=", 1)[1].strip():
        return index
    while index < end and lines[index].strip() and lines[index][0].isspace():
        index += 1
    return index


def _key_of(line: str) -> str | None:
    if not line.strip() or line[0] in "#;[" or line[0].isspace() or "=" not in line:
        return None
    return line.split("=", 1)[0].strip()


def _render(values: Mapping[str, Setting | None]) -> list[str]:
    rendered: list[str] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rendered += [f"{key} =\n", *(f"  {inner} = {text}\n" for inner, text in value.items())]
        elif value is not None:
            rendered.append(f"{key} = {value}\n")
    return rendered


def _header(section: str) -> str:
    kind, space, name = section.partition(" ")
    if not space or shlex.quote(name) == name:
        return section
    return f"{kind} {shlex.quote(name)}"
