"""Sizes and defaults of a policy document."""

import contextlib
import json
import time

import pytest

from daypass.policy.document import MAX_MANAGED_CHARACTERS, parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument

STATEMENT = '{"Effect":"Allow","Action":"s3:*","Resource":"*"}'


def _document(filler: str, spaces: str = "") -> str:
    return f'{{{spaces}"Id":"{filler}","Statement":{STATEMENT}}}'


def test_an_absent_version_is_the_old_one() -> None:
    assert parse_policy(_document("x"), name="p").version == "2008-10-17"


def test_a_policy_may_fill_the_quota_but_not_exceed_it() -> None:
    room = MAX_MANAGED_CHARACTERS - len(_document(""))
    parse_policy(_document("x" * room), name="p")
    with pytest.raises(MalformedPolicyDocument, match="quota of 6144 characters"):
        parse_policy(_document("x" * (room + 1)), name="p")


def test_white_space_does_not_count_towards_the_quota() -> None:
    room = MAX_MANAGED_CHARACTERS - len(_document(""))
    parse_policy(_document("x" * room, spaces=" \n\t" * 1000), name="p")


def test_white_space_alone_cannot_make_a_policy_endless() -> None:
    with pytest.raises(MalformedPolicyDocument, match="131072"):
        parse_policy(_document("x", spaces=" " * 131_072), name="p")


def test_the_quota_is_the_callers_to_choose() -> None:
    with pytest.raises(MalformedPolicyDocument, match="quota of 20"):
        parse_policy(_document("x"), name="p", max_characters=20)


def test_the_statement_knows_its_policy_place_and_sid() -> None:
    text = '{"Statement":[' + STATEMENT + ',{"Sid":"Two",' + STATEMENT[1:] + "]}"
    policy = parse_policy(text, name="arn:aws:iam::aws:policy/X")

    assert [(s.ref.policy, s.ref.index, s.ref.sid) for s in policy.statements] == [
        ("arn:aws:iam::aws:policy/X", 0, ""),
        ("arn:aws:iam::aws:policy/X", 1, "Two"),
    ]


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:s3:::${" + "a:b" + " " * 60_000 + "!}",
        "arn:aws:s3:::" + "${" * 3_000,
        "arn:aws:s3:::" + "*?" * 3_000,
        "a" * 6_000,
    ],
    ids=["spaces in a variable", "open variables", "wildcards", "no colon"],
)
def test_no_text_takes_long_to_refuse_or_accept(resource: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": resource}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    started = time.process_time()
    with contextlib.suppress(MalformedPolicyDocument):
        parse_policy(text, name="p")
    assert time.process_time() - started < 1
