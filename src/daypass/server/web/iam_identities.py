"""The IAM API's rows about users, groups and roles, their passwords and boundaries.

What an action means stands in `flows/iam/`; its parameters and its answer are the service model's (`query_model.py`).
"""

from collections.abc import Mapping
from typing import Any, Literal

from daypass.server.domain.account import Role
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.flows.iam.absent_things import AbsentThings
from daypass.server.flows.iam.access_keys import AccessKeys, NamedAccessKey, NewAccessKey
from daypass.server.flows.iam.boundaries import Boundaries
from daypass.server.flows.iam.groups import GroupMembers, Groups
from daypass.server.flows.iam.login_profiles import LoginProfiles, NamedLoginProfile
from daypass.server.flows.iam.roles import Roles
from daypass.server.flows.iam.users import Users
from daypass.server.flows.password_rules import AccountPasswordRules
from daypass.server.web import iam_members as members
from daypass.server.web.iam_members import Members, page_members
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.model_operation import ModelOperation, changing, reading

__all__ = ["build_identity_operations"]


def build_identity_operations(parts: IamParts) -> Mapping[str, ModelOperation]:
    """Every row of this file, by action."""
    rows = (
        *_user_rows(parts),
        *_password_rows(parts),
        *_key_rows(parts),
        *_group_rows(parts),
        *_role_rows(parts),
        *_boundary_rows(parts, "User"),
        *_boundary_rows(parts, "Role"),
        *_absent_rows(parts),
    )
    return {row.action: row for row in rows}


def _user_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    users = Users(parts.storage, parts.ring, parts.randomness, SHIPPED_POLICIES)
    return (
        changing("CreateUser", users.create_user, lambda user: {"User": members.person_members(user)}),
        reading("GetUser", users.get_user, lambda user: {"User": members.person_members(user)}),
        reading("ListUsers", users.list_users, page_members("Users", members.user_members)),
        changing("UpdateUser", users.update_user),
        changing("DeleteUser", users.delete_user),
    )


def _password_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    storage = parts.storage
    rules = AccountPasswordRules(storage.users, storage.account_settings, parts.hasher, parts.judge)
    profiles = LoginProfiles(storage, parts.hasher, rules)
    return (
        changing("CreateLoginProfile", profiles.create_login_profile, _login_profile),
        reading("GetLoginProfile", profiles.get_login_profile, _login_profile),
        changing("UpdateLoginProfile", profiles.update_login_profile),
        changing("DeleteLoginProfile", profiles.delete_login_profile),
        changing("ChangePassword", profiles.change_password),
    )


def _key_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    keys = AccessKeys(parts.storage, parts.ring, parts.randomness)
    return (
        changing(
            "CreateAccessKey",
            keys.create_access_key,
            _new_key,
            audited=lambda new: {"createdAccessKeyId": new.key.access_key_id, "ofUser": new.user_name},
        ),
        reading("ListAccessKeys", keys.list_access_keys, page_members("AccessKeyMetadata", _key)),
        changing("UpdateAccessKey", keys.update_access_key),
        changing("DeleteAccessKey", keys.delete_access_key),
        reading("GetAccessKeyLastUsed", keys.get_access_key_last_used, _key_use),
    )


def _group_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    groups = Groups(parts.storage, parts.ring, parts.randomness)
    return (
        changing("CreateGroup", groups.create_group, lambda group: {"Group": members.group_members(group)}),
        reading("GetGroup", groups.get_group, _group),
        reading("ListGroups", groups.list_groups, page_members("Groups", members.group_members)),
        changing("UpdateGroup", groups.update_group),
        changing("DeleteGroup", groups.delete_group),
        changing("AddUserToGroup", groups.add_user_to_group),
        changing("RemoveUserFromGroup", groups.remove_user_from_group),
        reading(
            "ListGroupsForUser", groups.list_groups_for_user, page_members("Groups", members.group_members)
        ),
    )


def _role_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    roles = Roles(parts.storage, parts.ring, parts.randomness, SHIPPED_POLICIES)
    return (
        changing("CreateRole", roles.create_role, _role),
        reading("GetRole", roles.get_role, _role),
        reading("ListRoles", roles.list_roles, page_members("Roles", members.role_members)),
        changing("UpdateRole", roles.update_role, lambda _: {}),
        changing("UpdateRoleDescription", roles.update_role_description, _role),
        changing("UpdateAssumeRolePolicy", roles.update_trust_policy),
        changing("DeleteRole", roles.delete_role),
    )


def _boundary_rows(parts: IamParts, kind: Literal["User", "Role"]) -> tuple[ModelOperation, ...]:
    boundaries = Boundaries(kind, parts.storage, SHIPPED_POLICIES)
    named = {f"{kind}Name": "name"}
    return (
        changing(f"Put{kind}PermissionsBoundary", boundaries.put_boundary, keywords=named),
        changing(f"Delete{kind}PermissionsBoundary", boundaries.delete_boundary, keywords=named),
    )


def _absent_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    """What this server never has, asked for by tools before they delete a user or role."""
    absent = AbsentThings(parts.storage)
    return tuple(
        reading(action, run, page_members(name, lambda item: item))
        for action, run, name in (
            ("ListInstanceProfilesForRole", absent.list_instance_profiles_for_role, "InstanceProfiles"),
            ("ListSigningCertificates", absent.list_signing_certificates, "Certificates"),
            ("ListSSHPublicKeys", absent.list_ssh_public_keys, "SSHPublicKeys"),
            (
                "ListServiceSpecificCredentials",
                absent.list_service_specific_credentials,
                "ServiceSpecificCredentials",
            ),
        )
    )


def _login_profile(named: NamedLoginProfile) -> Members:
    return {
        "LoginProfile": {
            "UserName": named.user_name,
            "CreateDate": named.profile.created_at,
            "PasswordResetRequired": named.profile.password_reset_required,
        }
    }


def _key(named: NamedAccessKey | NewAccessKey) -> Members:
    return {
        "UserName": named.user_name,
        "AccessKeyId": named.key.access_key_id,
        "Status": named.key.status,
        "CreateDate": named.key.created_at,
    }


def _new_key(new: NewAccessKey) -> Members:
    return {"AccessKey": {**_key(new), "SecretAccessKey": new.secret.reveal()}}


def _key_use(named: NamedAccessKey) -> Members:
    key = named.key
    return {
        "UserName": named.user_name,
        "AccessKeyLastUsed": {
            "LastUsedDate": key.last_used_at or None,
            "ServiceName": key.last_used_service or "N/A",
            "Region": key.last_used_region or "N/A",
        },
    }


def _group(found: GroupMembers) -> Members:
    page: dict[str, Any] = dict(page_members("Users", members.user_members)(found.members))
    return {"Group": members.group_members(found.group), **page}


def _role(role: Role) -> Members:
    return {
        "Role": {
            **members.role_members(role),
            "PermissionsBoundary": members.boundary_members(role.permissions_boundary),
            "Tags": members.tag_members(role.tags) or None,
        }
    }
