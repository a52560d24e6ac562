"""What a page of the documentation tells a person to do: its fenced blocks, and what each of them is.

`Page` is the declaration: what of the text is exchanged (names of hosts, accounts, folders: whole strings, nothing else),
which programs stand in for those that are not here, and what the blocks are that are no commands. Every block is run,
written, compared, or exempt with a reason; a word of the table that fits no block, or several, is an error.
`support/page_run.py` does it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
COMMANDS = ("sh", "bash", "console", "python")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?"
_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the line of its first line (from 1), its text."""

    language: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Runs:
    """A command, which is what a sh, console or python block is anyway."""

    exit_code: int = 0
    typed: str = ""
    """What standard input gives."""


@dataclass(frozen=True, slots=True)
class Serves:
    """A command that goes on beside the rest of the page, once its output holds `ready`."""

    ready: str


@dataclass(frozen=True, slots=True)
class Prints:
    """What the block before it printed. `…` is anything, so is a line of it alone; what fits `loose` is any other that fits."""

    loose: tuple[str, ...] = (TIME,)


@dataclass(frozen=True, slots=True)
class IsIn:
    """Lines that stand in this file of the home by now."""

    path: str
    loose: tuple[str, ...] = (TIME,)


@dataclass(frozen=True, slots=True)
class Saves:
    """A file that the page tells the person to write, or to add to."""

    path: str
    adds: bool = False


@dataclass(frozen=True, slots=True)
class Exempt:
    """Not done here, and why."""

    reason: str


Treatment = Runs | Serves | Prints | IsIn | Saves | Exempt


def read_blocks(page: Path) -> list[Block]:
    """The fenced blocks in order. A fence may be indented; its text then loses the same indentation."""
    text = page.read_text(encoding="utf-8")
    blocks = []
    for found in _FENCE.finditer(text):
        body = re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)
        blocks.append(Block(found[2], text.count("\n", 0, found.start()) + 2, body))
    return blocks


def read_console(text: str) -> list[tuple[str, str]]:
    """The commands of a console block (`$ ` before each), and what is shown below each."""
    pieces = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    assert not pieces[0].strip(), f"a console block begins with a command: {text}"
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def shown_in(expected: str, text: str, loose: Sequence[str] = ()) -> bool:
    """Whether the lines stand in the text, one below the other."""
    patterns = []
    for line in expected.strip("\n").splitlines():
        if line.strip() == "…":
            patterns.append(r"(?:.*\n)*?")
            continue
        pattern, position = "", 0
        for found in re.finditer("|".join(["…", *loose]), line):
            fits = next((each for each in loose if re.fullmatch(each, found[0])), ".*?")
            pattern += re.escape(line[position : found.start()]) + f"(?:{fits})"
            position = found.end()
        patterns.append(pattern + re.escape(line[position:].rstrip()) + r"[ \t]*\n")
    return re.search("^" + "".join(patterns), text.rstrip("\n") + "\n", re.MULTILINE) is not None


@dataclass(frozen=True)
class Page:
    """What is declared about one page; the keys of `blocks` are words that one block alone holds."""

    path: str
    """Below docs/, or README.md."""
    blocks: Mapping[str, Treatment] = field(default_factory=dict)
    exchanged: Mapping[str, str] = field(default_factory=dict)
    """Words of the page and what stands for them here; `PageRun.exchanged` takes those that are known later."""
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Programs that are not here (or not wanted), as shell scripts."""

    def treated(self) -> list[tuple[Block, Treatment]]:
        """Every block with what it is. Raises AssertionError for a block without, and for a word that fits not exactly one."""
        place = REPOSITORY / self.path if self.path == "README.md" else REPOSITORY / "docs" / self.path
        blocks = read_blocks(place)
        named: dict[int, Treatment] = {}
        for words, treatment in self.blocks.items():
            lines = [block.line for block in blocks if words in block.text]
            assert len(lines) == 1, f"{self.path}: {words!r} is in {len(lines)} blocks, lines {lines}"
            assert lines[0] not in named, f"{self.path}:{lines[0]} is declared twice, again as {words!r}"
            named[lines[0]] = treatment
        found: list[tuple[Block, Treatment]] = []
        for block in blocks:
            usual = Runs() if block.language in COMMANDS else None
            treatment = named.get(block.line, usual)
            assert treatment, f"{self.path}:{block.line} is neither run nor written nor exempt"
            found.append((block, treatment))
        return found
