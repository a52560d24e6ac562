"""What keeps the server healthy: the write check behind readiness, purging what time has ended, and what is in use.

Rows go only `PURGE_MARGIN` seconds after their time, so a clock that steps back cannot free a used code
or proof. Each round is a short transaction of its own; other work runs between rounds.
"""

import asyncio
from typing import Literal

from daypass.server.adapters.sql.engine import Engine, Transaction

__all__ = ["PURGE_MARGIN", "check_writable", "find_uses", "purge_expired"]

PURGE_MARGIN = 60
"""Seconds."""
_ROWS_PER_ROUND = 500
_ROUNDS = 40
"""At most 20 000 rows per table and call."""

_LONGEST_ROLE_SESSION = 43_200
"""Seconds. A revoked login is remembered as long: credentials of a role it assumed ask for it, and may outlive its end."""
_WHILE_REMEMBERED = f" AND (revoked_at IS NULL OR revoked_at < $1 - {_LONGEST_ROLE_SESSION})"

_PURGES = tuple(
    f"DELETE FROM {table} WHERE {key} IN"
    f" (SELECT {key} FROM {table} WHERE {ending} < $1{_WHILE_REMEMBERED if table == 'login_sessions' else ''}"
    f" ORDER BY {ending} LIMIT $2) RETURNING {key}"
    for table, key, ending in (
        ("dpop_proofs", "proof_key", "expires_at"),
        ("code_uses", "code_id", "expires_at"),
        ("sign_in_sessions", "session_id", "expires_at"),
        ("login_sessions", "session_id", "ends_at"),
        ("sign_in_attempts", "attempt_key", "window_ends_at"),
        ("federation_requests", "request_id", "expires_at"),
        ("used_once", "use_key", "expires_at"),
        ("session_origins", "session_id", "expires_at"),
    )
)


_USES = """
SELECT EXISTS (SELECT 1 FROM saml_providers), EXISTS (SELECT 1 FROM oidc_providers),
       EXISTS (SELECT 1 FROM mfa_devices WHERE kind = 'passkey')
"""


async def find_uses(engine: Engine) -> frozenset[Literal["saml", "oidc", "passkeys"]]:
    """`ports.storage.Storage.find_uses`: a look at one row of each, whatever their number."""
    row = await engine.fetch_one(_USES)
    assert row is not None, "a SELECT without FROM has one row"
    words: tuple[Literal["saml", "oidc", "passkeys"], ...] = ("saml", "oidc", "passkeys")
    return frozenset(word for word, is_used in zip(words, row, strict=True) if is_used)


async def check_writable(engine: Engine, *, now: int) -> None:
    """Write for real, on the path every other write takes. Raises StorageError."""

    async def work(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO write_checks (check_number, checked_at) VALUES (1, $1)"
            " ON CONFLICT (check_number) DO UPDATE SET checked_at = excluded.checked_at",
            now,
        )

    await engine.run(work)


async def purge_expired(engine: Engine, *, now: int) -> None:
    """Delete at most `_ROUNDS` x `_ROWS_PER_ROUND` rows of each table whose time is over."""
    for purge in _PURGES:
        for _ in range(_ROUNDS):
            if await _purge_round(engine, purge, now - PURGE_MARGIN) < _ROWS_PER_ROUND:
                break
            await asyncio.sleep(0)


async def _purge_round(engine: Engine, purge: str, before: int) -> int:
    async def work(transaction: Transaction) -> int:
        await transaction.lock("purge")
        return len(await transaction.fetch_all(purge, before, _ROWS_PER_ROUND))

    return await engine.run(work)
