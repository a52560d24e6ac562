"""What narrows one session below its principal: session policies, under a name.

Session policies only ever take away (IAM user guide, "Session policies"). They travel inside the session token,
so every verifier has them at hand; a terminal login that was scoped down keeps them in its row. Limits are
AWS's: the inline text has at most 2,048 characters, at most ten managed policies are named.
"""

import msgspec

__all__ = ["MAX_SESSION_POLICY_ARNS", "MAX_SESSION_POLICY_CHARACTERS", "SessionScope"]

MAX_SESSION_POLICY_CHARACTERS = 2048
MAX_SESSION_POLICY_ARNS = 10


class SessionScope(msgspec.Struct, frozen=True, array_like=True):
    """The ceiling of one session. Neither policy nor ARNs means: nothing is narrowed."""

    name: str = ""
    """How the person called it (`agent`, `read-only`); empty for those of AssumeRole and GetFederationToken."""
    policy: str = ""
    """The inline policy's text, or empty."""
    policy_arns: tuple[str, ...] = ()
    """Managed policies of the account, or shipped ones."""
