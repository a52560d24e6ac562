"""GetSessionToken and GetFederationToken: temporary credentials made of a user's own long-term key."""

import base64

import pyotp
import pytest

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.principal import authorize
from daypass.server.domain.tokens import open_session_token
from support.query_world import ACCOUNT, NOW, QueryWorld, allow, deny, policy_text, trust
from support.sts_credentials import long_term_key, new_key_id, session_of

SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
SEED = base64.b32encode(bytes(range(20))).decode()
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


async def give_device(world: QueryWorld, name: str) -> None:
    user = await world.storage.users.load_user(ACCOUNT, name)
    assert user is not None
    sealed = world.ring.seal("mfa-seed", SEED.encode())
    await world.storage.mfa_devices.create_mfa_device(
        MfaDevice(SERIAL, ACCOUNT, user.user_id, "totp", NOW, NOW, sealed_seed=sealed), limit=8
    )


def code_at(moment: int) -> str:
    return pyotp.TOTP(SEED).at(moment)


async def test_a_long_term_key_signs_requests(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", allow("iam:ListUsers"))
    assert (await world.call(key, "sts", "GetCallerIdentity")).value("Arn").endswith("user/alice")
    assert (await world.call(key, "iam", "ListUsers")).status == 200
    assert (await world.call(key, "iam", "ListRoles")).code == "AccessDenied"


async def test_a_wrong_secret_of_a_long_term_key_is_refused(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    wrong = Credentials(key.access_key_id, Secret("0" * 40), None)
    assert (await world.call(wrong, "sts", "GetCallerIdentity")).code == "SignatureDoesNotMatch"


async def test_an_inactive_key_and_an_unknown_one_are_refused_alike(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    user = await world.storage.users.load_user(ACCOUNT, "alice")
    assert user is not None
    await world.storage.access_keys.set_access_key_status(
        ACCOUNT, user.user_id, key.access_key_id, "Inactive"
    )
    world.now += 2
    inactive = await world.call(key, "sts", "GetCallerIdentity")
    unknown = await world.call(
        Credentials(new_key_id(world), key.secret_access_key, None), "sts", "GetCallerIdentity"
    )
    assert (inactive.code, inactive.message) == (unknown.code, unknown.message)
    assert inactive.code == "InvalidClientTokenId"


async def test_the_use_of_a_key_is_written_down_once_in_a_while(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    for _ in range(3):
        await world.call(key, "sts", "GetCallerIdentity")
    used = await world.storage.access_keys.load_access_key(key.access_key_id)
    assert used is not None
    assert (used.last_used_at, used.last_used_service, used.last_used_region) == (NOW, "sts", "us-east-1")
    world.now += 60
    await world.call(key, "sts", "GetCallerIdentity")
    used = await world.storage.access_keys.load_access_key(key.access_key_id)
    assert used is not None
    assert used.last_used_at == NOW
    world.now += 900
    await world.call(key, "sts", "GetCallerIdentity")
    used = await world.storage.access_keys.load_access_key(key.access_key_id)
    assert used is not None
    assert used.last_used_at == NOW + 960


async def test_a_request_of_a_key_whose_signature_fails_is_no_use(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    await world.call(Credentials(key.access_key_id, Secret("0" * 40), None), "sts", "GetCallerIdentity")
    used = await world.storage.access_keys.load_access_key(key.access_key_id)
    assert used is not None
    assert used.last_used_at == 0


async def test_a_session_token_is_the_user_for_a_while(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    answer = await world.call(key, "sts", "GetSessionToken")
    session = session_of(answer)
    assert answer.value("Credentials/Expiration") == "2030-03-18T05:46:40Z"  # twelve hours
    identity = await world.call(session, "sts", "GetCallerIdentity")
    assert identity.value("Arn") == f"arn:aws:iam::{ACCOUNT}:user/alice"


async def test_a_session_token_without_a_second_factor_has_no_iam(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    session = session_of(await world.call(key, "sts", "GetSessionToken"))
    assert (await world.call(key, "iam", "ListUsers")).status == 200
    assert (await world.call(session, "iam", "ListUsers")).code == "AccessDenied"


async def test_a_session_token_with_a_second_factor_has_iam(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    await give_device(world, "alice")
    answer = await world.call(
        key, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=code_at(world.now)
    )
    assert (await world.call(session_of(answer), "iam", "ListUsers")).status == 200


async def test_a_session_token_may_assume_roles_and_no_more_of_sts(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    role = await world.new_role("reader", trust({"AWS": ACCOUNT}))
    session = session_of(await world.call(key, "sts", "GetSessionToken"))
    assumed = await world.call(session, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work")
    assert assumed.status == 200
    for action, more in (
        ("GetSessionToken", {}),
        ("GetFederationToken", {"Name": "bob"}),
        ("GetAccessKeyInfo", {"AccessKeyId": key.access_key_id}),
    ):
        assert (await world.call(session, "sts", action, **more)).code == "AccessDenied", action


@pytest.mark.parametrize("action", ["GetSessionToken", "GetFederationToken"])
async def test_temporary_credentials_cannot_prolong_themselves(world: QueryWorld, action: str) -> None:
    login = await world.new_user("alice", ADMINISTRATOR)
    more = {"Name": "bob"} if action == "GetFederationToken" else {}
    answer = await world.call(login, "sts", action, **more)
    assert (answer.code, answer.message) == (
        "AccessDenied",
        f"Cannot call {action} with session credentials",
    )


async def test_a_policy_can_ask_for_the_second_factor_and_its_age(world: QueryWorld) -> None:
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
    }
    key = await long_term_key(world, "alice", allow("iam:*", Condition=condition))
    await give_device(world, "alice")
    assert (await world.call(key, "iam", "ListUsers")).code == "AccessDenied"
    session = session_of(
        await world.call(key, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=code_at(world.now))
    )
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    world.now += 301
    assert (await world.call(session, "iam", "ListUsers")).code == "AccessDenied"


async def test_deny_unless_mfa_with_bool_if_exists_lets_long_term_keys_through_and_bool_does_not(
    world: QueryWorld,
) -> None:
    """The keys are absent for long-term credentials (IAM reference, aws:MultiFactorAuthPresent)."""
    loose = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    strict = {"Null": {"aws:MultiFactorAuthPresent": "false"}}
    first = await long_term_key(world, "alice", allow("iam:ListUsers", Condition=loose))
    second = await long_term_key(world, "bob", allow("iam:ListUsers", Condition=strict))
    assert (await world.call(first, "iam", "ListUsers")).status == 200
    assert (await world.call(second, "iam", "ListUsers")).code == "AccessDenied"


async def test_rfc_6238_section_5_2_a_code_is_taken_once(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    await give_device(world, "alice")
    device = {"SerialNumber": SERIAL, "TokenCode": code_at(world.now)}
    assert (await world.call(key, "sts", "GetSessionToken", **device)).status == 200
    again = await world.call(key, "sts", "GetSessionToken", **device)
    assert again.code == "AccessDenied"
    earlier = {"SerialNumber": SERIAL, "TokenCode": code_at(world.now - 30)}
    assert (await world.call(key, "sts", "GetSessionToken", **earlier)).code == "AccessDenied"
    world.now += 30
    fresh = {"SerialNumber": SERIAL, "TokenCode": code_at(world.now)}
    assert (await world.call(key, "sts", "GetSessionToken", **fresh)).status == 200


async def test_another_users_device_an_unknown_one_and_a_wrong_code_are_one_answer(
    world: QueryWorld,
) -> None:
    alice = await long_term_key(world, "alice")
    bob = await long_term_key(world, "bob")
    await give_device(world, "alice")
    right, wrong = code_at(world.now), "000000" if code_at(world.now) != "000000" else "000001"
    answers = [
        await world.call(bob, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=right),
        await world.call(bob, "sts", "GetSessionToken", SerialNumber=SERIAL + "x", TokenCode=right),
        await world.call(alice, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=wrong),
    ]
    assert {(answer.code, answer.message) for answer in answers} == {
        ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
    }


async def test_guessing_codes_is_throttled_and_a_right_code_among_them_is_not_taken(
    world: QueryWorld,
) -> None:
    key = await long_term_key(world, "alice")
    await give_device(world, "alice")
    right = code_at(world.now)
    wrong = next(code for code in ("000000", "000001", "000002", "000003") if code != right)
    for _ in range(5):
        guess = await world.call(key, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=wrong)
        assert guess.code == "AccessDenied"
    late = await world.call(key, "sts", "GetSessionToken", SerialNumber=SERIAL, TokenCode=right)
    assert late.code == "Throttling"


@pytest.mark.parametrize("name", ["SerialNumber", "TokenCode"])
async def test_device_and_code_belong_together(world: QueryWorld, name: str) -> None:
    key = await long_term_key(world, "alice")
    given = {"SerialNumber": SERIAL, "TokenCode": "123456"}
    answer = await world.call(key, "sts", "GetSessionToken", **{name: given[name]})
    assert answer.code == "ValidationError"


async def test_a_role_can_ask_for_the_second_factor(world: QueryWorld) -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    await give_device(world, "alice")
    role = await world.new_role("careful", trust({"AWS": ACCOUNT}, Condition=condition))
    asked = {"RoleArn": role, "RoleSessionName": "work"}
    assert (await world.call(key, "sts", "AssumeRole", **asked)).code == "AccessDenied"
    wrong = {"SerialNumber": SERIAL, "TokenCode": code_at(world.now + 3600)}
    assert (await world.call(key, "sts", "AssumeRole", **wrong, **asked)).code == "AccessDenied"
    device = {"SerialNumber": SERIAL, "TokenCode": code_at(world.now)}
    assert (await world.call(key, "sts", "AssumeRole", **device, **asked)).status == 200
    again = await world.call(key, "sts", "AssumeRole", **device, **asked)
    assert again.code == "AccessDenied", "a code counts once"


async def test_a_federated_user_may_do_what_both_user_and_policy_allow(world: QueryWorld) -> None:
    key = await long_term_key(
        world, "alice", allow("sts:GetFederationToken", "iam:ListUsers", "iam:ListRoles")
    )
    answer = await world.call(
        key, "sts", "GetFederationToken", Name="bob", Policy=policy_text(allow("iam:ListUsers"))
    )
    assert answer.value("FederatedUser/Arn") == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert answer.value("FederatedUser/FederatedUserId") == f"{ACCOUNT}:bob"
    identity = await world.call(session_of(answer), "sts", "GetCallerIdentity")
    assert identity.value("UserId") == f"{ACCOUNT}:bob"
    assert identity.value("Arn") == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"


async def test_a_federated_user_has_no_iam_and_no_more_of_sts(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    role = await world.new_role("reader", trust({"AWS": ACCOUNT}))
    session = session_of(
        await world.call(key, "sts", "GetFederationToken", Name="bob", Policy=policy_text(allow("*")))
    )
    assert (await world.call(session, "iam", "ListUsers")).code == "AccessDenied"
    answer = await world.call(session, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work")
    assert answer.code == "AccessDenied"


async def test_a_federation_token_needs_the_permission(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice")
    assert (await world.call(key, "sts", "GetFederationToken", Name="bob")).code == "AccessDenied"
    denied = await long_term_key(world, "carol", ADMINISTRATOR, deny("sts:GetFederationToken"))
    assert (await world.call(denied, "sts", "GetFederationToken", Name="bob")).code == "AccessDenied"


async def test_tags_of_a_federated_user_need_their_own_permission(world: QueryWorld) -> None:
    key = await long_term_key(world, "alice", allow("sts:GetFederationToken"))
    tags = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}
    answer = await world.call(key, "sts", "GetFederationToken", Name="bob", **tags)
    assert answer.code == "AccessDenied"
    other = await long_term_key(world, "carol", allow("sts:GetFederationToken", "sts:TagSession"))
    assert (await world.call(other, "sts", "GetFederationToken", Name="bob", **tags)).status == 200


@pytest.mark.parametrize("seconds", ["899", "129601"])
@pytest.mark.parametrize("action", ["GetSessionToken", "GetFederationToken"])
async def test_a_session_lasts_fifteen_minutes_to_thirty_six_hours(
    world: QueryWorld, action: str, seconds: str
) -> None:
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    more = {"Name": "bob"} if action == "GetFederationToken" else {}
    assert (await world.call(key, "sts", action, DurationSeconds=seconds, **more)).code == "ValidationError"


async def test_a_federated_user_is_narrowed_by_policies_that_are_there_and_tags_that_fit(
    world: QueryWorld,
) -> None:
    key = await long_term_key(world, "alice", allow("sts:GetFederationToken", "sts:TagSession"))
    gone = {"PolicyArns.member.1.arn": f"arn:aws:iam::{ACCOUNT}:policy/gone"}
    refused = await world.call(key, "sts", "GetFederationToken", Name="bob", **gone)
    assert refused.status == 400, refused.text
    there = {"PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert (await world.call(key, "sts", "GetFederationToken", Name="bob", **there)).status == 200
    tags = {f"Tags.member.{n}.Key": f"k{n}" for n in range(1, 51)}
    noise = {f"Tags.member.{n}.Value": world.randomness.token_bytes(120).hex() for n in range(1, 51)}
    large = await world.call(key, "sts", "GetFederationToken", Name="bob", **tags, **noise)
    assert large.code == "PackedPolicyTooLarge"


async def test_a_federated_user_without_a_policy_may_do_nothing_and_carries_the_tags(
    world: QueryWorld,
) -> None:
    """What the gateway decides by stands in the token: the scope narrows an administrator to nothing."""
    key = await long_term_key(world, "alice", ADMINISTRATOR)
    tag = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}
    answer = await world.call(key, "sts", "GetFederationToken", Name="bob", **tag)
    claims, _ = open_session_token(world.ring, answer.value("SessionToken"))
    assert claims.tags == (("team", "red"),)
    assert claims.scope is not None
    snapshot = await world.directory.load(ACCOUNT, "user", claims.principal_id)
    assert snapshot is not None
    narrowing = await world.directory.load_session_policies(ACCOUNT, claims.scope)
    for action, allowed in (("s3:GetObject", False), ("sts:GetCallerIdentity", True)):
        decision = authorize(
            snapshot,
            action=action,
            resource="*",
            caller=Caller("1", "127.0.0.1", "test/1", is_secure=False),
            now=world.now,
            region="us-east-1",
            userid=claims.userid,
            session_policies=narrowing,
        )
        assert decision.is_allowed is allowed
