"""The STS API (2011-06-15): one table from action to flow, and the answers' members.

Shapes are those of the STS API reference; every member is checked against the SDK's model in
`tests/web/test_query_answers_fit_the_sdk_model.py`.
"""

from collections.abc import Mapping

from daypass.protocol.aws.query import STS_NAMESPACE, XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.server.domain.identifiers import (
    check_arn_length,
    check_external_id,
    check_length,
    check_session_name,
)
from daypass.server.domain.key_ring import KeyRing
from daypass.server.flows.access_key_info import get_access_key_info
from daypass.server.flows.assume_role import MAX_DURATION, MIN_DURATION, AssumedRole, RoleAssumption
from daypass.server.flows.caller_identity import CallerIdentity, get_caller_identity
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import Storage
from daypass.server.web.query_operation import Operation, Parameter, read_integer

__all__ = ["STS_NAMESPACE", "STS_UNSERVED", "STS_VERSION", "UNSIGNED_ACTIONS", "build_sts_operations"]

STS_VERSION = "2011-06-15"
UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
"""Those whose requests carry no signature, so that even they get a clear answer."""
STS_UNSERVED = UNSIGNED_ACTIONS | {
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetSessionToken",
    "GetWebIdentityToken",
}
"""Actions of the model that this server does not have."""


def build_sts_operations(
    *, storage: Storage, ring: KeyRing, randomness: Randomness
) -> Mapping[str, Operation]:
    """Every STS action served."""
    assumption = RoleAssumption(storage, ring, randomness)
    return {
        "GetCallerIdentity": Operation(get_caller_identity, _caller_identity),
        "GetAccessKeyInfo": Operation(
            get_access_key_info,
            lambda account_id: {"Account": account_id},
            (Parameter("AccessKeyId", "access_key_id", _access_key_id, is_required=True),),
        ),
        "AssumeRole": Operation(
            assumption.assume_role,
            _assumed_role,
            (
                Parameter("RoleArn", "role_arn", check_arn_length, is_required=True),
                Parameter("RoleSessionName", "role_session_name", check_session_name, is_required=True),
                Parameter("DurationSeconds", "duration_seconds", read_integer(MIN_DURATION, MAX_DURATION)),
                Parameter("ExternalId", "external_id", check_external_id, is_logged=False),
                Parameter("SourceIdentity", "source_identity", check_session_name),
            ),
            is_audited=True,
            audit_result=_assumed_role_audit,
        ),
    }


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
    }


def _assumed_role_audit(assumed: AssumedRole) -> Mapping[str, str | int | bool]:
    claims = assumed.claims
    return {
        "accessKeyId": claims.access_key_id,
        "assumedRoleArn": claims.principal_arn,
        "expiresAt": claims.expires_at,
    }
