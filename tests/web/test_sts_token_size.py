"""MinimumSessionTokenSize of every operation that hands out credentials (STS reference; proofs of providers stand with theirs)."""

import pytest

from support.query_world import ACCOUNT, Answer, QueryWorld, allow, policy_text, trust
from support.sts_credentials import long_term_key, session_of


async def ask(world: QueryWorld, action: str, **more: str) -> Answer:
    """By an administrator's access key."""
    key = await long_term_key(world, "keeper", "arn:aws:iam::aws:policy/AdministratorAccess")
    parameters: dict[str, str] = {}
    if action == "AssumeRole":
        role = await world.new_role("ops", trust({"AWS": ACCOUNT}))
        parameters = {"RoleArn": role, "RoleSessionName": "long"}
    if action == "GetFederationToken":
        parameters = {"Name": "guest", "Policy": policy_text(allow("s3:*"))}
    return await world.call(key, "sts", action, **parameters, **more)


@pytest.mark.parametrize("action", ["AssumeRole", "GetSessionToken", "GetFederationToken"])
async def test_the_longest_token_works_and_the_answer_says_how_long_it_is(
    world: QueryWorld, action: str
) -> None:
    answer = await ask(world, action, MinimumSessionTokenSize="4096")
    assert len(answer.value("SessionToken")) == 4096
    assert (answer.value("SessionTokenSize"), answer.value("SessionTokenUtilization")) == ("4096", "100")
    who = await world.call(session_of(answer), "sts", "GetCallerIdentity")
    assert who.status == 200


@pytest.mark.parametrize("asked", [{}, {"MinimumSessionTokenSize": "0"}, {"MinimumSessionTokenSize": "10"}])
async def test_a_token_that_is_long_enough_stays_as_it_is(world: QueryWorld, asked: dict[str, str]) -> None:
    answer = await ask(world, "GetSessionToken", **asked)
    assert len(answer.value("SessionToken")) == int(answer.value("SessionTokenSize")) < 512


@pytest.mark.parametrize("asked", ["4097", "-1", "many"])
async def test_more_than_the_longest_is_refused(world: QueryWorld, asked: str) -> None:
    answer = await ask(world, "GetSessionToken", MinimumSessionTokenSize=asked)
    assert answer.code == "ValidationError"
    assert "'minimumSessionTokenSize'" in answer.message
