"""An account's web identity tokens can be switched off and on, and name their issuer (IAM reference)."""

import pytest

from support.query_world import EXTERNAL_URL, QueryWorld, allow

ENABLE, DISABLE, INFO = (
    "EnableOutboundWebIdentityFederation",
    "DisableOutboundWebIdentityFederation",
    "GetOutboundWebIdentityFederationInfo",
)
TOKEN = {"SigningAlgorithm": "ES384", "Audience.member.1": "store"}


async def test_tokens_are_given_until_somebody_switches_them_off(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("sts:GetWebIdentityToken"))
    info = await world.call(world.root, "iam", INFO)
    assert (info.value("IssuerIdentifier"), info.value("JwtVendingEnabled")) == (EXTERNAL_URL, "true")
    again = await world.call(world.root, "iam", ENABLE)
    assert (again.status, again.code) == (409, "FeatureEnabled")
    assert (await world.call(alice, "sts", "GetWebIdentityToken", **TOKEN)).status == 200

    assert (await world.call(world.root, "iam", DISABLE)).status == 200
    refused = await world.call(alice, "sts", "GetWebIdentityToken", **TOKEN)
    assert (refused.status, refused.code) == (403, "OutboundWebIdentityFederationDisabledException")
    for action in (DISABLE, INFO):
        off = await world.call(world.root, "iam", action)
        assert (off.status, off.code) == (404, "FeatureDisabled")
    assert (await world.call(world.other_root, "iam", INFO)).status == 200, "another account's is its own"

    on = await world.call(world.root, "iam", ENABLE)
    assert on.value("IssuerIdentifier") == EXTERNAL_URL
    assert (await world.call(alice, "sts", "GetWebIdentityToken", **TOKEN)).status == 200


async def test_who_may_not_ask_does_not_learn_whether_they_are_off(world: QueryWorld) -> None:
    bob = await world.new_user("bob")
    assert (await world.call(world.root, "iam", DISABLE)).status == 200
    assert (await world.call(bob, "sts", "GetWebIdentityToken", **TOKEN)).code == "AccessDenied"


@pytest.mark.parametrize("action", [ENABLE, DISABLE, INFO])
async def test_each_asks_for_the_permission_of_its_own_name(world: QueryWorld, action: str) -> None:
    others = [f"iam:{each}" for each in (ENABLE, DISABLE, INFO) if each != action]
    alice = await world.new_user("alice", allow(*others))
    assert (await world.call(alice, "iam", action)).code == "AccessDenied"
    bob = await world.new_user("bob", allow(f"iam:{action}"))
    assert (await world.call(bob, "iam", action)).code in ("", "FeatureEnabled")
