"""Variables as lines a shell can read. Pure: text in, text out.

A value is quoted so that no shell finds anything in it to expand or run; a value with a line break or another
control character has no honest spelling in every shell and is refused. Shells: sh's family, fish, PowerShell,
cmd, nushell.
"""

import shlex
from collections.abc import Callable, Mapping

from daypass.errors import UsageError

__all__ = ["SHELLS", "guess_shell", "loading_line", "set_lines", "unset_lines"]

_CMD_SPECIAL = frozenset('%"^&|<>!')


def _cmd(name: str, value: str) -> str:
    if _CMD_SPECIAL & set(value):
        raise UsageError(
            f"{name} holds a character that cmd cannot quote", hint="daypass env --shell powershell"
        )
    return f'set "{name}={value}"'


_SETTERS: dict[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish_quoted(value)};",
    "powershell": lambda name, value: f"$Env:{name} = '{_doubled(value)}'",
    "cmd": _cmd,
    "nushell": lambda name, value: f"$env.{name} = {_nushell_quoted(value)}",
}
_REMOVERS: dict[str, Callable[[str], str]] = {
    "sh": lambda name: f"unset {name}",
    "fish": lambda name: f"set -e {name};",
    "powershell": lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
    "cmd": lambda name: f'set "{name}="',
    "nushell": lambda name: f"hide-env --ignore-errors {name}",
}
_NAMES = {
    "bash": "sh",
    "zsh": "sh",
    "sh": "sh",
    "dash": "sh",
    "ksh": "sh",
    "fish": "fish",
    "powershell": "powershell",
    "pwsh": "powershell",
    "cmd": "cmd",
    "nushell": "nushell",
    "nu": "nushell",
}
_LOADERS = {
    "sh": 'eval "$({})"',
    "fish": "{} | source",
    "powershell": "{} | Out-String | Invoke-Expression",
    "cmd": """for /f "delims=" %i in ('{}') do @%i""",
    "nushell": "{} --json | from json | load-env",
}
SHELLS = tuple(sorted(_NAMES))
"""Names `--shell` takes."""


def guess_shell(environ: Mapping[str, str], *, platform: str) -> str:
    """The person's shell by `$SHELL`; where there is none, PowerShell on Windows and sh elsewhere."""
    named = environ.get("SHELL", "").replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    if named in _NAMES:
        return named
    return "powershell" if platform == "win32" else "sh"


def set_lines(shell: str, variables: Mapping[str, str]) -> list[str]:
    """One line per variable. Raises UsageError for a value that cannot be quoted."""
    for name, value in variables.items():
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise UsageError(f"{name} holds a control character")
    return [_SETTERS[_NAMES[shell]](name, value) for name, value in variables.items()]


def loading_line(shell: str, command: str) -> str:
    """What a person types there so that the shell takes the variables that the command prints."""
    return _LOADERS[_NAMES[shell]].format(command)


def unset_lines(shell: str, names: list[str]) -> list[str]:
    """One line per variable that is to go."""
    return [_REMOVERS[_NAMES[shell]](name) for name in names]


def _doubled(value: str) -> str:
    """PowerShell: between single quotes only they are special; it takes typographic ones for them, too."""
    return "".join(
        character * 2 if character in "'\u2018\u2019\u201a\u201b" else character for character in value
    )


def _fish_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _nushell_quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
