"""Records for storage tests: every field set, every field overridable, nothing random.

Two accounts exist in `populate`, so that a statement without its WHERE is seen.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgspec

from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Account, Group, LoginProfile, ManagedPolicy, Role, User
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.identity_provider import OidcProvider, SamlPrivateKey, SamlProvider
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.role_session import FederatedIdentity, RoleSession
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.domain.tokens import access_key_id
from daypass.server.ports.federation_storage import FederationRequest
from daypass.server.ports.storage import CodeRedemption, DpopProof, RefreshRotation, Storage

ACCOUNT_ID = "111122223333"
OTHER_ACCOUNT_ID = "444455556666"
NOW = 1_900_000_000
CALLER = Caller("00000000-0000-4000-8000-000000000001", "127.0.0.1", "aws-cli/2.0", is_secure=True)

ACCOUNT = Account(
    account_id=ACCOUNT_ID,
    alias="example",
    root_email="root@example.com",
    root_password_hash="$argon2id$one",
    root_credentials_epoch=3,
    created_at=NOW,
)
OTHER_ACCOUNT = Account(
    account_id=OTHER_ACCOUNT_ID,
    alias=None,
    root_email="root@example.org",
    root_password_hash="$argon2id$two",
    root_credentials_epoch=5,
    created_at=NOW + 1,
)


async def populate(storage: Storage) -> None:
    """Both accounts."""
    await storage.accounts.create_account(ACCOUNT)
    await storage.accounts.create_account(OTHER_ACCOUNT)


def make_user(name: str = "Alice", **changes: Any) -> User:
    user = User(ACCOUNT_ID, f"AIDA{name.upper():0>17}", name, "/", NOW)
    return replace(user, **changes)


def make_profile(user: User, **changes: Any) -> LoginProfile:
    return replace(LoginProfile(user.account_id, user.user_id, "$argon2id$pw", NOW), **changes)


def make_role(name: str = "Reader", **changes: Any) -> Role:
    role = Role(ACCOUNT_ID, f"AROA{name.upper():0>17}", name, "/", '{"Statement": []}', NOW, "reads", 7200)
    return replace(role, **changes)


def make_policy(name: str = "Lists", **changes: Any) -> ManagedPolicy:
    policy = ManagedPolicy(
        ACCOUNT_ID, f"ANPA{name.upper():0>17}", name, "/", '{"Statement": [1]}', NOW, "lists", "v1"
    )
    return replace(policy, **changes)


def make_group(name: str = "Readers", **changes: Any) -> Group:
    return replace(Group(ACCOUNT_ID, f"AGPA{name.upper():0>17}", name, "/", NOW), **changes)


def make_access_key(user_id: str, number: int = 0, **changes: Any) -> AccessKey:
    """Numbers differ only in the id and the time; the account in the id is that of the key."""
    account_id = changes.get("account_id", ACCOUNT_ID)
    key_id = "AKIA" + access_key_id(account_id, bytes([number]) * 6)[4:]
    return replace(
        AccessKey(key_id, account_id, user_id, f"sealed {number}", "Active", NOW + number), **changes
    )


def make_virtual_device(name: str = "phone", **changes: Any) -> MfaDevice:
    """Nobody's yet."""
    serial_number = f"arn:aws:iam::{ACCOUNT_ID}:mfa/{name}"
    return replace(
        MfaDevice(
            serial_number, ACCOUNT_ID, "", "totp", NOW, sealed_seed="sealed seed", tags=(("team", "blue"),)
        ),
        **changes,
    )


def make_passkey(owner_id: str, name: str = "laptop", **changes: Any) -> MfaDevice:
    device = MfaDevice(
        serial_number=f"arn:aws:iam::{ACCOUNT_ID}:u2f/user/someone/{name}",
        account_id=ACCOUNT_ID,
        owner_id=owner_id,
        kind="passkey",
        created_at=NOW,
        enabled_at=NOW,
        credential_id=b"credential " + name.encode(),
        public_key=b"cose",
        sign_count=7,
    )
    return replace(device, **changes)


PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Corp"


def make_saml_provider(name: str = "Corp", **changes: Any) -> SamlProvider:
    provider = SamlProvider(
        account_id=ACCOUNT_ID,
        name=name,
        provider_uuid=f"SAML{name.upper():0>17}",
        metadata_document="<EntityDescriptor>é</EntityDescriptor>",
        entity_id=f"https://{name.lower()}.example.com/idp",
        created_at=NOW,
        valid_until=NOW + 10,
        sealed_service_key="sealed service key",
        service_certificate="certificate",
        assertion_encryption="Allowed",
        private_keys=(SamlPrivateKey("KEY1", NOW, "sealed 1"), SamlPrivateKey("KEY2", NOW + 1, "sealed 2")),
        tags=(("stage", "test"), ("team", "blue")),
    )
    return replace(provider, **changes)


def make_oidc_provider(host: str = "id.example.com", **changes: Any) -> OidcProvider:
    provider = OidcProvider(
        ACCOUNT_ID, f"https://{host}/realm", ("client-1", "client-2"), ("a" * 40,), NOW, (("team", "blue"),)
    )
    return replace(provider, **changes)


def make_federation_request(name: str = "one", **changes: Any) -> FederationRequest:
    request = FederationRequest(
        f"_{name}", PROVIDER_ARN, b"b" * 32, "sealed request", NOW + 300, "nonce", "sealed verifier"
    )
    return replace(request, **changes)


def make_role_session(subject: str = "ada", idp_session: str = "s-1", **changes: Any) -> RoleSession:
    """Of somebody that the provider `PROVIDER_ARN` vouches for."""
    identity = FederatedIdentity(
        PROVIDER_ARN, "https://corp.example.com/idp", subject, "persistent", idp_session
    )
    session = RoleSession(
        f"arn:aws:iam::{ACCOUNT_ID}:role/Reader", "ada@corp", (("team", "blü"),), ("team",), identity
    )
    return msgspec.structs.replace(session, **changes)


def make_sign_in_session(name: str = "one", **changes: Any) -> SignInSession:
    session = SignInSession(
        session_id=f"sign-in-{name}",
        browser_hash=b"b" * 32,
        account_id=ACCOUNT_ID,
        principal_kind="user",
        principal_arn=f"arn:aws:iam::{ACCOUNT_ID}:user/{name}",
        principal_id=f"AIDA{name.upper():0>17}",
        credentials_epoch=2,
        authenticated_at=NOW,
        expires_at=NOW + 3600,
        last_used_at=NOW,
    )
    return replace(session, **changes)


def make_login_session(name: str = "one", **changes: Any) -> LoginSession:
    session = LoginSession(
        session_id=f"login-{name}",
        account_id=ACCOUNT_ID,
        principal_kind="user",
        principal_arn=f"arn:aws:iam::{ACCOUNT_ID}:user/Alice",
        principal_id="AIDA000000000000ALICE",
        credentials_epoch=2,
        client_id="arn:aws:signin:::devtools/same-device",
        dpop_jkt="j" * 43,
        generation=0,
        rotated_at=NOW,
        sealed_by="key-1",
        created_at=NOW,
        ends_at=NOW + 43_200,
    )
    return msgspec.structs.replace(session, **changes)


def make_event(name: str = "CreateOAuth2Token", **changes: Any) -> AuditEvent:
    event = AuditEvent(
        event_id=f"event-{name}",
        event_time=NOW,
        event_source="signin.amazonaws.com",
        event_name=name,
        account_id=ACCOUNT_ID,
        principal_arn=f"arn:aws:iam::{ACCOUNT_ID}:user/Alice",
        caller=CALLER,
        detail={"grantType": "refresh_token", "attempt": 1, "isRepeat": False},
    )
    return msgspec.structs.replace(event, **changes)


def make_proof(name: str, body: str = "body", **changes: Any) -> DpopProof:
    """Proofs of one name are the same proof; `body` is what it came with."""
    proof = DpopProof(sha256(name.encode()).digest()[:16], sha256(body.encode()).digest()[:16], NOW + 660)
    return msgspec.structs.replace(proof, **changes)


def make_redemption(name: str = "one", **changes: Any) -> CodeRedemption:
    """Redeems code `code-<name>` into session `login-<name>` with a proof of its own."""
    redemption = CodeRedemption(
        code_id=f"code-{name}",
        code_expires_at=NOW + 300,
        proof=make_proof(f"redeem {name}"),
        session=make_login_session(name),
        expected_revision=0,
        audit=make_event(event_id=f"redeem-{name}"),
        now=NOW,
    )
    return replace(redemption, **changes)


def make_rotation(name: str = "one", generation: int = 0, **changes: Any) -> RefreshRotation:
    """Rotates session `login-<name>` with a proof of its own per generation."""
    rotation = RefreshRotation(
        session_id=f"login-{name}",
        generation=generation,
        proof=make_proof(f"rotate {name} {generation}"),
        expected_revision=0,
        sealed_by="key-2",
        audit=make_event(event_id=f"rotate-{name}-{generation}"),
        now=NOW + 60,
    )
    return msgspec.structs.replace(rotation, **changes)
