"""A person in the pages as the caller of an operation: the same claims a signature would have brought."""

from daypass.server.domain.audit import Caller
from daypass.server.domain.page_call import call_of_session
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.tokens import SessionClaims
from support.storage_records import NOW, make_role_session, make_sign_in_session

CALLER = Caller("11111111-2222-4333-8444-555555555555", "192.0.2.1", "test", True)


def _snapshot(kind: str) -> PrincipalSnapshot:
    return PrincipalSnapshot("1" * 12, kind, "AIDA1", "arn:aws:iam::1:user/one", "one", 0, 1, ())  # type: ignore[arg-type]  # one of the kinds


def test_a_users_session_brings_when_it_signed_in_and_its_second_factor() -> None:
    session = make_sign_in_session("one", authenticated_at=NOW - 30, mfa_at=NOW - 20)
    call = call_of_session(session, _snapshot("user"), caller=CALLER, now=NOW, region="us-east-1")
    assert call.claims == SessionClaims(
        access_key_id="",
        account_id=session.account_id,
        principal_kind="user",
        principal_arn=session.principal_arn,
        principal_id=session.principal_id,
        issued_at=NOW - 30,
        expires_at=session.expires_at,
        mfa_at=NOW - 20,
    )
    assert (call.caller, call.now, call.region) == (CALLER, NOW, "us-east-1")


def test_a_role_session_brings_its_tags_and_identity_along() -> None:
    role_session = make_role_session()
    session = make_sign_in_session("one", principal_kind="role", role_session=role_session)
    claims = call_of_session(session, _snapshot("role"), caller=CALLER, now=NOW, region="us-east-1").claims
    assert (claims.role_arn, claims.tags) == (role_session.role_arn, role_session.tags)
    assert (claims.source_identity, claims.transitive_tag_keys, claims.identity) == (
        role_session.source_identity,
        role_session.transitive_tag_keys,
        role_session.identity,
    )


def test_a_session_made_of_credentials_is_issued_now() -> None:
    session = make_sign_in_session("one", authenticated_at=0)
    call = call_of_session(session, _snapshot("user"), caller=CALLER, now=NOW, region="us-east-1")
    assert call.claims.issued_at == NOW
