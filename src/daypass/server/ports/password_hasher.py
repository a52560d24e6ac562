"""Password hashing as the flows see it. The only implementation is `adapters/argon2.py`."""

from typing import Protocol

from daypass.secret import Secret

__all__ = ["PasswordHasher", "PasswordMismatch"]


class PasswordMismatch(Exception):
    """The password is not the one behind the hash."""


class PasswordHasher(Protocol):
    """Argon2id in a bounded pool. Both calls take about the same time whatever the outcome."""

    async def hash(self, password: Secret) -> str:
        """A PHC string. Raises `protocol.aws.errors.Throttling` when the pool's queue is full."""
        ...

    async def verify(self, password_hash: str, password: Secret) -> bool:
        """Raises PasswordMismatch. Returns whether the hash should be renewed with today's parameters.

        An empty `password_hash` (unknown name, no password) costs a full verification against a decoy and
        then raises PasswordMismatch, so that the answer's time does not tell.
        """
        ...
