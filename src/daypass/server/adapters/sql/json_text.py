"""Values that are only ever read whole, as JSON in a text column: tags, lists, role sessions, scopes.

The empty text stands for none, and is not decoded: a row of a user costs nothing. A role session's `identity` is
written a second time, in columns of its own, because single logout looks it up; and so is the user it ends with.
"""

import msgspec

from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.identity_provider import SamlPrivateKey, Tags
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session_lineage import bound_owner
from daypass.server.domain.session_scope import SessionScope

__all__ = [
    "IDENTITY_COLUMNS",
    "identity_values",
    "password_policy_text",
    "private_keys_text",
    "read_password_policy",
    "read_private_keys",
    "read_role_session",
    "read_scope",
    "read_tags",
    "read_texts",
    "role_session_text",
    "scope_text",
    "tags_text",
    "texts_text",
]

IDENTITY_COLUMNS = "provider_arn, idp_subject, idp_session, taken_by"

_encode = msgspec.json.Encoder().encode
_decode_role_session = msgspec.json.Decoder(RoleSession).decode
_decode_scope = msgspec.json.Decoder(SessionScope).decode
_decode_password_policy = msgspec.json.Decoder(PasswordPolicy).decode
_decode_tags = msgspec.json.Decoder(Tags).decode
_decode_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_private_keys = msgspec.json.Decoder(tuple[SamlPrivateKey, ...]).decode


def role_session_text(role_session: RoleSession | None) -> str:
    return "" if role_session is None else _encode(role_session).decode()


def read_role_session(text: str) -> RoleSession | None:
    return _decode_role_session(text) if text else None


def identity_values(role_session: RoleSession | None) -> tuple[str, str, str, str]:
    """In the order of `IDENTITY_COLUMNS`; empty texts without an identity provider, and for a role nobody took."""
    owner = bound_owner(role_session)
    taken_by = "" if owner is None else owner.key
    identity = None if role_session is None else role_session.identity
    if identity is None:
        return "", "", "", taken_by
    return identity.provider_arn, identity.subject, identity.idp_session, taken_by


def scope_text(scope: SessionScope | None) -> str:
    return "" if scope is None else _encode(scope).decode()


def read_scope(text: str) -> SessionScope | None:
    return _decode_scope(text) if text else None


def password_policy_text(policy: PasswordPolicy) -> str:
    return _encode(policy).decode()


def read_password_policy(text: str) -> PasswordPolicy:
    return _decode_password_policy(text)


def tags_text(tags: Tags) -> str:
    return _encode(tags).decode() if tags else ""


def read_tags(text: str) -> Tags:
    return _decode_tags(text) if text else ()


def texts_text(texts: tuple[str, ...]) -> str:
    return _encode(texts).decode() if texts else ""


def read_texts(text: str) -> tuple[str, ...]:
    return _decode_texts(text) if text else ()


def private_keys_text(private_keys: tuple[SamlPrivateKey, ...]) -> str:
    return _encode(private_keys).decode() if private_keys else ""


def read_private_keys(text: str) -> tuple[SamlPrivateKey, ...]:
    return _decode_private_keys(text) if text else ()
