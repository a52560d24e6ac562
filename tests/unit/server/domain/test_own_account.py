"""A person at their own page: how recent a sign-in must be, and enrolments that belong to who began them."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.own_account import (
    Enrolment,
    EnrolmentRefused,
    NotRecent,
    check_recent,
    open_enrolment,
    seal_enrolment,
)
from support.storage_records import NOW, make_sign_in_session

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
SESSION = make_sign_in_session("alice")
ENROLMENT = Enrolment(SESSION.account_id, SESSION.principal_id, "phone", NOW + 600, b"a secret of 20 bytes")


def test_a_sign_in_is_recent_for_a_quarter_of_an_hour() -> None:
    check_recent(SESSION, now=NOW + 900)
    with pytest.raises(NotRecent):
        check_recent(SESSION, now=NOW + 901)


def test_a_session_made_of_credentials_was_never_recent() -> None:
    with pytest.raises(NotRecent):
        check_recent(replace(SESSION, authenticated_at=0), now=NOW)


def test_an_enrolment_comes_back_whole_to_who_began_it_until_its_last_second() -> None:
    sealed = seal_enrolment(RING, ENROLMENT)
    assert open_enrolment(RING, sealed, SESSION, now=NOW + 599) == ENROLMENT
    with pytest.raises(EnrolmentRefused):
        open_enrolment(RING, sealed, SESSION, now=NOW + 600)


@pytest.mark.parametrize("change", [{"account_id": "999999999999"}, {"principal_id": "AIDAOTHER"}])
def test_another_persons_enrolment_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(EnrolmentRefused):
        open_enrolment(RING, seal_enrolment(RING, ENROLMENT), replace(SESSION, **change), now=NOW)


def test_an_enrolment_does_not_print_its_secret() -> None:
    assert "secret of" not in repr(ENROLMENT)


@example("\ud800")
@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_.=-]{0,300}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_reader_of_enrolments_raise_anything_but_a_refusal(text: str) -> None:
    with pytest.raises(EnrolmentRefused):
        open_enrolment(RING, text, SESSION, now=NOW)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_sealed_but_no_enrolment_makes_the_reader_fail_otherwise(content: bytes) -> None:
    with suppress(EnrolmentRefused):
        open_enrolment(RING, RING.seal("sign-in-ticket", content), SESSION, now=NOW)
