"""Table `sign_in_sessions`: identities signed in in browsers.

A browser is known by the hash of its cookie's secret. The limit on identities per browser is a rule about
a count, which no row can carry: placing a session takes the browser's named lock.
"""

from collections.abc import Sequence

from daypass.server.adapters.sql.audit_events import append_event
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.federation import use_once
from daypass.server.adapters.sql.json_text import (
    IDENTITY_COLUMNS,
    identity_values,
    read_role_session,
    role_session_text,
)
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.session import SignInSession
from daypass.server.ports.sign_in_session_storage import Placement, UseOnce

__all__ = ["SqlSignInSessionStore"]

_COLUMNS = (
    "session_id, browser_hash, account_id, principal_kind, principal_arn, principal_id,"
    " credentials_epoch, authenticated_at, expires_at, last_used_at, role_session, mfa_at"
)

# A role session that was switched to stands in the browser of the session it was taken from. Of which user it is, a
# column says; from which provider's session it was taken, none does, so all of those go. A provider's own role session
# has an identity; one that a link made has no sign-in time.
_END_ROLES_TAKEN = """
DELETE FROM sign_in_sessions
WHERE browser_hash = $1 AND principal_kind = 'role' AND authenticated_at > 0 AND provider_arn = ''
  AND taken_by IN ($2, '')
"""


class SqlSignInSessionStore:
    """`ports.storage.SignInSessionStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def place_sign_in_session(
        self,
        session: SignInSession,
        *,
        old_browser: bytes,
        limit: int,
        now: int,
        audit: AuditEvent | None = None,
        once: UseOnce | None = None,
    ) -> Placement:
        """Counting, using up, moving, adding and saying so are one transaction: a crash leaves the browser as it was,
        and the ticket good.
        """

        async def work(transaction: Transaction) -> Placement:
            await transaction.lock(f"browser {old_browser.hex()}")
            others = await transaction.fetch_one(
                "SELECT count(*) FROM sign_in_sessions"
                " WHERE browser_hash = $1 AND principal_arn <> $2 AND expires_at > $3",
                old_browser,
                session.principal_arn,
                now,
            )
            if others is not None and others[0] >= limit:
                return "full"
            if once is not None and not await use_once(
                transaction, once.key, now=now, expires_at=once.expires_at
            ):
                return "used"
            await transaction.execute(
                "DELETE FROM sign_in_sessions WHERE browser_hash = $1 AND principal_arn = $2",
                old_browser,
                session.principal_arn,
            )
            await transaction.execute(
                "UPDATE sign_in_sessions SET browser_hash = $2 WHERE browser_hash = $1",
                old_browser,
                session.browser_hash,
            )
            await transaction.execute(
                f"INSERT INTO sign_in_sessions ({_COLUMNS}, {IDENTITY_COLUMNS})"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                *_values(session),
            )
            if audit is not None:
                await append_event(transaction, audit)
            return "placed"

        return await self._engine.run(work)

    async def list_sign_in_sessions(self, browser_hash: bytes, *, now: int) -> Sequence[SignInSession]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM sign_in_sessions WHERE browser_hash = $1 AND expires_at > $2"
            " ORDER BY last_used_at DESC, authenticated_at DESC, session_id",
            browser_hash,
            now,
        )
        return [_session(row) for row in rows]

    async def load_sign_in_session(self, session_id: str, *, now: int) -> SignInSession | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM sign_in_sessions WHERE session_id = $1 AND expires_at > $2",
            session_id,
            now,
        )
        return None if row is None else _session(row)

    async def touch_sign_in_session(self, session_id: str, *, now: int) -> None:
        await self._engine.execute(
            "UPDATE sign_in_sessions SET last_used_at = $2 WHERE session_id = $1", session_id, now
        )

    async def end_sign_in_sessions(self, browser_hash: bytes, *, session_id: str | None) -> int:
        if session_id is None:
            rows = await self._engine.fetch_all(
                "DELETE FROM sign_in_sessions WHERE browser_hash = $1 RETURNING session_id", browser_hash
            )
        else:
            rows = await self._engine.fetch_all(
                "DELETE FROM sign_in_sessions WHERE browser_hash = $1 AND session_id = $2"
                " RETURNING session_id",
                browser_hash,
                session_id,
            )
        return len(rows)

    async def list_sessions_of_principal(
        self, account_id: str, principal_id: str, *, now: int
    ) -> Sequence[SignInSession]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM sign_in_sessions"
            " WHERE account_id = $1 AND principal_id = $2 AND expires_at > $3"
            " ORDER BY last_used_at DESC, authenticated_at DESC, session_id",
            account_id,
            principal_id,
            now,
        )
        return [_session(row) for row in rows]

    async def list_roles_taken(self, account_id: str, user_id: str, *, now: int) -> Sequence[SignInSession]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM sign_in_sessions"
            " WHERE taken_by = $1 AND taken_by <> '' AND expires_at > $2"
            " ORDER BY last_used_at DESC, authenticated_at DESC, session_id",
            RoleOwner(account_id, user_id).key,
            now,
        )
        return [_session(row) for row in rows]

    async def list_sessions_of_account(
        self, account_id: str, *, after: tuple[str, str], limit: int, now: int
    ) -> Sequence[SignInSession]:
        # The first condition is what the index by principal answers; the second is exact.
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM sign_in_sessions"
            " WHERE account_id = $1 AND principal_id >= $2"
            " AND (principal_id > $2 OR session_id > $3) AND expires_at > $4"
            " ORDER BY principal_id, session_id LIMIT $5",
            account_id,
            *after,
            now,
            limit,
        )
        return [_session(row) for row in rows]

    async def end_session_of_principal(self, session_id: str, account_id: str, principal_id: str) -> bool:
        async def work(transaction: Transaction) -> bool:
            row = await transaction.fetch_one(
                "DELETE FROM sign_in_sessions WHERE session_id = $1 AND account_id = $2 AND principal_id = $3"
                " RETURNING browser_hash, principal_kind, provider_arn",
                session_id,
                account_id,
                principal_id,
            )
            if row is not None and (row[1] != "role" or row[2]):
                key = RoleOwner(account_id, principal_id).key
                await transaction.execute(_END_ROLES_TAKEN, row[0], key)
            return row is not None

        return await self._engine.run(work)


def _values(session: SignInSession) -> tuple[str | int | bytes | None, ...]:
    """In the order of `_COLUMNS`, then of IDENTITY_COLUMNS."""
    return (
        session.session_id,
        session.browser_hash,
        session.account_id,
        session.principal_kind,
        session.principal_arn,
        session.principal_id,
        session.credentials_epoch,
        session.authenticated_at,
        session.expires_at,
        session.last_used_at,
        role_session_text(session.role_session),
        session.mfa_at,
        *identity_values(session.role_session),
    )


def _session(row: Row) -> SignInSession:
    columns = list(row)
    columns[-2] = read_role_session(columns[-2])
    return SignInSession(*columns)
