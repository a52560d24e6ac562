"""One million users and 100,000 live logins against one thousand of each: what a request asks storage stays flat.

Both databases are made in one run, their rows written straight into the tables, and asked in alternating rounds by
the stores the server uses. Users and logins are drawn at random, so the large one pays for its deeper trees and
colder pages. Medians are compared; a ratio of 1 is flat.
"""

import asyncio
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uvloop

from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.sql.sqlite_engine import SqliteEngine
from daypass.server.domain.account import Account
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.ports.storage import DpopProof, Page, RefreshRotation

__all__ = ["LIMITS", "OPERATIONS", "measure"]

ACCOUNT_ID = "111122223333"
NOW = 1_900_000_000
USERS, LOGINS = 1_000_000, 100_000
FEW = 1_000
"""Users, and live logins, of the small side."""
ROUNDS = 5
CALLS = 300
"""Per operation and round."""
TOGETHER = 32
"""Refreshes that arrive at once, as in the refresh benchmark."""
BELOW = 40
"""Users below the path that is asked for, on either side."""
_PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$" + "c" * 22 + "$" + "h" * 43
_CALLER = Caller("00000000-0000-4000-8000-000000000001", "127.0.0.1", "bench", is_secure=True)
_ALLOWED = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
_GROUP_ID = "AGPA00000000000000000"
_LOGIN_COLUMNS = (
    "session_id, account_id, principal_kind, principal_arn, principal_id, credentials_epoch, client_id,"
    " dpop_jkt, generation, rotated_at, sealed_by, created_at, ends_at"
)

Rows = Iterable[tuple[object, ...]]


def _user_id(number: int) -> str:
    """Spread over the index, as drawn ones are."""
    return "AIDA" + hashlib.sha256(str(number).encode()).hexdigest()[:17].upper()


def _name(number: int) -> str:
    return f"user-{number:07}"


def _tables(users: int, logins: int) -> Iterator[tuple[str, str, Rows]]:
    """Table, columns and rows, in the order that foreign keys want and that of user ids, which is quick to write."""
    order = sorted(range(users), key=_user_id)
    yield (
        "users",
        "account_id, user_id, user_name, name_key, path, created_at, credentials_epoch",
        ((ACCOUNT_ID, _user_id(n), _name(n), _name(n), _path(n, users), NOW, 0) for n in order),
    )
    yield (
        "login_profiles",
        "account_id, user_id, password_hash, created_at, password_reset_required",
        ((ACCOUNT_ID, _user_id(n), _PASSWORD_HASH, NOW, False) for n in order),
    )
    yield (
        "policy_attachments",
        "account_id, principal_id, policy_arn",
        ((ACCOUNT_ID, _user_id(n), _ALLOWED) for n in order),
    )
    yield (
        "groups",
        "account_id, group_id, group_name, name_key, path, created_at",
        [(ACCOUNT_ID, _GROUP_ID, "Everyone", "everyone", "/", NOW)],
    )
    yield (
        "group_members",
        "account_id, group_id, user_id, user_key",
        ((ACCOUNT_ID, _GROUP_ID, _user_id(n), _name(n)) for n in order),
    )
    yield (
        "login_sessions",
        _LOGIN_COLUMNS,
        (_login(n, users) for n in range(logins)),
    )


def _path(number: int, users: int) -> str:
    return "/rare/" if number % (users // BELOW) == 7 else "/"


def _login(number: int, users: int) -> tuple[object, ...]:
    owner = number % users
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/{_name(owner)}"
    client_id = "arn:aws:signin:::devtools/same-device"
    login_id, key = f"login-{number}", ("key-1", "j" * 43)
    times = (NOW, key[0], NOW, NOW + 43_200)
    return login_id, ACCOUNT_ID, "user", arn, _user_id(owner), 0, client_id, key[1], 0, *times


async def _write(storage: SqlStorage, table: str, columns: str, rows: Rows) -> None:
    engine = storage.engine
    if isinstance(engine, PostgresEngine):
        async with engine.pool.acquire() as connection:
            names = [column.strip() for column in columns.split(",")]
            await connection.copy_records_to_table(table, records=rows, columns=names, timeout=600)
            await connection.execute(f"VACUUM ANALYZE {table}", timeout=600)
        return
    assert isinstance(engine, SqliteEngine)
    places = ", ".join("?" * len(columns.split(",")))
    with engine.connection:
        engine.connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
    engine.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@dataclass
class _Side:
    """One database and what was asked of it."""

    storage: SqlStorage
    users: int
    logins: int
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    generations: dict[int, int] = field(default_factory=dict)
    microseconds: dict[str, list[float]] = field(default_factory=dict)
    """Per call, one figure for each round."""

    async def seed(self) -> None:
        await self.storage.migrate()
        await self.storage.accounts.create_account(
            Account(ACCOUNT_ID, "example", "root@example.com", _PASSWORD_HASH, 0, NOW)
        )
        if isinstance(self.storage.engine, SqliteEngine):
            self.storage.engine.connection.execute("PRAGMA cache_size = -1000000").fetchall()
        for table, columns, rows in _tables(self.users, self.logins):
            await _write(self.storage, table, columns, rows)

    async def round(self) -> None:
        """Every operation, `CALLS` times."""
        for label, (call, together) in OPERATIONS.items():
            began = time.perf_counter()
            for _ in range(CALLS // together):
                await call(self)
            spent = (time.perf_counter() - began) / (CALLS // together * together)
            self.microseconds.setdefault(label, []).append(spent * 1e6)

    def median(self, label: str) -> float:
        return statistics.median(self.microseconds[label][1:])  # the first round warms up

    def someone(self) -> int:
        return self.draw.randrange(self.users)


async def _sign_in(side: _Side) -> None:
    """All that is asked about a person who types account, name and password, and then a code."""
    number, storage = side.someone(), side.storage
    account = await storage.accounts.find_account_by_alias("example")
    user = await storage.users.load_user(ACCOUNT_ID, _name(number))
    assert account is not None
    assert user is not None
    await storage.users.load_login_profile(ACCOUNT_ID, user.user_id)
    await storage.mfa_devices.list_mfa_devices(ACCOUNT_ID, user.user_id)
    found = await storage.principals.load_principal(
        ACCOUNT_ID, "user", user.user_id, revoked_since=NOW - 43_200
    )
    assert found[1] is not None


async def _refresh(side: _Side) -> None:
    chosen = side.draw.sample(range(side.logins), TOGETHER)
    results = await asyncio.gather(*(side.storage.login_sessions.rotate(_rotation(side, n)) for n in chosen))
    assert {result.outcome for result in results} == {"rotated"}


def _rotation(side: _Side, number: int) -> RefreshRotation:
    generation = side.generations.get(number, 0)
    side.generations[number] = generation + 1
    return RefreshRotation(
        session_id=f"login-{number}",
        generation=generation,
        proof=DpopProof(side.draw.randbytes(16), b"r" * 16, NOW + 660),
        expected_revision=0,
        sealed_by="key-1",
        audit=AuditEvent(
            event_id=side.draw.randbytes(16).hex(),
            event_time=NOW,
            event_source="signin.amazonaws.com",
            event_name="CreateOAuth2Token",
            account_id=ACCOUNT_ID,
            principal_arn=f"arn:aws:iam::{ACCOUNT_ID}:user/{_name(number)}",
            caller=_CALLER,
        ),
        now=NOW + 60,
    )


async def _list_users(side: _Side) -> None:
    after = _name(side.draw.randrange(side.users - 101))
    page = await side.storage.users.list_users(ACCOUNT_ID, path_prefix="/", page=Page(after))
    assert len(page) == 100


async def _list_users_below(side: _Side) -> None:
    page = await side.storage.users.list_users(ACCOUNT_ID, path_prefix="/rare/", page=Page())
    assert len(page) == BELOW


async def _list_members(side: _Side) -> None:
    after = _name(side.draw.randrange(side.users - 101))
    page = await side.storage.groups.list_members(ACCOUNT_ID, _GROUP_ID, page=Page(after))
    assert len(page) == 100


async def _list_logins(side: _Side) -> None:
    user_id = _user_id(side.draw.randrange(side.logins) % side.users)
    assert await side.storage.login_sessions.list_login_sessions(ACCOUNT_ID, user_id, now=NOW)


OPERATIONS: dict[str, tuple[Callable[[_Side], Awaitable[None]], int]] = {
    "sign-in lookup": (_sign_in, 1),
    "refresh": (_refresh, TOGETHER),
    "ListUsers, a page of 100": (_list_users, 1),
    f"ListUsers below a path with {BELOW} users": (_list_users_below, 1),
    "GetGroup, a page of 100 members": (_list_members, 1),
    "a person's logins": (_list_logins, 1),
}
"""What is asked, and how many at once."""
LIMITS = {label: 3 if "a page of" in label else 2 for label in OPERATIONS}
"""Of the ratios. The hundred rows of a page lie apart in the large one, and together in the small one's memory."""


async def _seed(url: str, users: int, logins: int) -> float:
    """Seconds it took. The connection and what it remembers are gone afterwards."""
    began = time.perf_counter()
    side = _Side(await open_storage(url), users, logins)
    await side.seed()
    await side.storage.close()
    return time.perf_counter() - began


async def _compare(small_url: str, large_url: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for url, users, logins in ((small_url, FEW, FEW), (large_url, USERS, LOGINS)):
        found[f"rows of {users:,} users written in, s"] = round(await _seed(url, users, logins), 1)
    small = _Side(await open_storage(small_url), FEW, FEW)
    large = _Side(await open_storage(large_url), USERS, LOGINS)
    for _ in range(ROUNDS + 1):
        for side in (small, large):
            await side.round()
    for label in OPERATIONS:
        found[f"{label}, µs at {FEW:,} users"] = round(small.median(label))
        found[f"{label}, µs at {USERS:,} users"] = round(large.median(label))
        found[f"{label}, ratio"] = round(large.median(label) / small.median(label), 2)
    for side in (small, large):
        await side.storage.close()
    return found


async def _new_databases(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    parts = urlsplit(url)
    urls = []
    for name in ("small", "large"):
        await connection.execute(f"CREATE DATABASE {name}")
        urls.append(urlunsplit(parts._replace(path=f"/{name}")))
    await connection.close()
    return urls


def measure(database_url: str = "") -> dict[str, object]:
    """Both sides on one engine: PostgreSQL at the URL, SQLite in a temporary folder without one."""
    if database_url:
        small, large = uvloop.run(_new_databases(database_url))
        return uvloop.run(_compare(small, large))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return uvloop.run(_compare(f"sqlite://{folder}/small.db", f"sqlite://{folder}/large.db"))
