"""Table `accounts`: accounts, their root users, and the revision that every change inside them raises.

`raise_revision` opens every transaction that changes something in an account. It also takes the row's
lock, so the changes of one account happen one after another, and a condition such as "nothing is
attached" cannot become false between its check and the write.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.engine import Engine, Statements, Transaction
from daypass.server.domain.account import Account

__all__ = ["SqlAccountStore", "load_revision", "raise_revision"]

_COLUMNS = "account_id, alias, root_email, root_password_hash, root_credentials_epoch, created_at, revision"


async def raise_revision(transaction: Transaction, account_id: str) -> None:
    """Add 1 and hold the account until the transaction ends. Raises NoSuchEntity."""
    row = await transaction.fetch_one(
        "UPDATE accounts SET revision = revision + 1 WHERE account_id = $1 RETURNING revision", account_id
    )
    if row is None:
        raise NoSuchEntity("the account does not exist")


async def load_revision(statements: Statements, account_id: str) -> int:
    """The revision, or -1 without such an account."""
    row = await statements.fetch_one("SELECT revision FROM accounts WHERE account_id = $1", account_id)
    return -1 if row is None else int(row[0])


class SqlAccountStore:
    """`ports.storage.AccountStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_account(self, account: Account) -> None:
        row = await self._engine.fetch_one(
            f"INSERT INTO accounts ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            " ON CONFLICT DO NOTHING RETURNING account_id",
            account.account_id,
            account.alias.lower() if account.alias is not None else None,
            account.root_email.lower(),
            account.root_password_hash,
            account.root_credentials_epoch,
            account.created_at,
            account.revision,
        )
        if row is None:
            raise EntityAlreadyExists("an account with this id, alias or root e-mail exists already")

    async def load_account(self, account_id: str) -> Account | None:
        return await self._find("account_id = $1", account_id)

    async def find_account_by_alias(self, alias: str) -> Account | None:
        return await self._find("alias = $1", alias.lower())

    async def find_account_by_root_email(self, email: str) -> Account | None:
        return await self._find("root_email = $1", email.lower())

    async def list_accounts(self) -> Sequence[Account]:
        rows = await self._engine.fetch_all(f"SELECT {_COLUMNS} FROM accounts ORDER BY account_id")
        return [Account(*row) for row in rows]

    async def set_root_password(
        self, account_id: str, password_hash: str, *, changed: bool, replacing: str | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "UPDATE accounts SET root_password_hash = $2,"
                " root_credentials_epoch = root_credentials_epoch + $3"
                " WHERE account_id = $1 AND root_password_hash = COALESCE($4, root_password_hash)"
                " RETURNING account_id",
                account_id,
                password_hash,
                int(changed),
                replacing,
            )
            if row is None:
                raise NoSuchEntity("the account is gone, or its root has another password")

        await self._engine.run(work)

    async def load_revision(self, account_id: str) -> int:
        return await load_revision(self._engine, account_id)

    async def _find(self, condition: str, value: str) -> Account | None:
        row = await self._engine.fetch_one(f"SELECT {_COLUMNS} FROM accounts WHERE {condition}", value)
        return None if row is None else Account(*row)
