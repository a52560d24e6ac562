"""Tables `policies` and `policy_attachments`: managed policies of accounts, and who has which.

A policy shipped with the server (account part `aws` in its ARN) has no row here and may be attached all
the same.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.domain.account import ManagedPolicy
from daypass.server.ports.storage import Page

__all__ = ["SqlPolicyStore"]

_COLUMNS = "account_id, policy_id, policy_name, path, document, created_at, description, default_version_id"


class SqlPolicyStore:
    """`ports.storage.PolicyStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_policy(self, policy: ManagedPolicy) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, policy.account_id)
            row = await transaction.fetch_one(
                f"INSERT INTO policies ({_COLUMNS}, policy_arn, name_key)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT DO NOTHING RETURNING policy_id",
                policy.account_id,
                policy.policy_id,
                policy.policy_name,
                policy.path,
                policy.document,
                policy.created_at,
                policy.description,
                policy.default_version_id,
                policy.arn,
                policy.policy_name.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("a policy with this name exists already")

        await self._engine.run(work)

    async def load_policy(self, policy_arn: str) -> ManagedPolicy | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM policies WHERE policy_arn = $1", policy_arn
        )
        return None if row is None else ManagedPolicy(*row)

    async def list_policies(
        self, account_id: str, *, path_prefix: str, page: Page
    ) -> Sequence[ManagedPolicy]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM policies WHERE account_id = $1 AND name_key > $2"
            " AND substr(path, 1, $3) = $4 ORDER BY name_key LIMIT $5",
            account_id,
            page.after,
            len(path_prefix),
            path_prefix,
            page.size,
        )
        return [ManagedPolicy(*row) for row in rows]

    async def delete_policy(self, policy_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.fetch_one(
                "SELECT account_id FROM policies WHERE policy_arn = $1", policy_arn
            )
            if row is None:
                raise NoSuchEntity("the policy does not exist")
            await raise_revision(transaction, row[0])
            gone = await transaction.fetch_one(
                "DELETE FROM policies WHERE policy_arn = $1"
                " AND NOT EXISTS (SELECT 1 FROM policy_attachments WHERE policy_arn = $1)"
                " RETURNING policy_arn",
                policy_arn,
            )
            if gone is None:
                raise DeleteConflict("the policy is still attached")

        await self._engine.run(work)

    async def attach_policy(self, account_id: str, principal_id: str, policy_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            await _check_principal_exists(transaction, account_id, principal_id)
            await _check_policy_exists(transaction, account_id, policy_arn)
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


async def _check_principal_exists(transaction: Transaction, account_id: str, principal_id: str) -> None:
    row = await transaction.fetch_one(
        "SELECT 1 FROM users WHERE account_id = $1 AND user_id = $2"
        " UNION ALL SELECT 1 FROM roles WHERE account_id = $1 AND role_id = $2",
        account_id,
        principal_id,
    )
    if row is None:
        raise NoSuchEntity("the principal does not exist")


async def _check_policy_exists(transaction: Transaction, account_id: str, policy_arn: str) -> None:
    """Only the account's own or a shipped policy; looked up under the account's lock, so it stays."""
    if policy_arn.split(":")[4:5] == ["aws"]:
        return
    row = await transaction.fetch_one(
        "SELECT 1 FROM policies WHERE policy_arn = $1 AND account_id = $2", policy_arn, account_id
    )
    if row is None:
        raise NoSuchEntity("the policy does not exist")
