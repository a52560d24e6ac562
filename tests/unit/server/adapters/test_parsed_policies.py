"""Stored texts become documents once; what cannot be read denies everything."""

import pytest

from daypass.policy.decision import Effect
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.server.adapters.parsed_policies import ParsedPolicies

ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


def test_a_text_is_parsed_once_under_each_name() -> None:
    policies = ParsedPolicies(10)
    first = policies.parse("one", ALLOW)
    assert policies.parse("one", ALLOW) is first
    assert policies.parse("two", ALLOW).name == "two"
    assert policies.parse("one", ALLOW + " ") is not first


@pytest.mark.parametrize("text", [None, "", "not json", '{"Version":"2012-10-17"}', ALLOW + " " * 131_072])
def test_what_cannot_be_read_denies_everything_and_says_so(text: str | None) -> None:
    document = ParsedPolicies(10).parse("one", text)
    assert document.name == "one (cannot be read)"
    assert evaluate((document,), RequestContext("s3:GetObject", "*")).effect is Effect.EXPLICIT_DENY


def test_no_quota_is_asked_about() -> None:
    actions = ",".join(f'"iam:List{"X" * 100}{number}"' for number in range(200))
    document = ParsedPolicies(10).parse("one", ALLOW.replace('"Action":"*"', f'"Action":[{actions},"s3:*"]'))
    assert evaluate((document,), RequestContext("s3:GetObject", "*")).effect is Effect.ALLOWED
