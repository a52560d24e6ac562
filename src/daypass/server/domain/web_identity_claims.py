"""What a verified ID token asks for: under which name, with which tags, and its claims as condition keys.

Condition keys are the provider's URL without scheme, a colon, and the claim (IAM reference, "Available keys for
AWS OIDC federation"). The tags claim has a nested and a flattened form (IAM user guide, "Passing session tags
using AssumeRoleWithWebIdentity"). `aud` and `sub` come from the verified token, whatever other claims spell alike.
"""

import re
from collections.abc import Iterator, Mapping

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import InvalidIdentityToken, ValidationError
from daypass.server.domain.federated_caller import ASSUME_WITH_WEB_IDENTITY, FederatedCaller
from daypass.server.domain.identifiers import check_session_name
from daypass.server.domain.identity_provider import OidcProvider, provider_path
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.session_tags import check_session_tags, check_transitive_keys
from daypass.server.domain.verified_identity import VerifiedIdToken

__all__ = ["read_web_identity_caller"]

_TAGS_CLAIM = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"
_NAME_CLAIMS = ("email", "preferred_username")
_RESERVED_PREFIXES = frozenset({"aws", "iam", "saml", "sts", "s3", "signin"})
_MAX_SUBJECT = 255
"""OpenID Connect Core §2, `sub`; and what the answer's SubjectFromWebIdentityToken may hold."""
_replace_foreign = re.compile(r"[^\w+=,.@-]", re.ASCII).sub


def read_web_identity_caller(
    token: VerifiedIdToken, provider: OidcProvider, *, session_name: str | None
) -> FederatedCaller:
    """`session_name` is the API caller's; None takes it from the claims. Raises InvalidIdentityToken."""
    if not token.subject.isprintable() or not 1 <= len(token.subject) <= _MAX_SUBJECT:
        raise InvalidIdentityToken(f"The subject must have from 1 to {_MAX_SUBJECT} printable characters")
    try:
        name = check_session_name("roleSessionName", session_name or _name_from_claims(token))
        source_identity = _read_source_identity(token.claims)
        tags = check_session_tags(_tag_pairs(token.claims))
        transitive = check_transitive_keys(_transitive_keys(token.claims), tags)
    except ValidationError as refusal:
        raise InvalidIdentityToken(refusal.message) from None
    return FederatedCaller(
        action=ASSUME_WITH_WEB_IDENTITY,
        provider_arn=provider.arn,
        identity=FederatedIdentity(provider.arn, token.issuer, token.subject, idp_session=token.idp_session),
        condition_values=_condition_values(token, provider),
        session_name=name,
        source_identity=source_identity,
        tags=tags,
        transitive_tag_keys=transitive,
        asked_duration=None,
        session_ends_at=None,
    )


def _name_from_claims(token: VerifiedIdToken) -> str:
    """An address the provider says it has not verified is left out: anybody can type a colleague's."""
    is_unverified = token.claims.get("email_verified") in (False, "false")
    for claim in _NAME_CLAIMS[1:] if is_unverified else _NAME_CLAIMS:
        value = token.claims.get(claim)
        if isinstance(value, str) and value:
            return _as_session_name(value)
    return _as_session_name(token.subject)


def _as_session_name(text: str) -> str:
    return _replace_foreign("-", text)[:64].ljust(2, "-")


def _read_source_identity(claims: Mapping[str, object]) -> str:
    value = claims.get(_SOURCE_IDENTITY_CLAIM)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidIdentityToken("The source identity claim must be a text")
    return check_session_name("sourceIdentity", value)


def _tag_pairs(claims: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    nested = _tags_claim(claims).get("principal_tags", {})
    if not isinstance(nested, Mapping):
        raise InvalidIdentityToken("principal_tags must be an object")
    for key, value in nested.items():
        yield str(key), _one_text(value)
    prefix = f"{_TAGS_CLAIM}/principal_tags/"
    for name, value in claims.items():
        if name.startswith(prefix):
            yield name[len(prefix) :], _one_text(value)


def _transitive_keys(claims: Mapping[str, object]) -> Iterator[str]:
    for given in (
        _tags_claim(claims).get("transitive_tag_keys", []),
        claims.get(f"{_TAGS_CLAIM}/transitive_tag_keys", []),
    ):
        if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
            raise InvalidIdentityToken("transitive_tag_keys must be a list of texts")
        yield from given


def _tags_claim(claims: Mapping[str, object]) -> Mapping[object, object]:
    claim = claims.get(_TAGS_CLAIM, {})
    if not isinstance(claim, Mapping):
        raise InvalidIdentityToken("The tags claim must be an object")
    return claim


def _one_text(value: object) -> str:
    match value:
        case str(text) | [str(text)]:
            return text
    raise InvalidIdentityToken("A principal tag must have one value")


def _condition_values(token: VerifiedIdToken, provider: OidcProvider) -> dict[str, ConditionValue]:
    """Claim names are compared without case, as condition keys are: a claim `SUB` must not pass for `sub`."""
    prefix = provider_path(provider.url)
    if prefix.lower() in _RESERVED_PREFIXES:
        raise InvalidIdentityToken("The provider's name is one that condition keys reserve")
    found: dict[str, ConditionValue] = {}
    for name, claim in token.claims.items():
        value = _as_condition_value(claim)
        if value is not None and (name == name.lower() or name.lower() not in token.claims):
            found[name.lower()] = value
    original = found.pop("aud", None)
    if "azp" in token.claims and original is not None:
        found["oaud"] = original
    found["aud"] = _audiences(token, provider)
    found["sub"] = token.subject
    return {f"{prefix}:{name}": value for name, value in found.items()}


def _audiences(token: VerifiedIdToken, provider: OidcProvider) -> ConditionValue:
    """The authorized party where the token names one we know, else every audience that is a client id of the provider."""
    party = token.claims.get("azp")
    if party is not None:
        return party if isinstance(party, str) and party in provider.client_ids else token.audience
    audiences = token.claims.get("aud")
    if isinstance(audiences, list):
        known = tuple(one for one in audiences if isinstance(one, str) and one in provider.client_ids)
        if len(known) > 1:
            return known
    return token.audience


def _as_condition_value(claim: object) -> ConditionValue | None:
    """Texts, numbers, booleans, and lists of them; None for what policies cannot ask about."""
    if isinstance(claim, list):
        texts = [_as_text(item) for item in claim]
        return None if None in texts else tuple(text for text in texts if text is not None)
    return _as_text(claim)


def _as_text(claim: object) -> str | None:
    match claim:
        case bool():
            return "true" if claim else "false"
        case str():
            return claim
        case int() | float():
            return str(claim)
    return None
