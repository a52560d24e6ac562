"""Tables `users` and `login_profiles`: IAM users and the passwords that let them sign in."""

from collections.abc import Sequence

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.domain.account import LoginProfile, User
from daypass.server.ports.storage import Page

__all__ = ["SqlUserStore"]

_USER = "account_id, user_id, user_name, path, created_at, credentials_epoch"
_PROFILE = "account_id, user_id, password_hash, created_at, password_reset_required"


class SqlUserStore:
    """`ports.storage.UserStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_user(self, user: User) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, user.account_id)
            row = await transaction.fetch_one(
                f"INSERT INTO users ({_USER}, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                " ON CONFLICT DO NOTHING RETURNING user_id",
                user.account_id,
                user.user_id,
                user.user_name,
                user.path,
                user.created_at,
                user.credentials_epoch,
                user.user_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a user with this name exists already")

        await self._engine.run(work)

    async def load_user(self, account_id: str, user_name: str) -> User | None:
        row = await self._engine.fetch_one(
            f"SELECT {_USER} FROM users WHERE account_id = $1 AND name_key = $2",
            account_id,
            user_name.lower(),
        )
        return None if row is None else User(*row)

    async def load_user_by_id(self, account_id: str, user_id: str) -> User | None:
        row = await self._engine.fetch_one(
            f"SELECT {_USER} FROM users WHERE account_id = $1 AND user_id = $2", account_id, user_id
        )
        return None if row is None else User(*row)

    async def list_users(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[User]:
        rows = await self._engine.fetch_all(
            f"SELECT {_USER} FROM users WHERE account_id = $1 AND name_key > $2"
            " AND substr(path, 1, $3) = $4 ORDER BY name_key LIMIT $5",
            account_id,
            page.after,
            len(path_prefix),
            path_prefix,
            page.size,
        )
        return [User(*row) for row in rows]

    async def delete_user(self, account_id: str, user_name: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "SELECT user_id FROM users WHERE account_id = $1 AND name_key = $2",
                account_id,
                user_name.lower(),
            )
            if row is None:
                raise NoSuchEntity("the user does not exist")
            gone = await transaction.fetch_one(
                "DELETE FROM users WHERE account_id = $1 AND user_id = $2"
                " AND NOT EXISTS (SELECT 1 FROM login_profiles WHERE account_id = $1 AND user_id = $2)"
                " AND NOT EXISTS (SELECT 1 FROM policy_attachments WHERE account_id = $1 AND principal_id = $2)"
                " RETURNING user_id",
                account_id,
                row[0],
            )
            if gone is None:
                raise DeleteConflict("the user still has a login profile or an attached policy")

        await self._engine.run(work)

    async def create_login_profile(self, profile: LoginProfile) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, profile.account_id)
            await _raise_epoch(transaction, profile.account_id, profile.user_id)
            row = await transaction.fetch_one(
                f"INSERT INTO login_profiles ({_PROFILE}) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT DO NOTHING RETURNING user_id",
                profile.account_id,
                profile.user_id,
                profile.password_hash,
                profile.created_at,
                profile.password_reset_required,
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
        if row is None:
            return None
        _, _, password_hash, created_at, password_reset_required = row
        return LoginProfile(account_id, user_id, password_hash, created_at, bool(password_reset_required))

    async def update_login_profile(
        self,
        account_id: str,
        user_id: str,
        *,
        password_hash: str | None,
        password_reset_required: bool | None,
        changed: bool,
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "UPDATE login_profiles SET password_hash = COALESCE($3, password_hash),"
                " password_reset_required = COALESCE($4, password_reset_required)"
                " WHERE account_id = $1 AND user_id = $2 RETURNING user_id",
                account_id,
                user_id,
                password_hash,
                password_reset_required,
            )
            if row is None:
                raise NoSuchEntity("the user has no login profile")
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
            await _raise_epoch(transaction, account_id, user_id)

        await self._engine.run(work)


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
