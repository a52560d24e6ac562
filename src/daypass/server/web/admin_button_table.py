"""The table itself: which buttons there are (`admin_buttons.py` says what one is)."""

from collections.abc import Mapping

from daypass.server.web.admin_buttons import Button, Field

__all__ = ["BUTTONS", "buttons"]

_USER = Field("UserName", "User name", "given")
_GROUP = Field("GroupName", "Group name", "given")
_ROLE = Field("RoleName", "Role name", "given")
_POLICY = Field("PolicyArn", "Policy ARN", "given")
_VERSION = Field("VersionId", "Version", "given")
_KEY = Field("AccessKeyId", "Access key", "given")
_DOCUMENT = Field("PolicyDocument", "Policy, in JSON", "document", is_needed=True)
_HELD_NAME = Field("PolicyName", "Policy name", "given")
_RESET = Field("PasswordResetRequired", "Must choose another one at the next sign-in", "tick")
_NAME_HINT = "Letters, digits and + = , . @ _ -"

_USERS = (
    Button(
        "CreateUser",
        "Create a user",
        "Create user",
        (
            Field("UserName", "User name", hint=_NAME_HINT, is_needed=True),
            Field("Password", "First password", "secret", "Empty for a user who does not sign in here."),
            _RESET,
            Field("GroupName", "Group", hint="The user becomes a member. May stay empty."),
        ),
        "user?name={UserName}",
        "The user is created.",
        actions=("CreateUser", "CreateLoginProfile", "AddUserToGroup"),
    ),
    Button(
        "DeleteUser",
        "Delete {UserName}?",
        "Delete user",
        (_USER,),
        "users",
        "The user is deleted.",
        "With the user go the password, access keys, devices, inline policies and memberships. Every browser and"
        " terminal of theirs is signed out.",
        is_grave=True,
    ),
    Button(
        "CreateLoginProfile",
        "A password for {UserName}",
        "Set password",
        (_USER, Field("Password", "First password", "secret", is_needed=True), _RESET),
        "user?name={UserName}",
        "The user can sign in with that password.",
        is_grave=True,
    ),
    Button(
        "UpdateLoginProfile",
        "A new password for {UserName}",
        "Set password",
        (_USER, Field("Password", "New password", "secret", is_needed=True), _RESET),
        "user?name={UserName}",
        "The password is set. Whoever signed in with the old one must sign in again.",
        is_grave=True,
    ),
    Button(
        "DeleteLoginProfile",
        "Remove the password of {UserName}?",
        "Remove password",
        (_USER,),
        "user?name={UserName}",
        "The user can no longer sign in with a password.",
        is_grave=True,
    ),
    Button(
        "DeactivateKey",
        "Switch {AccessKeyId} off?",
        "Make inactive",
        (_USER, _KEY, Field("Status", "Status", "given")),
        "user?name={UserName}",
        "The access key is inactive.",
        "Whatever still uses the key is refused until it is made active again.",
        is_grave=True,
        actions=("UpdateAccessKey",),
    ),
    Button(
        "UpdateAccessKey",
        "Switch {AccessKeyId} on",
        "Make active",
        (_USER, _KEY, Field("Status", "Status", "given")),
        "user?name={UserName}",
        "The access key is active.",
    ),
    Button(
        "DeleteAccessKey",
        "Delete {AccessKeyId}?",
        "Delete key",
        (_USER, _KEY),
        "user?name={UserName}",
        "The access key is deleted.",
        "Make it inactive first if you are not sure that nothing uses it.",
        is_grave=True,
    ),
    Button(
        "RemoveDevice",
        "Remove a second factor of {UserName}?",
        "Remove device",
        (_USER, Field("SerialNumber", "Serial number", "given")),
        "user?name={UserName}",
        "The device is removed.",
        "The user can then sign in without it.",
        is_grave=True,
        actions=("DeactivateMFADevice", "DeleteVirtualMFADevice"),
    ),
    Button(
        "TagUser",
        "Tag {UserName}",
        "Add tag",
        (
            _USER,
            Field("Tags.member.1.Key", "Tag", is_needed=True),
            Field("Tags.member.1.Value", "Value"),
        ),
        "user?name={UserName}",
        "The tag is set.",
    ),
    Button(
        "UntagUser",
        "Remove a tag of {UserName}?",
        "Remove tag",
        (_USER, Field("TagKeys.member.1", "Tag", "given")),
        "user?name={UserName}",
        "The tag is removed.",
        is_grave=True,
    ),
)

_GROUPS = (
    Button(
        "CreateGroup",
        "Create a group",
        "Create group",
        (Field("GroupName", "Group name", hint=_NAME_HINT, is_needed=True),),
        "group?name={GroupName}",
        "The group is created.",
    ),
    Button(
        "DeleteGroup",
        "Delete the group {GroupName}?",
        "Delete group",
        (_GROUP,),
        "groups",
        "The group is deleted.",
        "Its members stay; what the group allowed them ends.",
        is_grave=True,
    ),
    Button(
        "AddUserToGroup",
        "Add a member to {GroupName}",
        "Add member",
        (_GROUP, Field("UserName", "User name", is_needed=True)),
        "group?name={GroupName}",
        "The user is a member.",
    ),
    Button(
        "JoinGroup",
        "Add {UserName} to a group",
        "Add to group",
        (_USER, Field("GroupName", "Group name", is_needed=True)),
        "user?name={UserName}",
        "The user is a member.",
        actions=("AddUserToGroup",),
    ),
    Button(
        "RemoveUserFromGroup",
        "Take {UserName} out of {GroupName}?",
        "Remove from group",
        (_GROUP, _USER),
        "user?name={UserName}",
        "The user is no longer a member.",
        is_grave=True,
    ),
)

_ROLES = (
    Button(
        "CreateRole",
        "Create a role",
        "Create role",
        (
            Field("RoleName", "Role name", hint=_NAME_HINT, is_needed=True),
            Field("Description", "Description"),
            Field("MaxSessionDuration", "Longest session, in seconds", hint="3600 to 43200."),
            Field("AssumeRolePolicyDocument", "Who may take it: trust policy, in JSON", "document"),
        ),
        "role?name={RoleName}",
        "The role is created.",
    ),
    Button(
        "UpdateRole",
        "Change {RoleName}",
        "Save",
        (
            _ROLE,
            Field("Description", "Description"),
            Field("MaxSessionDuration", "Longest session, in seconds"),
        ),
        "role?name={RoleName}",
        "The role is changed.",
    ),
    Button(
        "UpdateAssumeRolePolicy",
        "Who may take {RoleName}",
        "Save trust policy",
        (_ROLE, _DOCUMENT),
        "role?name={RoleName}",
        "The trust policy is changed.",
    ),
    Button(
        "DeleteRole",
        "Delete the role {RoleName}?",
        "Delete role",
        (_ROLE,),
        "roles",
        "The role is deleted.",
        "Its inline policies go with it, attached ones are detached. Sessions of the role end.",
        is_grave=True,
    ),
)

_POLICIES = (
    Button(
        "CreatePolicy",
        "Create a policy",
        "Create policy",
        (
            Field("PolicyName", "Policy name", hint=_NAME_HINT, is_needed=True),
            Field("Description", "Description"),
            _DOCUMENT,
        ),
        "policy?arn=arn:aws:iam::{account}:policy/{PolicyName}",
        "The policy is created.",
    ),
    Button(
        "CreatePolicyVersion",
        "A new version of {PolicyArn}",
        "Save as new version",
        (_POLICY, _DOCUMENT, Field("SetAsDefault", "In force at once", "tick")),
        "policy?arn={PolicyArn}",
        "The version is there.",
    ),
    Button(
        "SetDefaultPolicyVersion",
        "Put {VersionId} in force?",
        "Put in force",
        (_POLICY, _VERSION),
        "policy?arn={PolicyArn}",
        "That version is in force now.",
        is_grave=True,
    ),
    Button(
        "DeletePolicyVersion",
        "Delete {VersionId}?",
        "Delete version",
        (_POLICY, _VERSION),
        "policy?arn={PolicyArn}",
        "The version is deleted.",
        is_grave=True,
    ),
    Button(
        "DeletePolicy",
        "Delete {PolicyArn}?",
        "Delete policy",
        (_POLICY,),
        "policies",
        "The policy is deleted.",
        "All its versions go. It must be attached to nobody.",
        is_grave=True,
        actions=("DeletePolicyVersion", "DeletePolicy"),
    ),
)

_SESSIONS = (
    Button(
        "RevokeSession",
        "Sign {PrincipalArn} out there?",
        "Sign out",
        (
            Field("SessionId", "Session", "given"),
            Field("PrincipalArn", "Who", "given"),
        ),
        "sessions?principal={PrincipalArn}",
        "That session has ended, and its credentials with it.",
        "A browser asks for a sign-in at its next page; the credentials of a terminal end within seconds.",
        is_grave=True,
        service="signin",
    ),
    Button(
        "RevokeSessions",
        "Sign {PrincipalArn} out everywhere?",
        "Sign out everywhere",
        (Field("PrincipalArn", "Who", "given"),),
        "sessions?principal={PrincipalArn}",
        "Every session has ended, and their credentials with them.",
        "Every browser and every terminal. The credentials of terminals end within seconds.",
        is_grave=True,
        service="signin",
    ),
)


def _held(holder: str, field: Field) -> tuple[Button, ...]:
    """What can be done with the policies of a user, a group or a role."""
    place = f"{holder.lower()}?name={{{field.name}}}"
    who = f"{{{field.name}}}"
    return (
        Button(
            f"Attach{holder}Policy",
            f"Attach a policy to {who}",
            "Attach policy",
            (field, Field("PolicyArn", "Policy ARN", is_needed=True)),
            place,
            "The policy is attached.",
        ),
        Button(
            f"Detach{holder}Policy",
            f"Detach a policy from {who}?",
            "Detach policy",
            (field, _POLICY),
            place,
            "The policy is detached.",
            is_grave=True,
        ),
        Button(
            f"Put{holder}Policy",
            f"An inline policy of {who}",
            "Save policy",
            (field, Field("PolicyName", "Policy name", is_needed=True), _DOCUMENT),
            place,
            "The policy is saved.",
        ),
        Button(
            f"Delete{holder}Policy",
            f"Delete the inline policy {{PolicyName}} of {who}?",
            "Delete policy",
            (field, _HELD_NAME),
            place,
            "The policy is deleted.",
            is_grave=True,
        ),
    )


def _bounded(holder: str, field: Field) -> tuple[Button, ...]:
    place = f"{holder.lower()}?name={{{field.name}}}"
    return (
        Button(
            f"Put{holder}PermissionsBoundary",
            f"A boundary for {{{field.name}}}",
            "Set boundary",
            (field, Field("PermissionsBoundary", "Policy ARN", is_needed=True)),
            place,
            "The boundary is set.",
        ),
        Button(
            f"Delete{holder}PermissionsBoundary",
            f"Remove the boundary of {{{field.name}}}?",
            "Remove boundary",
            (field,),
            place,
            "The boundary is removed.",
            is_grave=True,
        ),
    )


BUTTONS: Mapping[str, Button] = {
    button.key: button
    for button in (
        *_USERS,
        *_GROUPS,
        *_ROLES,
        *_POLICIES,
        *_SESSIONS,
        *_held("User", _USER),
        *_held("Group", _GROUP),
        *_held("Role", _ROLE),
        *_bounded("User", _USER),
        *_bounded("Role", _ROLE),
    )
}


def buttons(*keys: str) -> list[Button]:
    """Those of one page, in this order."""
    return [BUTTONS[key] for key in keys]
