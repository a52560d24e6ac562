"""Buttons about users and groups: rows of the table in `admin_button_table.py`."""

from daypass.server.web.admin_buttons import Button, Field

__all__ = ["BOUNDARY", "GROUP", "GROUP_BUTTONS", "NAME_HINT", "PATH", "USER", "USER_BUTTONS"]

USER = Field("UserName", "User name", "given")
GROUP = Field("GroupName", "Group name", "given")
NAME_HINT = "Letters, digits and + = , . @ _ -"
PATH = Field("Path", "Path", hint="Such as /staff/: policies can name all below it. May stay empty.")
BOUNDARY = Field(
    "PermissionsBoundary",
    "Permissions boundary",
    hint="ARN of the policy that limits all others. May stay empty.",
)
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
            PATH,
            BOUNDARY,
        ),
        "user?name={UserName}",
        "The user is created.",
        actions=("CreateUser", "CreateLoginProfile", "AddUserToGroup"),
        back="users",
    ),
    Button(
        "UpdateUser",
        "Rename {UserName}",
        "Save",
        (USER, Field("NewUserName", "User name", hint=NAME_HINT), Field("NewPath", "Path")),
        "user?name={NewUserName}",
        "The user is changed.",
        "Sessions, keys, groups and policies stay. Policies elsewhere that name the old ARN no longer mean this user.",
        is_grave=True,
        back="user?name={UserName}",
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
        back="user?name={UserName}",
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
        "Whoever is signed in with it is signed out. Access keys and devices stay.",
        is_grave=True,
    ),
    Button(
        "CreateAccessKey",
        "Create an access key for {UserName}?",
        "Create access key",
        (USER, Field("Seen", "", "seen")),
        "user?name={UserName}",
        "The access key is created.",
        "People need none: “daypass login” gives a terminal credentials that end by themselves, and a program that can"
        " prove who it is takes a role. A key works until somebody switches it off, wherever it was copied to.",
        is_grave=True,
        answer="admin_new_key.html",
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
        "Whatever still uses it stops working, and it cannot be brought back. Make it inactive first if you are not sure.",
        is_grave=True,
    ),
    Button(
        "RemoveDevice",
        "Remove a second factor of {UserName}?",
        "Remove device",
        (USER, Field("SerialNumber", "Serial number", "given")),
        "user?name={UserName}",
        "The device is removed.",
        "For a telephone that is lost. Without another device the password alone signs in, and recovery codes end with"
        " the last one.",
        is_grave=True,
        actions=("DeactivateMFADevice", "DeleteVirtualMFADevice"),
    ),
)

GROUP_BUTTONS = (
    Button(
        "CreateGroup",
        "Create a group",
        "Create group",
        (Field("GroupName", "Group name", hint=NAME_HINT, is_needed=True), PATH),
        "group?name={GroupName}",
        "The group is created.",
        back="groups",
    ),
    Button(
        "UpdateGroup",
        "Rename {GroupName}",
        "Save",
        (GROUP, Field("NewGroupName", "Group name", hint=NAME_HINT), Field("NewPath", "Path")),
        "group?name={NewGroupName}",
        "The group is changed.",
        "Members and policies stay. Policies elsewhere that name the old ARN no longer mean this group.",
        is_grave=True,
        back="group?name={GroupName}",
    ),
    Button(
        "DeleteGroup",
        "Delete the group {GroupName}?",
        "Delete group",
        (GROUP,),
        "groups",
        "The group is deleted.",
        "Its members stay; what the group allowed them ends, and so does what it forbade.",
        is_grave=True,
        back="group?name={GroupName}",
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
        "What the group allows this user ends at once, and so does what it forbids.",
        is_grave=True,
    ),
    Button(
        "RemoveMember",
        "Take {UserName} out of {GroupName}?",
        "Remove from group",
        (GROUP, USER),
        "group?name={GroupName}",
        "The user is no longer a member.",
        "What the group allows this user ends at once, and so does what it forbids.",
        is_grave=True,
        actions=("RemoveUserFromGroup",),
    ),
)
