"""A role's trust policy, from its stored text to what the policy engine asks.

Parsed once per text and role: the evaluator remembers what it learns about the object, so keep to this way in.
"""

from functools import lru_cache

from daypass.policy.document import PolicyDocument, parse_policy

__all__ = ["parse_trust_policy"]


@lru_cache(maxsize=1024)
def parse_trust_policy(text: str, role_arn: str) -> PolicyDocument:
    """The stored trust policy, compiled. Raises MalformedPolicyDocument."""
    return parse_policy(text, name=f"trust policy of {role_arn}", kind="trust")
