"""The IAM API's rows about policies: managed ones and their versions, attached ones, inline ones, tags.

What an action means stands in `flows/iam/`; its parameters and its answer are the service model's (`query_model.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daypass.server.domain.account import Group, PolicyVersion, Role, User
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.paging import Listing
from daypass.server.flows.iam.attachments import Attachments
from daypass.server.flows.iam.holders import HolderKind
from daypass.server.flows.iam.inline_policies import HeldPolicy, InlinePolicies
from daypass.server.flows.iam.policies import CountedPolicy, Policies
from daypass.server.flows.iam.policy_entities import PolicyEntities
from daypass.server.flows.iam.policy_versions import PolicyVersions
from daypass.server.flows.iam.tags import Kind, Tagging
from daypass.server.web import iam_members as members
from daypass.server.web.iam_members import Members, end_members, page_members
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.model_operation import ModelOperation, changing, reading

__all__ = ["build_policy_operations"]

_HOLDERS: Sequence[HolderKind] = ("User", "Group", "Role")
_TAGGED: Sequence[tuple[Kind, str]] = (
    ("User", "UserName"),
    ("Role", "RoleName"),
    ("Policy", "PolicyArn"),
    ("MFADevice", "SerialNumber"),
)


def build_policy_operations(parts: IamParts) -> Mapping[str, ModelOperation]:
    """Every row of this file, by action."""
    rows = [*_managed_rows(parts), *_version_rows(parts)]
    for holder in _HOLDERS:
        rows += _attachment_rows(parts, holder)
        rows += _inline_rows(parts, holder)
    for kind, parameter in _TAGGED:
        rows += _tag_rows(parts, kind, parameter)
    return {row.action: row for row in rows}


def _managed_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    policies = Policies(parts.storage, parts.ring, parts.randomness, SHIPPED_POLICIES)
    entities = PolicyEntities(parts.storage, parts.ring, SHIPPED_POLICIES)
    return (
        changing("CreatePolicy", policies.create_policy, _created_policy),
        reading("GetPolicy", policies.get_policy, _policy),
        reading("ListPolicies", policies.list_policies, page_members("Policies", _listed_policy)),
        changing("DeletePolicy", policies.delete_policy),
        reading("ListEntitiesForPolicy", entities.list_entities_for_policy, _entities),
    )


def _version_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    versions = PolicyVersions(parts.storage, parts.ring, SHIPPED_POLICIES)
    return (
        changing(
            "CreatePolicyVersion",
            versions.create_policy_version,
            lambda version: {"PolicyVersion": members.version_members(version)},
            audited=lambda version: {"createdVersionId": version.version_id},
        ),
        reading("GetPolicyVersion", versions.get_policy_version, _version),
        reading(
            "ListPolicyVersions",
            versions.list_policy_versions,
            page_members("Versions", members.version_members),
        ),
        changing("SetDefaultPolicyVersion", versions.set_default_policy_version),
        changing("DeletePolicyVersion", versions.delete_policy_version),
    )


def _attachment_rows(parts: IamParts, holder: HolderKind) -> tuple[ModelOperation, ...]:
    attachments = Attachments(holder, parts.storage, parts.ring, SHIPPED_POLICIES)
    named = {f"{holder}Name": "name"}
    return (
        changing(f"Attach{holder}Policy", attachments.attach_policy, keywords=named),
        changing(f"Detach{holder}Policy", attachments.detach_policy, keywords=named),
        reading(
            f"ListAttached{holder}Policies", attachments.list_attached_policies, _attached, keywords=named
        ),
    )


def _inline_rows(parts: IamParts, holder: HolderKind) -> tuple[ModelOperation, ...]:
    inline = InlinePolicies(holder, parts.storage, parts.ring)
    named = {f"{holder}Name": "name"}
    return (
        changing(f"Put{holder}Policy", inline.put_policy, keywords=named),
        reading(f"Get{holder}Policy", inline.get_policy, _held_policy, keywords=named),
        changing(f"Delete{holder}Policy", inline.delete_policy, keywords=named),
        reading(
            f"List{holder}Policies",
            inline.list_policies,
            page_members("PolicyNames", lambda name: name),
            keywords=named,
        ),
    )


def _tag_rows(parts: IamParts, kind: Kind, parameter: str) -> tuple[ModelOperation, ...]:
    tagging = Tagging(kind, parts.storage, parts.ring)
    named = {parameter: "name"}
    return (
        changing(f"Tag{kind}", tagging.tag, keywords=named),
        changing(f"Untag{kind}", tagging.untag, keywords=named),
        reading(f"List{kind}Tags", tagging.list_tags, _tags, keywords=named),
    )


def _listed_policy(counted: CountedPolicy) -> Members:
    return members.policy_members(
        counted.policy, attachments=counted.attachments, boundaries=counted.boundaries
    )


def _created_policy(counted: CountedPolicy) -> Members:
    tags = members.tag_members(counted.policy.tags) or None
    return {"Policy": {**_listed_policy(counted), "Tags": tags}}


def _policy(counted: CountedPolicy) -> Members:
    """Here, unlike anywhere else, AWS answers an empty list of tags too."""
    policy = counted.policy
    return {
        "Policy": {
            **_listed_policy(counted),
            "Description": policy.description or None,
            "Tags": members.tag_members(policy.tags),
        }
    }


def _version(version: PolicyVersion) -> Members:
    return {"PolicyVersion": {**members.version_members(version), "Document": version.document}}


def _entities(listing: Listing[Group | User | Role]) -> Members:
    found: dict[str, list[Members]] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for each in listing.items:
        match each:
            case Group():
                found["PolicyGroups"].append({"GroupName": each.group_name, "GroupId": each.group_id})
            case User():
                found["PolicyUsers"].append({"UserName": each.user_name, "UserId": each.user_id})
            case Role():
                found["PolicyRoles"].append({"RoleName": each.role_name, "RoleId": each.role_id})
    return {**found, **end_members(listing)}


def _attached(listing: Listing[str]) -> Members:
    return {"AttachedPolicies": members.attached_policies(listing.items), **end_members(listing)}


def _held_policy(held: HeldPolicy) -> Members:
    answer: dict[str, Any] = dict(members.inline_members(held.policy))
    return {f"{held.kind}Name": held.name, **answer}


def _tags(listing: Listing[tuple[str, str]]) -> Members:
    return {"Tags": members.tag_members(listing.items), **end_members(listing)}
