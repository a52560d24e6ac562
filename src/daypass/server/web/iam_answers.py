"""The members of IAM's answers, one function per shape of the IAM API reference.

Policy documents are URL-encoded in answers (RFC 3986), times are ISO 8601 in UTC. A member whose value
is not known is left out.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

from daypass.protocol.aws.query import XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.server.domain.account import Account, ManagedPolicy, Role, User
from daypass.server.domain.paging import Listing
from daypass.server.flows.iam.login_profiles import NamedLoginProfile
from daypass.server.flows.iam.policies import CountedPolicy
from daypass.server.web.iam_provider_answers import tag_members

__all__ = [
    "Members",
    "answer_attached_policies",
    "answer_login_profile",
    "answer_nothing",
    "answer_policies",
    "answer_policy",
    "answer_policy_version",
    "answer_role",
    "answer_roles",
    "answer_user",
    "answer_users",
]

Item = TypeVar("Item")
Members = Mapping[str, XmlValue]


def answer_user(user: User | Account) -> Members:
    """CreateUser, GetUser."""
    return {"User": _root(user) if isinstance(user, Account) else _user(user)}


def answer_users(listing: Listing[User]) -> Members:
    """ListUsers."""
    return _page("Users", listing, _user)


def answer_login_profile(named: NamedLoginProfile) -> Members:
    """CreateLoginProfile, GetLoginProfile."""
    return {
        "LoginProfile": {
            "UserName": named.user_name,
            "CreateDate": format_timestamp(named.profile.created_at),
            "PasswordResetRequired": named.profile.password_reset_required,
        }
    }


def answer_nothing(_: object) -> Members:
    """UpdateRole: an answer without members."""
    return {}


def answer_role(role: Role) -> Members:
    """CreateRole, GetRole, UpdateRoleDescription."""
    return {"Role": {**_role(role), "Tags": tag_members(role.tags) or None}}


def answer_roles(listing: Listing[Role]) -> Members:
    """ListRoles; tags are GetRole's business."""
    return _page("Roles", listing, _role)


def answer_policy(counted: CountedPolicy) -> Members:
    """CreatePolicy, GetPolicy."""
    return {"Policy": _policy(counted)}


def answer_policies(listing: Listing[CountedPolicy]) -> Members:
    """ListPolicies; descriptions are GetPolicy's business."""
    return _page("Policies", listing, lambda counted: {**_policy(counted), "Description": None})


def answer_policy_version(policy: ManagedPolicy) -> Members:
    """GetPolicyVersion."""
    return {
        "PolicyVersion": {
            "Document": _encode_document(policy.document),
            "VersionId": policy.default_version_id,
            "IsDefaultVersion": True,
            "CreateDate": format_timestamp(policy.created_at),
        }
    }


def answer_attached_policies(listing: Listing[str]) -> Members:
    """ListAttachedUserPolicies, ListAttachedRolePolicies."""
    return _page(
        "AttachedPolicies",
        listing,
        lambda arn: {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn},
    )


def _page(name: str, listing: Listing[Item], shape: Callable[[Item], Members]) -> Members:
    return {
        name: [shape(item) for item in listing.items],
        "IsTruncated": listing.marker is not None,
        "Marker": listing.marker,
    }


def _user(user: User) -> Members:
    return {
        "Path": user.path,
        "UserName": user.user_name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": format_timestamp(user.created_at),
    }


def _root(account: Account) -> Members:
    """Root as GetUser shows it: its name is the account's alias, or the account id."""
    return {
        "Path": "/",
        "UserName": account.alias or account.account_id,
        "UserId": account.account_id,
        "Arn": f"arn:aws:iam::{account.account_id}:root",
        "CreateDate": format_timestamp(account.created_at),
    }


def _role(role: Role) -> Members:
    return {
        "Path": role.path,
        "RoleName": role.role_name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": format_timestamp(role.created_at),
        "AssumeRolePolicyDocument": _encode_document(role.trust_policy),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_duration,
    }


def _policy(counted: CountedPolicy) -> Members:
    policy = counted.policy
    return {
        "PolicyName": policy.policy_name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": counted.attachments,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "Description": policy.description or None,
        "CreateDate": format_timestamp(policy.created_at),
        "UpdateDate": format_timestamp(policy.created_at),
    }


def _encode_document(document: str) -> str:
    return quote(document, safe="")
