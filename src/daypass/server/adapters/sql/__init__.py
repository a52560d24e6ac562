"""The SQL adapter: SQL text lives in this folder and nowhere else. One file per table or noun.

    engine.py                 what the stores ask of a database
    sqlite_engine.py, postgres_engine.py      the two that answer
    principals.py             what decisions read, in one statement
    accounts.py account_settings.py users.py login_profiles.py groups.py roles.py existence.py
    policies.py policy_versions.py inline_policies.py access_keys.py mfa_devices.py recovery_codes.py
    sign_in_sessions.py session_origins.py attempts.py buckets.py audit_events.py audit_search.py audit_blocks.py
    saml_providers.py oidc_providers.py federation.py json_text.py
    login_sessions.py rotate.py redeem.py revoke.py dpop_proofs.py group_commit.py      the hot path
    migrations/, migrate.py   the schema, numbered and checksummed
    upkeep.py                 the write check and purging

Statements are written once, for both engines, save where a batch on PostgreSQL must be one statement.
"""

from urllib.parse import parse_qsl, unquote, urlsplit

from daypass.errors import StorageError
from daypass.server.adapters.sql.postgres_engine import open_postgres
from daypass.server.adapters.sql.sql_storage import SqlStorage, postgres_storage, sqlite_storage
from daypass.server.adapters.sql.sqlite_engine import open_sqlite

__all__ = ["SqlStorage", "open_storage"]

_POSTGRES_CONNECTIONS = 8
"""Per process: two batches of each of three kinds, and two for everything else."""


async def open_storage(url: str) -> SqlStorage:
    """Open the database named by a URL, for the running event loop. Raises StorageError.

    `sqlite:///path/file.db[?synchronous=full][&busy_timeout=10]`: a file; the path is absolute.
    `sqlite://`: in memory, gone when closed. `postgresql://…`: as libpq reads it.
    The schema is not touched: call `migrate()`.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return _open_sqlite_url(url)
    if scheme in ("postgresql", "postgres"):
        return postgres_storage(await open_postgres(url, connections=_POSTGRES_CONNECTIONS))
    raise StorageError("a database URL starts with sqlite: or postgresql:")


def _open_sqlite_url(url: str) -> SqlStorage:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    synchronous = options.pop("synchronous", "normal")
    busy_timeout = options.pop("busy_timeout", "10")
    if parts.netloc or options or not busy_timeout.isdecimal():
        raise StorageError(
            "the SQLite URL is not understood",
            hint="write sqlite:///absolute/path.db, with ?synchronous=full or ?busy_timeout=SECONDS at most",
        )
    return sqlite_storage(
        open_sqlite(unquote(parts.path), synchronous=synchronous, busy_timeout=int(busy_timeout))
    )
