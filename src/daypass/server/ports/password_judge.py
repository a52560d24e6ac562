"""What is known about a password beyond its form. Implemented by `adapters/password_judge.py`."""

from collections.abc import Sequence
from typing import Protocol

from daypass.secret import Secret

__all__ = ["PasswordJudge"]


class PasswordJudge(Protocol):
    """Nothing leaves the server to find out."""

    async def is_breached(self, password: Secret) -> bool:
        """Whether the operator's list of passwords from breaches has it. False without a list."""
        ...

    async def hint(self, password: Secret, *, about: Sequence[str]) -> str:
        """What makes it easy to guess, as a sentence or two for its owner; empty when nothing does.

        `about` are words a guesser would try first: the person's name, the account.
        """
        ...
