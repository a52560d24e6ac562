"""Session policies: what AssumeRole and its kin pass takes away, and never gives."""

import hashlib
import json

import pytest

from daypass.protocol.aws.errors import AccessDenied
from daypass.server.domain.audit import Caller
from daypass.server.domain.signin_token import BrokerSession
from daypass.server.flows.signin_token import SigninTokenFlow
from support.query_world import ACCOUNT, OTHER_ACCOUNT, Answer, QueryWorld, allow, deny, policy_text, trust
from support.sts_credentials import session_of

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"


async def assume_admin(world: QueryWorld, **more: str) -> Answer:
    alice = await world.new_user("alice")
    role = await world.new_role("admin", trust({"AWS": ALICE}))
    attached = await world.call(
        world.root, "iam", "AttachRolePolicy", RoleName="admin", PolicyArn=ADMINISTRATOR
    )
    assert attached.status == 200
    return await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work", **more)


async def test_an_inline_session_policy_narrows_the_role(world: QueryWorld) -> None:
    session = session_of(await assume_admin(world, Policy=policy_text(allow("iam:ListUsers"))))
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    refused = await world.call(session, "iam", "ListRoles")
    assert refused.code == "AccessDenied"
    assert "session policy" in refused.message


async def test_named_session_policies_narrow_the_role(world: QueryWorld) -> None:
    answer = await assume_admin(world, **{"PolicyArns.member.1.arn": READ_ONLY})
    session = session_of(answer)
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    assert (await world.call(session, "iam", "CreateUser", UserName="eve")).code == "AccessDenied"


async def test_a_deny_in_a_session_policy_counts(world: QueryWorld) -> None:
    policy = policy_text(allow("*"), deny("iam:ListUsers"))
    session = session_of(await assume_admin(world, Policy=policy))
    assert (await world.call(session, "iam", "ListUsers")).code == "AccessDenied"
    assert (await world.call(session, "iam", "ListRoles")).status == 200


async def test_a_session_policy_gives_nothing_the_role_has_not(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("idle", trust({"AWS": ALICE}))
    answer = await world.call(
        alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work", Policy=policy_text(allow("*"))
    )
    assert (await world.call(session_of(answer), "iam", "ListUsers")).code == "AccessDenied"


async def test_a_session_policy_follows_the_change_of_a_named_one(world: QueryWorld) -> None:
    own = await world.new_policy("narrow", allow("iam:ListUsers"))
    session = session_of(await assume_admin(world, **{"PolicyArns.member.1.arn": own}))
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    assert (await world.call(world.root, "iam", "DeletePolicy", PolicyArn=own)).status == 200
    world.now += 2
    assert (await world.call(session, "iam", "ListUsers")).code == "AccessDenied"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicyDocument"),
        (
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
                }
            ),
            "MalformedPolicyDocument",
        ),
        (policy_text(allow("s3:GetObject", resource=f"arn:aws:s3:::{'x' * 2100}")), "ValidationError"),
    ],
)
async def test_a_session_policy_that_cannot_be_used_is_refused(
    world: QueryWorld, policy: str, code: str
) -> None:
    assert (await assume_admin(world, Policy=policy)).code == code


async def test_a_session_policy_that_does_not_pack_is_too_large(world: QueryWorld) -> None:
    noise = "".join(hashlib.sha512(bytes([n])).hexdigest() for n in range(15))  # hexadecimal packs to half
    arns = {
        f"PolicyArns.member.{n}.arn": f"arn:aws:iam::{ACCOUNT}:policy/{hashlib.sha512(bytes([n])).hexdigest()}"
        for n in range(1, 11)
    }
    policy = policy_text(allow("s3:GetObject", resource=f"arn:aws:s3:::{noise[:1880]}"))
    assert (await assume_admin(world, Policy=policy, **arns)).code == "PackedPolicyTooLarge"


@pytest.mark.parametrize("account", [ACCOUNT, OTHER_ACCOUNT])
async def test_only_policies_that_are_there_can_be_named(world: QueryWorld, account: str) -> None:
    named = {"PolicyArns.member.1.arn": f"arn:aws:iam::{account}:policy/missing"}
    answer = await assume_admin(world, **named)
    assert (answer.code, "does not exist" in answer.message) == ("ValidationError", True)


async def test_another_accounts_policy_cannot_be_named_even_when_it_is_there(world: QueryWorld) -> None:
    created = await world.call(
        world.other_root,
        "iam",
        "CreatePolicy",
        PolicyName="theirs",
        PolicyDocument=policy_text(allow("*")),
    )
    answer = await assume_admin(world, **{"PolicyArns.member.1.arn": created.value("Policy/Arn")})
    assert answer.code == "ValidationError"


async def test_eleven_named_policies_are_too_many(world: QueryWorld) -> None:
    named = {f"PolicyArns.member.{n}.arn": READ_ONLY for n in range(1, 12)}
    assert (await assume_admin(world, **named)).code == "ValidationError"


async def test_the_answer_says_how_full_session_and_token_are(world: QueryWorld) -> None:
    answer = await assume_admin(world, Policy=policy_text(allow("iam:ListUsers")))
    assert 0 < int(answer.value("PackedPolicySize")) < 100
    size = len(answer.value("SessionToken"))
    assert int(answer.value("SessionTokenSize")) == size
    assert int(answer.value("SessionTokenUtilization")) == size * 100 // 4096


async def test_the_fullest_session_still_fits_the_longest_token(world: QueryWorld) -> None:
    noise = "".join(hashlib.sha512(bytes([n])).hexdigest() for n in range(15))
    tags = {}
    for n in range(1, 4):
        tags |= {f"Tags.member.{n}.Key": f"{n}" + "k" * 30, f"Tags.member.{n}.Value": noise[n : n + 230]}
    role_policy = policy_text(allow("s3:GetObject", resource=f"arn:aws:s3:::{noise[:1800]}"))
    alice = await world.new_user("alice", allow("sts:*"))
    role = await world.new_role("admin", trust({"AWS": ALICE}, ["sts:AssumeRole", "sts:TagSession"]))
    answer = await world.call(
        alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="w" * 64, Policy=role_policy, **tags
    )
    assert answer.status == 200, answer.text
    assert 3000 < int(answer.value("SessionTokenSize")) <= 4096


async def test_credentials_with_session_policies_do_not_become_a_session_in_the_pages(
    world: QueryWorld,
) -> None:
    session = session_of(await assume_admin(world, Policy=policy_text(allow("iam:ListUsers"))))
    flow = SigninTokenFlow(world.storage, world.directory, world.ring, world.randomness, 3600)
    assert session.session_token is not None
    given = BrokerSession(session.access_key_id, session.secret_access_key, session.session_token)
    with pytest.raises(AccessDenied, match="session policies"):
        await flow.issue(
            given, duration=None, caller=Caller("r", "127.0.0.1", "t", is_secure=False), now=world.now
        )


async def test_a_session_policy_with_half_a_character_is_no_failure_of_ours(world: QueryWorld) -> None:
    """JSON can spell half a surrogate pair, which no encoding of Unicode can."""
    policy = policy_text(allow("s3:GetObject")).replace("s3:GetObject", "s3:Get\\ud800")
    assert (await assume_admin(world, Policy=policy)).status in (200, 400)
