"""What narrows a session survives its packing whole (STS reference, "AssumeRole", Policy: 2,048 characters)."""

import json

import pytest

from daypass.protocol.aws.errors import (
    AwsError,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    ValidationError,
)
from daypass.server.domain.session_scope import (
    MAX_PACKED_SCOPE_BYTES,
    MAX_SESSION_POLICY_CHARACTERS,
    build_scope,
)


def policy_of(resource: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::b/{resource}", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False)


@pytest.mark.parametrize("character", ["x", "\u00e9", '"'])
def test_the_longest_policy_comes_back_as_it_was_whatever_its_characters(character: str) -> None:
    """Cut off, it could not be read, and what cannot be read allows nothing."""
    written = len(json.dumps(character, ensure_ascii=False)) - 2
    text = policy_of(character * ((MAX_SESSION_POLICY_CHARACTERS - len(policy_of(""))) // written))
    assert MAX_SESSION_POLICY_CHARACTERS - 6 < len(text) <= MAX_SESSION_POLICY_CHARACTERS
    scope = build_scope(policy=text, policy_arns=())
    assert scope is not None
    assert json.loads(scope.policy) == json.loads(text)


def test_a_policy_that_could_not_travel_is_refused_before_it_is_used() -> None:
    with pytest.raises(PackedPolicyTooLarge):
        build_scope(
            policy=None, policy_arns=tuple(f"arn:aws:iam::{n:012}:policy/{'p' * 128}" for n in range(10))
        )
    with pytest.raises(AwsError):
        build_scope(policy=policy_of("x" * MAX_SESSION_POLICY_CHARACTERS), policy_arns=())
    assert MAX_PACKED_SCOPE_BYTES < 2048


def test_a_session_policy_names_no_principal() -> None:
    with pytest.raises(MalformedPolicyDocument):
        build_scope(policy=policy_of("x", Principal="*"), policy_arns=())


def test_ten_policies_are_the_most() -> None:
    with pytest.raises(ValidationError):
        build_scope(policy=None, policy_arns=tuple(f"arn:aws:iam::aws:policy/P{n}" for n in range(11)))
