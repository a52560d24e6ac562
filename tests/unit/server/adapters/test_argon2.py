"""Passwords: OWASP's parameters, a decoy for unknown names, and a queue that sheds load."""

import asyncio
from collections.abc import Iterator
from typing import Any

import argon2
import pytest

from daypass.protocol.aws.errors import Throttling
from daypass.secret import Secret
from daypass.server.adapters.argon2 import OWASP_ARGON2ID, Argon2Hasher
from daypass.server.ports.password_hasher import PasswordMismatch


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    made = Argon2Hasher(threads=1, queue=1)
    yield made
    made.close()


async def test_a_password_verifies_against_its_own_hash_only(hasher: Argon2Hasher) -> None:
    password_hash = await hasher.hash(Secret("correct horse"))
    assert await hasher.verify(password_hash, Secret("correct horse")) is False
    with pytest.raises(PasswordMismatch):
        await hasher.verify(password_hash, Secret("wrong horse"))


async def test_the_parameters_are_owasps(hasher: Argon2Hasher) -> None:
    password_hash = await hasher.hash(Secret("x"))
    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert argon2.extract_parameters(password_hash) == OWASP_ARGON2ID


async def test_an_empty_hash_is_refused_even_for_the_decoys_own_password(hasher: Argon2Hasher) -> None:
    for guess in ("", "anything", "a password nobody has"):
        with pytest.raises(PasswordMismatch):
            await hasher.verify("", Secret(guess))


async def test_an_empty_hash_costs_a_whole_verification(
    hasher: Argon2Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    real = argon2.PasswordHasher.verify

    def recording(self: Any, password_hash: str, password: str) -> bool:
        computed.append(password_hash)
        return real(self, password_hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", recording)
    with pytest.raises(PasswordMismatch):
        await hasher.verify("", Secret("x"))
    assert argon2.extract_parameters(computed[0]) == OWASP_ARGON2ID


async def test_a_damaged_hash_is_a_mismatch(hasher: Argon2Hasher) -> None:
    with pytest.raises(PasswordMismatch):
        await hasher.verify("$argon2id$damaged", Secret("x"))


async def test_an_old_hash_asks_to_be_renewed(hasher: Argon2Hasher) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")
    assert await hasher.verify(weak, Secret("x")) is True


async def test_a_full_queue_is_told_to_come_back_and_recovers(hasher: Argon2Hasher) -> None:
    running = [asyncio.create_task(hasher.hash(Secret("x"))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Throttling):
        await hasher.hash(Secret("x"))
    await asyncio.gather(*running)
    assert await hasher.hash(Secret("x"))
