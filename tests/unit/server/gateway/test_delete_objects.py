"""Deciding about many keys in one request."""

import asyncio

import pytest

from daypass.policy.document import parse_policy
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.tokens import SessionClaims
from daypass.server.gateway.authorize import Denied, Question
from daypass.server.gateway.delete_objects import check_each
from daypass.server.gateway.operation import object_permission

ACCOUNT, NOW = "111122223333", 1_900_000_000
ARN = f"arn:aws:iam::{ACCOUNT}:user/alice"
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/k*"}]}'
)


@pytest.fixture
def question() -> Question:
    return Question(
        PrincipalSnapshot(ACCOUNT, "user", "AIDA1", ARN, "alice", 0, 1, (parse_policy(POLICY, name="p"),)),
        SessionClaims("ASIA1", ACCOUNT, "user", ARN, "AIDA1", NOW, NOW + 900),
        Caller("request", "192.0.2.1", "test/1", is_secure=True),
        NOW,
        "us-east-1",
        {},
    )


async def test_others_get_their_turn_between_two_decisions(question: Question) -> None:
    permissions = [object_permission("s3:DeleteObject", "b", f"k{number}") for number in range(100)]
    checking = asyncio.create_task(check_each(question, permissions))
    turns = 0
    while not checking.done():
        await asyncio.sleep(0)
        turns += 1
    await checking
    assert turns >= len(permissions)


async def test_one_denied_key_denies_the_whole_list(question: Question) -> None:
    permissions = [object_permission("s3:DeleteObject", "b", key) for key in ("k1", "other", "k2")]
    with pytest.raises(Denied):
        await check_each(question, permissions)
