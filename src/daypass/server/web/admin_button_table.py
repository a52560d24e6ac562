"""The table itself: which buttons there are (`admin_buttons.py` says what one is)."""

from collections.abc import Mapping

from daypass.server.web.admin_buttons import Button, Field
from daypass.server.web.admin_people_buttons import GROUP, GROUP_BUTTONS, NAME_HINT, USER, USER_BUTTONS

__all__ = ["BUTTONS", "buttons"]

_ROLE = Field("RoleName", "Role name", "given")
_POLICY = Field("PolicyArn", "Policy ARN", "given")
_VERSION = Field("VersionId", "Version", "given")
_DOCUMENT = Field("PolicyDocument", "Policy, in JSON", "document", is_needed=True)
_HELD_NAME = Field("PolicyName", "Policy name", "given")

_ROLES = (
    Button(
        "CreateRole",
        "Create a role",
        "Create role",
        (
            Field("RoleName", "Role name", hint=NAME_HINT, is_needed=True),
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
            Field("PolicyName", "Policy name", hint=NAME_HINT, is_needed=True),
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
        *USER_BUTTONS,
        *GROUP_BUTTONS,
        *_ROLES,
        *_POLICIES,
        *_SESSIONS,
        *_held("User", USER),
        *_held("Group", GROUP),
        *_held("Role", _ROLE),
        *_bounded("User", USER),
        *_bounded("Role", _ROLE),
    )
}


def buttons(*keys: str) -> list[Button]:
    """Those of one page, in this order."""
    return [BUTTONS[key] for key in keys]
