"""Passwords by Argon2id, off the event loop, in a pool that sheds load instead of growing.

Parameters are the OWASP Password Storage Cheat Sheet's (Argon2id, 19 MiB, 2 passes, 1 lane). Every verification
costs one full computation: an empty hash (unknown name, no password) is checked against a decoy and then refused,
so that the time of the answer does not tell whether a name exists. No password is kept, logged or put in a message.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from daypass.protocol.aws.errors import Throttling
from daypass.secret import Secret
from daypass.server.ports.password_hasher import PasswordMismatch

__all__ = ["OWASP_ARGON2ID", "Argon2Hasher"]

_T = TypeVar("_T")

OWASP_ARGON2ID = argon2.Parameters(
    type=argon2.Type.ID,
    version=19,
    salt_len=16,
    hash_len=32,
    time_cost=2,
    memory_cost=19 * 1024,
    parallelism=1,
)
"""memory_cost in KiB."""


class Argon2Hasher:
    """`ports.password_hasher.PasswordHasher`. `threads` run at the same time, `queue` more may wait."""

    def __init__(self, *, threads: int, queue: int, parameters: argon2.Parameters = OWASP_ARGON2ID) -> None:
        self._hasher = argon2.PasswordHasher.from_parameters(parameters)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads + queue
        self._decoy = self._hasher.hash("a password nobody has")

    async def hash(self, password: Secret) -> str:
        """A PHC string. Raises Throttling when the queue is full."""
        return await self._run(lambda: self._hasher.hash(password.reveal()))

    async def verify(self, password_hash: str, password: Secret) -> bool:
        """Raises PasswordMismatch, Throttling. Returns whether the hash should be renewed."""
        await self._run(lambda: self._verify(password_hash, password))
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let running computations end; refuse new ones."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password_hash: str, password: Secret) -> None:
        try:
            self._hasher.verify(password_hash or self._decoy, password.reveal())
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            raise PasswordMismatch("the password does not match") from None
        if not password_hash:  # the decoy's own password opens nothing
            raise PasswordMismatch("the password does not match")

    async def _run(self, computation: Callable[[], _T]) -> _T:
        if self._room <= 0:
            raise Throttling("too many sign-ins at the moment", detail="the password queue is full")
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, computation)
        finally:
            self._room += 1
