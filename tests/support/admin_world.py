"""An account with something of everything, an administrator's browser in it, and each button of the admin pages once.

`WALK` presses every button in an order in which each succeeds: (button, fields, the event it leaves).
"""

from typing import Any

from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Group, InlinePolicy, Role
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.web.admin_button_table import BUTTONS
from support.query_world import QuickSaml, allow, policy_text, trust
from support.saml_forge import make_key, metadata
from support.sign_in_world import ACCOUNT, NOW, SignInWorld, Tab, open_sign_in_world
from support.stand_in_providers import saml_provider

FORM = "/signin/user"
NEW_PASSWORD = "violet anchor pebble"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
GATE = f"arn:aws:iam::{ACCOUNT}:policy/NoTerminals"
KEY = "AKIAEXAMPLEEXAMPLE00"
DOCUMENT = policy_text(allow("s3:GetObject"))
OTHER_DOCUMENT = policy_text(allow("s3:PutObject"))
TRUST = policy_text(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Okta"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com"
METADATA = metadata(make_key("idp", end=10 * 365 * 86_400))
THUMBPRINT = "0123456789abcdef0123456789abcdef01234567"


async def open_admin_world() -> SignInWorld:
    """The users of `SignInWorld`; a group, a role, an inline policy, a key, a provider of each kind."""
    site = await open_sign_in_world(saml=QuickSaml())
    await furnish(site)
    return site


async def furnish(site: SignInWorld) -> None:
    """Put that into an account that has the users."""
    storage, alice = site.storage, await site.user("alice")
    await storage.groups.create_group(Group(ACCOUNT, "AGPA0000000000000000A", "readers", "/", NOW))
    await storage.groups.add_member(ACCOUNT, "AGPA0000000000000000A", alice.user_id)
    await storage.inline_policies.put_inline_policy(ACCOUNT, InlinePolicy(alice.user_id, "photos", DOCUMENT))
    await storage.roles.create_role(Role(ACCOUNT, "AROA0000000000000000A", "Archivist", "/", TRUST, NOW))
    key = AccessKey(KEY, ACCOUNT, alice.user_id, "sealed", "Active", NOW)
    await storage.access_keys.create_access_key(key, limit=2)
    await storage.saml_providers.create_saml_provider(
        saml_provider(site.parts.ring, "Okta", ACCOUNT, now=NOW)
    )
    await storage.oidc_providers.create_oidc_provider(
        OidcProvider(ACCOUNT, "https://token.example.com", ("app",), (THUMBPRINT,), NOW)
    )


async def enter(site: SignInWorld, name: str = "root") -> tuple[Tab, str]:
    """A signed-in browser on its admin pages, and their base."""
    tab = site.tab()
    await tab.get(FORM)
    await (tab.sign_in_root() if name == "root" else tab.sign_in(name))
    await tab.get("/")
    return tab, f"/admin/{tab.session_ids[0]}"


async def press(tab: Tab, base: str, call: str, **fields: str) -> Any:
    """The form of one button, confirmed where it asks."""
    csrf = tab.hidden.get("csrf", "")
    if not csrf:
        await tab.get(f"{base}/call?call=CreateUser")
        csrf = tab.hidden["csrf"]
    confirmed = {"confirmed": "yes"} if BUTTONS[call].is_grave else {}
    return await tab.post(f"{base}/call", {"csrf": csrf, "call": call, **fields, **confirmed})


USER = {"UserName": "alice"}
ROLE = {"RoleName": "Archivist"}
GROUP = {"GroupName": "readers"}
TAG = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "x"}
UNTAG = {"TagKeys.member.1": "team"}
SAML_ARN = {"SAMLProviderArn": SAML}
OIDC_ARN = {"OpenIDConnectProviderArn": OIDC}

WALK: list[tuple[str, dict[str, str], str]] = [
    ("CreateUser", {"UserName": "dora"}, "CreateUser"),
    ("CreateLoginProfile", {"UserName": "dora", "Password": NEW_PASSWORD}, "CreateLoginProfile"),
    ("UpdateLoginProfile", {**USER, "Password": NEW_PASSWORD}, "UpdateLoginProfile"),
    ("DeleteLoginProfile", USER, "DeleteLoginProfile"),
    ("DeactivateKey", {**USER, "AccessKeyId": KEY, "Status": "Inactive"}, "UpdateAccessKey"),
    ("UpdateAccessKey", {**USER, "AccessKeyId": KEY, "Status": "Active"}, "UpdateAccessKey"),
    ("CreateAccessKey", {"UserName": "bob", "Seen": "none"}, "CreateAccessKey"),
    ("UpdateUser", {"UserName": "bob", "NewUserName": "bo"}, "UpdateUser"),
    ("UpdateUser", {"UserName": "bo", "NewUserName": "bob"}, "UpdateUser"),
    ("DeleteAccessKey", {**USER, "AccessKeyId": KEY}, "DeleteAccessKey"),
    ("TagUser", {**USER, **TAG}, "TagUser"),
    ("UntagUser", {**USER, **UNTAG}, "UntagUser"),
    ("AttachUserPolicy", {**USER, "PolicyArn": READ_ONLY}, "AttachUserPolicy"),
    ("DetachUserPolicy", {**USER, "PolicyArn": READ_ONLY}, "DetachUserPolicy"),
    ("PutUserPolicy", {**USER, "PolicyName": "p", "PolicyDocument": DOCUMENT}, "PutUserPolicy"),
    ("DeleteUserPolicy", {**USER, "PolicyName": "p"}, "DeleteUserPolicy"),
    ("PutUserPermissionsBoundary", {**USER, "PermissionsBoundary": GATE}, "PutUserPermissionsBoundary"),
    ("DeleteUserPermissionsBoundary", USER, "DeleteUserPermissionsBoundary"),
    ("JoinGroup", {"UserName": "bob", **GROUP}, "AddUserToGroup"),
    ("RemoveUserFromGroup", {"UserName": "bob", **GROUP}, "RemoveUserFromGroup"),
    ("JoinGroup", {"UserName": "bob", **GROUP}, "AddUserToGroup"),
    ("RemoveMember", {"UserName": "bob", **GROUP}, "RemoveUserFromGroup"),
    ("UpdateGroup", {**GROUP, "NewGroupName": "lectors"}, "UpdateGroup"),
    ("UpdateGroup", {"GroupName": "lectors", "NewGroupName": "readers", "NewPath": "/x/"}, "UpdateGroup"),
    ("AddUserToGroup", {"UserName": "bob", **GROUP}, "AddUserToGroup"),
    ("CreateGroup", {"GroupName": "writers"}, "CreateGroup"),
    ("AttachGroupPolicy", {**GROUP, "PolicyArn": READ_ONLY}, "AttachGroupPolicy"),
    ("DetachGroupPolicy", {**GROUP, "PolicyArn": READ_ONLY}, "DetachGroupPolicy"),
    ("PutGroupPolicy", {**GROUP, "PolicyName": "p", "PolicyDocument": DOCUMENT}, "PutGroupPolicy"),
    ("DeleteGroupPolicy", {**GROUP, "PolicyName": "p"}, "DeleteGroupPolicy"),
    ("DeleteGroup", GROUP, "DeleteGroup"),
    ("CreateRole", {"RoleName": "New", "AssumeRolePolicyDocument": TRUST}, "CreateRole"),
    ("UpdateRole", {**ROLE, "Description": "d", "MaxSessionDuration": "7200"}, "UpdateRole"),
    ("UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": TRUST}, "UpdateAssumeRolePolicy"),
    ("AttachRolePolicy", {**ROLE, "PolicyArn": READ_ONLY}, "AttachRolePolicy"),
    ("DetachRolePolicy", {**ROLE, "PolicyArn": READ_ONLY}, "DetachRolePolicy"),
    ("PutRolePolicy", {**ROLE, "PolicyName": "p", "PolicyDocument": DOCUMENT}, "PutRolePolicy"),
    ("DeleteRolePolicy", {**ROLE, "PolicyName": "p"}, "DeleteRolePolicy"),
    ("PutRolePermissionsBoundary", {**ROLE, "PermissionsBoundary": GATE}, "PutRolePermissionsBoundary"),
    ("DeleteRolePermissionsBoundary", ROLE, "DeleteRolePermissionsBoundary"),
    ("TagRole", {**ROLE, **TAG}, "TagRole"),
    ("UntagRole", {**ROLE, **UNTAG}, "UntagRole"),
    ("DeleteRole", ROLE, "DeleteRole"),
    ("CreatePolicy", {"PolicyName": "Mine", "PolicyDocument": DOCUMENT}, "CreatePolicy"),
    (
        "CreatePolicyVersion",
        {"PolicyArn": GATE, "PolicyDocument": OTHER_DOCUMENT, "SetAsDefault": "true"},
        "CreatePolicyVersion",
    ),
    ("TagPolicy", {"PolicyArn": GATE, **TAG}, "TagPolicy"),
    ("UntagPolicy", {"PolicyArn": GATE, **UNTAG}, "UntagPolicy"),
    ("SetDefaultPolicyVersion", {"PolicyArn": GATE, "VersionId": "v1"}, "SetDefaultPolicyVersion"),
    ("DeletePolicyVersion", {"PolicyArn": GATE, "VersionId": "v2"}, "DeletePolicyVersion"),
    ("DeletePolicy", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/Mine"}, "DeletePolicy"),
    ("RevokeSessions", {"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/alice"}, "RevokeSessions"),
    ("DeleteUser", USER, "DeleteUser"),
    ("CreateAccountAlias", {"AccountAlias": "acme-two"}, "CreateAccountAlias"),
    ("DeleteAccountAlias", {"AccountAlias": "acme-two"}, "DeleteAccountAlias"),
    ("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": "16"}, "UpdateAccountPasswordPolicy"),
    ("DeleteAccountPasswordPolicy", {}, "DeleteAccountPasswordPolicy"),
    ("CreateSAMLProvider", {"Name": "Entra", "SAMLMetadataDocument": METADATA}, "CreateSAMLProvider"),
    ("UpdateSAMLProvider", {**SAML_ARN, "SAMLMetadataDocument": METADATA}, "UpdateSAMLProvider"),
    ("TagSAMLProvider", {**SAML_ARN, **TAG}, "TagSAMLProvider"),
    ("UntagSAMLProvider", {**SAML_ARN, **UNTAG}, "UntagSAMLProvider"),
    ("DeleteSAMLProvider", SAML_ARN, "DeleteSAMLProvider"),
    (
        "CreateOpenIDConnectProvider",
        {"Url": "https://other.example.com", "ClientIDList": "a\nb"},
        "CreateOpenIDConnectProvider",
    ),
    (
        "AddClientIDToOpenIDConnectProvider",
        {**OIDC_ARN, "ClientID": "web"},
        "AddClientIDToOpenIDConnectProvider",
    ),
    (
        "RemoveClientIDFromOpenIDConnectProvider",
        {**OIDC_ARN, "ClientID": "web"},
        "RemoveClientIDFromOpenIDConnectProvider",
    ),
    (
        "UpdateOpenIDConnectProviderThumbprint",
        {**OIDC_ARN, "ThumbprintList": THUMBPRINT},
        "UpdateOpenIDConnectProviderThumbprint",
    ),
    ("TagOpenIDConnectProvider", {**OIDC_ARN, **TAG}, "TagOpenIDConnectProvider"),
    ("UntagOpenIDConnectProvider", {**OIDC_ARN, **UNTAG}, "UntagOpenIDConnectProvider"),
    ("DeleteOpenIDConnectProvider", OIDC_ARN, "DeleteOpenIDConnectProvider"),
]
