"""Table `recovery_codes`: what lets a person in whose devices are gone. Only hashes are here, and using deletes."""

from collections.abc import Sequence

from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.existence import check_user_exists

__all__ = ["SqlRecoveryCodes"]


class SqlRecoveryCodes:
    """The recovery codes of `ports.identity_storage.MfaDeviceStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def replace_recovery_codes(self, account_id: str, owner_id: str, hashes: Sequence[bytes]) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            if owner_id != account_id:
                await check_user_exists(transaction, account_id, owner_id)
            await transaction.execute(
                "DELETE FROM recovery_codes WHERE account_id = $1 AND owner_id = $2", account_id, owner_id
            )
            for code_hash in hashes:
                await transaction.execute(
                    "INSERT INTO recovery_codes (account_id, owner_id, code_hash) VALUES ($1, $2, $3)",
                    account_id,
                    owner_id,
                    code_hash,
                )

        await self._engine.run(work)

    async def use_recovery_code(self, account_id: str, owner_id: str, code_hash: bytes) -> bool:
        row = await self._engine.fetch_one(
            "DELETE FROM recovery_codes WHERE account_id = $1 AND owner_id = $2 AND code_hash = $3"
            " RETURNING owner_id",
            account_id,
            owner_id,
            code_hash,
        )
        return row is not None

    async def count_recovery_codes(self, account_id: str, owner_id: str) -> int:
        row = await self._engine.fetch_one(
            "SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND owner_id = $2",
            account_id,
            owner_id,
        )
        return 0 if row is None else int(row[0])
