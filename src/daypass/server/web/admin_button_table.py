"""The table itself: which buttons there are (`admin_buttons.py` says what one is)."""

from collections.abc import Mapping

from daypass.server.web.admin_account_buttons import ACCOUNT_BUTTONS, OIDC, PROVIDER_BUTTONS, SAML
from daypass.server.web.admin_buttons import Button, Field
from daypass.server.web.admin_people_buttons import GROUP, GROUP_BUTTONS, USER, USER_BUTTONS
from daypass.server.web.admin_role_buttons import DOCUMENT, POLICY, POLICY_BUTTONS, ROLE, ROLE_BUTTONS

__all__ = ["BUTTONS", "buttons"]

_HELD_NAME = Field("PolicyName", "Policy name", "given")

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
            (field, POLICY),
            place,
            "The policy is detached.",
            "What it allows ends at once, and so does what it forbids. The policy itself stays.",
            is_grave=True,
        ),
        Button(
            f"Put{holder}Policy",
            f"An inline policy of {who}",
            "Save policy",
            (field, Field("PolicyName", "Policy name", is_needed=True), DOCUMENT),
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
            "Its text is gone: it stands nowhere else. What it allows ends at once, and so does what it forbids.",
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
            "From then on nothing limits what the policies give.",
            is_grave=True,
        ),
    )


def _tagged(kind: str, field: Field, place: str) -> tuple[Button, ...]:
    who = f"{{{field.name}}}"
    return (
        Button(
            f"Tag{kind}",
            f"A tag of {who}",
            "Save tag",
            (
                field,
                Field(
                    "Tags.member.1.Key", "Tag", hint="A tag that is there gets the new value.", is_needed=True
                ),
                Field("Tags.member.1.Value", "Value"),
            ),
            place,
            "The tag is set.",
            "Policies may ask for it: a tag can decide what somebody may do.",
        ),
        Button(
            f"Untag{kind}",
            f"Remove a tag of {who}?",
            "Remove tag",
            (field, Field("TagKeys.member.1", "Tag", "given")),
            place,
            "The tag is removed.",
            "Policies that ask for it decide without it from then on.",
            is_grave=True,
        ),
    )


BUTTONS: Mapping[str, Button] = {
    button.key: button
    for button in (
        *USER_BUTTONS,
        *GROUP_BUTTONS,
        *ROLE_BUTTONS,
        *POLICY_BUTTONS,
        *_SESSIONS,
        *_held("User", USER),
        *_held("Group", GROUP),
        *_held("Role", ROLE),
        *_bounded("User", USER),
        *_bounded("Role", ROLE),
        *_tagged("User", USER, "user?name={UserName}"),
        *_tagged("Role", ROLE, "role?name={RoleName}"),
        *_tagged("Policy", POLICY, "policy?arn={PolicyArn}"),
        *_tagged("SAMLProvider", SAML, "provider?arn={SAMLProviderArn}"),
        *_tagged("OpenIDConnectProvider", OIDC, "provider?arn={OpenIDConnectProviderArn}"),
        *ACCOUNT_BUTTONS,
        *PROVIDER_BUTTONS,
    )
}


def buttons(*keys: str) -> list[Button]:
    """Those of one page, in this order."""
    return [BUTTONS[key] for key in keys]
