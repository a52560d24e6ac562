"""The built-in issuer is a function of the session's state."""

import msgspec
import pytest

from daypass.protocol.oauth.registered_client import SAME_DEVICE
from daypass.server.domain.caller_credentials import open_caller_credentials
from daypass.server.domain.key_ring import KeyRing, MasterKey, SealBroken
from daypass.server.domain.role_session import FederatedIdentity, RoleSession
from daypass.server.domain.session import LoginSession
from daypass.server.domain.tokens import open_refresh_token
from daypass.server.issuers.built_in import BuiltInIssuer

OLD, NEW = MasterKey("0a0b0c0d", 1, bytes(32)), MasterKey("0a0b0c0e", 2, b"n" * 32)
RING = KeyRing([OLD, NEW])
ISSUER = BuiltInIssuer(RING, credentials_lifetime=900, id_token_issuer="https://signin.example.com")
SESSION = LoginSession(
    session_id="11111111-2222-4333-8444-555555555555",
    account_id="111122223333",
    principal_kind="user",
    principal_arn="arn:aws:iam::111122223333:user/alice",
    principal_id="AIDAXXXXXXXXXXXXXXXXX",
    credentials_epoch=3,
    client_id=SAME_DEVICE,
    dpop_jkt="j" * 43,
    generation=4,
    rotated_at=1000,
    sealed_by=OLD.key_id,
    created_at=10,
    ends_at=5000,
)


def test_the_same_state_gives_the_same_tokens_at_any_moment() -> None:
    first = ISSUER.issue(SESSION, now=1000, with_id_token=False)
    assert ISSUER.issue(SESSION, now=1500, with_id_token=False) == first._replace(expires_in=400)


@pytest.mark.parametrize(
    "changes", [{"generation": 5}, {"rotated_at": 1001}, {"session_id": "other"}, {"sealed_by": NEW.key_id}]
)
def test_another_state_gives_other_credentials(changes: dict[str, object]) -> None:
    first = ISSUER.issue(SESSION, now=1001, with_id_token=False)
    other = ISSUER.issue(msgspec.structs.replace(SESSION, **changes), now=1001, with_id_token=False)  # type: ignore[arg-type]  # fields by name
    assert other.access_key_id != first.access_key_id
    assert other.secret_access_key != first.secret_access_key


def test_credentials_prove_who_they_are_to_our_other_services() -> None:
    tokens = ISSUER.issue(SESSION, now=1000, with_id_token=False)
    claims, secret = open_caller_credentials(
        RING,
        access_key_id=tokens.access_key_id,
        session_token=tokens.session_token.reveal(),
        now=1899,
    )
    assert secret == tokens.secret_access_key
    assert (claims.principal_arn, claims.expires_at) == (SESSION.principal_arn, 1900)
    assert len(tokens.session_token.reveal()) < 1024
    assert len(tokens.refresh_token.reveal()) < 1024


def test_a_refresh_token_carries_what_a_refresh_must_decide_on() -> None:
    tokens = ISSUER.issue(SESSION, now=1000, with_id_token=False)
    claims, _ = open_refresh_token(RING, tokens.refresh_token.reveal())
    for name in ("generation", "dpop_jkt", "client_id", "account_id", "ends_at"):
        assert getattr(claims, name) == getattr(SESSION, name)
    for name in ("principal_kind", "principal_id", "credentials_epoch"):
        assert getattr(claims, name) == getattr(SESSION, name)
    assert claims.login_session_id == SESSION.session_id


def test_the_last_credentials_end_with_the_session() -> None:
    last = msgspec.structs.replace(SESSION, rotated_at=4900)
    assert ISSUER.issue(last, now=4999, with_id_token=False).expires_in == 1
    with pytest.raises(ValueError, match="over"):
        ISSUER.issue(last, now=5000, with_id_token=False)


def test_a_key_that_is_gone_issues_nothing() -> None:
    issuer = BuiltInIssuer(KeyRing([NEW]), credentials_lifetime=900, id_token_issuer="x")
    with pytest.raises(SealBroken):
        issuer.issue(SESSION, now=1000, with_id_token=False)


@pytest.mark.parametrize(
    ("provider_arn", "provider"),
    [
        ("arn:aws:iam::111122223333:saml-provider/Corp", "arn:aws:iam::111122223333:saml-provider/Corp"),
        ("arn:aws:iam::111122223333:oidc-provider/id.example.com", "https://id.example.com"),
    ],
)
def test_a_role_sessions_credentials_say_what_policies_ask(provider_arn: str, provider: str) -> None:
    identity = FederatedIdentity(provider_arn, "https://id.example.com", "ada")
    role_session = RoleSession("arn:aws:iam::1:role/R", "ada@corp", (("a", "b"),), ("a",), identity)
    session = msgspec.structs.replace(SESSION, principal_kind="role", role_session=role_session)
    tokens = ISSUER.issue(session, now=1000, with_id_token=False)
    assert ISSUER.issue(session, now=1500, with_id_token=False) == tokens._replace(expires_in=400)
    claims, _ = open_caller_credentials(
        RING, access_key_id=tokens.access_key_id, session_token=tokens.session_token.reveal(), now=1000
    )
    assert (claims.role_arn, claims.source_identity) == (role_session.role_arn, "ada@corp")
    assert (claims.tags, claims.transitive_tag_keys) == ((("a", "b"),), ("a",))
    assert claims.federated_provider == provider
    assert open_refresh_token(RING, tokens.refresh_token.reveal())[0].role_session == role_session
