"""What an authorization code holds, and that it fits where it must go."""

import pytest

from daypass.protocol.oauth.errors import AuthcodeExpired, InvalidRequest
from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.protocol.oauth.verification_code import build_verification_code
from daypass.server.domain.authorization_code import (
    build_code_claims,
    check_code_life,
    check_redirect_uri,
    is_for_confirmation,
)
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.pending_authorization import PendingAuthorization
from daypass.server.domain.session import PrincipalKind, SignInSession
from daypass.server.domain.tokens import seal_code

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
URI = "https://" + "signin." * 200 + "example.com/v1/sessions/confirmation"
PENDING = PendingAuthorization(CROSS_DEVICE, URI, "s" * 36, "c" * 43, "SHA-256", "openid", 9_999_999_999)


def session(kind: PrincipalKind = "user", arn: str = "") -> SignInSession:
    principal_id = "AROA" + "X" * 17 + ":" + "s" * 64 if kind == "role" else "AIDA" + "X" * 17
    return SignInSession(
        "i" * 36, b"b" * 32, "111122223333", kind, arn, principal_id, 4_000_000_000, 1, 2_000_000_000, 1
    )


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("user", "arn:aws:iam::111122223333:user/" + "p" * 510 + "/" + "n" * 64),
        ("root", "arn:aws:iam::111122223333:root"),
        ("role", "arn:aws:sts::111122223333:assumed-role/" + "r" * 64 + "/" + "s" * 64),
    ],
)
def test_the_longest_code_fits_the_wire_and_a_terminal_line(kind: PrincipalKind, arn: str) -> None:
    """The Sign-In API model allows 512 characters; canonical terminal lines end at 1024 on macOS."""
    claims = build_code_claims(PENDING, session(kind, arn), code_id="f" * 24, now=1_900_000_000)
    code = seal_code(RING, claims)
    assert len(code) <= 512
    assert len(build_verification_code(state=PENDING.state, code=code)) < 1024


def test_only_a_role_session_carries_its_end() -> None:
    assert build_code_claims(PENDING, session("user"), code_id="1", now=5).session_ends_at == 0
    assert build_code_claims(PENDING, session("role"), code_id="1", now=5).session_ends_at == 2_000_000_000


def test_a_code_lives_as_long_as_its_life_and_its_role_session() -> None:
    user = build_code_claims(PENDING, session(), code_id="1", now=1000)
    check_code_life(user, now=1299, lifetime=300)
    with pytest.raises(AuthcodeExpired):
        check_code_life(user, now=1300, lifetime=300)
    role = build_code_claims(PENDING, session("role"), code_id="1", now=1_999_999_900)
    check_code_life(role, now=1_999_999_999, lifetime=300)
    with pytest.raises(AuthcodeExpired):
        check_code_life(role, now=2_000_000_000, lifetime=300)


def test_the_redirect_uri_is_the_same_to_the_byte() -> None:
    claims = build_code_claims(PENDING, session(), code_id="1", now=1000)
    check_redirect_uri(claims, URI)
    assert is_for_confirmation(claims, frozenset({URI, "http://other"}))
    assert not is_for_confirmation(claims, frozenset({"http://other"}))
    for other in (URI + "/", URI.upper(), ""):
        with pytest.raises(InvalidRequest):
            check_redirect_uri(claims, other)
