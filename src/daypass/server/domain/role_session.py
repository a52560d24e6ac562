"""What a role session carries beyond its role: tags, source identity, and who the person is at the provider.

One record travels with a role session wherever it goes: from the browser's session to the terminal's login
and into the claims of its credentials. Session tags win over the role's own (IAM user guide, "Passing session
tags in AWS STS"); a source identity, once set, stays. It also travels inside refresh tokens, which may be 2048
characters long: so its packed size is limited where a session begins.
"""

import msgspec

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import PackedPolicyTooLarge
from daypass.server.domain.identity_provider import Tags, is_saml, provider_account
from daypass.server.domain.role_owner import RoleOwner, federated_owner

__all__ = [
    "MAX_PACKED_SESSION_BYTES",
    "FederatedIdentity",
    "RoleSession",
    "assumed_role_arn",
    "check_packed_size",
    "federated_provider_of",
    "identity_owner",
    "owner_key",
    "packed_percent",
    "principal_tag_values",
    "session_values",
]

MAX_PACKED_SESSION_BYTES = 900
"""Of the MessagePack form. With it the longest refresh token stays below the model's 2048 characters."""


class FederatedIdentity(msgspec.Struct, frozen=True, array_like=True):
    """A person as the identity provider names them."""

    provider_arn: str
    issuer: str
    """SAML: the provider's entity id. OpenID Connect: its URL."""
    subject: str
    """SAML: the NameID. OpenID Connect: `sub`."""
    subject_type: str = ""
    """SAML: `persistent`, `transient` or the format's URI; empty for OpenID Connect."""
    idp_session: str = ""
    """SAML: SessionIndex. OpenID Connect: `sid`. Empty when the provider gave none."""
    session_ends_at: int = 0
    """SAML: SessionNotOnOrAfter, epoch seconds; 0 when the provider set no end."""


class RoleSession(msgspec.Struct, frozen=True, array_like=True):
    """The part of a role session that its role and its name do not say."""

    role_arn: str
    source_identity: str = ""
    tags: Tags = ()
    """Session tags."""
    transitive_tag_keys: tuple[str, ...] = ()
    """Keys of `tags` that go along when this session assumes another role."""
    identity: FederatedIdentity | None = None
    """None when no identity provider was involved."""
    owner: RoleOwner | None = None
    """Whose session it is; None for one that began before owners were kept."""


_pack = msgspec.msgpack.Encoder().encode


def assumed_role_arn(account_id: str, role_name: str, session_name: str) -> str:
    """What a role session is called (IAM user guide, "IAM identifiers"): the role's path is not in it."""
    return f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"


def check_packed_size(role_session: RoleSession) -> None:
    """Raises PackedPolicyTooLarge (STS API reference, "AssumeRole", Errors). Ask it where a session begins."""
    size = _packed_size(role_session)
    if size > MAX_PACKED_SESSION_BYTES:
        raise PackedPolicyTooLarge(
            f"session tags and identity take {size * 100 // MAX_PACKED_SESSION_BYTES}% of the packed size"
            " a session may have"
        )


def _packed_size(role_session: RoleSession) -> int:
    """Of what was asked for; the owner is ours, and there is room for it."""
    return len(_pack(msgspec.structs.replace(role_session, owner=None)))


def packed_percent(role_session: RoleSession) -> int:
    """How full the room is, 0–100: PackedPolicySize (STS API reference, "AssumeRole")."""
    return _packed_size(role_session) * 100 // MAX_PACKED_SESSION_BYTES


def identity_owner(identity: FederatedIdentity, *, source_identity: str = "") -> RoleOwner:
    """A transient subject is another one at each sign-in: then the source identity, where the provider sets one, is who."""
    account_id = provider_account(identity.provider_arn)
    if identity.subject_type == "transient" and source_identity:
        return federated_owner(account_id, identity.provider_arn, f"source identity|{source_identity}")
    return federated_owner(account_id, identity.provider_arn, f"subject|{identity.subject}")


def owner_key(role_session: RoleSession | None) -> str:
    """Whose role session it is; empty for none, and for one of which nobody kept it."""
    if role_session is None:
        return ""
    if role_session.owner is not None:
        return role_session.owner.key
    identity = role_session.identity
    if identity is None:
        return ""
    return identity_owner(identity, source_identity=role_session.source_identity).key


def federated_provider_of(identity: FederatedIdentity | None) -> str:
    """aws:FederatedProvider: the SAML provider's ARN, the OpenID Connect issuer, or empty without identity."""
    if identity is None:
        return ""
    return identity.provider_arn if is_saml(identity.provider_arn) else identity.issuer


def session_values(
    *, source_identity: str, federated_provider: str, tags: Tags, role_tags: Tags
) -> dict[str, ConditionValue]:
    """The condition keys of a role session (IAM reference, "AWS global condition context keys")."""
    values = principal_tag_values((*role_tags, *tags))
    if source_identity:
        values["aws:SourceIdentity"] = source_identity
    if federated_provider:
        values["aws:FederatedProvider"] = federated_provider
    return values


def principal_tag_values(tags: Tags) -> dict[str, ConditionValue]:
    """`aws:PrincipalTag/key`; of keys that differ only in case the later one counts."""
    folded = {key.lower(): (key, value) for key, value in tags}
    return {f"aws:PrincipalTag/{key}": value for key, value in folded.values()}
