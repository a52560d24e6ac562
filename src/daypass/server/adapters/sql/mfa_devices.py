"""Tables `mfa_devices` and `recovery_codes`: second factors.

Using a code, a step or a count is one conditional write, so of any number of parallel sign-ins one succeeds. It
does not raise the account's revision: it changes no decision but the one it belongs to. With the last device of a
person go the recovery codes: else whoever holds old ones would get past the devices of later.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.existence import check_user_exists
from daypass.server.adapters.sql.json_text import read_tags, tags_text
from daypass.server.adapters.sql.recovery_codes import SqlRecoveryCodes
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.ports.storage import Page

__all__ = ["SqlMfaDeviceStore"]

_COLUMNS = (
    "serial_number, account_id, owner_id, kind, created_at, enabled_at, sealed_seed, last_step,"
    " credential_id, public_key, sign_count, tags"
)


class SqlMfaDeviceStore(SqlRecoveryCodes):
    """`ports.identity_storage.MfaDeviceStore`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine = engine

    async def create_mfa_device(self, device: MfaDevice, *, limit: int) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, device.account_id)
            if device.owner_id:
                await _check_room(transaction, device.account_id, device.owner_id, limit)
            row = await transaction.fetch_one(
                f"INSERT INTO mfa_devices ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                " ON CONFLICT DO NOTHING RETURNING serial_number",
                device.serial_number,
                device.account_id,
                device.owner_id,
                device.kind,
                device.created_at,
                device.enabled_at,
                device.sealed_seed,
                device.last_step,
                device.credential_id,
                device.public_key,
                device.sign_count,
                tags_text(device.tags),
            )
            if row is None:
                raise EntityAlreadyExists("an MFA device with this name or credential exists already")

        await self._engine.run(work)

    async def load_mfa_device(self, serial_number: str) -> MfaDevice | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM mfa_devices WHERE serial_number = $1", serial_number
        )
        return None if row is None else _read_device(row)

    async def list_mfa_devices(self, account_id: str, owner_id: str) -> Sequence[MfaDevice]:
        return await self._list(
            "account_id = $1 AND owner_id = $2 AND owner_id <> '' ORDER BY enabled_at, serial_number",
            account_id,
            owner_id,
        )

    async def list_virtual_mfa_devices(self, account_id: str, *, page: Page) -> Sequence[MfaDevice]:
        return await self._list(
            "kind = 'totp' AND account_id = $1 AND serial_number > $2 ORDER BY serial_number LIMIT $3",
            account_id,
            page.after,
            page.size,
        )

    async def enable_mfa_device(
        self, serial_number: str, owner_id: str, *, last_step: int, limit: int, now: int
    ) -> None:
        async def work(transaction: Transaction) -> None:
            account_id, owner_now = await _hold_device(transaction, serial_number)
            if owner_now:
                raise EntityAlreadyExists("the MFA device is in use already")
            await _check_room(transaction, account_id, owner_id, limit)
            await transaction.execute(
                "UPDATE mfa_devices SET owner_id = $2, enabled_at = $3, last_step = $4"
                " WHERE serial_number = $1",
                serial_number,
                owner_id,
                now,
                last_step,
            )

        await self._engine.run(work)

    async def use_totp_step(self, serial_number: str, step: int) -> bool:
        row = await self._engine.fetch_one(
            "UPDATE mfa_devices SET last_step = $2"
            " WHERE serial_number = $1 AND last_step < $2 AND kind = 'totp' AND owner_id <> ''"
            " RETURNING serial_number",
            serial_number,
            step,
        )
        return row is not None

    async def use_passkey_count(self, serial_number: str, *, before: int, after: int) -> bool:
        row = await self._engine.fetch_one(
            "UPDATE mfa_devices SET sign_count = $3"
            " WHERE serial_number = $1 AND sign_count = $2 AND kind = 'passkey' RETURNING serial_number",
            serial_number,
            before,
            after,
        )
        return row is not None

    async def deactivate_mfa_device(self, serial_number: str, owner_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            account_id, owner_now = await _hold_device(transaction, serial_number)
            if not owner_now or owner_now != owner_id:
                raise NoSuchEntity("the MFA device is not this person's")
            await transaction.execute(
                "DELETE FROM mfa_devices WHERE serial_number = $1 AND kind = 'passkey'", serial_number
            )
            await transaction.execute(
                "UPDATE mfa_devices SET owner_id = '', enabled_at = 0 WHERE serial_number = $1",
                serial_number,
            )
            await transaction.execute(
                "DELETE FROM recovery_codes WHERE account_id = $1 AND owner_id = $2 AND NOT EXISTS"
                " (SELECT 1 FROM mfa_devices WHERE account_id = $1 AND owner_id = $2)",
                account_id,
                owner_id,
            )

        await self._engine.run(work)

    async def delete_virtual_mfa_device(self, serial_number: str) -> None:
        async def work(transaction: Transaction) -> None:
            _, owner_now = await _hold_device(transaction, serial_number)
            if owner_now:
                raise DeleteConflict("the MFA device is still in use")
            await transaction.execute("DELETE FROM mfa_devices WHERE serial_number = $1", serial_number)

        await self._engine.run(work)

    async def update_mfa_device_tags(self, serial_number: str, *, tags: Tags, tags_before: Tags) -> None:
        async def work(transaction: Transaction) -> None:
            await _hold_device(transaction, serial_number)
            row = await transaction.fetch_one(
                "UPDATE mfa_devices SET tags = $2 WHERE serial_number = $1 AND tags = $3 RETURNING tags",
                serial_number,
                tags_text(tags),
                tags_text(tags_before),
            )
            if row is None:
                raise ConcurrentModification("the device's tags have changed meanwhile")

        await self._engine.run(work)

    async def list_sealed_mfa_devices(self, *, page: Page) -> Sequence[MfaDevice]:
        return await self._list(
            "kind = 'totp' AND serial_number > $1 ORDER BY serial_number LIMIT $2", page.after, page.size
        )

    async def reseal_mfa_device(self, serial_number: str, *, before: str, after: str) -> bool:
        row = await self._engine.fetch_one(
            "UPDATE mfa_devices SET sealed_seed = $3 WHERE serial_number = $1 AND sealed_seed = $2"
            " RETURNING serial_number",
            serial_number,
            before,
            after,
        )
        return row is not None

    async def _list(self, condition: str, *values: str | int) -> Sequence[MfaDevice]:
        rows = await self._engine.fetch_all(f"SELECT {_COLUMNS} FROM mfa_devices WHERE {condition}", *values)
        return [_read_device(row) for row in rows]


def _read_device(row: Row) -> MfaDevice:
    columns = [*row[:-1], read_tags(row[-1])]
    return MfaDevice(*columns)


async def _hold_device(transaction: Transaction, serial_number: str) -> tuple[str, str]:
    """Account and owner, under the account's lock, its revision raised. Raises NoSuchEntity."""
    row: Row | None = await transaction.fetch_one(
        "SELECT account_id FROM mfa_devices WHERE serial_number = $1", serial_number
    )
    if row is not None:
        await raise_revision(transaction, row[0])
        row = await transaction.fetch_one(
            "SELECT account_id, owner_id FROM mfa_devices WHERE serial_number = $1", serial_number
        )
    if row is None:
        raise NoSuchEntity("the MFA device does not exist")
    return row[0], row[1]


async def _check_room(transaction: Transaction, account_id: str, owner_id: str, limit: int) -> None:
    """The owner is there and may have one more. Raises NoSuchEntity, LimitExceeded."""
    if owner_id != account_id:
        await check_user_exists(transaction, account_id, owner_id)
    row = await transaction.fetch_one(
        "SELECT count(*) FROM mfa_devices WHERE account_id = $1 AND owner_id = $2", account_id, owner_id
    )
    if row is not None and row[0] >= limit:
        raise LimitExceeded(f"there are {limit} MFA devices already")
