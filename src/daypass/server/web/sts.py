"""The STS API (2011-06-15): one table from action to flow, and the answers' members.

Shapes are those of the STS API reference; every member is checked against the SDK's model in
`tests/web/test_query_answers_fit_the_sdk_model.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from daypass.protocol.aws.query import STS_NAMESPACE, XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.secret import Secret
from daypass.server.domain.assumed_role import MAX_DURATION, MIN_DURATION, AssumedRole
from daypass.server.domain.identifiers import (
    check_arn_length,
    check_external_id,
    check_federated_name,
    check_length,
    check_policy_arn,
    check_serial_number,
    check_session_name,
    check_text,
    check_token_code,
    constraint_refusal,
)
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.resource_tags import check_tag_key
from daypass.server.domain.session_credentials import MAX_DURATION as MAX_SESSION_DURATION
from daypass.server.domain.session_credentials import SessionCredentials
from daypass.server.domain.session_scope import MAX_SESSION_POLICY_ARNS
from daypass.server.domain.session_tags import MAX_SESSION_TAGS, check_session_tags
from daypass.server.domain.unsigned_call import FederatedRole
from daypass.server.domain.web_identity_token import Algorithm
from daypass.server.flows.access_key_info import get_access_key_info
from daypass.server.flows.assume_role import RoleAssumption
from daypass.server.flows.assume_role_with_saml import SamlRoleAssumption
from daypass.server.flows.assume_role_with_web_identity import WebIdentityRoleAssumption
from daypass.server.flows.caller_identity import CallerIdentity, get_caller_identity
from daypass.server.flows.decode_authorization_message import AuthorizationMessages
from daypass.server.flows.federation_token import FederationTokens
from daypass.server.flows.second_factor import OneTimeCodes
from daypass.server.flows.session_policy_check import StoredPolicies
from daypass.server.flows.session_token import SessionTokens
from daypass.server.flows.web_identity_token import WebIdentityTokens
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
        "GetDelegatedAccessToken",
    }
)
"""Actions of the model that this server does not have."""

MAX_SESSION_TOKEN_SIZE = 4096
"""Characters: what every client must be able to carry."""

_ROLE_ARN = Parameter("RoleArn", "role_arn", check_arn_length, is_required=True)
_SESSION_NAME = Parameter("RoleSessionName", "role_session_name", check_session_name, is_required=True)
_DURATION = Parameter("DurationSeconds", "duration_seconds", read_integer(MIN_DURATION, MAX_DURATION))
_USER_DURATION = Parameter(
    "DurationSeconds", "duration_seconds", read_integer(MIN_DURATION, MAX_SESSION_DURATION)
)
_ONE_TIME_CODE = (
    Parameter("SerialNumber", "serial_number", check_serial_number),
    Parameter("TokenCode", "token_code", check_token_code, is_logged=False),
)


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
    second_factor = OneTimeCodes(storage.mfa_devices, storage.attempts, ring)
    stored = StoredPolicies(storage.policies, SHIPPED_POLICIES)
    with_saml = SamlRoleAssumption(storage, ring, randomness, saml, alternate_urls | {external_url}, stored)
    with_web_identity = WebIdentityRoleAssumption(storage, ring, randomness, oidc, stored)
    return {
        "GetCallerIdentity": Operation(get_caller_identity, _caller_identity),
        "GetAccessKeyInfo": Operation(
            get_access_key_info,
            lambda account_id: {"Account": account_id},
            (Parameter("AccessKeyId", "access_key_id", _access_key_id, is_required=True),),
        ),
        "DecodeAuthorizationMessage": Operation(
            AuthorizationMessages(ring).decode,
            lambda decoded: {"DecodedMessage": decoded},
            (
                Parameter(
                    "EncodedMessage", "encoded_message", _encoded_message, is_required=True, is_logged=False
                ),
            ),
        ),
        "AssumeRole": _assume_role(RoleAssumption(storage, ring, randomness, second_factor, stored)),
        "AssumeRoleWithSAML": _assume_role_with_saml(with_saml),
        "AssumeRoleWithWebIdentity": _assume_role_with_web_identity(with_web_identity),
        "GetSessionToken": Operation(
            SessionTokens(ring, randomness, second_factor).get_session_token,
            lambda made: {"Credentials": _credentials(made), **_token_size(made)},
            (_USER_DURATION, *_ONE_TIME_CODE),
            is_audited=True,
            audit_result=_credentials_audit,
        ),
        "GetFederationToken": _federation_token(FederationTokens(ring, randomness, stored)),
        "GetWebIdentityToken": _web_identity_token(WebIdentityTokens(ring, randomness, external_url)),
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
            _TAGS,
            ListParameter("TransitiveTagKeys", "transitive_tag_keys", check_tag_key, most=MAX_SESSION_TAGS),
            *_SESSION_POLICIES,
            *_ONE_TIME_CODE,
        ),
        is_audited=True,
        audit_result=_assumed_role_audit,
    )


def _federation_token(tokens: FederationTokens) -> Operation:
    return Operation(
        tokens.get_federation_token,
        _federated_user,
        (
            Parameter("Name", "name", check_federated_name, is_required=True),
            _USER_DURATION,
            _TAGS,
            *_SESSION_POLICIES,
        ),
        is_audited=True,
        audit_result=_credentials_audit,
    )


def _web_identity_token(tokens: WebIdentityTokens) -> Operation:
    return Operation(
        tokens.get_web_identity_token,
        lambda made: {
            "WebIdentityToken": made.token.reveal(),
            "Expiration": format_timestamp(made.expires_at),
        },
        (
            ListParameter("Audience", "audience", _audience, is_required=True, most=10),
            Parameter("SigningAlgorithm", "signing_algorithm", _algorithm, is_required=True),
            Parameter("DurationSeconds", "duration_seconds", read_integer(60, 3600)),
            _TAGS,
        ),
        is_audited=True,
        audit_result=lambda made: {"expiresAt": made.expires_at},
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
            *_SESSION_POLICIES,
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
            *_SESSION_POLICIES,
        ),
        is_audited=True,
        audit_result=lambda role: _assumed_role_audit(role.assumed),
    )


@dataclass(frozen=True, slots=True)
class _SessionTags(StructureListParameter):
    """Tags, checked as a whole too."""

    def value(self, parameters: Mapping[str, str]) -> object:
        return check_session_tags((tag["Key"], tag["Value"]) for _, tag in self.structures(parameters))


def _audience(member: str, text: str) -> str:
    return check_length(member, text, least=1, most=1000)


def _algorithm(member: str, text: str) -> str:
    served = get_args(Algorithm)
    if text not in served:
        raise constraint_refusal(member, f"Member must satisfy enum value set: [{', '.join(served)}]")
    return text


def _session_policy(member: str, text: str) -> str:
    """Only its bounds; what it says is `domain.session_scope`'s business."""
    return check_text(member, check_length(member, text, least=1, most=131_072), most=131_072)


@dataclass(frozen=True, slots=True)
class _PolicyArns(StructureListParameter):
    """`PolicyArns.member.1.arn=…`: the value is the ARNs."""

    def value(self, parameters: Mapping[str, str]) -> object:
        return tuple(
            check_policy_arn(f"{place}.arn", named["arn"]) for place, named in self.structures(parameters)
        )


_TAGS = _SessionTags("Tags", "tags", most=MAX_SESSION_TAGS, fields=("Key", "Value"), logged_field="Key")
_SESSION_POLICIES = (
    Parameter("Policy", "policy", _session_policy, is_logged=False),
    _PolicyArns(
        "PolicyArns", "policy_arns", most=MAX_SESSION_POLICY_ARNS, fields=("arn",), logged_field="arn"
    ),
)


def _assertion(member: str, text: str) -> str:
    """The bound stands before anything reads it: the caller is a stranger."""
    return check_length(member, text, least=4, most=100_000)


def _token(member: str, text: str) -> Secret:
    """The bound stands before anything reads it: the caller is a stranger."""
    return Secret(check_length(member, text, least=4, most=20_000))


def _encoded_message(member: str, text: str) -> str:
    return check_length(member, text, least=1, most=10_240)


def _access_key_id(member: str, text: str) -> str:
    return check_length(member, text, least=16, most=128)


def _credentials(made: AssumedRole | SessionCredentials) -> Mapping[str, XmlValue]:
    claims = made.claims
    return {
        "AccessKeyId": claims.access_key_id,
        "SecretAccessKey": made.secret_access_key.reveal(),
        "SessionToken": made.session_token.reveal(),
        "Expiration": format_timestamp(claims.expires_at),
    }


def _token_size(made: AssumedRole | SessionCredentials) -> Mapping[str, XmlValue]:
    """How long the token is, in characters, and how much of the longest one that is, in percent."""
    size = len(made.session_token.reveal())
    return {"SessionTokenSize": size, "SessionTokenUtilization": size * 100 // MAX_SESSION_TOKEN_SIZE}


def _federated_user(made: SessionCredentials) -> Mapping[str, XmlValue]:
    return {
        "Credentials": _credentials(made),
        "FederatedUser": {"FederatedUserId": made.claims.userid, "Arn": made.claims.principal_arn},
        "PackedPolicySize": made.packed_percent,
        **_token_size(made),
    }


def _caller_identity(identity: CallerIdentity) -> Mapping[str, XmlValue]:
    return {"UserId": identity.user_id, "Account": identity.account_id, "Arn": identity.arn}


def _assumed_role(assumed: AssumedRole) -> Mapping[str, XmlValue]:
    claims = assumed.claims
    return {
        "Credentials": _credentials(assumed),
        "AssumedRoleUser": {"AssumedRoleId": claims.principal_id, "Arn": claims.principal_arn},
        "SourceIdentity": claims.source_identity or None,
        "PackedPolicySize": assumed.packed_percent,
        **_token_size(assumed),
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


def _credentials_audit(made: SessionCredentials) -> Mapping[str, str | int | bool]:
    claims = made.claims
    return {
        "accessKeyId": claims.access_key_id,
        "arn": claims.principal_arn,
        "expiresAt": claims.expires_at,
        "mfaAuthenticated": bool(claims.mfa_at),
    }
