"""SAML and OpenID Connect providers over the wire."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daypass.protocol.aws.errors import ConcurrentModification
from daypass.server.domain.saml_keys import open_service_keys
from support.query_world import ACCOUNT, NOW, OTHER_ACCOUNT, Answer, QueryWorld, allow, deny, trust
from support.saml_forge import make_key, metadata

ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
URL = "https://idp.example.com/realms/staff"
OIDC_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/realms/staff"
THUMB = "0123456789abcdef0123456789ABCDEF01234567"
TEN_YEARS = 10 * 365 * 86_400
METADATA = metadata(make_key("idp", end=TEN_YEARS))
TAG = {"Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue"}


def _pem(bits: int = 2048) -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=bits)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


async def _create_saml(world: QueryWorld, **more: str) -> Answer:
    parameters = {"Name": "Example", "SAMLMetadataDocument": METADATA, **more}
    return await world.call(world.root, "iam", "CreateSAMLProvider", **parameters)


async def _create_oidc(world: QueryWorld, **more: str) -> Answer:
    return await world.call(world.root, "iam", "CreateOpenIDConnectProvider", **{"Url": URL, **more})


def _asked(detail: Any) -> dict[str, Any]:
    """What a row holds of the request, without what it says of the caller."""
    return {name: value for name, value in detail.items() if not name.startswith("caller_")}


async def test_a_saml_provider_is_created_and_read_back(world: QueryWorld) -> None:
    created = await _create_saml(world, AssertionEncryptionMode="Allowed", AddPrivateKey=_pem(), **TAG)
    assert created.status == 200, created.text
    assert created.value("SAMLProviderArn") == ARN
    assert (created.values("Key"), created.values("Value")) == (["Team"], ["blue"])
    got = await world.call(world.root, "iam", "GetSAMLProvider", SAMLProviderArn=ARN)
    assert got.value("SAMLMetadataDocument") == METADATA
    assert re.fullmatch(r"SAML[A-Z2-7]{32}", got.value("SAMLProviderUUID"))
    assert re.fullmatch(r"KEY[A-Z2-7]{32}", got.value("PrivateKeyList/member/KeyId"))
    assert got.value("CreateDate") == "2030-03-17T17:46:40Z"
    assert got.value("AssertionEncryptionMode") == "Allowed"
    listed = await world.call(world.root, "iam", "ListSAMLProviders")
    assert listed.values("Arn") == [ARN]
    assert listed.value("ValidUntil") == got.value("ValidUntil")
    again = await _create_saml(world, Name="EXAMPLE")
    assert (again.status, again.code) == (409, "EntityAlreadyExists")
    deleted = await world.call(world.root, "iam", "DeleteSAMLProvider", SAMLProviderArn=ARN)
    assert deleted.status == 200
    gone = await world.call(world.root, "iam", "GetSAMLProvider", SAMLProviderArn=ARN)
    assert (gone.status, gone.code) == (404, "NoSuchEntity")
    assert gone.message == f"Manifest not found for arn {ARN}"


async def test_private_keys_are_sealed_in_storage_and_in_no_answer_and_no_audit_row(
    world: QueryWorld,
) -> None:
    pem = _pem()
    created = await _create_saml(world, AddPrivateKey=pem)
    provider = await world.storage.saml_providers.load_saml_provider(ARN)
    assert provider is not None
    service_key, keys = open_service_keys(world.ring, provider)
    added = serialization.load_der_private_key(keys[1], None)
    assert serialization.load_pem_private_key(pem.encode(), None).private_numbers() == added.private_numbers()  # type: ignore[union-attr]  # both RSA
    assert serialization.load_der_private_key(service_key, None)
    got = await world.call(world.root, "iam", "GetSAMLProvider", SAMLProviderArn=ARN)
    rows = await world.storage.audit.list_events(account_id=ACCOUNT, since=0, limit=10)
    row = next(row for row in rows if row.event_name == "CreateSAMLProvider")
    assert _asked(row.detail) == {"name": "Example"}
    for text in (created.text, got.text, repr(rows), repr(provider)):
        for secret in (pem.splitlines()[1], provider.sealed_service_key, provider.private_keys[0].sealed_key):
            assert secret not in text


async def test_a_saml_provider_s_metadata_mode_and_keys_are_replaced(world: QueryWorld) -> None:
    await _create_saml(world)
    before = await world.storage.saml_providers.load_saml_provider(ARN)
    assert before is not None

    async def update(**parameters: str) -> Answer:
        return await world.call(world.root, "iam", "UpdateSAMLProvider", SAMLProviderArn=ARN, **parameters)

    other = metadata(make_key("other", end=TEN_YEARS), entity_id="https://other.example.com/metadata")
    for parameters in (
        {"SAMLMetadataDocument": other},
        {"AssertionEncryptionMode": "Required"},
        {"AddPrivateKey": _pem()},
        {"AddPrivateKey": _pem()},
        {},
    ):
        answer = await update(**parameters)
        assert (answer.status, answer.value("SAMLProviderArn")) == (200, ARN), answer.text
    third = await update(AddPrivateKey=_pem())
    assert (third.status, third.code) == (409, "LimitExceeded")
    after = await world.storage.saml_providers.load_saml_provider(ARN)
    assert after is not None
    assert after.entity_id == "https://other.example.com/metadata"
    assert after.assertion_encryption == "Required"
    assert after.provider_uuid == before.provider_uuid
    assert after.sealed_service_key == before.sealed_service_key
    first, second = (private_key.key_id for private_key in after.private_keys)
    replaced = await update(RemovePrivateKey=first, AddPrivateKey=_pem())
    assert replaced.status == 200, "removing makes room for adding in the same request"
    got = await world.call(world.root, "iam", "GetSAMLProvider", SAMLProviderArn=ARN)
    assert got.values("KeyId")[0] == second
    assert len(got.values("KeyId")) == 2
    unknown = await update(RemovePrivateKey=first)
    assert (unknown.status, unknown.code) == (404, "NoSuchEntity")


@pytest.mark.parametrize(
    "more, code",
    [
        ({"SAMLMetadataDocument": "<xml/>"}, "ValidationError"),
        ({"SAMLMetadataDocument": "x" * 1000}, "InvalidInput"),
        ({"SAMLMetadataDocument": METADATA + "\x00"}, "ValidationError"),
        ({"SAMLMetadataDocument": METADATA.replace("IDPSSODescriptor", "SPSSODescriptor")}, "InvalidInput"),
        ({"SAMLMetadataDocument": metadata(extra=" " * 1000)}, "InvalidInput"),
        ({"Name": "a b"}, "ValidationError"),
        ({"Name": ""}, "ValidationError"),
        ({"AssertionEncryptionMode": "Perhaps"}, "ValidationError"),
        ({"AddPrivateKey": "x"}, "InvalidInput"),
        ({"AddPrivateKey": ""}, "ValidationError"),
        ({"Tags.member.1.Key": "a"}, "ValidationError"),
        ({"Tags.member.1.Value": "a"}, "ValidationError"),
        ({"Tags.member.1": "a"}, "ValidationError"),
        ({"Tags": "a"}, "ValidationError"),
        ({"Tags.1.Key": "a"}, "ValidationError"),
        ({"Tags.member.1.Key": "a", "Tags.member.1.Value": "", "Tags.member.1.More": "x"}, "ValidationError"),
        ({"Tags.member.2.Key": "a", "Tags.member.2.Value": ""}, "ValidationError"),
        ({"Tags.member.01.Key": "a", "Tags.member.01.Value": ""}, "ValidationError"),
        ({"Tags.member.1.Key": "aws:a", "Tags.member.1.Value": ""}, "InvalidInput"),
        ({**TAG, "Tags.member.2.Key": "TEAM", "Tags.member.2.Value": ""}, "InvalidInput"),
        (
            {f"Tags.member.{n}.{f}": f"k{n}" for n in range(1, 52) for f in ("Key", "Value")},
            "ValidationError",
        ),
    ],
)
async def test_a_saml_provider_that_cannot_be_is_refused(
    world: QueryWorld, more: dict[str, str], code: str
) -> None:
    answer = await _create_saml(world, **more)
    assert answer.code == code, answer.text
    assert await world.storage.saml_providers.list_saml_providers(ACCOUNT) == []


async def test_metadata_that_has_expired_is_refused(world: QueryWorld) -> None:
    world.now = NOW + 100 * 365 * 86_400
    answer = await _create_saml(world)
    assert answer.code == "InvalidInput"


async def test_an_openid_connect_provider_is_created_changed_and_deleted(world: QueryWorld) -> None:
    created = await _create_oidc(
        world, **{"ClientIDList.member.1": "app", "ThumbprintList.member.1": THUMB}, **TAG
    )
    assert created.status == 200, created.text
    assert created.value("OpenIDConnectProviderArn") == OIDC_ARN
    arn = {"OpenIDConnectProviderArn": OIDC_ARN}

    async def change(action: str, **parameters: str) -> Answer:
        return await world.call(world.root, "iam", action, **arn, **parameters)

    for client_id in ("other", "other"):
        assert (await change("AddClientIDToOpenIDConnectProvider", ClientID=client_id)).status == 200
    for client_id in ("app", "app"):
        assert (await change("RemoveClientIDFromOpenIDConnectProvider", ClientID=client_id)).status == 200
    changed = await change("UpdateOpenIDConnectProviderThumbprint", **{"ThumbprintList.member.1": "f" * 40})
    assert changed.status == 200
    got = await change("GetOpenIDConnectProvider")
    assert got.value("Url") == "idp.example.com/realms/staff"
    assert got.values("ClientIDList/member") == ["other"]
    assert got.values("ThumbprintList/member") == ["f" * 40]
    assert got.values("Key") == ["Team"]
    stored = await world.storage.oidc_providers.load_oidc_provider(OIDC_ARN)
    assert stored is not None
    assert stored.url == URL, "the issuer is kept as its tokens say it"
    listed = await world.call(world.root, "iam", "ListOpenIDConnectProviders")
    assert listed.values("Arn") == [OIDC_ARN]
    again = await _create_oidc(world, Url=URL + "/")
    assert (again.status, again.code) == (409, "EntityAlreadyExists"), "one ARN, one provider"
    for _ in range(2):
        assert (await change("DeleteOpenIDConnectProvider")).status == 200, "deleting is idempotent"
    gone = await change("GetOpenIDConnectProvider")
    assert (gone.status, gone.code) == (404, "NoSuchEntity")
    assert gone.message == f"OpenIDConnect Provider not found for arn {OIDC_ARN}"


async def test_thumbprints_may_be_left_out_and_lists_may_be_empty(world: QueryWorld) -> None:
    created = await _create_oidc(world, Url="http://127.0.0.1:9000", ThumbprintList="", ClientIDList="")
    assert created.status == 200, created.text
    arn = created.value("OpenIDConnectProviderArn")
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/127.0.0.1:9000"
    got = await world.call(world.root, "iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    assert got.values("ClientIDList/member") == []
    cleared = await world.call(
        world.root,
        "iam",
        "UpdateOpenIDConnectProviderThumbprint",
        OpenIDConnectProviderArn=arn,
        ThumbprintList="",
    )
    assert cleared.status == 200


def _list(name: str, texts: list[str]) -> dict[str, str]:
    return {f"{name}.member.{number}": text for number, text in enumerate(texts, start=1)}


@pytest.mark.parametrize(
    "more, code",
    [
        ({"Url": "http://idp.example.com"}, "InvalidInput"),
        ({"Url": "https://idp.example.com?x"}, "InvalidInput"),
        ({"Url": ""}, "ValidationError"),
        ({"Url": "https://" + "a" * 250}, "ValidationError"),
        (_list("ClientIDList", [f"c{n}" for n in range(101)]), "LimitExceeded"),
        (_list("ClientIDList", ["a", "a"]), "InvalidInput"),
        (_list("ClientIDList", ["x" * 256]), "ValidationError"),
        (_list("ClientIDList", ["a\x00"]), "ValidationError"),
        ({"ClientIDList.member.2": "a"}, "ValidationError"),
        ({"ClientIDList.member.1.x": "a"}, "ValidationError"),
        (_list("ThumbprintList", [f"{n}" * 40 for n in range(6)]), "InvalidInput"),
        (_list("ThumbprintList", ["a" * 39]), "ValidationError"),
        (_list("ThumbprintList", ["g" * 40]), "InvalidInput"),
        (_list("ThumbprintList", ["a" * 40, "A" * 40]), "InvalidInput"),
        ({"Tags.member.1.Key": "aws:a", "Tags.member.1.Value": ""}, "InvalidInput"),
    ],
)
async def test_an_openid_connect_provider_that_cannot_be_is_refused(
    world: QueryWorld, more: dict[str, str], code: str
) -> None:
    answer = await _create_oidc(world, **more)
    assert answer.code == code, answer.text
    assert await world.storage.oidc_providers.list_oidc_providers(ACCOUNT) == []


async def test_a_hundred_client_ids_are_the_most(world: QueryWorld) -> None:
    created = await _create_oidc(world, **_list("ClientIDList", [f"c{n}" for n in range(100)]))
    assert created.status == 200
    answer = await world.call(
        world.root,
        "iam",
        "AddClientIDToOpenIDConnectProvider",
        OpenIDConnectProviderArn=OIDC_ARN,
        ClientID="one more",
    )
    assert (answer.status, answer.code) == (409, "LimitExceeded")


async def test_an_account_has_a_hundred_providers_of_each_kind_at_most(world: QueryWorld) -> None:
    for number in range(100):
        assert (await _create_saml(world, Name=f"p{number}")).status == 200
        assert (await _create_oidc(world, Url=f"{URL}/{number}")).status == 200
    for answer in (await _create_saml(world), await _create_oidc(world)):
        assert (answer.status, answer.code) == (409, "LimitExceeded")
    elsewhere = await world.call(world.other_root, "iam", "CreateOpenIDConnectProvider", Url=URL)
    assert elsewhere.value("OpenIDConnectProviderArn") == OIDC_ARN.replace(ACCOUNT, OTHER_ACCOUNT)


_ON_SAML: list[tuple[str, dict[str, str]]] = [
    ("GetSAMLProvider", {}),
    ("UpdateSAMLProvider", {"AssertionEncryptionMode": "Required"}),
    ("DeleteSAMLProvider", {}),
    ("TagSAMLProvider", TAG),
    ("UntagSAMLProvider", {"TagKeys.member.1": "Team"}),
    ("ListSAMLProviderTags", {}),
]
_ON_OIDC: list[tuple[str, dict[str, str]]] = [
    ("GetOpenIDConnectProvider", {}),
    ("AddClientIDToOpenIDConnectProvider", {"ClientID": "x"}),
    ("RemoveClientIDFromOpenIDConnectProvider", {"ClientID": "x"}),
    ("UpdateOpenIDConnectProviderThumbprint", {"ThumbprintList": ""}),
    ("DeleteOpenIDConnectProvider", {}),
    ("TagOpenIDConnectProvider", TAG),
    ("UntagOpenIDConnectProvider", {"TagKeys.member.1": "Team"}),
    ("ListOpenIDConnectProviderTags", {}),
]


@pytest.mark.parametrize("action, parameters", _ON_SAML + _ON_OIDC)
async def test_another_account_s_provider_is_closed_even_to_root(
    world: QueryWorld, action: str, parameters: dict[str, str]
) -> None:
    await _create_saml(world)
    await _create_oidc(world)
    name = {"SAMLProviderArn": ARN} if "SAML" in action else {"OpenIDConnectProviderArn": OIDC_ARN}
    before = await world.storage.accounts.load_revision(ACCOUNT)
    answer = await world.call(world.other_root, "iam", action, **name, **parameters)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert await world.storage.accounts.load_revision(ACCOUNT) == before


@pytest.mark.parametrize("action, parameters", _ON_SAML + _ON_OIDC)
async def test_an_arn_that_is_no_provider_s_is_refused(
    world: QueryWorld, action: str, parameters: dict[str, str]
) -> None:
    member = "SAMLProviderArn" if "SAML" in action else "OpenIDConnectProviderArn"
    wrong = await world.call(
        world.root, "iam", action, **{member: f"arn:aws:iam::{ACCOUNT}:role/reader"}, **parameters
    )
    assert wrong.code == "InvalidInput"
    absent = {"SAMLProviderArn": ARN + "2"} if "SAML" in action else {member: OIDC_ARN + "2"}
    answer = await world.call(world.root, "iam", action, **absent, **parameters)
    assert answer.code == ("" if action == "DeleteOpenIDConnectProvider" else "NoSuchEntity")


@pytest.mark.parametrize("action, parameters", _ON_SAML + _ON_OIDC)
async def test_rights_can_be_given_for_one_provider_only(
    world: QueryWorld, action: str, parameters: dict[str, str]
) -> None:
    """The resource is the provider's ARN, whatever the action."""
    await _create_saml(world)
    await _create_oidc(world)
    mine, member = (ARN, "SAMLProviderArn") if "SAML" in action else (OIDC_ARN, "OpenIDConnectProviderArn")
    other = mine + "2"
    if "SAML" in action:
        await _create_saml(world, Name="Example2")
    else:
        await _create_oidc(world, Url=URL + "2")
    alice = await world.new_user("alice", allow(f"iam:{action}", resource=mine))
    allowed = await world.call(alice, "iam", action, **{member: mine}, **parameters)
    assert allowed.status == 200, allowed.text
    refused = await world.call(alice, "iam", action, **{member: other}, **parameters)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert f"is not authorized to perform: iam:{action} on resource: {other}" in refused.message


@pytest.mark.parametrize(
    "action, parameters, tagging",
    [
        ("CreateSAMLProvider", {"Name": "Example", "SAMLMetadataDocument": METADATA}, "TagSAMLProvider"),
        ("CreateOpenIDConnectProvider", {"Url": URL}, "TagOpenIDConnectProvider"),
    ],
)
async def test_creating_with_tags_asks_for_the_right_to_tag(
    world: QueryWorld, action: str, parameters: dict[str, str], tagging: str
) -> None:
    alice = await world.new_user("alice", allow("iam:*"), deny(f"iam:{tagging}"))
    refused = await world.call(alice, "iam", action, **parameters, **TAG)
    assert refused.code == "AccessDenied"
    assert f"iam:{tagging}" in refused.message
    assert (await world.call(alice, "iam", action, **parameters)).status == 200


async def test_a_denied_call_is_audited_with_names_and_no_values(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await world.call(alice, "iam", "CreateSAMLProvider", Name="Example", SAMLMetadataDocument=METADATA, **TAG)
    await world.call(
        alice, "iam", "CreateOpenIDConnectProvider", Url=URL, **_list("ClientIDList", ["a", "b"]), **TAG
    )
    rows: Any = await world.storage.audit.list_events(account_id=ACCOUNT, since=0, limit=2)
    details = {row.event_name: _asked(row.detail) for row in rows}
    assert details == {
        "CreateSAMLProvider": {"name": "Example", "tags": "Team"},
        "CreateOpenIDConnectProvider": {"url": URL, "clientIDList": "a, b", "tags": "Team"},
    }
    assert {row.error_code for row in rows} == {"AccessDenied"}


@pytest.mark.parametrize("tag", [False, True])
async def test_of_two_changes_at_the_same_moment_none_is_lost(world: QueryWorld, tag: bool) -> None:
    """Each asks for another addition: whoever read before the other wrote is told to ask again."""
    await _create_oidc(world)

    def ask(number: int) -> Any:
        arn = {"OpenIDConnectProviderArn": OIDC_ARN}
        if tag:
            tags = {"Tags.member.1.Key": f"k{number}", "Tags.member.1.Value": ""}
            return world.call(world.root, "iam", "TagOpenIDConnectProvider", **arn, **tags)
        return world.call(
            world.root, "iam", "AddClientIDToOpenIDConnectProvider", **arn, ClientID=f"k{number}"
        )

    answers = await asyncio.gather(*map(ask, range(8)))
    assert {answer.code for answer in answers} <= {"", "ConcurrentModification"}
    assert {answer.status for answer in answers} <= {200, 409}
    provider = await world.storage.oidc_providers.load_oidc_provider(OIDC_ARN)
    assert provider is not None
    kept = {key for key, _ in provider.tags} if tag else set(provider.client_ids)
    assert kept == {f"k{number}" for number, answer in enumerate(answers) if answer.status == 200}
    assert kept


async def test_a_provider_that_has_changed_since_it_was_read_is_not_overwritten(world: QueryWorld) -> None:
    await _create_saml(world)
    read = await world.storage.saml_providers.load_saml_provider(ARN)
    assert read is not None
    await world.call(world.root, "iam", "TagSAMLProvider", SAMLProviderArn=ARN, **TAG)
    before = await world.storage.accounts.load_revision(ACCOUNT)
    with pytest.raises(ConcurrentModification):
        await world.storage.saml_providers.update_saml_provider(
            replace(read, assertion_encryption="Required"), before=read
        )
    assert await world.storage.accounts.load_revision(ACCOUNT) == before
    await world.new_role("reader", trust({"AWS": ACCOUNT}), **TAG)
    with pytest.raises(ConcurrentModification):
        await world.storage.roles.update_role(ACCOUNT, "reader", tags=(), tags_before=())
    role = await world.storage.roles.load_role(ACCOUNT, "reader")
    assert role is not None
    assert role.tags == (("Team", "blue"),)
