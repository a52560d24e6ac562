"""What an answer to "which profile?" may mean, and when nobody is asked."""

from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.cli.profile_picker import matching, pick_profile
from daypass.client.profile_names import recent_names
from daypass.client.recent_profiles import remember_use
from daypass.errors import UsageError

CHOICES = [("prod-eu", ""), ("prod-us", "arn"), ("dev", ""), ("2", ""), ("Übung", "")]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("", ["prod-eu"]),
        ("1", ["prod-eu"]),
        ("2", ["2"]),
        ("3", ["dev"]),
        ("9", []),
        ("dev", ["dev"]),
        ("PROD", ["prod-eu", "prod-us"]),
        ("us", ["prod-us"]),
        ("pdu", ["prod-eu", "prod-us"]),
        ("pds", ["prod-us"]),
        ("übung", ["Übung"]),
        ("zzz", []),
    ],
)
def test_an_answer_is_a_name_a_number_a_part_or_letters_in_order(answer: str, found: list[str]) -> None:
    assert [name for name, _told in matching(CHOICES, answer)] == found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_no_answer_chooses_what_was_not_offered(answer: str) -> None:
    assert set(matching(CHOICES, answer)) <= set(CHOICES)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").write_text("[profile dev]\n[profile prod]\n")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache"),
    }


def test_off_a_terminal_the_default_is_taken_and_pick_is_refused(environ: dict[str, str]) -> None:
    assert pick_profile(Namespace(profile=None, pick=False), environ) == "default"
    with pytest.raises(UsageError, match="nobody can be asked"):
        pick_profile(Namespace(profile=None, pick=True), environ)


def test_use_is_remembered_the_latest_first_and_each_once(environ: dict[str, str]) -> None:
    for name in ("dev", "prod", "dev", "two\nlines"):
        remember_use(environ, name)
    assert recent_names(environ) == ["dev", "prod"]
    assert Path(environ["AWS_LOGIN_CACHE_DIRECTORY"], ".recent-profiles").stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_written_nothing_is_remembered_and_nothing_fails(
    environ: dict[str, str],
) -> None:
    environ["AWS_LOGIN_CACHE_DIRECTORY"] = "/dev/null/cache"
    remember_use(environ, "dev")
    assert recent_names(environ) == []
