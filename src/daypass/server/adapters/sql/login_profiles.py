"""Tables `login_profiles` and `old_passwords`: the passwords that let IAM users sign in, and those they had before.

Every change of a password raises the user's epoch, which ends what began under the old one. A password that is
replaced is remembered as a hash, for `password_reuse_prevention`; a profile that is deleted takes its memory along.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.domain.account import LoginProfile

__all__ = ["SqlLoginProfiles"]

_PROFILE = "account_id, user_id, password_hash, created_at, password_reset_required, password_changed_at"
_OLD_PASSWORDS_KEPT = 24
"""The largest `password_reuse_prevention` (IAM reference, "UpdateAccountPasswordPolicy")."""


class SqlLoginProfiles:
    """The login profiles of `ports.storage.UserStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_login_profile(self, profile: LoginProfile) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, profile.account_id)
            await _raise_epoch(transaction, profile.account_id, profile.user_id)
            row = await transaction.fetch_one(
                f"INSERT INTO login_profiles ({_PROFILE}) VALUES ($1, $2, $3, $4, $5, $6)"
                " ON CONFLICT DO NOTHING RETURNING user_id",
                profile.account_id,
                profile.user_id,
                profile.password_hash,
                profile.created_at,
                profile.password_reset_required,
                profile.password_changed_at,
            )
            if row is None:
                raise EntityAlreadyExists("the user has a login profile already")

        await self._engine.run(work)

    async def load_login_profile(self, account_id: str, user_id: str) -> LoginProfile | None:
        row = await self._engine.fetch_one(
            f"SELECT {_PROFILE} FROM login_profiles WHERE account_id = $1 AND user_id = $2",
            account_id,
            user_id,
        )
        return None if row is None else _profile(row)

    async def update_login_profile(
        self,
        account_id: str,
        user_id: str,
        *,
        password_hash: str | None,
        password_reset_required: bool | None,
        changed: bool,
        now: int | None = None,
        replacing: str | None = None,
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            if changed and password_hash is not None:
                await _remember_password(transaction, account_id, user_id)
            row = await transaction.fetch_one(
                "UPDATE login_profiles SET password_hash = COALESCE($3, password_hash),"
                " password_reset_required = COALESCE($4, password_reset_required),"
                " password_changed_at = COALESCE($5, password_changed_at)"
                " WHERE account_id = $1 AND user_id = $2 AND password_hash = COALESCE($6, password_hash)"
                " RETURNING user_id",
                account_id,
                user_id,
                password_hash,
                password_reset_required,
                now if changed else None,
                replacing,
            )
            if row is None:
                raise NoSuchEntity("the user has no login profile, or another password")
            if changed:
                await _raise_epoch(transaction, account_id, user_id)

        await self._engine.run(work)

    async def delete_login_profile(self, account_id: str, user_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "DELETE FROM login_profiles WHERE account_id = $1 AND user_id = $2 RETURNING user_id",
                account_id,
                user_id,
            )
            if row is None:
                raise NoSuchEntity("the user has no login profile")
            await transaction.execute(
                "DELETE FROM old_passwords WHERE account_id = $1 AND user_id = $2", account_id, user_id
            )
            await _raise_epoch(transaction, account_id, user_id)

        await self._engine.run(work)

    async def list_old_passwords(self, account_id: str, user_id: str, *, limit: int) -> Sequence[str]:
        rows = await self._engine.fetch_all(
            "SELECT password_hash FROM old_passwords WHERE account_id = $1 AND user_id = $2"
            " ORDER BY old_password_number DESC LIMIT $3",
            account_id,
            user_id,
            limit,
        )
        return [row[0] for row in rows]


def _profile(row: Row) -> LoginProfile:
    account_id, user_id, password_hash, created_at, reset_required, changed_at = row
    return LoginProfile(account_id, user_id, password_hash, created_at, bool(reset_required), changed_at)


async def _remember_password(transaction: Transaction, account_id: str, user_id: str) -> None:
    """Keep the hash that is about to be replaced, and of the older ones the newest."""
    await transaction.execute(
        "INSERT INTO old_passwords (account_id, user_id, password_hash)"
        " SELECT account_id, user_id, password_hash FROM login_profiles"
        " WHERE account_id = $1 AND user_id = $2",
        account_id,
        user_id,
    )
    await transaction.execute(
        "DELETE FROM old_passwords WHERE account_id = $1 AND user_id = $2 AND old_password_number <="
        " (SELECT old_password_number FROM old_passwords WHERE account_id = $1 AND user_id = $2"
        " ORDER BY old_password_number DESC LIMIT 1 OFFSET $3)",
        account_id,
        user_id,
        _OLD_PASSWORDS_KEPT,
    )


async def _raise_epoch(transaction: Transaction, account_id: str, user_id: str) -> None:
    """The user's credentials changed: login sessions of an older epoch end. Raises NoSuchEntity."""
    row = await transaction.fetch_one(
        "UPDATE users SET credentials_epoch = credentials_epoch + 1"
        " WHERE account_id = $1 AND user_id = $2 RETURNING credentials_epoch",
        account_id,
        user_id,
    )
    if row is None:
        raise NoSuchEntity("the user does not exist")
