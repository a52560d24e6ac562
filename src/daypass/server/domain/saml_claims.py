"""What a verified assertion asks for: which roles, under which name, for how long, with which tags.

Attribute names are AWS's (IAM user guide, "Configure SAML assertions for the authentication response"); the
`saml:` condition keys are those of the IAM reference, "Available keys for SAML-based AWS STS federation". An
attribute that is there and not legal refuses the whole assertion: an administrator wants to hear of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import InvalidIdentityToken, ValidationError
from daypass.server.domain.assumed_role import MAX_DURATION, MIN_DURATION
from daypass.server.domain.federated_caller import ASSUME_WITH_SAML, FederatedCaller
from daypass.server.domain.identifiers import check_session_name
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.session_tags import check_session_tags, check_transitive_keys
from daypass.server.domain.verified_identity import VerifiedAssertion

__all__ = ["RolePair", "read_role_pairs", "read_saml_caller"]

_PREFIX = "https://aws.amazon.com/SAML/Attributes/"
_TAG_PREFIX = _PREFIX + "PrincipalTag:"
_is_duration = re.compile(r"[0-9]{1,6}").fullmatch

_EDU_PERSON, _EDU_ORG = "urn:oid:1.3.6.1.4.1.5923.1.1.1.", "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_LIST_KEYS = {
    _EDU_PERSON + "1": "edupersonaffiliation",
    _EDU_PERSON + "2": "edupersonnickname",
    _EDU_PERSON + "4": "edupersonorgunitdn",
    _EDU_PERSON + "7": "edupersonentitlement",
    _EDU_PERSON + "9": "edupersonscopedaffiliation",
    _EDU_PERSON + "10": "edupersontargetedid",
    _EDU_PERSON + "11": "edupersonassurance",
    _EDU_ORG + "2": "eduorghomepageuri",
    _EDU_ORG + "3": "eduorgidentityauthnpolicyuri",
    _EDU_ORG + "4": "eduorglegalname",
    _EDU_ORG + "5": "eduorgsuperioruri",
    _EDU_ORG + "6": "eduorgwhitepagesuri",
    "urn:oid:2.5.4.3": "cn",
}
"""Attribute name to a `saml:` key that is multivalued."""
_TEXT_KEYS = {
    _EDU_PERSON + "3": "edupersonorgdn",
    _EDU_PERSON + "5": "edupersonprimaryaffiliation",
    _EDU_PERSON + "6": "edupersonprincipalname",
    _EDU_PERSON + "8": "edupersonprimaryorgunitdn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "name",
    "http://schemas.xmlsoap.org/claims/CommonName": "commonName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "givenName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname": "surname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "mail",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uid": "uid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "primaryGroupSID",
    "urn:oid:2.5.4.4": "surname",
    "urn:oid:2.5.4.42": "givenName",
    "urn:oid:2.5.4.45": "x500UniqueIdentifier",
    "urn:oid:0.9.2342.19200300.100.1.1": "uid",
    "urn:oid:0.9.2342.19200300.100.1.3": "mail",
    "urn:oid:0.9.2342.19200300.100.1.45": "organizationStatus",
}
"""Attribute name to a `saml:` key with one value."""


@dataclass(frozen=True, slots=True)
class RolePair:
    """One value of the Role attribute."""

    role_arn: str
    provider_arn: str


def read_role_pairs(assertion: VerifiedAssertion) -> tuple[RolePair, ...]:
    """The roles it names, each once, in its order; either ARN of a pair may come first. Raises InvalidIdentityToken."""
    pairs = [_read_pair(text) for text in assertion.attributes.get(_PREFIX + "Role", ())]
    if not pairs:
        raise InvalidIdentityToken("The assertion has no Role attribute")
    return tuple(dict.fromkeys(pairs))


def _read_pair(text: str) -> RolePair:
    by_kind: dict[str, str] = {}
    for part in text.split(","):
        written = part.strip()
        try:
            arn = parse_arn(written)
        except ValidationError:
            continue
        if arn.service == "iam" and len(arn.account_id) == 12:
            by_kind[arn.resource.partition("/")[0]] = written
    if text.count(",") != 1 or set(by_kind) != {"role", "saml-provider"}:
        raise InvalidIdentityToken("A Role attribute must be the ARN of a role and of a SAML provider")
    return RolePair(by_kind["role"], by_kind["saml-provider"])


def read_saml_caller(assertion: VerifiedAssertion) -> FederatedCaller:
    """Everything but the roles. Raises InvalidIdentityToken."""
    attributes = assertion.attributes
    session_name = _one_text(attributes, "RoleSessionName")
    if session_name is None:
        raise InvalidIdentityToken("RoleSessionName is required in the assertion")
    source_identity = _one_text(attributes, "SourceIdentity")
    try:
        check_session_name("RoleSessionName", session_name)
        if source_identity is not None:
            check_session_name("SourceIdentity", source_identity)
        tags = check_session_tags(_tag_pairs(attributes))
        transitive = check_transitive_keys(attributes.get(_PREFIX + "TransitiveTagKeys", ()), tags)
    except ValidationError as refusal:
        raise InvalidIdentityToken(refusal.message) from None
    return FederatedCaller(
        action=ASSUME_WITH_SAML,
        provider_arn=assertion.provider_arn,
        identity=FederatedIdentity(
            assertion.provider_arn,
            assertion.issuer,
            assertion.subject,
            assertion.subject_type,
            assertion.idp_session,
            assertion.session_ends_at or 0,
        ),
        condition_values=_condition_values(assertion),
        session_name=session_name,
        source_identity=source_identity or "",
        tags=tags,
        transitive_tag_keys=transitive,
        asked_duration=_read_duration(attributes),
        session_ends_at=assertion.session_ends_at,
    )


def _one_text(attributes: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    values = attributes.get(_PREFIX + name, ())
    if len(values) > 1:
        raise InvalidIdentityToken(f"The attribute {name} must have one value")
    return values[0] if values else None


def _tag_pairs(attributes: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for name, values in attributes.items():
        if name.startswith(_TAG_PREFIX) and values:
            first, *others = values
            if others:
                raise InvalidIdentityToken("A PrincipalTag attribute must have one value")
            yield name[len(_TAG_PREFIX) :], first


def _read_duration(attributes: Mapping[str, tuple[str, ...]]) -> int | None:
    text = _one_text(attributes, "SessionDuration")
    if text is None:
        return None
    if not _is_duration(text) or not MIN_DURATION <= int(text) <= MAX_DURATION:
        raise InvalidIdentityToken(
            f"The attribute SessionDuration must be from {MIN_DURATION} to {MAX_DURATION} seconds"
        )
    return int(text)


def _condition_values(assertion: VerifiedAssertion) -> dict[str, ConditionValue]:
    """A key that should have one value and was given several matches by any of them, and Deny stays closed."""
    values: dict[str, ConditionValue] = {}
    for name, given in assertion.attributes.items():
        if not given:
            continue
        if name in _LIST_KEYS:
            values[f"saml:{_LIST_KEYS[name]}"] = given
        if name in _TEXT_KEYS:
            values[f"saml:{_TEXT_KEYS[name]}"] = given[0] if len(given) == 1 else given
    provider = parse_arn(assertion.provider_arn)
    return values | {
        "saml:aud": assertion.audience,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.subject,
        "saml:sub_type": assertion.subject_type,
        "saml:namequalifier": assertion.name_qualifier,
        "saml:doc": f"{provider.account_id}/{provider.resource.partition('/')[2]}",
    }
