"""The pending sign-in of a profile: one holder, and what is known when it is over."""

import time
from pathlib import Path

import pytest

from daypass.client.pending_login import PendingLogin


@pytest.fixture
def pending(tmp_path: Path) -> PendingLogin:
    return PendingLogin(tmp_path / "cache", tmp_path / "config", "dev")


def test_one_holds_it_and_the_next_only_when_it_is_free(tmp_path: Path, pending: PendingLogin) -> None:
    other = PendingLogin(tmp_path / "cache", tmp_path / "config", "dev")
    with pending.claim() as first, other.claim() as second:
        assert (first, second) == (True, False)
    with other.claim() as again:
        assert again


@pytest.mark.parametrize(("config", "profile"), [("config", "other"), ("config2", "dev")])
def test_another_profile_or_config_file_is_another_sign_in(
    tmp_path: Path, pending: PendingLogin, config: str, profile: str
) -> None:
    with (
        pending.claim() as first,
        PendingLogin(tmp_path / "cache", tmp_path / config, profile).claim() as second,
    ):
        assert first
        assert second


def test_who_is_at_it_and_how_it_ended(pending: PendingLogin) -> None:
    before = time.time()
    assert pending.pid is None
    with pending.claim():
        pending.begin()
        assert pending.pid is not None
        assert not pending.has_failed_since(before)
        pending.fail()
    assert pending.pid is None
    assert pending.has_failed_since(before)
    assert not pending.has_failed_since(time.time())
    pending.begin()
    pending.succeed()
    assert not pending.has_failed_since(before)


@pytest.mark.parametrize("state", ["", "{", "[]", '{"ended": "x"}', '{"pid": "x"}', '{"unattended": "9"}'])
def test_a_damaged_state_says_nothing(tmp_path: Path, pending: PendingLogin, state: str) -> None:
    pending.fail()
    (path,) = (tmp_path / "cache").glob(".pending-*.state")
    path.write_text(state)
    assert pending.pid is None
    assert pending.unattended == 0
    assert not pending.has_failed_since(0)


def test_nothing_of_it_looks_like_a_session(tmp_path: Path, pending: PendingLogin) -> None:
    with pending.claim():
        pending.begin()
        assert list((tmp_path / "cache").glob("*.json")) == []


def test_sign_ins_that_nobody_attended_are_counted_until_a_person_comes_or_a_session(
    pending: PendingLogin,
) -> None:
    """A killed one counts too: it never came to `fail`."""
    for count in (1, 2):
        pending.begin(is_attended=False)
        pending.fail()
        assert pending.unattended == count
    pending.begin(is_attended=False)
    assert pending.unattended == 3
    pending.begin(is_attended=True)
    assert pending.unattended == 0
    pending.begin(is_attended=False)
    pending.succeed()
    assert pending.unattended == 0
