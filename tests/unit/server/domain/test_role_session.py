"""What a role session carries: its limit, and what policies see of it."""

import msgspec
import pytest

from daypass.protocol.aws.errors import PackedPolicyTooLarge
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.role_owner import ParentLogin, RoleOwner
from daypass.server.domain.role_session import (
    MAX_PACKED_SESSION_BYTES,
    FederatedIdentity,
    RoleSession,
    check_packed_size,
    federated_provider_of,
    packed_percent,
)
from daypass.server.domain.session_scope import MAX_PACKED_SCOPE_BYTES, SessionScope
from daypass.server.domain.tokens import (
    RefreshClaims,
    SessionClaims,
    open_refresh_token,
    open_session_token,
    seal_refresh_token,
    seal_session_token,
)

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
ROLE = "arn:aws:iam::111122223333:role/" + "r" * 64
SAML = FederatedIdentity(
    "arn:aws:iam::111122223333:saml-provider/Corp", "https://corp.example.com/idp", "ada"
)
OIDC = FederatedIdentity(
    "arn:aws:iam::111122223333:oidc-provider/id.example.com", "https://id.example.com", "ada"
)


LONGEST_OWNER = RoleOwner("111122223333", "d" * 24, 2**40)


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
        role_session=msgspec.structs.replace(_filled(MAX_PACKED_SESSION_BYTES), owner=LONGEST_OWNER),
        mfa_at=4_000_000_000,
    )
    token = seal_refresh_token(RING, claims, key_id="0a0b0c0d")
    assert len(token) <= 2048
    assert open_refresh_token(RING, token) == (claims, "0a0b0c0d")


def test_the_longest_session_token_fits_what_clients_expect() -> None:
    """STS reference, "Credentials": 4,096 characters are the most that AWS says it may come to."""
    session = _filled(MAX_PACKED_SESSION_BYTES)
    scope = SessionScope("n" * 64, b"x" * 1000)
    scope = SessionScope(
        "n" * 64, b"x" * (1000 + MAX_PACKED_SCOPE_BYTES - len(msgspec.msgpack.encode(scope)))
    )
    claims = SessionClaims(
        access_key_id="ASIA" + "X" * 16,
        account_id="111122223333",
        principal_kind="role",
        principal_arn="arn:aws:sts::111122223333:assumed-role/" + "r" * 64 + "/" + "s" * 64,
        principal_id="AROA" + "X" * 17 + ":" + "s" * 64,
        issued_at=4_000_000_000,
        expires_at=4_000_000_000,
        role_arn=session.role_arn,
        tags=session.tags,
        is_chained=True,
        mfa_at=4_000_000_000,
        scope=scope,
        owner=LONGEST_OWNER,
        parent_login=ParentLogin("i" * 36, "111122223333", "role", "AROA" + "X" * 17),
    )
    token = seal_session_token(RING, claims, key_id="0a0b0c0d")
    assert 3500 < len(token) <= 4096
    assert open_session_token(RING, token) == (claims, "0a0b0c0d")


def test_what_is_ours_takes_no_room_from_what_was_asked() -> None:
    session = _filled(MAX_PACKED_SESSION_BYTES)
    check_packed_size(msgspec.structs.replace(session, owner=LONGEST_OWNER))
    assert packed_percent(msgspec.structs.replace(session, owner=LONGEST_OWNER)) == packed_percent(session)


def test_a_refresh_token_from_before_role_sessions_is_still_read() -> None:
    old = ("id", 3, "jkt", "client", "111122223333", 5, "user", "AIDA", 2)
    token = "ASOR" + RING.seal("refresh-token", msgspec.msgpack.encode(old))
    claims = open_refresh_token(RING, token)[0]
    assert (claims.credentials_epoch, claims.role_session) == (2, None)


def test_policies_see_a_saml_provider_by_its_arn_and_an_openid_one_by_its_issuer() -> None:
    assert federated_provider_of(SAML) == SAML.provider_arn
    assert federated_provider_of(OIDC) == "https://id.example.com"
    assert federated_provider_of(None) == ""
