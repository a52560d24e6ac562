"""`userIdentity` of a CloudTrail record, and the names and resources that looking up goes by: read out of an event.

The kind of caller follows from the ARN (CloudTrail user guide, "userIdentity element"; IAM user guide, "IAM ARNs").
A failed sign-in names nobody who was not found: people type passwords into the wrong box.
"""

from typing import Any

from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.audit_search import (
    CALLER_ACCESS_KEY_ID,
    CALLER_MFA,
    CALLER_PRINCIPAL_ID,
    CALLER_SESSION_SINCE,
)
from daypass.server.domain.cloudtrail_times import time_text
from daypass.server.domain.operator_events import OPERATOR

__all__ = ["touched_resources", "user_identity", "user_name"]

_HIDDEN_NAME = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's words for a name that is nobody's."""

_RESOURCE_TYPES = {
    "userName": "AWS::IAM::User",
    "groupName": "AWS::IAM::Group",
    "roleName": "AWS::IAM::Role",
    "roleArn": "AWS::IAM::Role",
    "policyArn": "AWS::IAM::Policy",
    "policyName": "AWS::IAM::Policy",
    "accessKeyId": "AWS::IAM::AccessKey",
    "createdAccessKeyId": "AWS::IAM::AccessKey",
    "serialNumber": "AWS::IAM::MfaDevice",
    "virtualMFADeviceName": "AWS::IAM::MfaDevice",
    "sAMLProviderArn": "AWS::IAM::SAMLProvider",
    "openIDConnectProviderArn": "AWS::IAM::OIDCProvider",
    "assumedRoleArn": "AWS::STS::AssumedRole",
    "bucketName": "AWS::S3::Bucket",
}


def user_name(principal_arn: str) -> str:
    """A user's name, a role session's name, `root`, a provider's name; empty when nobody is known."""
    resource = principal_arn.split(":", 5)[-1]
    return resource.rpartition("/")[2]


def touched_resources(event: AuditEvent) -> list[tuple[str, str]]:
    """(type, name) of what the event was about, in order of the detail, each once."""
    found = {
        (kind, str(value)): None
        for name, value in event.detail.items()
        if (kind := _RESOURCE_TYPES.get(name)) is not None and value != ""
    }
    return list(found)


def user_identity(event: AuditEvent) -> dict[str, Any]:
    """Raises nothing, whatever the row holds."""
    identity = _by_arn(event)
    key_id = event.detail.get(CALLER_ACCESS_KEY_ID)
    if key_id:
        identity["accessKeyId"] = str(key_id)
    attributes = _session_attributes(event)
    if attributes:
        identity.setdefault("sessionContext", {})["attributes"] = attributes
    if event.detail.get("identity_provider"):
        identity["identityProvider"] = str(event.detail["identity_provider"])
    return identity


def _by_arn(event: AuditEvent) -> dict[str, Any]:
    arn, account_id = event.principal_arn, event.account_id
    if event.detail.get("by") == OPERATOR:
        return {"type": "AWSService", "invokedBy": "daypass server"}
    if not arn:
        return _nobody(event)
    parts = arn.split(":", 5)
    owner = parts[4] if len(parts) == 6 and parts[4] else account_id
    kind, _, path = parts[-1].partition("/")
    unique_id = event.detail.get(CALLER_PRINCIPAL_ID) or event.detail.get("principal_id")
    named = {"arn": arn, "accountId": owner}
    if unique_id:
        named = {"principalId": str(unique_id), **named}
    if kind == "root":
        return {"type": "Root", "principalId": owner, "arn": arn, "accountId": owner}
    if kind == "user":
        return {"type": "IAMUser", **named, "userName": user_name(arn)}
    if kind == "assumed-role":
        issuer = _session_issuer(path.partition("/")[0], owner, parts[1], str(unique_id or ""))
        return {"type": "AssumedRole", **named, "sessionContext": {"sessionIssuer": issuer}}
    if kind == "federated-user":
        return {"type": "FederatedUser", **named}
    if kind in ("saml-provider", "oidc-provider"):
        subject = str(event.detail.get("idp_subject", ""))
        return {
            "type": "SAMLUser" if kind == "saml-provider" else "WebIdentityUser",
            "principalId": f"{user_name(arn)}:{subject}",
            "userName": subject,
            "accountId": owner,
        }
    return {"type": "Unknown", **named}


def _nobody(event: AuditEvent) -> dict[str, Any]:
    known = {"accountId": event.account_id} if event.account_id else {}
    if event.event_name == "ConsoleLogin":
        return {"type": "IAMUser", **known, "accessKeyId": "", "userName": _HIDDEN_NAME}
    return {"type": "Unknown", **known}


def _session_issuer(role_name: str, account_id: str, partition: str, unique_id: str) -> dict[str, str]:
    """The role of a role session. Its path is not in the session's ARN, and so not here."""
    issuer = {
        "type": "Role",
        "arn": f"arn:{partition}:iam::{account_id}:role/{role_name}",
        "accountId": account_id,
        "userName": role_name,
    }
    role_id = unique_id.partition(":")[0]
    return {"type": "Role", "principalId": role_id, **issuer} if role_id else issuer


def _session_attributes(event: AuditEvent) -> dict[str, str]:
    since = event.detail.get(CALLER_SESSION_SINCE)
    if not isinstance(since, int):
        return {}
    return {
        "creationDate": time_text(since),
        "mfaAuthenticated": "true" if event.detail.get(CALLER_MFA) else "false",
    }
