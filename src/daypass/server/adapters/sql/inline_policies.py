"""Table `inline_policies`: policies inside users, groups and roles. Names compare without regard to case."""

from collections.abc import Sequence

from daypass.protocol.aws.errors import LimitExceeded, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.existence import check_principal_exists
from daypass.server.domain.account import InlinePolicy
from daypass.server.domain.policy_size import policy_size

__all__ = ["SqlInlinePolicyStore"]

_COLUMNS = "principal_id, policy_name, document"


class SqlInlinePolicyStore:
    """`ports.identity_storage.InlinePolicyStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def put_inline_policy(
        self, account_id: str, policy: InlinePolicy, *, room: int | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            await check_principal_exists(transaction, account_id, policy.principal_id)
            if room is not None:
                await _check_room(transaction, account_id, policy, room)
            await transaction.execute(
                f"INSERT INTO inline_policies ({_COLUMNS}, account_id, name_key) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT (account_id, principal_id, name_key)"
                " DO UPDATE SET policy_name = excluded.policy_name, document = excluded.document",
                policy.principal_id,
                policy.policy_name,
                policy.document,
                account_id,
                policy.policy_name.lower(),
            )

        await self._engine.run(work)

    async def load_inline_policy(
        self, account_id: str, principal_id: str, policy_name: str
    ) -> InlinePolicy | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM inline_policies"
            " WHERE account_id = $1 AND principal_id = $2 AND name_key = $3",
            account_id,
            principal_id,
            policy_name.lower(),
        )
        return None if row is None else InlinePolicy(*row)

    async def list_inline_policies(self, account_id: str, principal_id: str) -> Sequence[InlinePolicy]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM inline_policies WHERE account_id = $1 AND principal_id = $2"
            " ORDER BY name_key",
            account_id,
            principal_id,
        )
        return [InlinePolicy(*row) for row in rows]

    async def delete_inline_policy(self, account_id: str, principal_id: str, policy_name: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "DELETE FROM inline_policies WHERE account_id = $1 AND principal_id = $2 AND name_key = $3"
                " RETURNING policy_name",
                account_id,
                principal_id,
                policy_name.lower(),
            )
            if row is None:
                raise NoSuchEntity("there is no inline policy of this name")

        await self._engine.run(work)


async def _check_room(transaction: Transaction, account_id: str, policy: InlinePolicy, room: int) -> None:
    """Beside the principal's other policies, under the account's lock. Raises LimitExceeded."""
    others = await transaction.fetch_all(
        "SELECT document FROM inline_policies WHERE account_id = $1 AND principal_id = $2 AND name_key <> $3",
        account_id,
        policy.principal_id,
        policy.policy_name.lower(),
    )
    if policy_size(policy.document) + sum(policy_size(row[0]) for row in others) > room:
        raise LimitExceeded(f"the inline policies would have more than {room} characters")
