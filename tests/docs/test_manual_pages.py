"""The manual pages: one for every command, without a fault that a checker of manual pages knows, and in the wheel.

That they are up to date is held by test_reference_is_whole.py.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from daypass.cli.main import COMMANDS as CLIENT_COMMANDS
from daypass.server.__main__ import COMMANDS as SERVER_COMMANDS

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "share" / "man" / "man1"
PAGES = sorted(FOLDER.glob("*.1"))
COMMANDS = [*CLIENT_COMMANDS, *SERVER_COMMANDS]


def _options_in_reference(words: str) -> set[str]:
    text = (REPOSITORY / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `daypass {words}`$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    return set(re.findall(r"^\| `(--[\w-]+)", section[1], re.MULTILINE))


def test_every_command_has_a_page_and_no_page_is_left_over() -> None:
    names = {f"daypass-{words.replace(' ', '-')}.1" for words in COMMANDS}
    assert {page.name for page in PAGES} == {*names, "daypass.1"}


def test_a_checker_of_manual_pages_finds_nothing() -> None:
    assert shutil.which("mandoc"), "mandoc is needed: tools/test-parts.sh"
    checked = subprocess.run(
        ["mandoc", "-Tlint", "-Wstyle", *map(str, PAGES)], capture_output=True, text=True, check=False
    )
    assert checked.stdout + checked.stderr == ""


@pytest.mark.parametrize("words", COMMANDS)
def test_a_page_shows_its_summary_and_every_option(words: str) -> None:
    page = FOLDER / f"daypass-{words.replace(' ', '-')}.1"
    shown = subprocess.run(
        ["mandoc", "-Tutf8", "-Owidth=300", str(page)], capture_output=True, text=True, check=True
    ).stdout
    plain = re.sub(".\b", "", shown)  # bold and underlined are written by overstriking
    summary = {**CLIENT_COMMANDS, **SERVER_COMMANDS}[words][1]
    assert f"{page.stem} - {summary}" in " ".join(plain.split())
    for option in _options_in_reference(words):
        assert re.search(rf"^ +{option}\b", plain, re.MULTILINE), option
    assert "EXIT STATUS" in plain


def test_the_wheel_brings_the_pages_to_where_man_looks(tmp_path: Path) -> None:
    """`share/man` of the environment, which `man` finds beside the `bin` of the search path."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if "/data/share/man/man1/" in name]
    assert {name.rpartition("/")[2] for name in names} == {page.name for page in PAGES}
