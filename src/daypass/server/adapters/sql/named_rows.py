"""Rows that an account knows by name: groups, policies, roles, users. Names compare without regard to case.

Each such table has `account_id`, `name_key` (the name in lower case, unique in its account) and `path`. What a row means,
and every write, stands in the table's own file. Table and columns are texts of ours, never of a request.
"""

from collections.abc import Sequence

from daypass.server.adapters.sql.engine import Row, Statements
from daypass.server.ports.storage import Page

__all__ = ["list_named", "load_named"]


async def load_named(
    statements: Statements, table: str, columns: str, account_id: str, name: str
) -> Row | None:
    """The row of this name."""
    return await statements.fetch_one(
        f"SELECT {columns} FROM {table} WHERE account_id = $1 AND name_key = $2", account_id, name.lower()
    )


async def list_named(
    statements: Statements, table: str, columns: str, account_id: str, *, path_prefix: str, page: Page
) -> Sequence[Row]:
    """A page of those below a path, in the order of names: a walk along the names, which are few compared with users."""
    return await statements.fetch_all(
        f"SELECT {columns} FROM {table} WHERE account_id = $1 AND name_key > $2"
        " AND substr(path, 1, $3) = $4 ORDER BY name_key LIMIT $5",
        account_id,
        page.after,
        len(path_prefix),
        path_prefix,
        page.size,
    )
