"""Whether what a change refers to is there, or there is room for it. Asked under the account's lock (`accounts.py`), so
the answer stays true.

What a principal holds may hang on a user, a group or a role; a policy may be the account's own or a shipped one.
"""

from typing import Literal

from daypass.protocol.aws.errors import LimitExceeded, NoSuchEntity
from daypass.server.adapters.sql.engine import Transaction

__all__ = [
    "check_policy_exists",
    "check_principal_exists",
    "check_provider_room",
    "check_user_exists",
]


async def check_principal_exists(transaction: Transaction, account_id: str, principal_id: str) -> None:
    """A user, a group or a role. Raises NoSuchEntity."""
    row = await transaction.fetch_one(
        "SELECT 1 FROM users WHERE account_id = $1 AND user_id = $2"
        " UNION ALL SELECT 1 FROM roles WHERE account_id = $1 AND role_id = $2"
        " UNION ALL SELECT 1 FROM groups WHERE account_id = $1 AND group_id = $2",
        account_id,
        principal_id,
    )
    if row is None:
        raise NoSuchEntity("the user, group or role does not exist")


async def check_user_exists(transaction: Transaction, account_id: str, user_id: str) -> None:
    """Raises NoSuchEntity."""
    row = await transaction.fetch_one(
        "SELECT 1 FROM users WHERE account_id = $1 AND user_id = $2", account_id, user_id
    )
    if row is None:
        raise NoSuchEntity("the user does not exist")


async def check_policy_exists(transaction: Transaction, account_id: str, policy_arn: str) -> None:
    """The account's own, or a shipped one, which has no row. Raises NoSuchEntity."""
    if policy_arn.split(":")[4:5] == ["aws"]:
        return
    row = await transaction.fetch_one(
        "SELECT 1 FROM policies WHERE policy_arn = $1 AND account_id = $2", policy_arn, account_id
    )
    if row is None:
        raise NoSuchEntity("the policy does not exist")


async def check_provider_room(
    transaction: Transaction,
    table: Literal["saml_providers", "oidc_providers"],
    account_id: str,
    limit: int,
) -> None:
    """The account may have one more. Raises LimitExceeded."""
    row = await transaction.fetch_one(f"SELECT count(*) FROM {table} WHERE account_id = $1", account_id)
    if row is not None and row[0] >= limit:
        raise LimitExceeded(f"the account has {limit} providers of this kind already")
