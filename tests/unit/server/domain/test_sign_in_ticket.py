"""The ticket between a right password and a session: ours, this browser's, in time; anything else is refused."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.own_account import Enrolment, seal_enrolment
from daypass.server.domain.sign_in_ticket import (
    SignInTicket,
    TicketRefused,
    open_sign_in_ticket,
    seal_sign_in_ticket,
    ticket_use_key,
)

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
NOW = 1_900_000_000
HERE = b"b" * 32
TICKET = SignInTicket(
    ticket_id="0" * 32,
    account_id="111122223333",
    principal_kind="user",
    principal_id="AIDA00000000000000001",
    principal_arn="arn:aws:iam::111122223333:user/alice",
    credentials_epoch=3,
    reset_required=True,
    browser_hash=HERE,
    expires_at=NOW + 600,
    challenge=b"c" * 32,
    mfa_at=NOW - 5,
)


def test_a_ticket_comes_back_whole_until_its_last_second() -> None:
    sealed = seal_sign_in_ticket(RING, TICKET)
    assert open_sign_in_ticket(RING, sealed, browser_hash=HERE, now=NOW + 599) == TICKET
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(RING, sealed, browser_hash=HERE, now=NOW + 600)


def test_another_browsers_ticket_and_another_rings_are_refused() -> None:
    sealed = seal_sign_in_ticket(RING, TICKET)
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(RING, sealed, browser_hash=b"x" * 32, now=NOW)
    other = KeyRing([MasterKey("0a0b0c0d", 1, b"x" * 32)])
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(other, sealed, browser_hash=HERE, now=NOW)


def test_a_half_done_enrolment_is_no_ticket() -> None:
    sealed = seal_enrolment(RING, Enrolment("111122223333", "AIDA1", "phone", NOW + 600, b"s" * 20))
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(RING, sealed, browser_hash=HERE, now=NOW)


def test_what_is_recorded_as_used_depends_on_the_ticket_alone() -> None:
    assert ticket_use_key(TICKET) == ticket_use_key(replace(TICKET, mfa_at=0))
    assert ticket_use_key(TICKET) != ticket_use_key(replace(TICKET, ticket_id="1" * 32))


@example("\ud800")
@example("é")
@example("A" * 5000)
@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_.=-]{0,300}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_reader_raise_anything_but_a_refusal(text: str) -> None:
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(RING, text, browser_hash=HERE, now=NOW)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_sealed_but_no_ticket_makes_the_reader_fail_otherwise(content: bytes) -> None:
    with suppress(TicketRefused):
        open_sign_in_ticket(RING, RING.seal("sign-in-ticket", content), browser_hash=HERE, now=NOW)


@given(st.integers(min_value=0), st.characters(codec="ascii"))
@settings(max_examples=200, deadline=None)
def test_no_altered_ticket_opens(place: int, character: str) -> None:
    sealed = seal_sign_in_ticket(RING, TICKET)
    place %= len(sealed)
    altered = sealed[:place] + character + sealed[place + 1 :]
    if altered != sealed:
        with pytest.raises(TicketRefused):
            open_sign_in_ticket(RING, altered, browser_hash=HERE, now=NOW)
