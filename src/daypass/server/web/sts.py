"""The STS API (2011-06-15): one table from action to flow, and the answers' members.

Shapes are those of the STS API reference; every member is checked against the SDK's model in
`tests/web/test_query_answers_fit_the_sdk_model.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.protocol.aws.query import STS_NAMESPACE, XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.secret import Secret
from daypass.server.domain.assumed_role import MAX_DURATION, MIN_DURATION, AssumedRole
from daypass.server.domain.identifiers import (
    check_arn_length,
    check_external_id,
    check_length,
    check_session_name,
)
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.resource_tags import check_tag_key
from daypass.server.domain.session_tags import MAX_SESSION_TAGS, check_session_tags
from daypass.server.domain.unsigned_call import FederatedRole
from daypass.server.flows.access_key_info import get_access_key_info
from daypass.server.flows.assume_role import RoleAssumption
from daypass.server.flows.assume_role_with_saml import SamlRoleAssumption
from daypass.server.flows.assume_role_with_web_identity import WebIdentityRoleAssumption
from daypass.server.flows.caller_identity import CallerIdentity, get_caller_identity
from daypass.server.ports.clock import Randomness
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage
from daypass.server.web.query_operation import (
    ListParameter,
    Operation,
    Parameter,
    StructureListParameter,
    read_integer,
)

__all__ = ["STS_NAMESPACE", "STS_UNSERVED", "STS_VERSION", "UNSIGNED_ACTIONS", "build_sts_operations"]

STS_VERSION = "2011-06-15"
UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
"""Those whose proof is in their parameters: their flows take an `UnsignedCall`, and a signature is not looked at."""
STS_UNSERVED = frozenset(
    {
        "AssumeRoot",
        "DecodeAuthorizationMessage",
        "GetDelegatedAccessToken",
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
    }
)
"""Actions of the model that this server does not have."""

_ROLE_ARN = Parameter("RoleArn", "role_arn", check_arn_length, is_required=True)
_SESSION_NAME = Parameter("RoleSessionName", "role_session_name", check_session_name, is_required=True)
_DURATION = Parameter("DurationSeconds", "duration_seconds", read_integer(MIN_DURATION, MAX_DURATION))


def build_sts_operations(
    *,
    storage: Storage,
    ring: KeyRing,
    randomness: Randomness,
    saml: SamlServiceProvider,
    oidc: OpenIdRelyingParty,
    external_url: str,
    alternate_urls: frozenset[str],
) -> Mapping[str, Operation]:
    """Every STS action served. The URLs have no trailing slash."""
    with_saml = SamlRoleAssumption(storage, ring, randomness, saml, alternate_urls | {external_url})
    with_web_identity = WebIdentityRoleAssumption(storage, ring, randomness, oidc)
    return {
        "GetCallerIdentity": Operation(get_caller_identity, _caller_identity),
        "GetAccessKeyInfo": Operation(
            get_access_key_info,
            lambda account_id: {"Account": account_id},
            (Parameter("AccessKeyId", "access_key_id", _access_key_id, is_required=True),),
        ),
        "AssumeRole": _assume_role(RoleAssumption(storage, ring, randomness)),
        "AssumeRoleWithSAML": _assume_role_with_saml(with_saml),
        "AssumeRoleWithWebIdentity": _assume_role_with_web_identity(with_web_identity),
    }


def _assume_role(assumption: RoleAssumption) -> Operation:
    return Operation(
        assumption.assume_role,
        _assumed_role,
        (
            _ROLE_ARN,
            _SESSION_NAME,
            _DURATION,
            Parameter("ExternalId", "external_id", check_external_id, is_logged=False),
            Parameter("SourceIdentity", "source_identity", check_session_name),
            _SessionTags("Tags", "tags", most=MAX_SESSION_TAGS, fields=("Key", "Value"), logged_field="Key"),
            ListParameter("TransitiveTagKeys", "transitive_tag_keys", check_tag_key, most=MAX_SESSION_TAGS),
        ),
        is_audited=True,
        audit_result=_assumed_role_audit,
    )


def _assume_role_with_saml(assumption: SamlRoleAssumption) -> Operation:
    return Operation(
        assumption.assume_role,
        _saml_role,
        (
            _ROLE_ARN,
            Parameter("PrincipalArn", "principal_arn", check_arn_length, is_required=True),
            Parameter("SAMLAssertion", "saml_assertion", _assertion, is_required=True, is_logged=False),
            _DURATION,
        ),
        is_audited=True,
        audit_result=lambda role: _assumed_role_audit(role.assumed),
    )


def _assume_role_with_web_identity(assumption: WebIdentityRoleAssumption) -> Operation:
    return Operation(
        assumption.assume_role,
        _web_identity_role,
        (
            _ROLE_ARN,
            _SESSION_NAME,
            Parameter("WebIdentityToken", "web_identity_token", _token, is_required=True, is_logged=False),
            _DURATION,
        ),
        is_audited=True,
        audit_result=lambda role: _assumed_role_audit(role.assumed),
    )


@dataclass(frozen=True, slots=True)
class _SessionTags(StructureListParameter):
    """Tags, checked as a whole too."""

    def value(self, parameters: Mapping[str, str]) -> object:
        return check_session_tags((tag["Key"], tag["Value"]) for _, tag in self.structures(parameters))


def _assertion(member: str, text: str) -> str:
    """The bound stands before anything reads it: the caller is a stranger."""
    return check_length(member, text, least=4, most=100_000)


def _token(member: str, text: str) -> Secret:
    """The bound stands before anything reads it: the caller is a stranger."""
    return Secret(check_length(member, text, least=4, most=20_000))


def _access_key_id(member: str, text: str) -> str:
    return check_length(member, text, least=16, most=128)


def _caller_identity(identity: CallerIdentity) -> Mapping[str, XmlValue]:
    return {"UserId": identity.user_id, "Account": identity.account_id, "Arn": identity.arn}


def _assumed_role(assumed: AssumedRole) -> Mapping[str, XmlValue]:
    claims = assumed.claims
    return {
        "Credentials": {
            "AccessKeyId": claims.access_key_id,
            "SecretAccessKey": assumed.secret_access_key.reveal(),
            "SessionToken": assumed.session_token.reveal(),
            "Expiration": format_timestamp(claims.expires_at),
        },
        "AssumedRoleUser": {"AssumedRoleId": claims.principal_id, "Arn": claims.principal_arn},
        "SourceIdentity": claims.source_identity or None,
        "PackedPolicySize": assumed.packed_percent,
    }


def _saml_role(role: FederatedRole) -> Mapping[str, XmlValue]:
    identity = role.who.identity
    return {
        **_assumed_role(role.assumed),
        "Subject": identity.subject,
        "SubjectType": identity.subject_type,
        "Issuer": identity.issuer,
        "Audience": role.audience,
        "NameQualifier": role.name_qualifier,
    }


def _web_identity_role(role: FederatedRole) -> Mapping[str, XmlValue]:
    return {
        **_assumed_role(role.assumed),
        "SubjectFromWebIdentityToken": role.who.identity.subject,
        "Provider": role.who.identity.issuer,
        "Audience": role.audience,
    }


def _assumed_role_audit(assumed: AssumedRole) -> Mapping[str, str | int | bool]:
    claims = assumed.claims
    return {
        "accessKeyId": claims.access_key_id,
        "assumedRoleArn": claims.principal_arn,
        "expiresAt": claims.expires_at,
    }
