"""Whether the managed policies a session is to be narrowed by exist. Implemented by `flows/session_policy_check.py`."""

from typing import Protocol

__all__ = ["SessionPolicyCheck"]


class SessionPolicyCheck(Protocol):
    """Asked before a session is made; later a policy that is gone denies everything."""

    async def check_exist(self, account_id: str, policy_arns: tuple[str, ...]) -> None:
        """Each is the account's own or a shipped one. Raises ValidationError."""
        ...
