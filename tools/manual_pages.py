"""Write the manual pages: `daypass.1` and one page per command, from the argparse parsers and docs/reference.

Roff of the `man` macros, checked by `mandoc -Tlint` in tests/docs. Options, their values and their help come from the
parsers, exit codes from docs/reference/exit-codes.md; what is written here is examples, variables and files.
"""

import argparse
import re
import textwrap
from pathlib import Path

from command_tree import (
    ALL_COMMANDS,
    command_parsers,
    help_of,
    is_setting,
    options_of,
    placeholder_of,
    words_of,
)

_DATE = "2026-11-24"
"""When the form of the pages changed; their content has no date of its own."""
_EXIT_CODES = Path(__file__).parent.parent / "docs" / "reference" / "exit-codes.md"

_EXAMPLES: dict[str, list[tuple[str, str]]] = {
    "login": [
        ("Sign in to AWS, for the default profile", "daypass login --region eu-central-1"),
        (
            "Sign in to a service of your own",
            "daypass login --profile dev --endpoint-url https://signin.example.com",
        ),
        ("On a machine without a browser", "daypass login --remote"),
        ("Over SSH, with a forwarded port", "daypass login --port 8401"),
    ],
    "logout": [("End every session", "daypass logout --all")],
    "status": [("Whether the session lasts two hours", "daypass status --profile dev --min-ttl 2h")],
    "exec": [
        ("A long run whose credentials renew", "daypass exec --profile dev --min-ttl 2h -- terraform apply")
    ],
    "console": [("The list of buckets", "daypass console --profile dev --destination /s3/buckets")],
    "env": [("Variables for this shell", 'eval "$(daypass env --profile dev)"')],
    "serve-credentials": [("For one container", "daypass serve-credentials --consumer app=dev")],
    "audit": [("What lies where, for a program", "daypass audit --json")],
    "doctor": [("What keeps a profile from working", "daypass doctor --profile dev")],
    "migrate": [("The plan", "daypass migrate old"), ("Then do it", "daypass migrate old --apply")],
    "configure": [("A profile for tools without login support", "daypass configure bridge dev")],
    "credential-process": [
        ("In ~/.aws/config", "credential_process = daypass credential-process --profile dev")
    ],
    "completion": [("For bash, in ~/.bashrc", 'eval "$(daypass completion bash)"')],
    "up": [("Everything on this machine", "daypass up --no-browser")],
    "serve": [("From a settings file", "daypass serve --config /etc/daypass/daypass.toml")],
}
_VARIABLES = (
    ("AWS_PROFILE", "the profile, where no option names one"),
    ("AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "the two files of AWS's configuration"),
    ("AWS_REGION", "the region to sign in at and to work in"),
    ("AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SIGNIN", "a service of your own instead of AWS"),
    ("AWS_LOGIN_CACHE_DIRECTORY", "where sessions are saved"),
    ("AWS_CA_BUNDLE", "certificate authorities to trust instead of the system's"),
    ("HTTPS_PROXY, NO_PROXY", "the way out of the network"),
    ("DAYPASS_BROWSER, BROWSER", "what opens links, in the words of --browser"),
    ("DAYPASS_NO_INPUT", "never ask anybody"),
    ("CI", "the same, and no browser is opened unless an option asks for one"),
)
_FILES = (
    ("~/.aws/config", "profiles; a login adds login_session"),
    ("~/.aws/login/cache", "saved sessions, in the form every AWS SDK reads"),
)


def build_manual_pages() -> dict[str, str]:
    """File name to roff."""
    pages = {"daypass.1": _overview()}
    for words, parser in command_parsers():
        pages[f"{_page_of(words)}.1"] = _page(words, parser)
    return pages


def _page_of(words: str) -> str:
    return "daypass-" + words.replace(" ", "-")


def _overview() -> str:
    lines = [
        *_head("daypass", "browser sign-in for the terminal: credentials that last minutes"),
        _heading("Synopsis"),
        ".B daypass",
        ".I COMMAND",
        ".RI [ OPTION ...]",
        _heading("Description"),
        _text(
            "A person signs in through the browser; the terminal gets AWS-format credentials that live 15 minutes, renew"
            " themselves, and end after at most 12 hours. It works against AWS and against a daypass server, and every AWS"
            " SDK reads what a login leaves. Data goes to standard output, words for people to standard error."
        ),
        _heading("Commands"),
    ]
    for words, (_module, summary) in ALL_COMMANDS.items():
        lines += [".TP", f".BR {_quoted(_page_of(words))} (1)", _text(summary)]
    lines += [_heading("Environment"), *_list(_VARIABLES), _heading("Files"), *_list(_FILES)]
    lines += [*_exit_status(), _heading("See also"), *_see_also(tuple(ALL_COMMANDS)[:5])]
    return "\n".join(lines) + "\n"


def _page(words: str, parser: argparse.ArgumentParser) -> str:
    options = [action for action in options_of(parser) if not is_setting(action)]
    described = (parser.description or "").rstrip(".")
    lines = [
        *_head(_page_of(words), ALL_COMMANDS[words][1]),
        _heading("Synopsis"),
        f".B {_escaped('daypass ' + words)}",
    ]
    lines += [_in_synopsis(action) for action in [*options, *words_of(parser)]]
    lines += [_heading("Description"), _text(f"{described[:1].upper()}{described[1:]}.")]
    if any(is_setting(action) for action in options_of(parser)):
        lines += [
            ".PP",
            _text("Every setting of the server that is no secret is an option as well, spelt with dashes."),
        ]
    lines += [_heading("Options")]
    for action in [*words_of(parser), *options]:
        lines += [
            ".TP",
            _tag(action),
            _text(help_of(parser, action) + (" (required)" if _is_needed(action) else "")),
        ]
    lines += [".TP", r".B \-\-help", _text("say how the command is used")]
    if words in _EXAMPLES:
        lines.append(_heading("Examples"))
        for told, command in _EXAMPLES[words]:
            lines += [_text(told + ":"), ".PP", ".RS 4", ".EX", _escaped(command), ".EE", ".RE", ".PP"]
        lines.pop()
    lines += [*_exit_status(), _heading("See also"), r".BR daypass (1)"]
    return "\n".join(lines) + "\n"


def _is_needed(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.required


def _in_synopsis(action: argparse.Action) -> str:
    value = _escaped(placeholder_of(action))
    if not action.option_strings:
        return f".RI [ {_quoted(value)} ]" if action.nargs in ("?", "*") else f".I {value}"
    name = _escaped(action.option_strings[-1])
    shown = f"{name} {value}" if value else name
    return f".RB {_quoted(shown)}" if _is_needed(action) else f".RB [ {_quoted(shown)} ]"


def _tag(action: argparse.Action) -> str:
    value = _escaped(placeholder_of(action))
    if not action.option_strings:
        return f".I {value}"
    name = _escaped(action.option_strings[-1])
    return f".BI {name} {_quoted(' ' + value)}" if value else f".B {name}"


def _exit_status() -> list[str]:
    rows = re.findall(
        r"^\| (\d+) \| *(.*?) *\| *(.*?) *\|$", _EXIT_CODES.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows[0][0] == "0"
    told = [(code, _without_links(f"{meaning}; {cure}" if cure else meaning)) for code, meaning, cure in rows]
    return [_heading("Exit status"), *_list(told)]


def _without_links(markdown: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", markdown)


def _see_also(commands: tuple[str, ...]) -> list[str]:
    pages = [_quoted(_page_of(words)) for words in commands]
    return [f".BR {page} (1)," for page in pages[:-1]] + [f".BR {pages[-1]} (1)"]


def _list(rows: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> list[str]:
    lines: list[str] = []
    for name, told in rows:
        lines += [".TP", f".B {_escaped(name)}", _text(told)]
    return lines


def _head(name: str, summary: str) -> list[str]:
    return [
        '.\\" Generated by tools/generate_reference.py from the argparse parsers. Do not edit.',
        f'.TH {_quoted(name.upper())} 1 {_DATE} "daypass" "User commands"',
        _heading("Name"),
        f"{_escaped(name)} \\- {_escaped(summary)}".replace("\\-", "-").replace(" - ", " \\- ", 1),
    ]


def _heading(title: str) -> str:
    return f".SH {_quoted(title.upper())}"


def _text(text: str) -> str:
    """Filled text in input lines of at most 80 bytes; `code` in bold."""
    plain, *rest = (_escaped(part) for part in text.replace("…", "...").split("`"))
    shown = plain + "".join(("\\fR" if index % 2 else "\\fB") + part for index, part in enumerate(rest))
    lines = textwrap.wrap(shown, 78, break_long_words=False, break_on_hyphens=False) or ["\\&"]
    return "\n".join(f"\\&{line}" if line[:1] in ".'" else line for line in lines)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else _escaped(text) if "\\" not in text else text


def _escaped(text: str) -> str:
    """Backslashes and dashes as they are meant, everything beyond ASCII by its number."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    plain = plain.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return "".join(character if character.isascii() else f"\\[u{ord(character):04X}]" for character in plain)
