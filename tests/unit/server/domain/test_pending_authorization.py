"""The two sealed values between `/v1/authorize` and the redirect."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.oauth.authorization_request import AuthorizationRequest
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.pending_authorization import (
    PendingAuthorization,
    PendingExpired,
    RedirectTicket,
    begin_authorization,
    open_pending,
    open_ticket,
    seal_pending,
    seal_ticket,
)

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
REQUEST = AuthorizationRequest(SAME_DEVICE, "http://127.0.0.1:9/oauth/callback", "state", "c" * 43)
PENDING = begin_authorization(REQUEST, now=1000, lifetime=600)
TICKET = RedirectTicket("http://127.0.0.1:9/oauth/callback?code=c&state=s", b"b" * 32, 1060)


def test_a_request_comes_back_whole_until_its_end() -> None:
    assert open_pending(RING, seal_pending(RING, PENDING), now=1599) == PendingAuthorization(
        client_id=SAME_DEVICE,
        redirect_uri="http://127.0.0.1:9/oauth/callback",
        state="state",
        code_challenge="c" * 43,
        code_challenge_method="SHA-256",
        scope="openid",
        expires_at=1600,
    )
    with pytest.raises(PendingExpired):
        open_pending(RING, seal_pending(RING, PENDING), now=1600)


def test_only_the_cross_device_client_is_another_device() -> None:
    assert not PENDING.is_cross_device
    assert PendingAuthorization(CROSS_DEVICE, "u", "s", "c", "S256", "openid", 1).is_cross_device


def test_a_ticket_is_for_one_browser_and_a_short_time() -> None:
    sealed = seal_ticket(RING, TICKET)
    assert open_ticket(RING, sealed, browser_hash=b"b" * 32, now=1059) == TICKET.location
    for browser_hash, now in ((b"c" * 32, 1000), (b"b" * 32, 1060)):
        with pytest.raises(PendingExpired):
            open_ticket(RING, sealed, browser_hash=browser_hash, now=now)


def test_neither_opens_as_the_other() -> None:
    with pytest.raises(PendingExpired):
        open_pending(RING, seal_ticket(RING, TICKET), now=1000)
    with pytest.raises(PendingExpired):
        open_ticket(RING, seal_pending(RING, PENDING), browser_hash=b"b" * 32, now=1000)


@given(st.one_of(st.text(), st.binary().map(lambda raw: RING.seal("pending-authorization", raw))))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_opening_raise_anything_else(sealed: str) -> None:
    with pytest.raises(PendingExpired):
        open_pending(RING, sealed, now=0)
    with pytest.raises(PendingExpired):
        open_ticket(RING, sealed, browser_hash=b"", now=0)
