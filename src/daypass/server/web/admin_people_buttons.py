"""Buttons about users and groups: rows of the table in `admin_button_table.py`."""

from daypass.server.web.admin_buttons import Button, Field

__all__ = ["GROUP", "GROUP_BUTTONS", "NAME_HINT", "USER", "USER_BUTTONS"]

USER = Field("UserName", "User name", "given")
GROUP = Field("GroupName", "Group name", "given")
NAME_HINT = "Letters, digits and + = , . @ _ -"
_KEY = Field("AccessKeyId", "Access key", "given")
_RESET = Field("PasswordResetRequired", "Must choose another one at the next sign-in", "tick")

USER_BUTTONS = (
    Button(
        "CreateUser",
        "Create a user",
        "Create user",
        (
            Field("UserName", "User name", hint=NAME_HINT, is_needed=True),
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
        (USER,),
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
        (USER, Field("Password", "First password", "secret", is_needed=True), _RESET),
        "user?name={UserName}",
        "The user can sign in with that password.",
        is_grave=True,
    ),
    Button(
        "UpdateLoginProfile",
        "A new password for {UserName}",
        "Set password",
        (USER, Field("Password", "New password", "secret", is_needed=True), _RESET),
        "user?name={UserName}",
        "The password is set. Whoever signed in with the old one must sign in again.",
        is_grave=True,
    ),
    Button(
        "DeleteLoginProfile",
        "Remove the password of {UserName}?",
        "Remove password",
        (USER,),
        "user?name={UserName}",
        "The user can no longer sign in with a password.",
        is_grave=True,
    ),
    Button(
        "DeactivateKey",
        "Switch {AccessKeyId} off?",
        "Make inactive",
        (USER, _KEY, Field("Status", "Status", "given")),
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
        (USER, _KEY, Field("Status", "Status", "given")),
        "user?name={UserName}",
        "The access key is active.",
    ),
    Button(
        "DeleteAccessKey",
        "Delete {AccessKeyId}?",
        "Delete key",
        (USER, _KEY),
        "user?name={UserName}",
        "The access key is deleted.",
        "Make it inactive first if you are not sure that nothing uses it.",
        is_grave=True,
    ),
    Button(
        "RemoveDevice",
        "Remove a second factor of {UserName}?",
        "Remove device",
        (USER, Field("SerialNumber", "Serial number", "given")),
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
            USER,
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
        (USER, Field("TagKeys.member.1", "Tag", "given")),
        "user?name={UserName}",
        "The tag is removed.",
        is_grave=True,
    ),
)

GROUP_BUTTONS = (
    Button(
        "CreateGroup",
        "Create a group",
        "Create group",
        (Field("GroupName", "Group name", hint=NAME_HINT, is_needed=True),),
        "group?name={GroupName}",
        "The group is created.",
    ),
    Button(
        "DeleteGroup",
        "Delete the group {GroupName}?",
        "Delete group",
        (GROUP,),
        "groups",
        "The group is deleted.",
        "Its members stay; what the group allowed them ends.",
        is_grave=True,
    ),
    Button(
        "AddUserToGroup",
        "Add a member to {GroupName}",
        "Add member",
        (GROUP, Field("UserName", "User name", is_needed=True)),
        "group?name={GroupName}",
        "The user is a member.",
    ),
    Button(
        "JoinGroup",
        "Add {UserName} to a group",
        "Add to group",
        (USER, Field("GroupName", "Group name", is_needed=True)),
        "user?name={UserName}",
        "The user is a member.",
        actions=("AddUserToGroup",),
    ),
    Button(
        "RemoveUserFromGroup",
        "Take {UserName} out of {GroupName}?",
        "Remove from group",
        (GROUP, USER),
        "user?name={UserName}",
        "The user is no longer a member.",
        is_grave=True,
    ),
)
