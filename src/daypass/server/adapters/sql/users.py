"""Table `users`: IAM users. Their login profiles are in `login_profiles.py`.

A user goes only when nothing hangs on it any more; what was only ever about it (recovery codes) goes along.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
)
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Row, Transaction
from daypass.server.adapters.sql.existence import check_policy_exists
from daypass.server.adapters.sql.json_text import read_tags, tags_text
from daypass.server.adapters.sql.login_profiles import SqlLoginProfiles
from daypass.server.adapters.sql.named_rows import load_named
from daypass.server.domain.account import User
from daypass.server.domain.identity_provider import Tags
from daypass.server.ports.storage import Page

__all__ = ["USER_COLUMNS", "SqlUserStore", "read_user"]

USER_COLUMNS = (
    "account_id, user_id, user_name, path, created_at, credentials_epoch, tags, permissions_boundary,"
    " password_last_used"
)

_HANGING = """
SELECT 'a login profile' FROM login_profiles WHERE account_id = $1 AND user_id = $2
UNION ALL SELECT 'an attached policy' FROM policy_attachments WHERE account_id = $1 AND principal_id = $2
UNION ALL SELECT 'an inline policy' FROM inline_policies WHERE account_id = $1 AND principal_id = $2
UNION ALL SELECT 'a group' FROM group_members WHERE account_id = $1 AND user_id = $2
UNION ALL SELECT 'an access key' FROM access_keys WHERE account_id = $1 AND user_id = $2
UNION ALL SELECT 'an MFA device' FROM mfa_devices WHERE account_id = $1 AND owner_id = $2
"""


# By page in the order of names, at the price of a page however many users there are. Below a path there may be few,
# which are found by path and sorted, or many, which are met soon on a walk along the names: neither takes more steps
# than a small multiple of `_FEW`. (`|| ''` is there to say which of the two indexes is meant.)
_FEW = 10_000
_LAST_CHARACTER = "\U0010ffff"
_LIST = f"""
SELECT {USER_COLUMNS} FROM users WHERE account_id = $1 AND name_key > $2
ORDER BY name_key LIMIT $3"""
_LIST_FEW = f"""
SELECT {USER_COLUMNS} FROM users WHERE account_id = $1 AND name_key || '' > $2
  AND path <> '/' AND path >= $4 AND path < $5 ORDER BY name_key || '' LIMIT $3"""
_LIST_MANY = f"""
SELECT {USER_COLUMNS} FROM users WHERE account_id = $1 AND name_key > $2
  AND path || '' >= $4 AND path || '' < $5 ORDER BY name_key LIMIT $3"""
_COUNT_BELOW = """
SELECT count(*) FROM (SELECT 1 FROM users
WHERE account_id = $1 AND path <> '/' AND path >= $2 AND path < $3 LIMIT $4) AS below"""


class SqlUserStore(SqlLoginProfiles):
    """`ports.storage.UserStore`."""

    async def create_user(self, user: User) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, user.account_id)
            if user.permissions_boundary:
                await check_policy_exists(transaction, user.account_id, user.permissions_boundary)
            row = await transaction.fetch_one(
                f"INSERT INTO users ({USER_COLUMNS}, name_key)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT DO NOTHING RETURNING user_id",
                user.account_id,
                user.user_id,
                user.user_name,
                user.path,
                user.created_at,
                user.credentials_epoch,
                tags_text(user.tags),
                user.permissions_boundary,
                user.password_last_used,
                user.user_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a user with this name exists already")

        await self._engine.run(work)

    async def load_user(self, account_id: str, user_name: str) -> User | None:
        row = await load_named(self._engine, "users", USER_COLUMNS, account_id, user_name)
        return None if row is None else read_user(row)

    async def load_user_by_id(self, account_id: str, user_id: str) -> User | None:
        row = await self._engine.fetch_one(
            f"SELECT {USER_COLUMNS} FROM users WHERE account_id = $1 AND user_id = $2", account_id, user_id
        )
        return None if row is None else read_user(row)

    async def list_users(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[User]:
        statement, below = _LIST, []
        if path_prefix not in ("", "/"):
            below = [path_prefix, path_prefix + _LAST_CHARACTER]
            counted = await self._engine.fetch_one(_COUNT_BELOW, account_id, *below, _FEW)
            statement = _LIST_MANY if counted is None or counted[0] >= _FEW else _LIST_FEW
        rows = await self._engine.fetch_all(statement, account_id, page.after, page.size, *below)
        return [read_user(row) for row in rows]

    async def update_user(
        self,
        account_id: str,
        user_name: str,
        *,
        new_name: str | None = None,
        new_path: str | None = None,
        tags: Tags | None = None,
        tags_before: Tags | None = None,
        permissions_boundary: str | None = None,
        user_id: str | None = None,
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            found_id, tags_now = await _find(transaction, account_id, user_name, user_id)
            if tags_before is not None and read_tags(tags_now) != tags_before:
                raise ConcurrentModification("the user's tags have changed meanwhile")
            if permissions_boundary:
                await check_policy_exists(transaction, account_id, permissions_boundary)
            if new_name is not None:
                await _rename(transaction, account_id, found_id, new_name)
            await transaction.execute(
                "UPDATE users SET path = COALESCE($3, path), tags = COALESCE($4, tags),"
                " permissions_boundary = COALESCE($5, permissions_boundary)"
                " WHERE account_id = $1 AND user_id = $2",
                account_id,
                found_id,
                new_path,
                None if tags is None else tags_text(tags),
                permissions_boundary,
            )

        await self._engine.run(work)

    async def record_password_use(self, account_id: str, user_id: str, *, now: int) -> None:
        await self._engine.execute(
            "UPDATE users SET password_last_used = $3"
            " WHERE account_id = $1 AND user_id = $2 AND password_last_used < $3",
            account_id,
            user_id,
            now,
        )

    async def delete_user(self, account_id: str, user_name: str, *, user_id: str | None = None) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            found_id, _ = await _find(transaction, account_id, user_name, user_id)
            hanging = await transaction.fetch_one(_HANGING, account_id, found_id)
            if hanging is not None:
                raise DeleteConflict(f"the user still has {hanging[0]}")
            await transaction.execute(
                "DELETE FROM recovery_codes WHERE account_id = $1 AND owner_id = $2", account_id, found_id
            )
            await transaction.execute(
                "DELETE FROM users WHERE account_id = $1 AND user_id = $2", account_id, found_id
            )

        await self._engine.run(work)


def read_user(row: Row) -> User:
    """A row of `USER_COLUMNS`."""
    columns = list(row)
    columns[-3] = read_tags(columns[-3])
    return User(*columns)


async def _find(
    transaction: Transaction, account_id: str, user_name: str, user_id: str | None
) -> tuple[str, str]:
    """Id and stored tags; with an id only while the name is still that user's. Raises NoSuchEntity."""
    row = await load_named(transaction, "users", "user_id, tags", account_id, user_name)
    if row is None or user_id not in (None, row[0]):
        raise NoSuchEntity("the user does not exist")
    return row[0], row[1]


async def _rename(transaction: Transaction, account_id: str, user_id: str, new_name: str) -> None:
    """Also where groups repeat the name. Raises EntityAlreadyExists."""
    row = await transaction.fetch_one(
        "UPDATE users SET user_name = $3, name_key = $4 WHERE account_id = $1 AND user_id = $2"
        " AND NOT EXISTS (SELECT 1 FROM users AS other"
        " WHERE other.account_id = $1 AND other.name_key = $4 AND other.user_id <> $2) RETURNING user_id",
        account_id,
        user_id,
        new_name,
        new_name.lower(),
    )
    if row is None:
        raise EntityAlreadyExists("a user with this name exists already")
    await transaction.execute(
        "UPDATE group_members SET user_key = $3 WHERE account_id = $1 AND user_id = $2",
        account_id,
        user_id,
        new_name.lower(),
    )
