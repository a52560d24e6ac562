"""Table `policy_versions`: the versions of managed policies, and who has which policy.

`policies.document` and `policies.default_version_id` repeat the default version, because every decision reads it
and nothing else. CROSS JOIN is how SQLite is told to begin at the left. Version numbers come from `policies.newest_version`, which only grows: none is given out twice.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    DeleteConflict,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.groups import GROUP_COLUMNS
from daypass.server.adapters.sql.json_text import read_tags, tags_text
from daypass.server.adapters.sql.roles import ROLE_COLUMNS, read_role
from daypass.server.adapters.sql.users import USER_COLUMNS, read_user
from daypass.server.domain.account import Group, PolicyVersion, Role, User
from daypass.server.domain.identity_provider import Tags
from daypass.server.ports.storage import Page

__all__ = ["SqlPolicyVersionStore"]


class SqlPolicyVersionStore:
    """`ports.identity_storage.PolicyVersionStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_policy_version(
        self, policy_arn: str, document: str, *, set_as_default: bool, limit: int, now: int
    ) -> PolicyVersion:
        async def work(transaction: Transaction) -> PolicyVersion:
            await _hold_policy(transaction, policy_arn)
            row = await transaction.fetch_one(
                "SELECT count(*) FROM policy_versions WHERE policy_arn = $1", policy_arn
            )
            if row is not None and row[0] >= limit:
                raise LimitExceeded(f"the policy has {limit} versions already")
            row = await transaction.fetch_one(
                "UPDATE policies SET newest_version = newest_version + 1, updated_at = $2"
                " WHERE policy_arn = $1 RETURNING newest_version",
                policy_arn,
                now,
            )
            assert row is not None, "the policy is held"
            await transaction.execute(
                "INSERT INTO policy_versions (policy_arn, version_number, document, created_at)"
                " VALUES ($1, $2, $3, $4)",
                policy_arn,
                row[0],
                document,
                now,
            )
            if set_as_default:
                await _set_default(transaction, policy_arn, row[0], document)
            return PolicyVersion(policy_arn, f"v{row[0]}", document, now, set_as_default)

        return await self._engine.run(work)

    async def list_policy_versions(self, policy_arn: str) -> Sequence[PolicyVersion]:
        rows = await self._engine.fetch_all(
            "SELECT version.version_number, version.document, version.created_at, policies.default_version_id"
            " FROM policy_versions AS version JOIN policies ON policies.policy_arn = version.policy_arn"
            " WHERE version.policy_arn = $1 ORDER BY version.version_number DESC",
            policy_arn,
        )
        return [
            PolicyVersion(policy_arn, f"v{number}", document, created_at, f"v{number}" == default)
            for number, document, created_at, default in rows
        ]

    async def set_default_policy_version(self, policy_arn: str, version_id: str, *, now: int) -> None:
        async def work(transaction: Transaction) -> None:
            await _hold_policy(transaction, policy_arn)
            number = _version_number(version_id)
            row = await transaction.fetch_one(
                "SELECT document FROM policy_versions WHERE policy_arn = $1 AND version_number = $2",
                policy_arn,
                number,
            )
            if row is None:
                raise NoSuchEntity("the policy has no such version")
            await _set_default(transaction, policy_arn, number, row[0])
            await transaction.execute(
                "UPDATE policies SET updated_at = $2 WHERE policy_arn = $1", policy_arn, now
            )

        await self._engine.run(work)

    async def delete_policy_version(self, policy_arn: str, version_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            default_version_id, _ = await _hold_policy(transaction, policy_arn)
            if version_id == default_version_id:
                raise DeleteConflict("the default version of a policy goes only with the policy")
            row = await transaction.fetch_one(
                "DELETE FROM policy_versions WHERE policy_arn = $1 AND version_number = $2"
                " RETURNING version_number",
                policy_arn,
                _version_number(version_id),
            )
            if row is None:
                raise NoSuchEntity("the policy has no such version")

        await self._engine.run(work)

    async def update_policy_tags(self, policy_arn: str, *, tags: Tags, tags_before: Tags) -> None:
        async def work(transaction: Transaction) -> None:
            _, tags_now = await _hold_policy(transaction, policy_arn)
            if read_tags(tags_now) != tags_before:
                raise ConcurrentModification("the policy's tags have changed meanwhile")
            await transaction.execute(
                "UPDATE policies SET tags = $2 WHERE policy_arn = $1", policy_arn, tags_text(tags)
            )

        await self._engine.run(work)

    async def list_entities_for_policy(
        self, account_id: str, policy_arn: str
    ) -> tuple[Sequence[Group], Sequence[User], Sequence[Role]]:
        groups = await self._list_having("groups", "group_id", GROUP_COLUMNS, account_id, policy_arn)
        users = await self._list_having("users", "user_id", USER_COLUMNS, account_id, policy_arn)
        roles = await self._list_having("roles", "role_id", ROLE_COLUMNS, account_id, policy_arn)
        return (
            [Group(*row) for row in groups],
            [read_user(row) for row in users],
            [read_role(row) for row in roles],
        )

    async def list_bounded_users(self, account_id: str, policy_arn: str, *, page: Page) -> Sequence[User]:
        return [
            read_user(row)
            for row in await self._list_bounded("users", USER_COLUMNS, account_id, policy_arn, page)
        ]

    async def list_bounded_roles(self, account_id: str, policy_arn: str, *, page: Page) -> Sequence[Role]:
        return [
            read_role(row)
            for row in await self._list_bounded("roles", ROLE_COLUMNS, account_id, policy_arn, page)
        ]

    async def count_boundary_uses(self, account_id: str, policy_arn: str) -> int:
        row = await self._engine.fetch_one(
            "SELECT (SELECT count(*) FROM users WHERE account_id = $1"
            " AND permissions_boundary = $2 AND permissions_boundary <> '')"
            " + (SELECT count(*) FROM roles WHERE account_id = $1"
            " AND permissions_boundary = $2 AND permissions_boundary <> '')",
            account_id,
            policy_arn,
        )
        return 0 if row is None else int(row[0])

    async def _list_bounded(
        self, table: str, columns: str, account_id: str, policy_arn: str, page: Page
    ) -> Sequence[Row]:
        return await self._engine.fetch_all(
            f"SELECT {columns} FROM {table} WHERE account_id = $1 AND permissions_boundary = $2"
            " AND permissions_boundary <> '' AND name_key > $3 ORDER BY name_key LIMIT $4",
            account_id,
            policy_arn,
            page.after,
            page.size,
        )

    async def _list_having(
        self, table: str, key: str, columns: str, account_id: str, policy_arn: str
    ) -> Sequence[Row]:
        """Rows of one table of principals that have the policy, in the order of names."""
        wanted = ", ".join(f"principal.{column.strip()}" for column in columns.split(","))
        return await self._engine.fetch_all(
            f"SELECT {wanted} FROM policy_attachments AS attachment CROSS JOIN {table} AS principal"
            f" WHERE principal.account_id = attachment.account_id AND principal.{key} = attachment.principal_id"
            " AND attachment.policy_arn = $2 AND attachment.account_id = $1 ORDER BY principal.name_key",
            account_id,
            policy_arn,
        )


async def _hold_policy(transaction: Transaction, policy_arn: str) -> tuple[str, str]:
    """Default version and stored tags, under the account's lock, its revision raised. Raises NoSuchEntity."""
    row = await transaction.fetch_one("SELECT account_id FROM policies WHERE policy_arn = $1", policy_arn)
    if row is not None:
        await raise_revision(transaction, row[0])
        row = await transaction.fetch_one(
            "SELECT default_version_id, tags FROM policies WHERE policy_arn = $1", policy_arn
        )
    if row is None:
        raise NoSuchEntity("the policy does not exist")
    return row[0], row[1]


async def _set_default(transaction: Transaction, policy_arn: str, number: int, document: str) -> None:
    await transaction.execute(
        "UPDATE policies SET default_version_id = $2, document = $3 WHERE policy_arn = $1",
        policy_arn,
        f"v{number}",
        document,
    )


def _version_number(version_id: str) -> int:
    """The number in `v12`; one that no version has for anything else."""
    digits = version_id[1:]
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 9
    number = int(digits) if is_number else 0
    return number if version_id == f"v{number}" else 0
