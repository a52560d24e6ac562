"""HOT: `daypass __complete COUNT WORD…`: what the last word may become. The shells' scripts ask it on every Tab.

The first line says what kind of answer follows: `:words`, `:files`, `:folders`, or `:command N` (the words from the
N-th on are another program's, and so is their completion). Each further line is a candidate, and after a tabulator what
it means. COUNT is how many words there are, because some shells drop an empty last one. Nothing is ever run, asked or
written to standard error; the words come from a generated table and the person's AWS files
(`tests/budgets/test_hot_path.py` holds the modules).
"""

import os

from daypass.cli.command_words import COMMAND_WORDS
from daypass.client import profile_names

Candidates = list[tuple[str, str]]


def run(argv: list[str]) -> int:
    """Print the candidates; returns 0 also when there are none."""
    if not argv or not argv[0].isdigit():
        return 2
    words = argv[1:]
    if len(words) < int(argv[0]):
        words.append("")
    kind, candidates, cut = complete(words or [""])
    lines = [kind]
    for value, told in candidates:
        lines.append(f"{value[cut:]}\t{told}" if told else value[cut:])
    try:
        os.write(1, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    except BrokenPipeError:
        return 1
    return 0


def complete(raw: list[str]) -> tuple[str, Candidates, int]:
    """The kind of answer, the candidates, and how many of their characters the shell has already taken.

    `raw` is what follows `daypass` up to the cursor, the last word being the one that is typed; bash gives it in
    pieces, cut at `=` and `:`.
    """
    words, cut = _joined(raw)
    current = words[-1]
    command, length = _command_of(words[:-1])
    if not command:
        return ":words", _starting_with(_next_words(words[:-1]), current), cut
    kind, candidates = _of_command(command, words[length:-1], current, length)
    if kind == ":words" and len(words) == length + 1:  # a longer command may begin with this one
        candidates = [*_next_words(words[:-1]), *candidates]
    return kind, _starting_with(candidates, current), cut


def _of_command(command: str, before: list[str], current: str, length: int) -> tuple[str, Candidates]:
    _summary, options, places = COMMAND_WORDS[command]
    kinds = {name: kind for name, kind, _repeats, _told in options}
    if "command" in places and "--" in before:
        return f":command {length + before.index('--') + 1}", []
    last = before[-1] if before else ""
    kind = kinds.get(last, "")
    if kind and not (kind[0] == "?" and current[:1] == "-"):
        return _values(kind.lstrip("?"), "")
    name, equals, _value = current.partition("=")
    if equals and name in kinds:
        return _values(kinds[name].lstrip("?"), name + "=")
    free = [
        (name, told) for name, _kind, repeats, told in options if repeats or not _is_given(name, before)
    ] + [("--help", "say more")]
    if current[:1] == "-":
        if "command" in places:
            free.append(("--", "the command to run"))
        return ":words", free
    place = _place(before, kinds)
    if place < len(places) and places[place] != "command":
        return _values(places[place], "")
    if "command" in places:
        return ":words", [("--", "the command to run"), *free]
    return ":words", free


def _values(kind: str, prefix: str) -> tuple[str, Candidates]:
    if kind[:1] == "=":
        return ":words", [(prefix + word, "") for word in kind[1:].split("|")]
    if kind == "profile":
        found = profile_names.profile_names(os.environ)
        return ":words", [(prefix + name, identity) for name, identity in found]
    if kind == "region":
        return ":words", [(prefix + name, "") for name in profile_names.setting_values(os.environ, "region")]
    if kind in ("file", "folder"):
        return f":{kind}s", []
    return ":words", []


def _is_given(name: str, before: list[str]) -> bool:
    return any(word == name or word.startswith(name + "=") for word in before)


def _place(before: list[str], kinds: dict[str, str]) -> int:
    """How many words stand before the current one by their place, neither an option nor an option's value."""
    count, takes_next = 0, False
    for word in before:
        if word[:1] == "-":
            takes_next = bool(kinds.get(word))
        else:
            count += not takes_next
            takes_next = False
    return count


def _command_of(before: list[str]) -> tuple[str, int]:
    """The command that is named, and by how many words."""
    for length in (3, 2, 1):
        words = " ".join(before[:length])
        if len(before) >= length and words in COMMAND_WORDS:
            return words, length
    return "", 0


def _next_words(before: list[str]) -> Candidates:
    """The words with which a command may begin or go on."""
    found: dict[str, str] = {}
    for words, (summary, _options, _places) in COMMAND_WORDS.items():
        parts = words.split(" ")
        if len(parts) > len(before) and parts[: len(before)] == before:
            word = parts[len(before)]
            found[word] = summary if len(parts) == len(before) + 1 else found.get(word, "")
    if not before:
        found |= {"--help": "say more", "--version": "say which version this is"}
    return list(found.items())


def _starting_with(candidates: Candidates, current: str) -> Candidates:
    return [(value, told) for value, told in candidates if value.startswith(current)]


def _joined(raw: list[str]) -> tuple[list[str], int]:
    """The words as they were meant, and how much of the last one the shell keeps as words of its own."""
    words: list[str] = []
    keeps = 0
    for piece in raw:
        plain = _without_quotes(piece)
        if words and piece in ("=", ":") and (piece == ":" or words[-1][:2] == "--"):
            words[-1] += piece
            keeps = len(words[-1])
        elif words and keeps and len(words[-1]) == keeps:
            words[-1] += plain
        else:
            words.append(plain)
            keeps = 0
    return words, keeps


def _without_quotes(word: str) -> str:
    """A word of the command line as the command would get it; a quote may still be open."""
    if not ("'" in word or '"' in word or "\\" in word):
        return word
    plain, quote, escaped = "", "", False
    for character in word:
        if escaped:
            plain, escaped = plain + character, False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        else:
            plain += character
    return plain
