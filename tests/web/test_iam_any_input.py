"""No request to IAM, however odd its values, makes the server fail: it answers or refuses in IAM's words."""

import random

import pytest

from daypass.server.web.iam import build_iam_operations
from daypass.server.web.query_model import iam_model
from support.query_world import ACCOUNT, OTHER_ACCOUNT, QueryWorld, allow, policy_text, trust

_TEXTS = (
    "",
    "ada",
    "staff",
    "reader",
    "x" * 300,
    "*",
    "/",
    "/a/",
    ":",
    "::::::::",
    "arn",
    "arn:aws:iam::",
    "arn:aws:iam:::user/ada",
    f"arn:aws:iam::{ACCOUNT}:user/ada",
    f"arn:aws:iam::{ACCOUNT}:group/staff",
    f"arn:aws:iam::{ACCOUNT}:role/reader",
    f"arn:aws:iam::{ACCOUNT}:mfa/phone",
    f"arn:aws:iam::{ACCOUNT}:policy/Own",
    f"arn:aws:iam::{OTHER_ACCOUNT}:policy/Own",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    f"arn:aws:iam::{ACCOUNT}:saml-provider/Example",
    f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com",
    "v1",
    "v0",
    "v99999999999999999999",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "9" * 30,
    "123456",
    "Active",
    "User",
    "All",
    "é",
    "\x00",
    "\ud7ff\uffff",
    "a\nb",
    policy_text(allow("*")),
    policy_text(trust("*")),
    '{"Version":"2012-10-17","Statement":{}}',
    "{}",
    "[" * 200,
)


async def _furnish(world: QueryWorld) -> None:
    await world.new_user("ada")
    await world.call(world.root, "iam", "CreateGroup", GroupName="staff")
    await world.new_role("reader", trust({"AWS": ACCOUNT}))
    await world.new_policy("Own", allow("s3:*", Condition={"StringLike": {"aws:username": "${aws:userid}"}}))
    await world.call(world.root, "iam", "CreateVirtualMFADevice", VirtualMFADeviceName="phone")


def _parameters(action: str, chance: random.Random) -> dict[str, str]:
    """Values for some of the parameters of the model, lists and structures among them."""
    model, found = iam_model(), {}
    for name, shape_name in model.input_members(action).items():
        shape = model.shapes[shape_name]
        if chance.random() < 0.25 and name not in model.shapes[model.operations[action]["input"]].get(
            "required", ()
        ):
            continue
        if shape["type"] != "list":
            found[name] = chance.choice(shape.get("enum", _TEXTS) if chance.random() < 0.7 else _TEXTS)
            continue
        member = model.shapes[shape["member"]]
        for number in range(1, chance.randint(1, 3) + 1):
            if member["type"] != "structure":
                found[f"{name}.member.{number}"] = chance.choice(_TEXTS)
                continue
            for field, field_shape in member["members"].items():
                end = ".member.1" if model.shapes[field_shape]["type"] == "list" else ""
                found[f"{name}.member.{number}.{field}{end}"] = chance.choice(_TEXTS)
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_every_operation_answers_or_refuses_whatever_it_is_given(world: QueryWorld, seed: int) -> None:
    await _furnish(world)
    chance = random.Random(seed)
    served = build_iam_operations(
        storage=world.storage,
        ring=world.ring,
        hasher=world.hasher,
        randomness=world.randomness,
        saml=world.saml,
    )
    statuses = set()
    actions = sorted(served) * 3
    chance.shuffle(actions)
    for action in actions:
        answer = await world.call(world.root, "iam", action, **_parameters(action, chance))
        assert answer.status in (200, 400, 403, 404, 409), f"{action}: {answer.text[:300]}"
        statuses.add(answer.status)
        assert answer.root.tag in (f"{action}Response", "ErrorResponse")
    assert statuses >= {200, 400, 404}
