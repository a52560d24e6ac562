"""Tables `groups` and `group_members`: users who share policies.

A member's row repeats the user's name key, so that members are read by page in the order of names at the price of
a page, however large the group is (`users.py` writes both when a user is renamed). CROSS JOIN is how SQLite is told
to begin at the left; PostgreSQL knows by itself.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.named_rows import list_named, load_named
from daypass.server.adapters.sql.users import USER_COLUMNS, read_user
from daypass.server.domain.account import Group, User
from daypass.server.ports.storage import Page

__all__ = ["GROUP_COLUMNS", "SqlGroupStore"]

GROUP_COLUMNS = "account_id, group_id, group_name, path, created_at"
_OF_GROUP = ", ".join(f"groups.{column.strip()}" for column in GROUP_COLUMNS.split(","))
_OF_USER = ", ".join(f"users.{column.strip()}" for column in USER_COLUMNS.split(","))

_HANGING = """
SELECT 'members' FROM group_members WHERE account_id = $1 AND group_id = $2
UNION ALL SELECT 'an attached policy' FROM policy_attachments WHERE account_id = $1 AND principal_id = $2
UNION ALL SELECT 'an inline policy' FROM inline_policies WHERE account_id = $1 AND principal_id = $2
LIMIT 1
"""


class SqlGroupStore:
    """`ports.identity_storage.GroupStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_group(self, group: Group) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, group.account_id)
            row = await transaction.fetch_one(
                f"INSERT INTO groups ({GROUP_COLUMNS}, name_key) VALUES ($1, $2, $3, $4, $5, $6)"
                " ON CONFLICT DO NOTHING RETURNING group_id",
                group.account_id,
                group.group_id,
                group.group_name,
                group.path,
                group.created_at,
                group.group_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a group with this name exists already")

        await self._engine.run(work)

    async def load_group(self, account_id: str, group_name: str) -> Group | None:
        row = await load_named(self._engine, "groups", GROUP_COLUMNS, account_id, group_name)
        return None if row is None else Group(*row)

    async def list_groups(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[Group]:
        rows = await list_named(
            self._engine, "groups", GROUP_COLUMNS, account_id, path_prefix=path_prefix, page=page
        )
        return [Group(*row) for row in rows]

    async def update_group(self, account_id: str, group_name: str, *, new_name: str, new_path: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            group_id = await _find(transaction, account_id, group_name)
            row = await transaction.fetch_one(
                "UPDATE groups SET group_name = $3, name_key = $4, path = $5"
                " WHERE account_id = $1 AND group_id = $2 AND NOT EXISTS (SELECT 1 FROM groups AS other"
                " WHERE other.account_id = $1 AND other.name_key = $4 AND other.group_id <> $2)"
                " RETURNING group_id",
                account_id,
                group_id,
                new_name,
                new_name.lower(),
                new_path,
            )
            if row is None:
                raise EntityAlreadyExists("a group with this name exists already")

        await self._engine.run(work)

    async def delete_group(self, account_id: str, group_name: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            group_id = await _find(transaction, account_id, group_name)
            hanging = await transaction.fetch_one(_HANGING, account_id, group_id)
            if hanging is not None:
                raise DeleteConflict(f"the group still has {hanging[0]}")
            await transaction.execute(
                "DELETE FROM groups WHERE account_id = $1 AND group_id = $2", account_id, group_id
            )

        await self._engine.run(work)

    async def add_member(
        self, account_id: str, group_id: str, user_id: str, *, limit: int | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "SELECT users.name_key FROM users CROSS JOIN groups WHERE groups.account_id = users.account_id"
                " AND users.account_id = $1 AND users.user_id = $3 AND groups.group_id = $2",
                account_id,
                group_id,
                user_id,
            )
            if row is None:
                raise NoSuchEntity("the group or the user does not exist")
            others = await transaction.fetch_one(
                "SELECT count(*) FROM group_members WHERE account_id = $1 AND user_id = $3 AND group_id <> $2",
                account_id,
                group_id,
                user_id,
            )
            if limit is not None and others is not None and others[0] >= limit:
                raise LimitExceeded(f"the user is in {limit} groups already")
            await transaction.execute(
                "INSERT INTO group_members (account_id, group_id, user_id, user_key) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING",
                account_id,
                group_id,
                user_id,
                row[0],
            )

        await self._engine.run(work)

    async def remove_member(self, account_id: str, group_id: str, user_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "DELETE FROM group_members WHERE account_id = $1 AND group_id = $2 AND user_id = $3"
                " RETURNING user_id",
                account_id,
                group_id,
                user_id,
            )
            if row is None:
                raise NoSuchEntity("the user is not in the group")

        await self._engine.run(work)

    async def list_members(self, account_id: str, group_id: str, *, page: Page) -> Sequence[User]:
        rows = await self._engine.fetch_all(
            f"SELECT {_OF_USER} FROM group_members AS member CROSS JOIN users"
            " WHERE users.account_id = member.account_id AND users.user_id = member.user_id"
            " AND member.account_id = $1 AND member.group_id = $2 AND member.user_key > $3"
            " ORDER BY member.user_key LIMIT $4",
            account_id,
            group_id,
            page.after,
            page.size,
        )
        return [read_user(row) for row in rows]

    async def list_groups_of(self, account_id: str, user_id: str) -> Sequence[Group]:
        rows = await self._engine.fetch_all(
            f"SELECT {_OF_GROUP} FROM group_members AS member CROSS JOIN groups"
            " WHERE groups.account_id = member.account_id AND groups.group_id = member.group_id"
            " AND member.account_id = $1 AND member.user_id = $2 ORDER BY groups.name_key",
            account_id,
            user_id,
        )
        return [Group(*row) for row in rows]


async def _find(transaction: Transaction, account_id: str, group_name: str) -> str:
    """The group's id. Raises NoSuchEntity."""
    row = await load_named(transaction, "groups", "group_id", account_id, group_name)
    if row is None:
        raise NoSuchEntity("the group does not exist")
    group_id: str = row[0]
    return group_id
