"""The records of IAM as members of answers, by the names of the service model: times in epoch seconds, documents plain.

What the reference leaves out of listings (tags, boundaries, descriptions) is left out here by the callers; what has no
value is None, which `query_model` drops. No secret is here but the two that are answered once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from daypass.server.domain.account import (
    Account,
    Group,
    InlinePolicy,
    ManagedPolicy,
    PolicyVersion,
    Role,
    User,
)
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.paging import Listing

__all__ = [
    "Members",
    "attached_policies",
    "boundary_members",
    "end_members",
    "group_members",
    "inline_members",
    "page_members",
    "person_members",
    "policy_members",
    "role_members",
    "root_members",
    "tag_members",
    "user_members",
    "version_members",
]

Members = Mapping[str, Any]
Item = TypeVar("Item")


def page_members(name: str, shape: Callable[[Item], Any]) -> Callable[[Listing[Item]], Members]:
    """The answer of a listing whose list has this name."""

    def answer(listing: Listing[Item]) -> Members:
        return {name: [shape(item) for item in listing.items], **end_members(listing)}

    return answer


def end_members(listing: Listing[Any]) -> Members:
    """Whether and where a listing goes on."""
    return {"IsTruncated": listing.marker is not None, "Marker": listing.marker}


def tag_members(tags: Tags) -> list[Members]:
    """Each tag as the structure `Tag`."""
    return [{"Key": key, "Value": value} for key, value in tags]


def boundary_members(policy_arn: str) -> Members | None:
    """The structure AttachedPermissionsBoundary, or None without one."""
    if not policy_arn:
        return None
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": policy_arn}


def user_members(user: User) -> Members:
    """A user as listings show it."""
    return {
        "Path": user.path,
        "UserName": user.user_name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": user.created_at,
        "PasswordLastUsed": user.password_last_used or None,
    }


def root_members(account: Account) -> Members:
    """Root as GetUser shows it: its name is the account's alias, or the account id."""
    return {
        "Path": "/",
        "UserName": account.alias or account.account_id,
        "UserId": account.account_id,
        "Arn": f"arn:aws:iam::{account.account_id}:root",
        "CreateDate": account.created_at,
    }


def person_members(person: User | Account) -> Members:
    """A user or root, whole."""
    if isinstance(person, Account):
        return root_members(person)
    return {
        **user_members(person),
        "PermissionsBoundary": boundary_members(person.permissions_boundary),
        "Tags": tag_members(person.tags) or None,
    }


def group_members(group: Group) -> Members:
    """A group."""
    return {
        "Path": group.path,
        "GroupName": group.group_name,
        "GroupId": group.group_id,
        "Arn": group.arn,
        "CreateDate": group.created_at,
    }


def role_members(role: Role) -> Members:
    """A role as listings show it."""
    return {
        "Path": role.path,
        "RoleName": role.role_name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": role.trust_policy,
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session_duration,
    }


def policy_members(policy: ManagedPolicy, *, attachments: int, boundaries: int) -> Members:
    """A managed policy as listings show it."""
    return {
        "PolicyName": policy.policy_name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at or policy.created_at,
    }


def version_members(version: PolicyVersion) -> Members:
    """One version without its document, which is GetPolicyVersion's business."""
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.is_default,
        "CreateDate": version.created_at,
    }


def inline_members(policy: InlinePolicy) -> Members:
    """The structure PolicyDetail."""
    return {"PolicyName": policy.policy_name, "PolicyDocument": policy.document}


def attached_policies(policy_arns: Sequence[str]) -> list[Members]:
    """The structures AttachedPolicy."""
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in policy_arns]
