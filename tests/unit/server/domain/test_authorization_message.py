"""What a sealed denial holds, and that it stays short whatever the request was."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Decision, Effect, PolicyType, StatementRef
from daypass.protocol.aws.errors import InvalidAuthorizationMessage
from daypass.server.domain.access_refusal import RefusedRequest, access_refusal, refusal_reason
from daypass.server.domain.authorization_message import (
    MAX_ENCODED_CHARACTERS,
    decode_refusal,
    encode_refusal,
    with_encoded_message,
)
from daypass.server.domain.key_ring import KeyRing, MasterKey

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(range(32)))])
ACCOUNT, NOW = "111122223333", 1_900_000_000
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
DENY = StatementRef("arn:aws:iam::111122223333:policy/own", 3, "Sid")


def _request(decision: Decision, *, is_cross_account: bool = False, **values: str) -> RefusedRequest:
    return RefusedRequest(ACCOUNT, USER, "AIDAX", decision, values, is_cross_account)


def _told(request: RefusedRequest) -> dict[str, object]:
    told = json.loads(
        decode_refusal(RING, encode_refusal(RING, request, now=NOW), account_id=ACCOUNT, now=NOW)
    )
    assert isinstance(told, dict)
    return told


def test_an_external_id_is_a_secret_and_is_left_out() -> None:
    denied = Decision(Effect.IMPLICIT_DENY, "sts:TagSession", "*", None)
    told = repr(_told(_request(denied, **{"sts:ExternalId": "hush-hush", "aws:SourceIp": "192.0.2.1"})))
    assert "hush" not in told
    assert "192.0.2.1" in told


def test_nothing_is_told_of_another_account_s_policy() -> None:
    denied = Decision(Effect.EXPLICIT_DENY, "s3:GetObject", "arn:aws:s3:::b/k", DENY, PolicyType.RESOURCE)
    assert "policy/own" in repr(_told(_request(denied)))
    assert "policy/own" not in repr(_told(_request(denied, is_cross_account=True)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 1024))
def test_a_message_is_short_whatever_the_request_was(seed: int, tags: int, length: int) -> None:
    dice = random.Random(seed)

    def noise(count: int) -> str:
        return "".join(chr(dice.randrange(0x4E00, 0x9FFF)) for _ in range(count))

    values = {f"aws:PrincipalTag/{noise(8)}": noise(256) for _ in range(tags)}
    ref = StatementRef(f"arn:aws:iam::{ACCOUNT}:policy/{noise(200)}", 0, noise(250))
    denied = Decision(Effect.EXPLICIT_DENY, "s3:GetObject", f"arn:aws:s3:::b/{noise(length)}", ref)
    request = RefusedRequest(ACCOUNT, USER + noise(60), "AIDAX:" + noise(60), denied, values)
    text = encode_refusal(RING, request, now=NOW)
    assert len(text) <= MAX_ENCODED_CHARACTERS
    told = json.loads(decode_refusal(RING, text, account_id=ACCOUNT, now=NOW))
    assert told["context"]["action"] == "s3:GetObject"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=80).map(lambda raw: RING.seal("authorization-message", raw)))
def test_no_text_makes_the_decoder_raise_anything_but_its_refusal(text: str) -> None:
    with pytest.raises(InvalidAuthorizationMessage):
        decode_refusal(RING, text, account_id=ACCOUNT, now=NOW)


@pytest.mark.parametrize(
    "policy_type, explicit, implicit",
    [
        (PolicyType.IDENTITY, "an identity-based policy", "no identity-based policy"),
        (PolicyType.BOUNDARY, "a permissions boundary", "no permissions boundary"),
        (PolicyType.SESSION, "a session policy", "no session policy"),
        (PolicyType.SERVICE_CONTROL, "a service control policy", "no service control policy"),
        (PolicyType.RESOURCE, "a resource-based policy", "no resource-based policy"),
    ],
)
def test_the_words_name_the_type_of_policy(policy_type: PolicyType, explicit: str, implicit: str) -> None:
    denied = Decision(Effect.EXPLICIT_DENY, "iam:GetUser", "*", DENY, policy_type)
    assert refusal_reason(denied) == f"with an explicit deny in {explicit}"
    silent = Decision(Effect.IMPLICIT_DENY, "iam:GetUser", "*", None, policy_type)
    assert refusal_reason(silent) == f"because {implicit} allows the iam:GetUser action"


def test_the_statement_stands_in_the_log_and_in_the_sealed_text_only() -> None:
    refusal = access_refusal(_request(Decision(Effect.EXPLICIT_DENY, "iam:GetUser", "*", DENY)))
    longer = with_encoded_message(refusal, RING, now=NOW)
    assert longer.detail == refusal.detail == "arn:aws:iam::111122223333:policy/own#3 Sid"
    assert longer.message.startswith(refusal.message + " Encoded authorization failure message: ")
    assert "policy/own" not in longer.message


def test_a_message_is_for_its_account_and_for_a_week() -> None:
    denied = Decision(Effect.IMPLICIT_DENY, "s3:GetObject", "*", None)
    text = encode_refusal(RING, _request(denied), now=NOW)
    assert decode_refusal(RING, text, account_id=ACCOUNT, now=NOW + 7 * 86_400 - 1)
    with pytest.raises(InvalidAuthorizationMessage):
        decode_refusal(RING, text, account_id="444455556666", now=NOW)
    with pytest.raises(InvalidAuthorizationMessage):
        decode_refusal(RING, text, account_id=ACCOUNT, now=NOW + 7 * 86_400)
