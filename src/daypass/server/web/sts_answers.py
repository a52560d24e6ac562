"""The answers of the STS API as members, and what of them an audit row holds: ids, ARNs and times, no secret.

Shapes are those of the STS API reference; every member is checked against the SDK's model in
`tests/web/test_query_answers_fit_the_sdk_model.py`.
"""

from collections.abc import Mapping

from daypass.protocol.aws.query import XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.server.domain.assumed_role import AssumedRole
from daypass.server.domain.session_credentials import SessionCredentials
from daypass.server.domain.token_size import MAX_SESSION_TOKEN_SIZE
from daypass.server.domain.unsigned_call import FederatedRole
from daypass.server.flows.caller_identity import CallerIdentity
from daypass.server.flows.web_identity_token import WebIdentityToken

__all__ = [
    "assumed_role",
    "assumed_role_audit",
    "caller_identity",
    "credentials_audit",
    "federated_role_audit",
    "federated_user",
    "saml_role",
    "session_credentials",
    "web_identity_role",
    "web_identity_token",
]


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


def session_credentials(made: SessionCredentials) -> Mapping[str, XmlValue]:
    """Of GetSessionToken."""
    return {"Credentials": _credentials(made), **_token_size(made)}


def federated_user(made: SessionCredentials) -> Mapping[str, XmlValue]:
    """Of GetFederationToken."""
    return {
        "Credentials": _credentials(made),
        "FederatedUser": {"FederatedUserId": made.claims.userid, "Arn": made.claims.principal_arn},
        "PackedPolicySize": made.packed_percent,
        **_token_size(made),
    }


def caller_identity(identity: CallerIdentity) -> Mapping[str, XmlValue]:
    """Of GetCallerIdentity."""
    return {"UserId": identity.user_id, "Account": identity.account_id, "Arn": identity.arn}


def assumed_role(assumed: AssumedRole) -> Mapping[str, XmlValue]:
    """Of AssumeRole, and the beginning of every other answer with a role."""
    claims = assumed.claims
    return {
        "Credentials": _credentials(assumed),
        "AssumedRoleUser": {"AssumedRoleId": claims.principal_id, "Arn": claims.principal_arn},
        "SourceIdentity": claims.source_identity or None,
        "PackedPolicySize": assumed.packed_percent,
        **_token_size(assumed),
    }


def saml_role(role: FederatedRole) -> Mapping[str, XmlValue]:
    """Of AssumeRoleWithSAML."""
    identity = role.who.identity
    return {
        **assumed_role(role.assumed),
        "Subject": identity.subject,
        "SubjectType": identity.subject_type,
        "Issuer": identity.issuer,
        "Audience": role.audience,
        "NameQualifier": role.name_qualifier,
    }


def web_identity_role(role: FederatedRole) -> Mapping[str, XmlValue]:
    """Of AssumeRoleWithWebIdentity."""
    return {
        **assumed_role(role.assumed),
        "SubjectFromWebIdentityToken": role.who.identity.subject,
        "Provider": role.who.identity.issuer,
        "Audience": role.audience,
    }


def web_identity_token(made: WebIdentityToken) -> Mapping[str, XmlValue]:
    """Of GetWebIdentityToken."""
    return {"WebIdentityToken": made.token.reveal(), "Expiration": format_timestamp(made.expires_at)}


def assumed_role_audit(assumed: AssumedRole) -> Mapping[str, str | int | bool]:
    """What a row holds of a role that was assumed."""
    claims = assumed.claims
    return {
        "accessKeyId": claims.access_key_id,
        "assumedRoleArn": claims.principal_arn,
        "expiresAt": claims.expires_at,
    }


def federated_role_audit(role: FederatedRole) -> Mapping[str, str | int | bool]:
    """The same of a role that was assumed with a provider's proof."""
    return assumed_role_audit(role.assumed)


def credentials_audit(made: SessionCredentials) -> Mapping[str, str | int | bool]:
    """What a row holds of credentials that are no role's."""
    claims = made.claims
    return {
        "accessKeyId": claims.access_key_id,
        "arn": claims.principal_arn,
        "expiresAt": claims.expires_at,
        "mfaAuthenticated": bool(claims.mfa_at),
    }
