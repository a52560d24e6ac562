"""The policy of a bucket: from its text to what the policy engine asks, and what may be written into one.

(S3 user guide, "Bucket policies" and "The meaning of public".) A policy speaks of its own bucket and of nothing else.
A stored text that cannot be read denies everything: nobody knows what it denied.
"""

import json
from collections.abc import Iterator
from typing import Any

from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument

__all__ = [
    "MAX_BUCKET_POLICY_BYTES",
    "check_bucket_policy",
    "is_public",
    "parse_stored_bucket_policy",
]

MAX_BUCKET_POLICY_BYTES = 20 * 1024
"""S3 user guide, "Bucket policies"."""
_DENY_EVERYTHING = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}'
_FIXES_THE_CALLER = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:sourceip",
        "aws:userid",
    }
)
"""Condition keys whose fixed values make a grant to everybody one to somebody."""


def check_bucket_policy(text: str, bucket: str) -> PolicyDocument:
    """The policy, compiled, which speaks of this bucket only. Raises MalformedPolicyDocument."""
    policy = _parse(text, bucket)
    for resource in _resources(json.loads(text)):
        if resource != f"arn:aws:s3:::{bucket}" and not resource.startswith(f"arn:aws:s3:::{bucket}/"):
            raise MalformedPolicyDocument(
                "Policy has invalid resource: it must be this bucket or objects in it"
            )
    return policy


def parse_stored_bucket_policy(text: str, bucket: str) -> PolicyDocument:
    """What `check_bucket_policy` let pass when it was written."""
    try:
        return _parse(text, bucket)
    except MalformedPolicyDocument:
        return _parse(_DENY_EVERYTHING, bucket)


def is_public(policy: PolicyDocument) -> bool:
    """Whether some Allow is for everybody, with no condition on who or from where. Here everybody is every principal
    of every account of this server: a request without a signature is refused before any policy is asked.
    """
    return any(
        statement.effect is Effect.ALLOWED
        and statement.principals is not None
        and statement.principals.is_everybody
        and not any(condition.key in _FIXES_THE_CALLER for condition in statement.conditions)
        for statement in policy.statements
    )


def _parse(text: str, bucket: str) -> PolicyDocument:
    return parse_policy(
        text, name=f"bucket policy of {bucket}", kind="resource", max_characters=MAX_BUCKET_POLICY_BYTES
    )


def _resources(policy: dict[str, Any]) -> Iterator[str]:
    """Of a text that is a policy."""
    statements = policy["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        resources = statement.get("Resource", statement.get("NotResource"))
        yield from resources if isinstance(resources, list) else [resources]
