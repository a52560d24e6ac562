"""GetCallerIdentity and the door in front of every operation: who is let in, and in whose words not."""

import pytest

from daypass.protocol.aws.presigned_url import presign_url
from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from support.query_world import ACCOUNT, NOW, QueryWorld, deny, trust

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


async def test_root_is_told_its_account_as_user_id(world: QueryWorld) -> None:
    answer = await world.call(world.root, "sts", "GetCallerIdentity")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith(
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    )
    assert answer.value("GetCallerIdentityResult/UserId") == ACCOUNT
    assert answer.value("GetCallerIdentityResult/Account") == ACCOUNT
    assert answer.value("GetCallerIdentityResult/Arn") == f"arn:aws:iam::{ACCOUNT}:root"
    assert len(answer.value("ResponseMetadata/RequestId")) == 36


async def test_a_user_needs_no_permission_and_a_deny_has_no_effect(world: QueryWorld) -> None:
    alice = await world.new_user("alice", deny("*"), path="/team/")
    answer = await world.call(alice, "sts", "GetCallerIdentity")
    assert answer.value("Arn") == f"arn:aws:iam::{ACCOUNT}:user/team/alice"
    assert answer.value("UserId").startswith("AIDA")
    assert len(answer.value("UserId")) == 21


async def test_a_role_session_is_told_role_id_and_session_name(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}))
    assumed = await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="me")
    session = Credentials(
        assumed.value("AccessKeyId"),
        Secret(assumed.value("SecretAccessKey")),
        Secret(assumed.value("SessionToken")),
    )
    answer = await world.call(session, "sts", "GetCallerIdentity")
    assert answer.value("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    assert answer.value("UserId").startswith("AROA")
    assert answer.value("UserId").endswith(":me")


async def test_any_well_formed_region_is_accepted(world: QueryWorld) -> None:
    for region in ("us-east-1", "eu-west-3", "aws-global", "local"):
        assert (await world.post(world.root, "sts", BODY, region=region)).status == 200
    assert (await world.post(world.root, "sts", BODY, region="EU_west")).code == "SignatureDoesNotMatch"


async def test_a_presigned_get_is_served(world: QueryWorld) -> None:
    """Identity proofs presign GetCallerIdentity and let somebody else send it."""
    url = presign_url(
        world.root,
        is_s3=False,
        url="http://127.0.0.1:1/?Action=GetCallerIdentity&Version=2011-06-15",
        region="us-east-1",
        service="sts",
        now=NOW,
        expires_in=60,
    )
    query = url.partition("?")[2]
    answer = await world.send("GET", query, (("Host", "127.0.0.1:1"),))
    assert answer.value("UserId") == ACCOUNT
    moved = await world.send(
        "GET", query.replace("GetCallerIdentity", "GetAccessKeyInfo"), (("Host", "127.0.0.1:1"),)
    )
    assert moved.code == "SignatureDoesNotMatch"
    world.now += 61
    assert (await world.send("GET", query, (("Host", "127.0.0.1:1"),))).code == "SignatureDoesNotMatch"


async def test_a_request_without_a_signature_is_refused(world: QueryWorld) -> None:
    answer = await world.send("POST", "", (("Host", "127.0.0.1:1"),), BODY)
    assert (answer.status, answer.code) == (403, "MissingAuthenticationToken")
    assert answer.value("Error/Type") == "Sender"
    assert world.metrics.events["query.authentication", "MissingAuthenticationToken"] == 1


async def test_a_malformed_signature_is_refused_as_incomplete(world: QueryWorld) -> None:
    headers = (("Host", "127.0.0.1:1"), ("Authorization", "AWS4-HMAC-SHA256 Credential=x"))
    answer = await world.send("POST", "", headers, BODY)
    assert (answer.status, answer.code) == (400, "IncompleteSignature")


async def test_a_token_that_is_not_ours_is_refused(world: QueryWorld) -> None:
    root = world.root
    for token in (Secret("x" * 60), None):
        stranger = Credentials(root.access_key_id, root.secret_access_key, token)
        answer = await world.call(stranger, "sts", "GetCallerIdentity")
        assert (answer.status, answer.code) == (403, "InvalidClientTokenId")


async def test_a_token_of_another_key_id_is_refused(world: QueryWorld) -> None:
    one, two = world.root, world.root
    mixed = Credentials(two.access_key_id, one.secret_access_key, one.session_token)
    assert (await world.call(mixed, "sts", "GetCallerIdentity")).code == "InvalidClientTokenId"


async def test_credentials_end_on_the_second(world: QueryWorld) -> None:
    root = world.root
    world.now += 899
    assert (await world.call(root, "sts", "GetCallerIdentity")).status == 200
    world.now += 1
    answer = await world.call(root, "sts", "GetCallerIdentity")
    assert (answer.status, answer.code) == (403, "ExpiredToken")


async def test_a_wrong_secret_is_refused(world: QueryWorld) -> None:
    root = world.root
    wrong = Credentials(root.access_key_id, Secret("w" * 40), root.session_token)
    answer = await world.call(wrong, "sts", "GetCallerIdentity")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


async def test_a_changed_body_is_refused(world: QueryWorld) -> None:
    answer = await world.post(
        world.root, "sts", BODY, signed_body=BODY.replace(b"CallerIdentity", b"AccessKeyInfo")
    )
    assert answer.code == "SignatureDoesNotMatch"


async def test_a_clock_more_than_five_minutes_off_is_refused(world: QueryWorld) -> None:
    assert (await world.post(world.root, "sts", BODY, signed_at=NOW - 300)).status == 200
    late = await world.post(world.root, "sts", BODY, signed_at=NOW - 301)
    assert (late.status, late.code) == (403, "SignatureDoesNotMatch")
    assert late.message.startswith("Signature expired")
    early = await world.post(world.root, "sts", BODY, signed_at=NOW + 301)
    assert early.message.startswith("Signature not yet current")


@pytest.mark.parametrize("service", ["s3", "kms", "execute-api"])
async def test_a_signature_for_another_service_is_refused(world: QueryWorld, service: str) -> None:
    assert (await world.post(world.root, service, BODY)).code == "SignatureDoesNotMatch"


async def test_a_deleted_user_is_refused_though_the_credentials_live(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    assert (await world.call(alice, "sts", "GetCallerIdentity")).status == 200
    await world.call(world.root, "iam", "DeleteUser", UserName="alice")
    answer = await world.call(alice, "sts", "GetCallerIdentity")
    assert (answer.status, answer.code) == (403, "InvalidClientTokenId")
    await world.new_user("alice")
    again = await world.call(alice, "sts", "GetCallerIdentity")
    assert again.code == "InvalidClientTokenId", "a new user of the same name is somebody else"


async def test_an_action_is_served_by_its_own_service_only(world: QueryWorld) -> None:
    answer = await world.call(world.root, "iam", "GetCallerIdentity")
    assert (answer.status, answer.code) == (400, "InvalidAction")
    assert answer.message == "Could not find operation GetCallerIdentity for version 2010-05-08"


async def test_a_wrong_or_missing_version_is_refused(world: QueryWorld) -> None:
    for version in (b"", b"&Version=2010-05-08"):
        answer = await world.post(world.root, "sts", b"Action=GetCallerIdentity" + version)
        assert answer.code == "InvalidAction"


async def test_a_missing_action_is_refused_without_an_echo(world: QueryWorld) -> None:
    for body in (b"", b"Action=%3Cscript%3E&Version=2011-06-15"):
        answer = await world.post(world.root, "sts", body)
        assert answer.code == "InvalidAction"
        assert "script" not in answer.text


@pytest.mark.parametrize("action", ["AssumeRoot", "GetDelegatedAccessToken"])
async def test_actions_this_server_does_not_have_are_refused_by_name(world: QueryWorld, action: str) -> None:
    answer = await world.call(world.root, "sts", action)
    assert (answer.status, answer.code) == (400, "InvalidAction")
    assert answer.message == f"The operation {action} is not supported by this server yet"


@pytest.mark.parametrize("action", ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])
async def test_only_the_federated_actions_need_no_signature(world: QueryWorld, action: str) -> None:
    answer = await world.call_unsigned(action)
    assert answer.message.startswith("1 validation error detected: Value null at 'roleArn'")
    hidden = await world.call_unsigned("GetCallerIdentity", Note=action)
    assert (hidden.status, hidden.code) == (403, "MissingAuthenticationToken")
    assert (await world.call_unsigned(action + "X")).code == "MissingAuthenticationToken"
    assert (await world.call_unsigned(action, Version="2010-05-08")).code == "InvalidAction"


async def test_a_parameter_given_twice_or_in_two_places_is_refused(world: QueryWorld) -> None:
    assert (await world.post(world.root, "sts", BODY + b"&Action=AssumeRole")).code == "ValidationError"


async def test_a_body_beyond_the_limit_is_refused(world: QueryWorld) -> None:
    answer = await world.post(world.root, "sts", b"a=" + b"x" * 270_000)
    assert answer.code == "RequestEntityTooLarge"


async def test_the_account_of_a_key_is_read_from_the_key(world: QueryWorld) -> None:
    root = world.root
    answer = await world.call(root, "sts", "GetAccessKeyInfo", AccessKeyId=root.access_key_id)
    assert answer.value("Account") == ACCOUNT
    for wrong in ("ASIA0189ASIA0189ASIA", "ASIA" * 4, "x" * 20):
        refused = await world.call(root, "sts", "GetAccessKeyInfo", AccessKeyId=wrong)
        assert refused.code == "ValidationError"


async def test_a_key_s_account_is_told_to_those_who_may_ask(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    answer = await world.call(alice, "sts", "GetAccessKeyInfo", AccessKeyId=alice.access_key_id)
    assert (answer.status, answer.code) == (403, "AccessDenied")
