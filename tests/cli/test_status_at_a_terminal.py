"""`daypass status` where a line does not fit: at a terminal times stand beneath their profile, in a pipe lines stay whole."""

from pathlib import Path

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session
from support.typed_terminal import on_terminal

TIMES = "session for 11 h 6 min, credentials for 14 min, renewed when needed"


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    """One who is signed in, with a role over the login."""
    save_session(tmp_path, "dev", 890, 40_000)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nlogin_session = {arn_of('dev')}\n[profile prod]\nsource_profile = dev\n"
        "role_arn = arn:aws:iam::444455556666:role/deploy\n"
    )
    return Terminal(tmp_path)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (
            50,
            [
                f"dev  {arn_of('dev')}",
                f"    {TIMES}",
                '  prod  arn:aws:iam::444455556666:role/deploy  over "dev":',
                "    assumed at next use while the session lasts",
            ],
        ),
        (
            160,
            [
                f"dev  {arn_of('dev')}  {TIMES}",
                '  prod  arn:aws:iam::444455556666:role/deploy  over "dev": assumed at next use while the session lasts',
            ],
        ),
    ],
)
def test_a_terminal_that_is_too_narrow_gets_two_lines(
    person: Terminal, columns: int, shown: list[str]
) -> None:
    environment = {**person.environment, "TERM": "xterm", "COLUMNS": str(columns)}
    with on_terminal([*DAYPASS, "status"], environment) as screen:
        assert screen.end_of_command() == 0
    assert screen.shown.splitlines() == shown
    piped = person.daypass("status", COLUMNS=str(columns))
    assert len(piped.stdout.splitlines()) == 2
