"""What credentials that a user makes of a key may do, whatever policies say (STS reference, GetSessionToken)."""

import pytest
from msgspec.structs import replace

from daypass.protocol.aws.errors import AccessDenied, ValidationError
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session_credentials import (
    check_action_allowed,
    check_long_term_caller,
    check_session_duration,
    federated_user_claims,
    seal_credentials,
    session_token_claims,
)
from daypass.server.domain.session_scope import SessionScope
from daypass.server.domain.session_values import claims_values
from daypass.server.domain.tokens import SessionClaims, open_session_token, temporary_secret_key

ACCOUNT = "111122223333"
NOW = 1_900_000_000
RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
ALICE = PrincipalSnapshot(ACCOUNT, "user", "AIDA1", f"arn:aws:iam::{ACCOUNT}:user/alice", "alice", 0, 1, ())
SEED = b"8 bytes."


def session_token(mfa_at: int = 0) -> SessionClaims:
    return session_token_claims(ALICE, key_seed=SEED, now=NOW, expires_at=NOW + 900, mfa_at=mfa_at)


FEDERATED = federated_user_claims(
    ALICE, name="bob", scope=SessionScope(), tags=(), key_seed=SEED, now=NOW, expires_at=NOW + 900
)
LOGIN = replace(session_token(), is_session_token=False)
IAM, ASSUME, WHO, S3 = "iam:ListUsers", "sts:AssumeRole", "sts:GetCallerIdentity", "s3:GetObject"
SESSIONS = "signin:ListSessions"
OTHER_STS = {
    f"sts:{operation}"
    for operation in (
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
        "GetAccessKeyInfo",
        "DecodeAuthorizationMessage",
        "AssumeRoot",
        "TagSession",
    )
}


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        (session_token(), {ASSUME, WHO, S3}),
        (session_token(mfa_at=NOW), {IAM, SESSIONS, ASSUME, WHO, S3}),
        (FEDERATED, {WHO, S3}),
        (LOGIN, {IAM, SESSIONS, ASSUME, *OTHER_STS, WHO, S3}),
    ],
    ids=["session token", "session token with a second factor", "federated user", "login"],
)
def test_what_credentials_can_never_do_is_a_property_of_how_they_were_made(
    claims: SessionClaims, allowed: set[str]
) -> None:
    for action in (IAM, SESSIONS, ASSUME, *OTHER_STS, WHO, S3):
        if action in allowed:
            check_action_allowed(claims, action)
        else:
            with pytest.raises(AccessDenied):
                check_action_allowed(claims, action)


def test_temporary_credentials_do_not_prolong_themselves() -> None:
    with pytest.raises(AccessDenied):
        check_long_term_caller(session_token(), "GetSessionToken")
    check_long_term_caller(replace(session_token(), access_key_id="AKIA" + "A" * 16), "GetSessionToken")


@pytest.mark.parametrize(("asked", "seconds"), [(None, 43_200), (900, 900), (129_600, 129_600)])
def test_a_duration_within_the_bounds_is_taken(asked: int | None, seconds: int) -> None:
    assert check_session_duration(asked) == seconds


@pytest.mark.parametrize("asked", [-1, 0, 899, 129_601])
def test_a_duration_beyond_the_bounds_is_refused(asked: int) -> None:
    with pytest.raises(ValidationError):
        check_session_duration(asked)


def test_a_federated_user_is_named_by_its_user_and_has_its_own_id() -> None:
    assert FEDERATED.principal_arn == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert (FEDERATED.principal_id, FEDERATED.userid) == ("AIDA1", f"{ACCOUNT}:bob")
    values = claims_values(FEDERATED, principal_tags=(), now=NOW)
    assert values["aws:PrincipalArn"] == FEDERATED.principal_arn
    assert values["aws:PrincipalType"] == "FederatedUser"


def test_sealed_credentials_open_to_the_same_claims_and_secret() -> None:
    made = seal_credentials(RING, session_token(mfa_at=NOW))
    claims, key_id = open_session_token(RING, made.session_token.reveal())
    assert claims == made.claims == session_token(mfa_at=NOW)
    assert temporary_secret_key(RING, claims, key_id=key_id) == made.secret_access_key.reveal()
    assert made.secret_access_key.reveal() not in repr(made)
    assert made.session_token.reveal() not in repr(made)
