"""Tables `policies` and `policy_attachments`: managed policies of accounts, and who has which. Versions of them are
in `policy_versions.py`.

A policy shipped with the server (account part `aws` in its ARN) has no row here and may be attached all
the same.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.existence import check_policy_exists, check_principal_exists
from daypass.server.adapters.sql.json_text import read_tags, tags_text
from daypass.server.adapters.sql.named_rows import list_named
from daypass.server.domain.account import ManagedPolicy
from daypass.server.ports.storage import Page

__all__ = ["POLICY_COLUMNS", "SqlPolicyStore", "read_policy"]

POLICY_COLUMNS = (
    "account_id, policy_id, policy_name, path, document, created_at, description, default_version_id, tags,"
    " updated_at"
)

_HANGING = """
SELECT 'still attached' FROM policy_attachments WHERE policy_arn = $1
UNION ALL SELECT 'still a permissions boundary' FROM users
    WHERE account_id = $2 AND permissions_boundary = $1 AND permissions_boundary <> ''
UNION ALL SELECT 'still a permissions boundary' FROM roles
    WHERE account_id = $2 AND permissions_boundary = $1 AND permissions_boundary <> ''
UNION ALL SELECT 'still of several versions' FROM policy_versions
    WHERE policy_arn = $1 GROUP BY policy_arn HAVING count(*) > 1
LIMIT 1
"""


class SqlPolicyStore:
    """`ports.storage.PolicyStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_policy(self, policy: ManagedPolicy) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, policy.account_id)
            row = await transaction.fetch_one(
                f"INSERT INTO policies ({POLICY_COLUMNS}, policy_arn, name_key)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                " ON CONFLICT DO NOTHING RETURNING policy_id",
                policy.account_id,
                policy.policy_id,
                policy.policy_name,
                policy.path,
                policy.document,
                policy.created_at,
                policy.description,
                policy.default_version_id,
                tags_text(policy.tags),
                policy.updated_at,
                policy.arn,
                policy.policy_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a policy with this name exists already")
            await transaction.execute(
                "INSERT INTO policy_versions (policy_arn, version_number, document, created_at)"
                " VALUES ($1, 1, $2, $3)",
                policy.arn,
                policy.document,
                policy.created_at,
            )

        await self._engine.run(work)

    async def load_policy(self, policy_arn: str) -> ManagedPolicy | None:
        row = await self._engine.fetch_one(
            f"SELECT {POLICY_COLUMNS} FROM policies WHERE policy_arn = $1", policy_arn
        )
        return None if row is None else read_policy(row)

    async def list_policies(
        self, account_id: str, *, path_prefix: str, page: Page
    ) -> Sequence[ManagedPolicy]:
        rows = await list_named(
            self._engine, "policies", POLICY_COLUMNS, account_id, path_prefix=path_prefix, page=page
        )
        return [read_policy(row) for row in rows]

    async def delete_policy(self, policy_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.fetch_one(
                "SELECT account_id FROM policies WHERE policy_arn = $1", policy_arn
            )
            if row is None:
                raise NoSuchEntity("the policy does not exist")
            await raise_revision(transaction, row[0])
            hanging = await transaction.fetch_one(_HANGING, policy_arn, row[0])
            if hanging is not None:
                raise DeleteConflict(f"the policy is {hanging[0]}")
            await transaction.execute("DELETE FROM policy_versions WHERE policy_arn = $1", policy_arn)
            gone = await transaction.fetch_one(
                "DELETE FROM policies WHERE policy_arn = $1 RETURNING policy_arn", policy_arn
            )
            if gone is None:
                raise NoSuchEntity("the policy does not exist")

        await self._engine.run(work)

    async def attach_policy(
        self, account_id: str, principal_id: str, policy_arn: str, *, limit: int | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            await check_principal_exists(transaction, account_id, principal_id)
            await check_policy_exists(transaction, account_id, policy_arn)
            others = await transaction.fetch_one(
                "SELECT count(*) FROM policy_attachments"
                " WHERE account_id = $1 AND principal_id = $2 AND policy_arn <> $3",
                account_id,
                principal_id,
                policy_arn,
            )
            if limit is not None and others is not None and others[0] >= limit:
                raise LimitExceeded(f"{limit} policies are attached already")
            await transaction.execute(
                "INSERT INTO policy_attachments (account_id, principal_id, policy_arn) VALUES ($1, $2, $3)"
                " ON CONFLICT DO NOTHING",
                account_id,
                principal_id,
                policy_arn,
            )

        await self._engine.run(work)

    async def detach_policy(self, account_id: str, principal_id: str, policy_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "DELETE FROM policy_attachments"
                " WHERE account_id = $1 AND principal_id = $2 AND policy_arn = $3 RETURNING policy_arn",
                account_id,
                principal_id,
                policy_arn,
            )
            if row is None:
                raise NoSuchEntity("the policy is not attached")

        await self._engine.run(work)

    async def list_attached_policies(self, account_id: str, principal_id: str) -> Sequence[str]:
        rows = await self._engine.fetch_all(
            "SELECT policy_arn FROM policy_attachments WHERE account_id = $1 AND principal_id = $2"
            " ORDER BY policy_arn",
            account_id,
            principal_id,
        )
        return [row[0] for row in rows]

    async def count_attachments(self, policy_arn: str) -> int:
        row = await self._engine.fetch_one(
            "SELECT count(*) FROM policy_attachments WHERE policy_arn = $1", policy_arn
        )
        return 0 if row is None else int(row[0])


def read_policy(row: Row) -> ManagedPolicy:
    """A row of `POLICY_COLUMNS`."""
    columns = list(row)
    columns[-2] = read_tags(columns[-2])
    return ManagedPolicy(*columns)
