"""Table `access_keys`: long-term keys of users, their secrets sealed.

That a key was used is written without raising the account's revision: it changes no decision.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import LimitExceeded, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.existence import check_user_exists
from daypass.server.domain.access_key import AccessKey, AccessKeyStatus
from daypass.server.ports.storage import Page

__all__ = ["SqlAccessKeyStore"]

_COLUMNS = (
    "access_key_id, account_id, user_id, sealed_secret, status, created_at, last_used_at,"
    " last_used_service, last_used_region"
)


class SqlAccessKeyStore:
    """`ports.identity_storage.AccessKeyStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_access_key(self, key: AccessKey, *, limit: int) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, key.account_id)
            await check_user_exists(transaction, key.account_id, key.user_id)
            row = await transaction.fetch_one(
                "SELECT count(*) FROM access_keys WHERE account_id = $1 AND user_id = $2",
                key.account_id,
                key.user_id,
            )
            if row is not None and row[0] >= limit:
                raise LimitExceeded(f"the user has {limit} access keys already")
            await transaction.execute(
                f"INSERT INTO access_keys ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                key.access_key_id,
                key.account_id,
                key.user_id,
                key.sealed_secret,
                key.status,
                key.created_at,
                key.last_used_at,
                key.last_used_service,
                key.last_used_region,
            )

        await self._engine.run(work)

    async def load_access_key(self, access_key_id: str) -> AccessKey | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM access_keys WHERE access_key_id = $1", access_key_id
        )
        return None if row is None else AccessKey(*row)

    async def list_access_keys(self, account_id: str, user_id: str) -> Sequence[AccessKey]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM access_keys WHERE account_id = $1 AND user_id = $2"
            " ORDER BY created_at, access_key_id",
            account_id,
            user_id,
        )
        return [AccessKey(*row) for row in rows]

    async def set_access_key_status(
        self, account_id: str, user_id: str, access_key_id: str, status: AccessKeyStatus
    ) -> None:
        await self._change(
            "UPDATE access_keys SET status = $4"
            " WHERE account_id = $1 AND user_id = $2 AND access_key_id = $3 RETURNING access_key_id",
            account_id,
            user_id,
            access_key_id,
            status,
        )

    async def delete_access_key(self, account_id: str, user_id: str, access_key_id: str) -> None:
        await self._change(
            "DELETE FROM access_keys"
            " WHERE account_id = $1 AND user_id = $2 AND access_key_id = $3 RETURNING access_key_id",
            account_id,
            user_id,
            access_key_id,
        )

    async def record_access_key_use(
        self, access_key_id: str, *, used_at: int, service: str, region: str
    ) -> None:
        await self._engine.execute(
            "UPDATE access_keys SET last_used_at = $2, last_used_service = $3, last_used_region = $4"
            " WHERE access_key_id = $1 AND last_used_at < $2",
            access_key_id,
            used_at,
            service,
            region,
        )

    async def list_sealed_access_keys(self, *, page: Page) -> Sequence[AccessKey]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM access_keys WHERE access_key_id > $1 ORDER BY access_key_id LIMIT $2",
            page.after,
            page.size,
        )
        return [AccessKey(*row) for row in rows]

    async def reseal_access_key(self, access_key_id: str, *, before: str, after: str) -> bool:
        async def work(transaction: Transaction) -> bool:
            row = await transaction.fetch_one(
                "SELECT account_id FROM access_keys WHERE access_key_id = $1 AND sealed_secret = $2",
                access_key_id,
                before,
            )
            if row is None:
                return False
            await raise_revision(transaction, row[0])
            row = await transaction.fetch_one(
                "UPDATE access_keys SET sealed_secret = $3 WHERE access_key_id = $1 AND sealed_secret = $2"
                " RETURNING access_key_id",
                access_key_id,
                before,
                after,
            )
            return row is not None

        return await self._engine.run(work)

    async def _change(self, statement: str, account_id: str, *values: str) -> None:
        """One conditional write to a key of the account. Raises NoSuchEntity when it hits none."""

        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            if await transaction.fetch_one(statement, account_id, *values) is None:
                raise NoSuchEntity("the access key does not exist")

        await self._engine.run(work)
