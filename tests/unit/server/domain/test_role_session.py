"""What a role session carries: its limit, and what policies see of it."""

import msgspec
import pytest

from daypass.protocol.aws.errors import PackedPolicyTooLarge
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.role_session import (
    MAX_PACKED_SESSION_BYTES,
    FederatedIdentity,
    RoleSession,
    check_packed_size,
    federated_provider_of,
)
from daypass.server.domain.tokens import RefreshClaims, open_refresh_token, seal_refresh_token

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
ROLE = "arn:aws:iam::111122223333:role/" + "r" * 64
SAML = FederatedIdentity(
    "arn:aws:iam::111122223333:saml-provider/Corp", "https://corp.example.com/idp", "ada"
)
OIDC = FederatedIdentity(
    "arn:aws:iam::111122223333:oidc-provider/id.example.com", "https://id.example.com", "ada"
)


def _filled(size: int) -> RoleSession:
    """One of exactly this many packed bytes."""
    session = RoleSession(ROLE, tags=(("k", "x" * 300),))
    rest = size - len(msgspec.msgpack.encode(session))
    return msgspec.structs.replace(session, tags=(("k", "x" * (300 + rest)),))


def test_a_session_may_fill_the_packed_size_and_not_one_byte_more() -> None:
    check_packed_size(_filled(MAX_PACKED_SESSION_BYTES))
    with pytest.raises(PackedPolicyTooLarge, match="100%"):
        check_packed_size(_filled(MAX_PACKED_SESSION_BYTES + 1))


def test_the_most_tags_of_the_longest_form_do_not_fit() -> None:
    tags = tuple((f"{number:0128}", "v" * 256) for number in range(50))
    with pytest.raises(PackedPolicyTooLarge):
        check_packed_size(RoleSession(ROLE, tags=tags))


def test_the_longest_refresh_token_fits_the_wire() -> None:
    """The Sign-In API model allows 2048 characters."""
    claims = RefreshClaims(
        login_session_id="i" * 36,
        generation=2**40,
        dpop_jkt="j" * 43,
        client_id="arn:aws:signin:::devtools/cross-device",
        account_id="111122223333",
        ends_at=4_000_000_000,
        principal_kind="role",
        principal_id="AROA" + "X" * 17 + ":" + "s" * 64,
        role_session=_filled(MAX_PACKED_SESSION_BYTES),
    )
    token = seal_refresh_token(RING, claims, key_id="0a0b0c0d")
    assert len(token) <= 2048
    assert open_refresh_token(RING, token) == (claims, "0a0b0c0d")


def test_a_refresh_token_from_before_role_sessions_is_still_read() -> None:
    old = ("id", 3, "jkt", "client", "111122223333", 5, "user", "AIDA", 2)
    token = "ASOR" + RING.seal("refresh-token", msgspec.msgpack.encode(old))
    claims = open_refresh_token(RING, token)[0]
    assert (claims.credentials_epoch, claims.role_session) == (2, None)


def test_policies_see_a_saml_provider_by_its_arn_and_an_openid_one_by_its_issuer() -> None:
    assert federated_provider_of(SAML) == SAML.provider_arn
    assert federated_provider_of(OIDC) == "https://id.example.com"
    assert federated_provider_of(None) == ""
