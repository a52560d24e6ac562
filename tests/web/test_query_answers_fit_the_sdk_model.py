"""Every STS and IAM answer, held against the service model the SDKs are generated from.

What we send must exist in the model with the model's type, required members must be there, and what our
table of parameters says must be the model's names.
"""

import inspect
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from cryptography.hazmat.primitives import serialization

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.tokens import access_key_id
from daypass.server.web import query_services
from daypass.server.web.iam import build_iam_operations
from daypass.server.web.model_operation import ModelOperation
from daypass.server.web.query_model import iam_model
from daypass.server.web.query_operation import Operation
from daypass.server.web.sts import STS_UNSERVED, UNSIGNED_ACTIONS, build_sts_operations
from support import saml_forge
from support.query_world import ACCOUNT, Answer, QueryWorld, allow, open_query_world, policy_text, trust
from support.saml_forge import make_key, metadata
from support.token_provider import CLIENT_ID, ISSUER

SIGN_IN = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
OWN = f"arn:aws:iam::{ACCOUNT}:policy/Own"
PASSWORD = "correct horse battery"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"
TAGS = {
    f"Tags.member.{number}.{field}": text
    for number, tag in enumerate(({"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}), start=1)
    for field, text in tag.items()
}
BOB = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
DOCUMENT = policy_text(
    allow(
        "s3:GetObject",
        resource="arn:aws:s3:::a/${aws:username}",
        Condition={"Bool": {"aws:SecureTransport": "true"}},
    )
)
ASKED = {
    "ActionNames.member.1": "s3:GetObject",
    "ResourceArns.member.1": "arn:aws:s3:::a/bob",
    "ContextEntries.member.1.ContextKeyName": "aws:SecureTransport",
    "ContextEntries.member.1.ContextKeyValues.member.1": "true",
    "ContextEntries.member.1.ContextKeyType": "boolean",
}
KEY = make_key("idp", end=10 * 365 * 86_400)
METADATA = metadata(KEY)
PRIVATE_KEY = KEY.private_key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()

MODELS = {name: ServiceModel(Loader().load_service_model(name, "service-2")) for name in ("sts", "iam")}

_is_timestamp = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch


def _check(element: ET.Element, shape: Shape, where: str) -> None:
    if isinstance(shape, StructureShape):
        for child in element:
            assert child.tag in shape.members, f"{where}/{child.tag} is not in the model"
            _check(child, shape.members[child.tag], f"{where}/{child.tag}")
        present = {child.tag for child in element}
        assert set(shape.required_members) <= present, f"{where} lacks a required member"
    elif isinstance(shape, MapShape):
        for entry in element:
            assert [child.tag for child in entry] == ["key", "value"]
            _check(entry[1], shape.value, f"{where}/{entry[0].text}")
    elif isinstance(shape, ListShape):
        for child in element:
            assert child.tag == "member"
            _check(child, shape.member, f"{where}/member")
    else:
        text = element.text or ""
        fits = {
            "boolean": text in ("true", "false"),
            "integer": text.isdecimal(),
            "timestamp": _is_timestamp(text) is not None,
            "string": True,
            "blob": text != "",
        }
        assert fits[shape.type_name], f"{where} is no {shape.type_name}"
        size = int(text) if shape.type_name == "integer" else len(text)
        assert size <= shape.metadata.get("max", size), where
        if text != ACCOUNT:  # AWS itself answers root's GetUser with twelve digits where the model says 16
            assert size >= shape.metadata.get("min", 0), where


def _check_answer(service: str, action: str, answer: Answer) -> None:
    assert answer.status == 200, answer.text
    model = MODELS[service].operation_model(action)
    children = {child.tag: child for child in answer.root}
    assert answer.root.tag == f"{action}Response"
    if model.output_shape is None:
        assert set(children) == {"ResponseMetadata"}
        return
    wrapper = model.output_shape.serialization["resultWrapper"]
    assert set(children) == {wrapper, "ResponseMetadata"}
    _check(children[wrapper], model.output_shape, action)


_STORY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("sts", "GetCallerIdentity", {}),
    ("sts", "GetAccessKeyInfo", {"AccessKeyId": "ASIAQAAAAAAAAAAAAAAA"}),
    ("iam", "CreateUser", {"UserName": "bob", "Path": "/team/"}),
    ("iam", "GetUser", {"UserName": "bob"}),
    ("iam", "GetUser", {}),
    ("iam", "ListUsers", {"MaxItems": "1"}),
    ("iam", "TagUser", {"UserName": "bob", **TAGS}),
    ("iam", "ListUserTags", {"UserName": "bob", "MaxItems": "1"}),
    ("iam", "PutUserPermissionsBoundary", {"UserName": "bob", "PermissionsBoundary": SIGN_IN}),
    ("iam", "GetUser", {"UserName": "bob"}),
    ("iam", "PutUserPolicy", {"UserName": "bob", "PolicyName": "in", "PolicyDocument": DOCUMENT}),
    ("iam", "GetUserPolicy", {"UserName": "bob", "PolicyName": "in"}),
    ("iam", "ListUserPolicies", {"UserName": "bob"}),
    ("iam", "CreateGroup", {"GroupName": "staff", "Path": "/team/"}),
    ("iam", "AddUserToGroup", {"GroupName": "staff", "UserName": "bob"}),
    ("iam", "GetGroup", {"GroupName": "staff"}),
    ("iam", "ListGroups", {}),
    ("iam", "ListGroupsForUser", {"UserName": "bob"}),
    ("iam", "AttachGroupPolicy", {"GroupName": "staff", "PolicyArn": SIGN_IN}),
    ("iam", "ListAttachedGroupPolicies", {"GroupName": "staff"}),
    ("iam", "PutGroupPolicy", {"GroupName": "staff", "PolicyName": "in", "PolicyDocument": DOCUMENT}),
    ("iam", "GetGroupPolicy", {"GroupName": "staff", "PolicyName": "in"}),
    ("iam", "ListGroupPolicies", {"GroupName": "staff"}),
    ("iam", "CreateAccessKey", {"UserName": "bob"}),
    ("iam", "ListAccessKeys", {"UserName": "bob"}),
    ("iam", "GetOutboundWebIdentityFederationInfo", {}),
    ("iam", "DisableOutboundWebIdentityFederation", {}),
    ("iam", "EnableOutboundWebIdentityFederation", {}),
    ("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone", **TAGS}),
    ("iam", "TagMFADevice", {"SerialNumber": DEVICE, **TAGS}),
    ("iam", "ListMFADeviceTags", {"SerialNumber": DEVICE, "MaxItems": "1"}),
    ("iam", "UntagMFADevice", {"SerialNumber": DEVICE, "TagKeys.member.1": "a"}),
    ("iam", "ListVirtualMFADevices", {}),
    ("iam", "ListMFADevices", {"UserName": "bob"}),
    ("iam", "DeleteVirtualMFADevice", {"SerialNumber": DEVICE}),
    ("iam", "ListSigningCertificates", {"UserName": "bob"}),
    ("iam", "ListSSHPublicKeys", {"UserName": "bob"}),
    ("iam", "ListServiceSpecificCredentials", {"UserName": "bob"}),
    ("iam", "ListEntitiesForPolicy", {"PolicyArn": SIGN_IN}),
    ("iam", "ListPolicies", {"OnlyAttached": "true"}),
    ("iam", "SimulatePrincipalPolicy", {"PolicySourceArn": BOB, **ASKED}),
    ("iam", "GetContextKeysForPrincipalPolicy", {"PolicySourceArn": BOB}),
    ("iam", "GenerateCredentialReport", {}),
    ("iam", "GetCredentialReport", {}),
    ("iam", "GetAccountAuthorizationDetails", {}),
    ("iam", "DetachGroupPolicy", {"GroupName": "staff", "PolicyArn": SIGN_IN}),
    ("iam", "DeleteGroupPolicy", {"GroupName": "staff", "PolicyName": "in"}),
    ("iam", "RemoveUserFromGroup", {"GroupName": "staff", "UserName": "bob"}),
    ("iam", "UpdateGroup", {"GroupName": "staff", "NewPath": "/"}),
    ("iam", "DeleteGroup", {"GroupName": "staff"}),
    ("iam", "DeleteUserPolicy", {"UserName": "bob", "PolicyName": "in"}),
    ("iam", "DeleteUserPermissionsBoundary", {"UserName": "bob"}),
    ("iam", "UntagUser", {"UserName": "bob", "TagKeys.member.1": "a"}),
    ("iam", "UpdateUser", {"UserName": "bob", "NewPath": "/other/"}),
    ("iam", "SimulateCustomPolicy", {"PolicyInputList.member.1": DOCUMENT, **ASKED}),
    ("iam", "GetContextKeysForCustomPolicy", {"PolicyInputList.member.1": DOCUMENT}),
    ("iam", "UpdateAccountPasswordPolicy", {"RequireNumbers": "false", "MaxPasswordAge": "90"}),
    ("iam", "GetAccountPasswordPolicy", {}),
    ("iam", "DeleteAccountPasswordPolicy", {}),
    ("iam", "CreateAccountAlias", {"AccountAlias": "example-two"}),
    ("iam", "ListAccountAliases", {}),
    ("iam", "DeleteAccountAlias", {"AccountAlias": "example-two"}),
    ("iam", "GetAccountSummary", {}),
    ("iam", "CreateLoginProfile", {"UserName": "bob", "Password": PASSWORD}),
    ("iam", "GetLoginProfile", {"UserName": "bob"}),
    ("iam", "UpdateLoginProfile", {"UserName": "bob", "Password": PASSWORD}),
    ("iam", "DeleteLoginProfile", {"UserName": "bob"}),
    (
        "iam",
        "CreatePolicy",
        {"PolicyName": "Own", "PolicyDocument": policy_text(allow("s3:*")), "Description": "x"},
    ),
    ("iam", "GetPolicy", {"PolicyArn": OWN}),
    ("iam", "GetPolicy", {"PolicyArn": SIGN_IN}),
    ("iam", "GetPolicyVersion", {"PolicyArn": OWN, "VersionId": "v1"}),
    (
        "iam",
        "CreatePolicyVersion",
        {"PolicyArn": OWN, "PolicyDocument": policy_text(allow("s3:Get*")), "SetAsDefault": "true"},
    ),
    ("iam", "ListPolicyVersions", {"PolicyArn": OWN}),
    ("iam", "SetDefaultPolicyVersion", {"PolicyArn": OWN, "VersionId": "v1"}),
    ("iam", "DeletePolicyVersion", {"PolicyArn": OWN, "VersionId": "v2"}),
    ("iam", "TagPolicy", {"PolicyArn": OWN, **TAGS}),
    ("iam", "ListPolicyTags", {"PolicyArn": OWN}),
    ("iam", "GetPolicy", {"PolicyArn": OWN}),
    ("iam", "UntagPolicy", {"PolicyArn": OWN, "TagKeys.member.1": "a"}),
    ("iam", "ListPolicies", {"MaxItems": "3"}),
    ("iam", "AttachUserPolicy", {"UserName": "bob", "PolicyArn": OWN}),
    ("iam", "AttachUserPolicy", {"UserName": "bob", "PolicyArn": SIGN_IN}),
    ("iam", "ListAttachedUserPolicies", {"UserName": "bob", "MaxItems": "1"}),
    ("iam", "DetachUserPolicy", {"UserName": "bob", "PolicyArn": OWN}),
    (
        "iam",
        "CreateRole",
        {"RoleName": "reader", "AssumeRolePolicyDocument": policy_text(trust("*")), "Description": "x"},
    ),
    ("iam", "GetRole", {"RoleName": "reader"}),
    ("iam", "ListRoles", {}),
    ("iam", "PutRolePermissionsBoundary", {"RoleName": "reader", "PermissionsBoundary": SIGN_IN}),
    ("iam", "GetRole", {"RoleName": "reader"}),
    ("iam", "DeleteRolePermissionsBoundary", {"RoleName": "reader"}),
    ("iam", "PutRolePolicy", {"RoleName": "reader", "PolicyName": "in", "PolicyDocument": DOCUMENT}),
    ("iam", "GetRolePolicy", {"RoleName": "reader", "PolicyName": "in"}),
    ("iam", "ListRolePolicies", {"RoleName": "reader"}),
    ("iam", "DeleteRolePolicy", {"RoleName": "reader", "PolicyName": "in"}),
    ("iam", "ListInstanceProfilesForRole", {"RoleName": "reader"}),
    ("iam", "AttachRolePolicy", {"RoleName": "reader", "PolicyArn": OWN}),
    ("iam", "ListAttachedRolePolicies", {"RoleName": "reader"}),
    ("iam", "DetachRolePolicy", {"RoleName": "reader", "PolicyArn": OWN}),
    ("iam", "UpdateRole", {"RoleName": "reader", "MaxSessionDuration": "7200"}),
    ("iam", "UpdateRoleDescription", {"RoleName": "reader", "Description": "y"}),
    (
        "iam",
        "UpdateAssumeRolePolicy",
        {"RoleName": "reader", "PolicyDocument": policy_text(trust({"Federated": SAML}))},
    ),
    ("iam", "TagRole", {"RoleName": "reader", **TAGS}),
    ("iam", "GetRole", {"RoleName": "reader"}),
    ("iam", "ListRoleTags", {"RoleName": "reader", "MaxItems": "1"}),
    ("iam", "UntagRole", {"RoleName": "reader", "TagKeys.member.1": "a"}),
    ("iam", "ListRoleTags", {"RoleName": "reader"}),
    (
        "iam",
        "CreateSAMLProvider",
        {"Name": "Example", "SAMLMetadataDocument": METADATA, "AddPrivateKey": PRIVATE_KEY, **TAGS},
    ),
    ("iam", "UpdateSAMLProvider", {"SAMLProviderArn": SAML, "AssertionEncryptionMode": "Required"}),
    ("iam", "GetSAMLProvider", {"SAMLProviderArn": SAML}),
    ("iam", "ListSAMLProviders", {}),
    ("iam", "TagSAMLProvider", {"SAMLProviderArn": SAML, **TAGS}),
    ("iam", "ListSAMLProviderTags", {"SAMLProviderArn": SAML, "MaxItems": "1"}),
    ("iam", "UntagSAMLProvider", {"SAMLProviderArn": SAML, "TagKeys.member.1": "a"}),
    ("iam", "DeleteSAMLProvider", {"SAMLProviderArn": SAML}),
    (
        "iam",
        "CreateOpenIDConnectProvider",
        {"Url": "https://idp.example.com", "ClientIDList.member.1": "x", "ThumbprintList": "", **TAGS},
    ),
    ("iam", "AddClientIDToOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "y"}),
    ("iam", "RemoveClientIDFromOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "x"}),
    (
        "iam",
        "UpdateOpenIDConnectProviderThumbprint",
        {"OpenIDConnectProviderArn": OIDC, "ThumbprintList.member.1": "a" * 40},
    ),
    ("iam", "GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
    ("iam", "ListOpenIDConnectProviders", {}),
    ("iam", "TagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, **TAGS}),
    ("iam", "ListOpenIDConnectProviderTags", {"OpenIDConnectProviderArn": OIDC}),
    ("iam", "UntagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "TagKeys": ""}),
    ("iam", "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
    ("iam", "DeleteRole", {"RoleName": "reader"}),
    ("iam", "DeletePolicy", {"PolicyArn": OWN}),
)


async def test_every_answer_has_the_shape_of_the_model(world: QueryWorld) -> None:
    for service, action, parameters in _STORY:
        _check_answer(service, action, await world.call(world.root, service, action, **parameters))
    alice = await world.new_user("alice", "arn:aws:iam::aws:policy/AdministratorAccess")
    trusting = trust({"AWS": ACCOUNT}, "sts:*")
    role = await world.new_role("reader", trusting)
    assumed = await world.call(
        alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="me", SourceIdentity="alice"
    )
    _check_answer("sts", "AssumeRole", assumed)
    for action in UNSIGNED_ACTIONS:
        _check_answer("sts", action, await _federated(action))
    key = await _long_term_key(world)
    for action, more in _OF_LONG_TERM_KEYS.items():
        _check_answer("sts", action, await world.call(key, "sts", action, **more))
    asked = (
        {action for _, action, _ in _STORY}
        | UNSIGNED_ACTIONS
        | set(_OF_LONG_TERM_KEYS)
        | {"AssumeRole", "DeleteUser", "ChangePassword", _DECODE}
        | _ELSEWHERE
    )
    assert asked == set(_operations(world))


_ELSEWHERE = {
    *("UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"),
    *("EnableMFADevice", "ResyncMFADevice", "DeactivateMFADevice", "GetMFADevice"),
}
"""What needs a key's id or a device's codes: asked through botocore, which reads by the model, in `tests/clients/`."""
_DECODE = "DecodeAuthorizationMessage"
"""Its answer is held against the model in `test_sts_authorization_messages.py`: it needs a denial."""
_OF_LONG_TERM_KEYS: dict[str, dict[str, str]] = {
    "GetSessionToken": {},
    "GetFederationToken": {"Name": "carol", "Policy": policy_text(allow("s3:*")), **TAGS},
    "GetWebIdentityToken": {"Audience.member.1": "store", "SigningAlgorithm": "ES384"},
}


async def _long_term_key(world: QueryWorld) -> Credentials:
    """Of an administrator."""
    await world.new_user("keeper", "arn:aws:iam::aws:policy/AdministratorAccess")
    user = await world.storage.users.load_user(ACCOUNT, "keeper")
    assert user is not None
    key_id = "AKIA" + access_key_id(ACCOUNT, bytes(8))[4:]
    sealed = world.ring.seal("access-key", b"x" * 40)
    key = AccessKey(key_id, ACCOUNT, user.user_id, sealed, "Active", world.now)
    await world.storage.access_keys.create_access_key(key, limit=2)
    return Credentials(key_id, Secret("x" * 40), None)


async def _federated(action: str) -> Answer:
    """One answer of an action that takes a provider's proof, with everything such an answer may hold."""
    world = await open_query_world(clock_starts_at=saml_forge.NOW)
    saml, oidc = (
        f"arn:aws:iam::{ACCOUNT}:{end}"
        for end in ("saml-provider/Example", "oidc-provider/idp.example.com/team")
    )
    metadata = saml_forge.metadata(saml_forge.key("idp"))
    await world.call(world.root, "iam", "CreateSAMLProvider", Name="Example", SAMLMetadataDocument=metadata)
    provider = {"Url": ISSUER, "ClientIDList.member.1": CLIENT_ID, "ThumbprintList.member.1": "a" * 40}
    await world.call(world.root, "iam", "CreateOpenIDConnectProvider", **provider)
    role = await world.new_role("federated", trust({"Federated": [saml, oidc]}, "sts:*"))
    prefix = "https://aws.amazon.com/SAML/Attributes/"
    place = saml_forge.GENERIC_ACS
    assertion = saml_forge.Draft(recipient=place, audience=place, destination=place).with_(
        attributes={
            prefix + "Role": [f"{role},{saml}"],
            prefix + "RoleSessionName": ["ada"],
            prefix + "SourceIdentity": ["ada"],
            prefix + "PrincipalTag:team": ["blue"],
        }
    )
    token = world.provider.token(
        **{
            "https://aws.amazon.com/source_identity": "ada",
            "https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}},
        }
    )
    proofs = {
        "AssumeRoleWithSAML": {"PrincipalArn": saml, "SAMLAssertion": assertion.field()},
        "AssumeRoleWithWebIdentity": {"RoleSessionName": "ada", "WebIdentityToken": token},
    }
    answer = await world.call_unsigned(action, RoleArn=role, **proofs[action])
    await world.storage.close()
    return answer


def _operations(world: QueryWorld) -> dict[str, Operation]:
    parts: dict[str, Any] = {
        "storage": world.storage,
        "ring": world.ring,
        "randomness": world.randomness,
        "saml": world.saml,
    }
    places: dict[str, Any] = {"external_url": "", "alternate_urls": frozenset()}
    return {
        **build_sts_operations(**parts, **places, oidc=world.oidc),
        **build_iam_operations(**parts, hasher=world.hasher),
    }


async def test_operations_without_output_have_none_in_the_model(world: QueryWorld) -> None:
    for action, operation in _operations(world).items():
        model = MODELS["sts" if action in MODELS["sts"].operation_names else "iam"].operation_model(action)
        assert (operation.answer is None) == (model.output_shape is None), action


async def test_parameters_are_spelled_and_required_as_in_the_model(world: QueryWorld) -> None:
    for action, operation in _operations(world).items():
        if isinstance(operation, ModelOperation):
            continue  # read by the model itself
        model = MODELS["sts" if action in MODELS["sts"].operation_names else "iam"].operation_model(action)
        shape = model.input_shape
        members = set(shape.members) if shape else set()
        required = set(shape.required_members) if shape else set()
        assert {parameter.name for parameter in operation.parameters} <= members, action
        ours = {parameter.name for parameter in operation.parameters if parameter.is_required}
        # A password is what a login profile is for; the model lets it be absent for root's own.
        assert ours - {"Password"} == required, action


async def test_every_parameter_of_the_model_reaches_the_flow_or_is_refused(world: QueryWorld) -> None:
    for action, operation in _operations(world).items():
        if not isinstance(operation, ModelOperation):
            continue
        signature = inspect.signature(operation.run)
        for name in iam_model().input_members(action):
            if name in operation.without:
                assert operation.keyword(name) not in signature.parameters, action
            else:
                signature.bind_partial(None, **{operation.keyword(name): None})


def test_every_other_action_of_the_sts_model_is_refused_by_name() -> None:
    served = {
        "GetCallerIdentity",
        "GetAccessKeyInfo",
        "AssumeRole",
        _DECODE,
        *UNSIGNED_ACTIONS,
        *_OF_LONG_TERM_KEYS,
    }
    assert served | STS_UNSERVED >= set(MODELS["sts"].operation_names)


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_version_and_namespace_are_the_model_s(service: str) -> None:
    built = {"sts": query_services.sts_service, "iam": query_services.iam_service}[service]({})
    assert built.version == MODELS[service].api_version
    assert built.namespace == MODELS[service].metadata["xmlNamespace"]
