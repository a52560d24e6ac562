"""A denial's sealed text, and DecodeAuthorizationMessage: what it tells, to whom, and for how long."""

import json

import botocore.parsers
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from support.query_world import ACCOUNT, NOW, Answer, QueryWorld, allow, deny

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
MODEL = ServiceModel(Loader().load_service_model("sts", "service-2"))
DECODE = "DecodeAuthorizationMessage"


async def _refused(world: QueryWorld, *policies: dict[str, object]) -> Answer:
    alice = await world.new_user("alice", *policies)
    await world.new_user("bob")
    refused = await world.call(alice, "iam", "DeleteUser", UserName="bob")
    assert refused.code == "AccessDenied"
    return refused


async def test_an_explicit_deny_is_told_with_statement_and_circumstances(world: QueryWorld) -> None:
    refused = await _refused(world, allow("iam:*"), deny("iam:DeleteUser", Sid="NoDeleting"))
    answer = await world.call(world.root, "sts", DECODE, EncodedMessage=refused.encoded_message)
    told = json.loads(answer.value("DecodedMessage"))
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    assert told["policyType"] == "identity-based policy"
    (statement,) = told["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"]) == ("NoDeleting", "DENY")
    assert told["context"]["action"] == "iam:DeleteUser"
    assert told["context"]["resource"] == BOB
    assert told["context"]["principal"]["arn"] == ALICE
    conditions = {
        item["key"]: [value["value"] for value in item["values"]["items"]]
        for item in told["context"]["conditions"]["items"]
    }
    assert conditions["aws:username"] == ["alice"]
    assert conditions["aws:PrincipalArn"] == [ALICE]
    assert "aws:SourceIp" in conditions


async def test_an_implicit_deny_names_no_statement(world: QueryWorld) -> None:
    refused = await _refused(world, allow("s3:*"))
    answer = await world.call(world.root, "sts", DECODE, EncodedMessage=refused.encoded_message)
    told = json.loads(answer.value("DecodedMessage"))
    assert (told["explicitDeny"], told["matchedStatements"]) == (False, {"items": []})


async def test_the_sdk_reads_both_the_refusal_and_what_it_says(world: QueryWorld) -> None:
    refused = await _refused(world)
    parser = botocore.parsers.create_parser("query")
    response = {"headers": {}, "status_code": refused.status, "body": refused.text.encode()}
    parsed = parser.parse(response, MODEL.operation_model(DECODE).output_shape)
    assert parsed["Error"]["Code"] == "AccessDenied"
    words, _, encoded = parsed["Error"]["Message"].partition(" Encoded authorization failure message: ")
    assert words.endswith("because no identity-based policy allows the iam:DeleteUser action")
    assert 0 < len(encoded) <= 1400
    answer = await world.call(world.root, "sts", DECODE, EncodedMessage=encoded)
    response = {"headers": {}, "status_code": 200, "body": answer.text.encode()}
    decoded = parser.parse(response, MODEL.operation_model(DECODE).output_shape)
    assert json.loads(decoded["DecodedMessage"])["context"]["action"] == "iam:DeleteUser"


async def test_decoding_needs_its_own_permission(world: QueryWorld) -> None:
    refused = await _refused(world)
    carol = await world.new_user("carol")
    answer = await world.call(carol, "sts", DECODE, EncodedMessage=refused.encoded_message)
    assert (answer.code, answer.has("DecodedMessage")) == ("AccessDenied", False)
    dave = await world.new_user("dave", allow("sts:DecodeAuthorizationMessage"))
    answer = await world.call(dave, "sts", DECODE, EncodedMessage=refused.encoded_message)
    assert answer.status == 200


async def test_another_account_s_message_is_no_message(world: QueryWorld) -> None:
    refused = await _refused(world)
    answer = await world.call(world.other_root, "sts", DECODE, EncodedMessage=refused.encoded_message)
    assert (answer.status, answer.code) == (400, "InvalidAuthorizationMessageException")


async def test_a_message_ends_after_a_week(world: QueryWorld) -> None:
    refused = await _refused(world)
    for after, status in ((7 * 86_400 - 1, 200), (7 * 86_400, 400)):
        world.now = NOW + after
        root = world.root
        answer = await world.call(root, "sts", DECODE, EncodedMessage=refused.encoded_message)
        assert answer.status == status


@pytest.mark.parametrize(
    "bend",
    [
        lambda text: text[:-4],
        lambda text: text[:60] + ("A" if text[60] != "A" else "B") + text[61:],
        lambda _: "x",
    ],
)
async def test_a_bent_text_is_refused(world: QueryWorld, bend: object) -> None:
    refused = await _refused(world)
    assert callable(bend)
    answer = await world.call(world.root, "sts", DECODE, EncodedMessage=bend(refused.encoded_message))
    assert answer.code == "InvalidAuthorizationMessageException"


async def test_the_audit_log_holds_neither_the_sealed_text_nor_what_was_asked_to_be_opened(
    world: QueryWorld,
) -> None:
    refused = await _refused(world)
    carol = await world.new_user("carol")
    await world.call(carol, "sts", DECODE, EncodedMessage=refused.encoded_message)
    events = await world.storage.audit.list_events(account_id=ACCOUNT, since=0, limit=100)
    assert events
    assert all(refused.encoded_message not in repr(event) for event in events)


async def test_a_refused_assume_role_tells_nothing_of_the_role(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("sts:*"))
    role = f"arn:aws:iam::{ACCOUNT}:role/none"
    refused = await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="me")
    assert (refused.code, refused.encoded_message) == ("AccessDenied", "")
