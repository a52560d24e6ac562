"""The quotas as callers meet them: code, words, and that what fits is taken (IAM user guide, "IAM and STS quotas")."""

import asyncio
import json
from collections import Counter

import pytest

from daypass.server.flows.iam import oidc_providers, saml_providers
from daypass.server.ports.saml import ServiceKey
from support import saml_forge
from support.query_world import ACCOUNT, Answer, QueryWorld, allow, policy_text, trust


def policy_of(size: int, *, spaces: int = 0) -> str:
    """A policy of so many characters, white space not counted."""
    empty = json.loads(policy_text(allow("s3:Get")))
    short = json.dumps(empty, separators=(",", ":"))
    empty["Statement"][0]["Action"] = ["s3:Get" + "x" * (size - len(short))]
    document = json.dumps(empty, separators=(",", ":")) + " " * spaces
    assert len(document) == size + spaces
    return document


@pytest.mark.parametrize(("kind", "room"), [("User", 2048), ("Group", 5120), ("Role", 10_240)])
async def test_inline_policies_share_a_room(world: QueryWorld, kind: str, room: int) -> None:
    made = {"AssumeRolePolicyDocument": policy_text(trust({"AWS": ACCOUNT}))} if kind == "Role" else {}
    named = {f"{kind}Name": "somebody"}
    assert (await world.call(world.root, "iam", f"Create{kind}", **named, **made)).status == 200

    async def put(name: str, size: int, spaces: int = 0) -> str:
        document = policy_of(size, spaces=spaces)
        answer = await world.call(
            world.root, "iam", f"Put{kind}Policy", **named, PolicyName=name, PolicyDocument=document
        )
        if answer.code == "LimitExceeded":
            assert (
                answer.message == f"Maximum policy size of {room} bytes exceeded for {kind.lower()} somebody"
            )
        return answer.code

    assert await put("first", room - 500, spaces=200) == ""
    assert await put("second", 501) == "LimitExceeded"
    assert await put("second", 500) == ""
    assert await put("FIRST", room - 499) == "LimitExceeded"
    assert await put("FIRST", room - 500) == "", "it replaces the first"
    assert await put("second", room + 1) == "LimitExceeded"


async def test_a_managed_policy_has_6144_characters_in_every_version(world: QueryWorld) -> None:
    words = "Cannot exceed quota for PolicySize: 6144"
    create = {"PolicyName": "long"}
    refused = await world.call(world.root, "iam", "CreatePolicy", **create, PolicyDocument=policy_of(6145))
    assert (refused.code, refused.message) == ("LimitExceeded", words)
    made = await world.call(
        world.root, "iam", "CreatePolicy", **create, PolicyDocument=policy_of(6144, spaces=9)
    )
    arn = {"PolicyArn": made.value("Policy/Arn")}
    refused = await world.call(
        world.root, "iam", "CreatePolicyVersion", **arn, PolicyDocument=policy_of(6145)
    )
    assert (refused.code, refused.message) == ("LimitExceeded", words)
    taken = await world.call(world.root, "iam", "CreatePolicyVersion", **arn, PolicyDocument=policy_of(6144))
    assert taken.status == 200


async def test_a_third_openid_provider_is_one_too_many_where_two_are_allowed(
    world: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_providers, "MAX_PROVIDERS", 2)
    answers = [
        await world.call(
            world.root, "iam", "CreateOpenIDConnectProvider", Url=f"https://idp{number}.example.com"
        )
        for number in range(3)
    ]
    assert [answer.code for answer in answers] == ["", "", "LimitExceeded"]
    assert answers[-1].message == "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 2"


async def test_of_twenty_saml_providers_made_at_once_two_are_where_two_are_allowed(
    world: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saml_providers, "MAX_PROVIDERS", 2)
    metadata = saml_forge.metadata(saml_forge.make_key("idp", end=10 * 365 * 86_400))
    everybody_has_looked = asyncio.Barrier(20)
    key = await world.saml.make_service_key()

    async def make_service_key() -> ServiceKey:
        await everybody_has_looked.wait()
        return key

    monkeypatch.setattr(world.saml, "make_service_key", make_service_key)

    async def create(name: str) -> Answer:
        return await world.call(
            world.root, "iam", "CreateSAMLProvider", Name=name, SAMLMetadataDocument=metadata
        )

    answers = await asyncio.gather(*(create(f"p{number}") for number in range(20)))
    assert Counter(answer.code for answer in answers) == {"": 2, "LimitExceeded": 18}
    late = await create("late")
    assert (late.code, late.message) == (
        "LimitExceeded",
        "Cannot exceed quota for SAMLProvidersPerAccount: 2",
    )
