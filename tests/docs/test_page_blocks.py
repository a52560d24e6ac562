"""The runner of documentation pages refuses what would make a page look done that was not (support/page_blocks.py)."""

from pathlib import Path

import pytest

from support.page_blocks import (
    REPOSITORY,
    Exempt,
    IsIn,
    Page,
    Prints,
    Runs,
    Saves,
    Serves,
    Treatment,
    read_blocks,
    shown_in,
)
from support.page_run import PageRun
from support.running_server import Terminal

pytestmark = [pytest.mark.processes]

TEXT = """
```sh
place=HOST; cat notes.txt; echo "$place at 2026-01-02T03:04:05Z" >&2
```

```text
written
HOST at 2025-01-01T00:00:00Z
```

1. Indented:

   ```python
   print("from python")
   ```

```console
$ echo one; echo two
one
…
$ echo "$place"
HOST
```

```toml
key = "HOST"
```

```sh
nothing-like-this
```
"""
DRAWINGS = {"the-flow.md"}
"""Pages whose only block is a drawing of arrows: nothing to do."""
FIRST = "```text\nwritten\n```\n"
TABLE: dict[str, Treatment] = {
    "written": Prints(),
    'key = "HOST"': Saves("folder/settings.toml"),
    "nothing-like-this": Exempt("there is nothing like this"),
}


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    """A person's machine."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes.txt").write_text("written\n")
    return Terminal(home)


def page_of(
    folder: Path, text: str, table: dict[str, Treatment], exchanged: dict[str, str] | None = None
) -> Page:
    (folder / "page.md").write_text(text)
    return Page(str(folder / "page.md"), table, exchanged or {})


def test_every_kind_of_block_is_done_in_one_shell(tmp_path: Path, person: Terminal) -> None:
    page = page_of(tmp_path, TEXT, TABLE, {"HOST": "signin.test"})
    with PageRun(page, person) as run:
        run.until("from python")
        run.step()
        assert run.output == "from python\n"
        run.rest()
    assert (person.home / "folder" / "settings.toml").read_text() == 'key = "signin.test"\n'


def test_a_block_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=":2 is neither run nor written nor exempt"):
        page_of(tmp_path, FIRST, {}).treated()


def test_a_word_that_fits_no_block_or_several_is_refused(tmp_path: Path) -> None:
    for words, count in (("absent", 0), ("HOST", 4)):
        with pytest.raises(AssertionError, match=f"is in {count} blocks"):
            page_of(tmp_path, TEXT, {**TABLE, words: Runs()}).treated()


def test_a_block_is_declared_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="declared twice"):
        page_of(tmp_path, TEXT, {**TABLE, "HOST at": Runs()}).treated()


@pytest.mark.parametrize(
    "text, table, message",
    [
        ("```sh\nfalse\ntrue\n```\n", {}, "exit -1, not 0"),
        ("```sh\necho $unknown\n```\n", {}, "unbound"),
        ("```sh\ntrue\n```\n", {"true": Runs(exit_code=3)}, "exit 0, not 3"),
        ("```console\n$ echo one\ntwo\n```\n", {}, "two"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```\n", {"two": Prints()}, "printed was\none"),
        ("```text\ntwo\n```\n", {"two": IsIn("notes.txt")}, "is not in notes.txt"),
        ("```sh\ntrue\n```\n", {}, "does not say"),
    ],
)
def test_what_does_not_happen_as_the_page_says_fails(
    text: str, table: dict[str, Treatment], message: str, tmp_path: Path, person: Terminal
) -> None:
    exchanged = {"HOST": "here"} if message == "does not say" else {}
    with (
        pytest.raises(AssertionError, match=message),
        PageRun(page_of(tmp_path, text, table, exchanged), person) as run,
    ):
        run.rest()


def test_a_page_that_was_left_early_fails(tmp_path: Path, person: Terminal) -> None:
    with pytest.raises(AssertionError, match="not done"), PageRun(page_of(tmp_path, TEXT, TABLE), person):
        pass


def test_a_server_goes_on_beside_the_page_and_ends_with_it(tmp_path: Path, person: Terminal) -> None:
    text = "```sh\necho ready; trap 'echo ended >told; exit' TERM; while :; do sleep 0.05; done\n```\n\n```sh\necho next\n```\n"
    with PageRun(page_of(tmp_path, text, {"trap": Serves("ready")}), person) as run:
        run.rest()
        assert run.output == "next\n"
    assert (person.home / "told").read_text() == "ended\n"


def test_lines_are_shown_only_together_and_in_their_order() -> None:
    assert shown_in("a\nb…", "x\na\nbc\ny")
    assert shown_in("a\n…\ny", "x\na\nbc\ny")
    assert shown_in("at 12 s", "at 7 s", [r"\d+"])
    assert not shown_in("a\ny", "x\na\nbc\ny")
    assert not shown_in("at 12 s", "at x s", [r"\d+"])
    assert not shown_in("b", "bc")


@pytest.mark.parametrize(
    "page",
    [path for path in sorted((REPOSITORY / "docs").rglob("*.md")) if read_blocks(path)],
    ids=lambda path: path.name,
)
def test_every_page_with_blocks_is_named_by_a_test_that_does_them(page: Path) -> None:
    """Which block is done, and which is exempt and why, stands in that test."""
    tests = [path for path in (REPOSITORY / "tests").rglob("test_*.py") if path != Path(__file__)]
    texts = map(Path.read_text, tests)
    is_named = any(f"/{page.name}" in text or f'"{page.name}' in text for text in texts)
    assert is_named is (page.name not in DRAWINGS)
