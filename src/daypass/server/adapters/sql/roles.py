"""Table `roles`: IAM roles and their trust policies."""

from collections.abc import Sequence

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
)
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.existence import check_policy_exists
from daypass.server.adapters.sql.json_text import read_tags, tags_text
from daypass.server.adapters.sql.named_rows import list_named, load_named
from daypass.server.domain.account import Role
from daypass.server.domain.identity_provider import Tags
from daypass.server.ports.storage import Page

__all__ = ["ROLE_COLUMNS", "SqlRoleStore", "read_role"]

ROLE_COLUMNS = (
    "account_id, role_id, role_name, path, trust_policy, created_at, description, max_session_duration, tags,"
    " permissions_boundary"
)

_HANGING = """
SELECT 'an attached policy' FROM policy_attachments WHERE account_id = $1 AND principal_id = $2
UNION ALL SELECT 'an inline policy' FROM inline_policies WHERE account_id = $1 AND principal_id = $2
LIMIT 1
"""


class SqlRoleStore:
    """`ports.storage.RoleStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_role(self, role: Role) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, role.account_id)
            if role.permissions_boundary:
                await check_policy_exists(transaction, role.account_id, role.permissions_boundary)
            row = await transaction.fetch_one(
                f"INSERT INTO roles ({ROLE_COLUMNS}, name_key)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
                " ON CONFLICT DO NOTHING RETURNING role_id",
                role.account_id,
                role.role_id,
                role.role_name,
                role.path,
                role.trust_policy,
                role.created_at,
                role.description,
                role.max_session_duration,
                tags_text(role.tags),
                role.permissions_boundary,
                role.role_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a role with this name exists already")

        await self._engine.run(work)

    async def load_role(self, account_id: str, role_name: str) -> Role | None:
        row = await load_named(self._engine, "roles", ROLE_COLUMNS, account_id, role_name)
        return None if row is None else read_role(row)

    async def load_role_by_id(self, account_id: str, role_id: str) -> Role | None:
        row = await self._engine.fetch_one(
            f"SELECT {ROLE_COLUMNS} FROM roles WHERE account_id = $1 AND role_id = $2", account_id, role_id
        )
        return None if row is None else read_role(row)

    async def list_roles(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[Role]:
        rows = await list_named(
            self._engine, "roles", ROLE_COLUMNS, account_id, path_prefix=path_prefix, page=page
        )
        return [read_role(row) for row in rows]

    async def update_role(
        self,
        account_id: str,
        role: str | Role,
        *,
        trust_policy: str | None = None,
        description: str | None = None,
        max_session_duration: int | None = None,
        tags: Tags | None = None,
        tags_before: Tags | None = None,
        permissions_boundary: str | None = None,
    ) -> None:
        name, role_id = (role, None) if isinstance(role, str) else (role.role_name, role.role_id)

        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            found_id, tags_now = await _find(transaction, account_id, name, role_id)
            if tags_before is not None and read_tags(tags_now) != tags_before:
                raise ConcurrentModification("the role's tags have changed meanwhile")
            if permissions_boundary:
                await check_policy_exists(transaction, account_id, permissions_boundary)
            await transaction.execute(
                "UPDATE roles SET trust_policy = COALESCE($3, trust_policy),"
                " description = COALESCE($4, description),"
                " max_session_duration = COALESCE($5, max_session_duration), tags = COALESCE($6, tags),"
                " permissions_boundary = COALESCE($7, permissions_boundary)"
                " WHERE account_id = $1 AND role_id = $2",
                account_id,
                found_id,
                trust_policy,
                description,
                max_session_duration,
                None if tags is None else tags_text(tags),
                permissions_boundary,
            )

        await self._engine.run(work)

    async def delete_role(self, account_id: str, role_name: str, *, role_id: str | None = None) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            found_id, _ = await _find(transaction, account_id, role_name, role_id)
            hanging = await transaction.fetch_one(_HANGING, account_id, found_id)
            if hanging is not None:
                raise DeleteConflict(f"the role still has {hanging[0]}")
            await transaction.execute(
                "DELETE FROM roles WHERE account_id = $1 AND role_id = $2", account_id, found_id
            )

        await self._engine.run(work)


def read_role(row: Row) -> Role:
    """A row of `ROLE_COLUMNS`."""
    columns = list(row)
    columns[-2] = read_tags(columns[-2])
    return Role(*columns)


async def _find(
    transaction: Transaction, account_id: str, role_name: str, role_id: str | None
) -> tuple[str, str]:
    """Id and stored tags; with an id only while the name is still that role's. Raises NoSuchEntity."""
    row = await load_named(transaction, "roles", "role_id, tags", account_id, role_name)
    if row is None or role_id not in (None, row[0]):
        raise NoSuchEntity("the role does not exist")
    return row[0], row[1]
