"""Tables `federation_requests` and `used_once`, and single logout over both kinds of sessions.

Taking a request is deleting it, and using something once is inserting its key: in each the condition stands in
the one statement that writes. Single logout and the beginning of a federated login hold the provider's named
lock: without it, on PostgreSQL, a redemption that read the revision a moment before the logout raised it could
still commit after it.
"""

from daypass.server.adapters.sql.engine import Engine, Statements, Transaction
from daypass.server.domain.identity_provider import provider_account
from daypass.server.ports.federation_storage import FederationRequest

__all__ = ["SqlFederationStore", "lock_provider", "use_once"]

_COLUMNS = "request_id, provider_arn, browser_hash, sealed_request, expires_at, nonce, sealed_verifier"


async def lock_provider(transaction: Transaction, provider_arn: str) -> None:
    """Hold the beginning and ending of sessions of this provider until the transaction ends."""
    await transaction.lock(f"provider {provider_arn}")


async def use_once(statements: Statements, key: bytes, *, now: int, expires_at: int) -> bool:
    """True for the first caller with this key, False for every other one until `expires_at`: one statement."""
    row = await statements.fetch_one(
        "INSERT INTO used_once (use_key, expires_at) VALUES ($1, $2)"
        " ON CONFLICT (use_key) DO UPDATE SET expires_at = excluded.expires_at"
        " WHERE used_once.expires_at <= $3 RETURNING use_key",
        key,
        expires_at,
        now,
    )
    return row is not None


class SqlFederationStore:
    """`ports.federation_storage.FederationStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def begin_federation(self, request: FederationRequest) -> None:
        await self._engine.execute(
            f"INSERT INTO federation_requests ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            request.request_id,
            request.provider_arn,
            request.browser_hash,
            request.sealed_request,
            request.expires_at,
            request.nonce,
            request.sealed_verifier,
        )

    async def take_federation_request(self, request_id: str, *, now: int) -> FederationRequest | None:
        row = await self._engine.fetch_one(
            f"DELETE FROM federation_requests WHERE request_id = $1 AND expires_at > $2 RETURNING {_COLUMNS}",
            request_id,
            now,
        )
        return None if row is None else FederationRequest(*row)

    async def use_once(self, key: bytes, *, now: int, expires_at: int) -> bool:
        return await use_once(self._engine, key, now=now, expires_at=expires_at)

    async def end_federated_sessions(
        self, provider_arn: str, *, subject: str, idp_session: str, now: int
    ) -> int:
        if not subject and not idp_session:
            raise ValueError("whose sessions?")
        who = _Who(provider_arn, subject, idp_session)

        async def work(transaction: Transaction) -> int:
            await lock_provider(transaction, provider_arn)
            await _raise_revisions(transaction, who)
            ended = await transaction.fetch_all(
                f"DELETE FROM sign_in_sessions WHERE {who.condition} RETURNING expires_at", *who.values
            )
            revoked = await _revoke_login_sessions(transaction, who, now=now)
            return revoked + len([row for row in ended if row[0] > now])

        return await self._engine.run(work)


class _Who:
    """A person at a provider, as a condition on either table of sessions, with its values."""

    def __init__(self, provider_arn: str, subject: str, idp_session: str) -> None:
        # The second term says no more than the first; the partial indexes are only used where it stands.
        condition, values = "provider_arn = $1 AND provider_arn <> ''", [provider_arn]
        if subject:
            values.append(subject)
            condition += f" AND idp_subject = ${len(values)}"
        if idp_session:
            # Of this person, a session whose name at the provider we never learnt may be the one that is meant.
            values.append(idp_session)
            unknown = " OR idp_session = ''" if subject else ""
            condition += f" AND (idp_session = ${len(values)}{unknown})"
        self.condition = condition
        self.values = values
        self.account_id = provider_account(provider_arn)


async def _raise_revisions(transaction: Transaction, who: _Who) -> None:
    """Of the provider's own account always: a login may be beginning there whose browser session is gone."""
    rows = await transaction.fetch_all(
        f"SELECT account_id FROM sign_in_sessions WHERE {who.condition}"
        f" UNION SELECT account_id FROM login_sessions WHERE {who.condition}",
        *who.values,
    )
    for account_id in sorted({who.account_id, *(row[0] for row in rows)}):
        await transaction.execute(
            "UPDATE accounts SET revision = revision + 1 WHERE account_id = $1", account_id
        )


async def _revoke_login_sessions(transaction: Transaction, who: _Who, *, now: int) -> int:
    """One by one in the order of ids, as rotations lock them, so that the two never wait in a circle."""
    rows = await transaction.fetch_all(
        f"SELECT session_id FROM login_sessions WHERE {who.condition} AND revoked_at IS NULL AND ends_at > ${len(who.values) + 1}"
        " ORDER BY session_id",
        *who.values,
        now,
    )
    revoked = 0
    for row in rows:
        changed = await transaction.fetch_one(
            "UPDATE login_sessions SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL"
            " RETURNING session_id",
            row[0],
            now,
        )
        revoked += changed is not None
    return revoked
