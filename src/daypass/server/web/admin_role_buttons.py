"""Buttons about roles and managed policies: rows of the table in `admin_button_table.py`."""

from daypass.server.web.admin_buttons import Button, Field
from daypass.server.web.admin_people_buttons import BOUNDARY, NAME_HINT, PATH

__all__ = ["DOCUMENT", "POLICY", "POLICY_BUTTONS", "ROLE", "ROLE_BUTTONS"]

ROLE = Field("RoleName", "Role name", "given")
POLICY = Field("PolicyArn", "Policy ARN", "given")
_VERSION = Field("VersionId", "Version", "given")
DOCUMENT = Field("PolicyDocument", "Policy, in JSON", "document", is_needed=True)
_LONGEST = Field("MaxSessionDuration", "Longest session, in seconds", "number", "3600 to 43200.")

ROLE_BUTTONS = (
    Button(
        "CreateRole",
        "Create a role",
        "Create role",
        (
            Field("RoleName", "Role name", hint=NAME_HINT, is_needed=True),
            Field("Description", "Description"),
            _LONGEST,
            Field("AssumeRolePolicyDocument", "Who may take it: trust policy, in JSON", "document"),
            PATH,
            BOUNDARY,
        ),
        "role?name={RoleName}",
        "The role is created.",
        back="roles",
    ),
    Button(
        "UpdateRole",
        "Change {RoleName}",
        "Save",
        (
            ROLE,
            Field("Description", "Description"),
            _LONGEST,
        ),
        "role?name={RoleName}",
        "The role is changed.",
    ),
    Button(
        "UpdateAssumeRolePolicy",
        "Who may take {RoleName}",
        "Save trust policy",
        (ROLE, DOCUMENT),
        "role?name={RoleName}",
        "The trust policy is changed.",
    ),
    Button(
        "DeleteRole",
        "Delete the role {RoleName}?",
        "Delete role",
        (ROLE,),
        "roles",
        "The role is deleted.",
        "Its inline policies go with it, attached ones are detached. Sessions of the role end.",
        is_grave=True,
        back="role?name={RoleName}",
    ),
)

POLICY_BUTTONS = (
    Button(
        "CreatePolicy",
        "Create a policy",
        "Create policy",
        (
            Field("PolicyName", "Policy name", hint=NAME_HINT, is_needed=True),
            Field("Description", "Description", hint="It cannot be changed later."),
            DOCUMENT,
            PATH,
        ),
        "policy?arn={arn}",
        "The policy is created.",
        back="policies",
    ),
    Button(
        "CreatePolicyVersion",
        "A new version of {PolicyArn}",
        "Save as new version",
        (POLICY, DOCUMENT, Field("SetAsDefault", "In force at once", "tick")),
        "policy?arn={PolicyArn}",
        "The version is there.",
    ),
    Button(
        "SetDefaultPolicyVersion",
        "Put {VersionId} in force?",
        "Put in force",
        (POLICY, _VERSION),
        "policy?arn={PolicyArn}",
        "That version is in force now.",
        "From then on it decides for everybody who has the policy. The version in force until then is kept.",
        is_grave=True,
    ),
    Button(
        "DeletePolicyVersion",
        "Delete {VersionId}?",
        "Delete version",
        (POLICY, _VERSION),
        "policy?arn={PolicyArn}",
        "The version is deleted.",
        "Its text is gone. The version in force stays.",
        is_grave=True,
    ),
    Button(
        "DeletePolicy",
        "Delete {PolicyArn}?",
        "Delete policy",
        (POLICY,),
        "policies",
        "The policy is deleted.",
        "All its versions go. It must be attached to nobody.",
        is_grave=True,
        actions=("DeletePolicyVersion", "DeletePolicy"),
        back="policy?arn={PolicyArn}",
    ),
)
