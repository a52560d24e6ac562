"""What stands in a form before anybody types: names to choose from, and what is there now where something is changed.

A help, not a gate: who may not read types it, and no refusal is shown or recorded because of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from daypass.protocol.aws.errors import AwsError
from daypass.server.web.admin_buttons import Button
from daypass.server.web.admin_desk import AdminDesk, AdminVisit

__all__ = ["find_choices", "find_present", "key_names"]

_MOST = {"MaxItems": "200"}
_Values = Mapping[str, str]
_Present = Callable[[AdminDesk, AdminVisit, _Values], Awaitable[_Values]]


async def find_choices(desk: AdminDesk, admin: AdminVisit, button: Button) -> Mapping[str, Sequence[str]]:
    """By field. Raises StorageError."""
    names = {field.name for field in button.fields if field.kind == "text"}
    choices: dict[str, Sequence[str]] = {}
    if names & {"PolicyArn", "PermissionsBoundary"} and admin.call.decide("iam:ListPolicies", "*").is_allowed:
        found = await desk.ask(admin, "ListPolicies", _MOST)
        arns = [counted.policy.arn for counted in found.items]
        choices |= dict.fromkeys(names & {"PolicyArn", "PermissionsBoundary"}, arns)
    groups = f"arn:aws:iam::{admin.call.account_id}:group/"
    is_joining = "GroupName" in names and button.key != "CreateGroup"
    if is_joining and admin.call.decide("iam:ListGroups", groups).is_allowed:
        found = await desk.ask(admin, "ListGroups", _MOST)
        choices["GroupName"] = [group.group_name for group in found.items]
    return choices


async def find_present(desk: AdminDesk, admin: AdminVisit, button: Button, values: _Values) -> _Values:
    """What the button would change, by field; nothing where there is nothing, or it is not the person's to read.

    Raises StorageError.
    """
    find = _PRESENT.get(button.key)
    if find is None:
        return {}
    try:
        return await find(desk, admin, values)
    except AwsError:
        return {}


async def key_names(desk: AdminDesk, admin: AdminVisit, user_name: str) -> str:
    """The ids of a user's access keys in one line, `none` for none. Raises AwsError, StorageError."""
    keys = (await desk.ask(admin, "ListAccessKeys", {"UserName": user_name})).items
    return " ".join(named.key.access_key_id for named in keys) or "none"


async def _user(desk: AdminDesk, admin: AdminVisit, values: _Values) -> _Values:
    user = await desk.ask(admin, "GetUser", {"UserName": values.get("UserName", "")})
    return {"NewUserName": user.user_name, "NewPath": user.path}


async def _group(desk: AdminDesk, admin: AdminVisit, values: _Values) -> _Values:
    found = await desk.ask(admin, "GetGroup", {"GroupName": values.get("GroupName", "")})
    return {"NewGroupName": found.group.group_name, "NewPath": found.group.path}


async def _keys(desk: AdminDesk, admin: AdminVisit, values: _Values) -> _Values:
    return {"Seen": await key_names(desk, admin, values.get("UserName", ""))}


async def _alias(desk: AdminDesk, admin: AdminVisit, _values: _Values) -> _Values:
    aliases = await desk.ask(admin, "ListAccountAliases", {})
    return {"AccountAlias": aliases[0]} if aliases else {}


async def _password_policy(desk: AdminDesk, admin: AdminVisit, _values: _Values) -> _Values:
    policy = await desk.ask(admin, "GetAccountPasswordPolicy", {})
    numbers = {
        "MinimumPasswordLength": policy.minimum_password_length,
        "MaxPasswordAge": policy.max_password_age,
        "PasswordReusePrevention": policy.password_reuse_prevention,
    }
    ticks = {
        "RequireUppercaseCharacters": policy.require_uppercase_characters,
        "RequireLowercaseCharacters": policy.require_lowercase_characters,
        "RequireNumbers": policy.require_numbers,
        "RequireSymbols": policy.require_symbols,
        "AllowUsersToChangePassword": policy.allow_users_to_change_password,
        "HardExpiry": policy.hard_expiry,
    }
    return {name: str(number) for name, number in numbers.items() if number} | {
        name: "true" for name, is_set in ticks.items() if is_set
    }


async def _saml(desk: AdminDesk, admin: AdminVisit, values: _Values) -> _Values:
    arn = {"SAMLProviderArn": values.get("SAMLProviderArn", "")}
    return {"SAMLMetadataDocument": (await desk.ask(admin, "GetSAMLProvider", arn)).metadata_document}


async def _oidc(desk: AdminDesk, admin: AdminVisit, values: _Values) -> _Values:
    arn = {"OpenIDConnectProviderArn": values.get("OpenIDConnectProviderArn", "")}
    provider = await desk.ask(admin, "GetOpenIDConnectProvider", arn)
    return {"ThumbprintList": "\n".join(provider.thumbprints)}


_PRESENT: Mapping[str, _Present] = {
    "UpdateUser": _user,
    "UpdateGroup": _group,
    "CreateAccessKey": _keys,
    "CreateAccountAlias": _alias,
    "UpdateAccountPasswordPolicy": _password_policy,
    "UpdateSAMLProvider": _saml,
    "UpdateOpenIDConnectProviderThumbprint": _oidc,
}
