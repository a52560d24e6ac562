"""Two sealed values of the sign-in share a purpose of the key ring: a tag inside tells them apart, and from any third."""

import msgspec
import pytest

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.own_account import Enrolment, EnrolmentRefused, open_enrolment, seal_enrolment
from daypass.server.domain.sign_in_ticket import (
    SignInTicket,
    TicketRefused,
    open_sign_in_ticket,
    seal_sign_in_ticket,
)
from support.storage_records import ACCOUNT_ID, NOW, make_sign_in_session

RING = KeyRing([MasterKey("0a0b0c0d", NOW, bytes(32))])
BROWSER = b"b" * 32
SESSION = make_sign_in_session()
ENROLMENT = Enrolment(ACCOUNT_ID, SESSION.principal_id, "phone", NOW + 60, b"s" * 20)
TICKET = SignInTicket(
    "id",
    ACCOUNT_ID,
    "user",
    SESSION.principal_id,
    SESSION.principal_arn,
    1,
    False,
    BROWSER,
    NOW + 60,
    b"c" * 32,
)


def sealed_as(tag: str | None, record: msgspec.Struct) -> str:
    """The same fields under another tag, or none."""
    fields = list(msgspec.structs.astuple(record))
    return RING.seal("sign-in-ticket", msgspec.msgpack.encode(fields if tag is None else [tag, *fields]))


def test_each_opens_as_itself() -> None:
    ticket = seal_sign_in_ticket(RING, TICKET)
    assert open_sign_in_ticket(RING, ticket, browser_hash=BROWSER, now=NOW) == TICKET
    assert open_enrolment(RING, seal_enrolment(RING, ENROLMENT), SESSION, now=NOW) == ENROLMENT
    assert sealed_as("sign-in", TICKET) == ticket


@pytest.mark.parametrize("tag", [None, "enrolment", "other"])
def test_nothing_else_is_a_ticket(tag: str | None) -> None:
    for sealed in (sealed_as(tag, TICKET), seal_enrolment(RING, ENROLMENT)):
        with pytest.raises(TicketRefused):
            open_sign_in_ticket(RING, sealed, browser_hash=BROWSER, now=NOW)


@pytest.mark.parametrize("tag", [None, "sign-in", "other"])
def test_nothing_else_is_an_enrolment(tag: str | None) -> None:
    for sealed in (sealed_as(tag, ENROLMENT), seal_sign_in_ticket(RING, TICKET)):
        with pytest.raises(EnrolmentRefused):
            open_enrolment(RING, sealed, SESSION, now=NOW)


@pytest.mark.parametrize("changes", [{"account_id": "9" * 12}, {"principal_id": "AIDASOMEBODYELSE0000"}])
def test_an_enrolment_is_its_persons_alone(changes: dict[str, str]) -> None:
    with pytest.raises(EnrolmentRefused):
        open_enrolment(RING, seal_enrolment(RING, ENROLMENT), make_sign_in_session(**changes), now=NOW)


def test_both_end() -> None:
    with pytest.raises(EnrolmentRefused):
        open_enrolment(RING, seal_enrolment(RING, ENROLMENT), SESSION, now=NOW + 60)
    with pytest.raises(TicketRefused):
        open_sign_in_ticket(RING, seal_sign_in_ticket(RING, TICKET), browser_hash=BROWSER, now=NOW + 60)
