"""Opening a caller's token: what is remembered must not outlive what it proves."""

import pytest

from daypass.protocol.aws.errors import ExpiredToken, InvalidClientTokenId
from daypass.server.domain.caller_credentials import open_caller_credentials
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    seal_session_token,
    temporary_secret_key,
)

NOW = 1_900_000_000
RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
CLAIMS = SessionClaims(
    access_key_id=access_key_id("111122223333", b"seedseed"),
    account_id="111122223333",
    principal_kind="root",
    principal_arn="arn:aws:iam::111122223333:root",
    principal_id="111122223333",
    issued_at=NOW,
    expires_at=NOW + 900,
)
TOKEN = seal_session_token(RING, CLAIMS, key_id="0a0b0c0d")


def test_the_claims_and_the_secret_come_from_the_token() -> None:
    for _ in range(2):
        claims, secret = open_caller_credentials(
            RING, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW
        )
        assert claims == CLAIMS
        assert secret.reveal() == temporary_secret_key(RING, CLAIMS, key_id="0a0b0c0d")


def test_a_remembered_token_still_expires() -> None:
    open_caller_credentials(RING, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW + 899)
    with pytest.raises(ExpiredToken):
        open_caller_credentials(RING, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW + 900)


def test_a_remembered_token_still_belongs_to_its_key_id() -> None:
    open_caller_credentials(RING, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW)
    for other in ("", "ASIAQAAAAAAAAAAAAAAA", CLAIMS.access_key_id.lower()):
        with pytest.raises(InvalidClientTokenId):
            open_caller_credentials(RING, access_key_id=other, session_token=TOKEN, now=NOW + 1000)


def test_a_token_remembered_by_one_ring_is_nothing_to_another() -> None:
    open_caller_credentials(RING, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW)
    stranger = KeyRing([MasterKey("0a0b0c0d", 1, b"x" * 32)])
    with pytest.raises(InvalidClientTokenId):
        open_caller_credentials(stranger, access_key_id=CLAIMS.access_key_id, session_token=TOKEN, now=NOW)


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-2], TOKEN.swapcase()])
def test_anything_else_is_no_token(token: str | None) -> None:
    with pytest.raises(InvalidClientTokenId):
        open_caller_credentials(RING, access_key_id=CLAIMS.access_key_id, session_token=token, now=NOW)
