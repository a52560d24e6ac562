"""Buttons that are several API calls: which ones, in which order, as the AWS CLI's user would make them.

Deleting a user or a role takes away first what hangs on it, because DeleteUser and DeleteRole refuse until nothing
does (IAM reference, "DeleteUser", "DeleteRole"). Each step is a call of its own: policy decides on each, the audit log
has each, and the first refusal ends the row.
"""

from collections.abc import AsyncIterator, Callable, Mapping

from daypass.protocol.aws.errors import AwsError, ConcurrentModification, NoSuchEntity
from daypass.server.web.admin_choices import key_names
from daypass.server.web.admin_desk import AdminDesk, AdminVisit

__all__ = ["Step", "find_plan", "steps_of"]

Step = tuple[str, Mapping[str, str]]
"""Action and parameters."""
_Values = Mapping[str, str]
_Steps = Callable[[AdminDesk, AdminVisit, _Values], AsyncIterator[Step]]

_ALL = {"MaxItems": "1000"}
_MOST_TOLD = 40


def steps_of(key: str, action: str) -> _Steps:
    """The row of calls behind a button; one call with all the fields where nothing else is said."""
    found = _STEPS.get(key)
    if found is not None:
        return found

    async def one(_desk: AdminDesk, _admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
        yield action, values

    return one


async def find_plan(desk: AdminDesk, admin: AdminVisit, key: str, values: _Values) -> list[str]:
    """What a button that takes much away would do, a sentence for each call, before it is pressed.

    Empty for other buttons, and where the person may not see it: pressing says so. Raises StorageError.
    """
    if not key.startswith("Delete") or key not in _STEPS:
        return []
    try:
        plan = [_told(action, given) async for action, given in _STEPS[key](desk, admin, values)]
    except AwsError:
        return []
    return plan if len(plan) <= _MOST_TOLD else [*plan[:_MOST_TOLD], f"And {len(plan) - _MOST_TOLD} more."]


def _told(action: str, given: Mapping[str, str]) -> str:
    return _PHRASES[action].format(**{name: text.rpartition("/")[2] for name, text in given.items()})


async def _create_user(_desk: AdminDesk, _admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    user = {"UserName": values.get("UserName", "")}
    more = {name: values[name] for name in ("Path", "PermissionsBoundary") if name in values}
    yield "CreateUser", {**user, **more}
    if "Password" in values:
        profile = {name: values[name] for name in ("Password", "PasswordResetRequired") if name in values}
        yield "CreateLoginProfile", {**user, **profile}
    if "GroupName" in values:
        yield "AddUserToGroup", {**user, "GroupName": values["GroupName"]}


async def _create_key(desk: AdminDesk, admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    """A form that is sent twice, by a second click or a reload, makes one key: the other keys are those it saw."""
    user = {"UserName": values.get("UserName", "")}
    if "Seen" in values and values["Seen"] != await key_names(desk, admin, user["UserName"]):
        raise ConcurrentModification(
            "The keys of this user have changed since this form was opened. If this form made one whose secret you have"
            " not kept, delete that key and create another."
        )
    yield "CreateAccessKey", user


async def _remove_device(_desk: AdminDesk, _admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    yield "DeactivateMFADevice", values
    if not _is_passkey(values.get("SerialNumber", "")):
        yield "DeleteVirtualMFADevice", {"SerialNumber": values.get("SerialNumber", "")}


async def _delete_user(desk: AdminDesk, admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    user = {"UserName": values.get("UserName", "")}
    try:
        await desk.ask(admin, "GetLoginProfile", user)
        yield "DeleteLoginProfile", user
    except NoSuchEntity:
        pass
    for named in (await desk.ask(admin, "ListAccessKeys", user)).items:
        yield "DeleteAccessKey", {**user, "AccessKeyId": named.key.access_key_id}
    for owned in (await desk.ask(admin, "ListMFADevices", user)).items:
        async for step in _remove_device(desk, admin, {**user, "SerialNumber": owned.device.serial_number}):
            yield step
    async for step in _release(desk, admin, "User", user):
        yield step
    for group in (await desk.ask(admin, "ListGroupsForUser", {**user, **_ALL})).items:
        yield "RemoveUserFromGroup", {**user, "GroupName": group.group_name}
    yield "DeleteUser", user


async def _delete_role(desk: AdminDesk, admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    role = {"RoleName": values.get("RoleName", "")}
    async for step in _release(desk, admin, "Role", role):
        yield step
    yield "DeleteRole", role


async def _delete_group(desk: AdminDesk, admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    group = {"GroupName": values.get("GroupName", "")}
    async for step in _release(desk, admin, "Group", group):
        yield step
    turned: dict[str, str] = {}
    while True:
        members = (await desk.ask(admin, "GetGroup", {**group, **_ALL, **turned})).members
        for user in members.items:
            yield "RemoveUserFromGroup", {**group, "UserName": user.user_name}
        if members.marker is None:
            break
        turned = {"Marker": members.marker}
    yield "DeleteGroup", group


async def _delete_policy(desk: AdminDesk, admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    policy = {"PolicyArn": values.get("PolicyArn", "")}
    counted = await desk.ask(admin, "GetPolicy", policy)
    if not counted.attachments and not counted.boundaries:
        for version in (await desk.ask(admin, "ListPolicyVersions", policy)).items:
            if not version.is_default:
                yield "DeletePolicyVersion", {**policy, "VersionId": version.version_id}
    yield "DeletePolicy", policy


async def _release(
    desk: AdminDesk, admin: AdminVisit, kind: str, holder: Mapping[str, str]
) -> AsyncIterator[Step]:
    """A holder of policies has none afterwards."""
    for arn in (await desk.ask(admin, f"ListAttached{kind}Policies", {**holder, **_ALL})).items:
        yield f"Detach{kind}Policy", {**holder, "PolicyArn": arn}
    for name in (await desk.ask(admin, f"List{kind}Policies", {**holder, **_ALL})).items:
        yield f"Delete{kind}Policy", {**holder, "PolicyName": name}


def _is_passkey(serial_number: str) -> bool:
    return ":u2f/" in serial_number


_STEPS: Mapping[str, _Steps] = {
    "CreateUser": _create_user,
    "CreateAccessKey": _create_key,
    "RemoveDevice": _remove_device,
    "DeleteUser": _delete_user,
    "DeleteRole": _delete_role,
    "DeleteGroup": _delete_group,
    "DeletePolicy": _delete_policy,
}

_PHRASES: Mapping[str, str] = {
    "DeleteLoginProfile": "The password goes.",
    "DeleteAccessKey": "Access key {AccessKeyId} goes.",
    "DeactivateMFADevice": "Second factor {SerialNumber} goes.",
    "DeleteVirtualMFADevice": "The device {SerialNumber} is forgotten.",
    "DetachUserPolicy": "Policy {PolicyArn} is detached.",
    "DetachRolePolicy": "Policy {PolicyArn} is detached.",
    "DetachGroupPolicy": "Policy {PolicyArn} is detached.",
    "DeleteUserPolicy": "Inline policy {PolicyName} goes, and its text with it.",
    "DeleteRolePolicy": "Inline policy {PolicyName} goes, and its text with it.",
    "DeleteGroupPolicy": "Inline policy {PolicyName} goes, and its text with it.",
    "RemoveUserFromGroup": "{UserName} leaves the group {GroupName}.",
    "DeletePolicyVersion": "Version {VersionId} goes.",
    "DeleteUser": "The user {UserName} goes.",
    "DeleteRole": "The role {RoleName} goes.",
    "DeleteGroup": "The group {GroupName} goes.",
    "DeletePolicy": "The policy {PolicyArn} goes.",
}
"""By action, for the row of calls that a deletion is."""
