"""docs/reference/sdks.md says what `support.sdk_matrix` says, which is what the client tests run."""

from dataclasses import astuple
from pathlib import Path

from support.sdk_matrix import NO_SOURCE, NOT_IN_CHAIN, REFUSED, ROWS, TOO_OLD

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sdks.md"


def test_the_page_has_the_tables_cells_and_no_others() -> None:
    lines = PAGE.read_text(encoding="utf-8").split("## What stands behind a row")[0].splitlines()
    written = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line[:1] == "|"
    ]
    expected = [tuple(each for n, each in enumerate(astuple(row)) if n != 1) for row in ROWS]
    assert written[2:] == expected


def test_every_word_that_is_not_runs_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"- *{word}*:" in text for word in (REFUSED, TOO_OLD, NOT_IN_CHAIN, NO_SOURCE))
