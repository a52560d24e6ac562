"""Buttons that are several API calls: which ones, in which order, as the AWS CLI's user would make them.

Deleting a user or a role takes away first what hangs on it, because DeleteUser and DeleteRole refuse until nothing
does (IAM reference, "DeleteUser", "DeleteRole"). Each step is a call of its own: policy decides on each, the audit log
has each, and the first refusal ends the row.
"""

from collections.abc import AsyncIterator, Callable, Mapping

from daypass.protocol.aws.errors import NoSuchEntity
from daypass.server.web.admin_desk import AdminDesk, AdminVisit

__all__ = ["Step", "steps_of"]

Step = tuple[str, Mapping[str, str]]
"""Action and parameters."""
_Values = Mapping[str, str]
_Steps = Callable[[AdminDesk, AdminVisit, _Values], AsyncIterator[Step]]

_ALL = {"MaxItems": "1000"}


def steps_of(key: str, action: str) -> _Steps:
    """The row of calls behind a button; one call with all the fields where nothing else is said."""
    found = _STEPS.get(key)
    if found is not None:
        return found

    async def one(_desk: AdminDesk, _admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
        yield action, values

    return one


async def _create_user(_desk: AdminDesk, _admin: AdminVisit, values: _Values) -> AsyncIterator[Step]:
    user = {"UserName": values.get("UserName", "")}
    yield "CreateUser", user
    if "Password" in values:
        profile = {name: values[name] for name in ("Password", "PasswordResetRequired") if name in values}
        yield "CreateLoginProfile", {**user, **profile}
    if "GroupName" in values:
        yield "AddUserToGroup", {**user, "GroupName": values["GroupName"]}


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
    for user in (await desk.ask(admin, "GetGroup", {**group, **_ALL})).members.items:
        yield "RemoveUserFromGroup", {**group, "UserName": user.user_name}
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
    "RemoveDevice": _remove_device,
    "DeleteUser": _delete_user,
    "DeleteRole": _delete_role,
    "DeleteGroup": _delete_group,
    "DeletePolicy": _delete_policy,
}
