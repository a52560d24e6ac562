"""Sign-ins on their way, what is used once, and single logout."""

import asyncio
from collections import Counter

import pytest

from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Transaction
from daypass.server.adapters.sql.federation import lock_provider
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.ports.storage import Redemption, Storage
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    PROVIDER_ARN,
    make_federation_request,
    make_login_session,
    make_redemption,
    make_role_session,
    make_rotation,
    make_sign_in_session,
    populate,
)

KEY = b"k" * 32
_WAITING_FOR_A_NAMED_LOCK = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def test_a_federation_request_is_taken_whole_and_once(storage: Storage) -> None:
    one, two = make_federation_request("one"), make_federation_request("two", nonce="", sealed_verifier="")
    for request in (one, two):
        await storage.federation.begin_federation(request)
    take = storage.federation.take_federation_request
    assert await take("_nobody", now=NOW) is None
    assert await take("_one", now=NOW) == one
    assert await take("_one", now=NOW) is None
    assert await take("_two", now=two.expires_at - 1) == two


async def test_an_expired_federation_request_is_not_taken(storage: Storage) -> None:
    one = make_federation_request()
    await storage.federation.begin_federation(one)
    assert await storage.federation.take_federation_request("_one", now=one.expires_at) is None


async def test_of_many_parallel_returns_one_takes_the_request(storage: Storage) -> None:
    one = make_federation_request()
    await storage.federation.begin_federation(one)
    take = storage.federation.take_federation_request
    taken = await asyncio.gather(*(take("_one", now=NOW) for _ in range(64)))
    assert Counter(request is None for request in taken) == {True: 63, False: 1}


async def test_a_key_is_used_once_until_its_time_is_over(storage: Storage) -> None:
    use = storage.federation.use_once
    assert await use(KEY, now=NOW, expires_at=NOW + 10)
    assert await use(b"o" * 32, now=NOW, expires_at=NOW + 10)
    assert not await use(KEY, now=NOW + 9, expires_at=NOW + 500)
    assert await use(KEY, now=NOW + 10, expires_at=NOW + 20), "a refused use must not prolong it"
    assert not await use(KEY, now=NOW + 19, expires_at=NOW + 30)


async def test_of_many_parallel_uses_one_is_the_first(storage: Storage) -> None:
    use = storage.federation.use_once
    for now in (NOW, NOW + 10):  # the second time over an expired row
        uses = await asyncio.gather(*(use(KEY, now=now, expires_at=now + 10) for _ in range(64)))
        assert Counter(uses) == {True: 1, False: 63}


async def _begin(storage: Storage, name: str, subject: str, idp_session: str, *, arn: str = "") -> None:
    """A browser session and a terminal login of one person."""
    role_session = make_role_session(subject, idp_session)
    if arn:
        identity = FederatedIdentity(arn, "https://other.example.com", subject, "", idp_session)
        role_session = make_role_session(identity=identity)
    sign_in = make_sign_in_session(name, browser_hash=name.encode(), role_session=role_session)
    placement = await storage.sign_in_sessions.place_sign_in_session(
        sign_in, old_browser=sign_in.browser_hash, limit=5, now=NOW
    )
    assert placement == "placed"
    redemption = make_redemption(
        name,
        session=make_login_session(name, role_session=role_session),
        expected_revision=await storage.accounts.load_revision(ACCOUNT_ID),
    )
    assert (await storage.login_sessions.redeem(redemption)).outcome == "redeemed"


async def _live(storage: Storage, names: str) -> str:
    """Of each name: upper case when both sessions live, empty when none does."""
    living = ""
    for name in names:
        sign_in = await storage.sign_in_sessions.load_sign_in_session(f"sign-in-{name}", now=NOW)
        login = await storage.login_sessions.load_login_session(f"login-{name}")
        assert login is not None
        assert (sign_in is None) == (login.revoked_at is not None), "both end or none"
        living += name if sign_in is not None else ""
    return living


@pytest.fixture
async def signed_in(storage: Storage) -> Storage:
    """a, b: ada's two sessions. c: bob. d: an `ada` at another provider. e: nobody at any provider."""
    await _begin(storage, "a", "ada", "s-1")
    await _begin(storage, "b", "ada", "s-2")
    await _begin(storage, "c", "bob", "s-3")
    await _begin(storage, "d", "ada", "s-1", arn=f"{PROVIDER_ARN}2")
    user = make_sign_in_session("e", browser_hash=b"e")
    await storage.sign_in_sessions.place_sign_in_session(
        user, old_browser=user.browser_hash, limit=5, now=NOW
    )
    await storage.login_sessions.redeem(make_redemption("e"))
    return storage


@pytest.mark.parametrize(
    ("subject", "idp_session", "ended", "left"),
    [
        ("ada", "", 4, "cde"),
        ("ada", "s-1", 2, "bcde"),
        ("", "s-3", 2, "abde"),
        ("ada", "s-3", 0, "abcde"),
        ("nobody", "", 0, "abcde"),
    ],
)
async def test_single_logout_ends_the_sessions_of_one_person_at_one_provider(
    signed_in: Storage, subject: str, idp_session: str, ended: int, left: str
) -> None:
    end = signed_in.federation.end_federated_sessions
    assert await end(PROVIDER_ARN, subject=subject, idp_session=idp_session, now=NOW) == ended
    assert await _live(signed_in, "abcde") == left
    assert await signed_in.accounts.load_revision(ACCOUNT_ID) == 1
    assert await signed_in.accounts.load_revision(OTHER_ACCOUNT_ID) == 0
    assert await end(PROVIDER_ARN, subject=subject, idp_session=idp_session, now=NOW) == 0


async def test_a_logout_of_a_persons_session_ends_theirs_that_has_no_name_there(signed_in: Storage) -> None:
    """It may be the one that is meant; another person's is not, nor is anybody's when no person is named."""
    await _begin(signed_in, "f", "ada", "")
    await _begin(signed_in, "g", "bob", "")
    end = signed_in.federation.end_federated_sessions
    assert await end(PROVIDER_ARN, subject="", idp_session="s-9", now=NOW) == 0
    assert await end(PROVIDER_ARN, subject="ada", idp_session="s-9", now=NOW) == 2
    assert await _live(signed_in, "abcdefg") == "abcdeg"


async def test_single_logout_of_nobody_in_particular_is_refused(signed_in: Storage) -> None:
    with pytest.raises(ValueError, match="whose"):
        await signed_in.federation.end_federated_sessions(PROVIDER_ARN, subject="", idp_session="", now=NOW)
    assert await _live(signed_in, "abcde") == "abcde"


async def test_sessions_that_ended_by_themselves_are_not_counted(signed_in: Storage) -> None:
    later = NOW + 43_200
    end = signed_in.federation.end_federated_sessions
    assert await end(PROVIDER_ARN, subject="ada", idp_session="", now=later) == 0


async def test_logins_ended_by_single_logout_are_seen_by_whoever_asks_about_their_role(
    signed_in: Storage,
) -> None:
    principal_id = make_login_session().principal_id
    await signed_in.federation.end_federated_sessions(PROVIDER_ARN, subject="ada", idp_session="", now=NOW)
    ended = await signed_in.login_sessions.list_ended_login_ids(ACCOUNT_ID, principal_id, revoked_since=NOW)
    assert ended
    for session_id in ended:
        session = await signed_in.login_sessions.load_login_session(session_id)
        assert session is not None
        assert session.revoked_at == NOW


async def test_a_refresh_after_single_logout_hears_that_the_session_ended(signed_in: Storage) -> None:
    await signed_in.federation.end_federated_sessions(PROVIDER_ARN, subject="ada", idp_session="", now=NOW)
    assert (await signed_in.login_sessions.rotate(make_rotation("a"))).outcome == "ended"


async def test_a_redemption_decided_before_a_single_logout_is_decided_again(storage: Storage) -> None:
    """Also when no session was there to be ended: the browser's may have been signed out of before."""
    redemption = make_redemption("one", session=make_login_session("one", role_session=make_role_session()))
    await storage.federation.end_federated_sessions(PROVIDER_ARN, subject="ada", idp_session="", now=NOW)
    assert (await storage.login_sessions.redeem(redemption)).outcome == "stale"
    assert await storage.login_sessions.load_login_session("login-one") is None


async def test_logouts_and_redemptions_at_the_same_moment_leave_no_session_behind(storage: Storage) -> None:
    """Whoever commits first: every session begun under the old revision is seen by the logout."""
    role_session = make_role_session()

    async def redeem(index: int) -> str:
        for _ in range(index % 7):
            await asyncio.sleep(0)
        name = f"{index}"
        redemption = make_redemption(name, session=make_login_session(name, role_session=role_session))
        return (await storage.login_sessions.redeem(redemption)).outcome

    logout = storage.federation.end_federated_sessions(PROVIDER_ARN, subject="ada", idp_session="", now=NOW)
    ended, *outcomes = await asyncio.gather(logout, *map(redeem, range(40)))
    assert ended == outcomes.count("redeemed")
    assert set(outcomes) <= {"redeemed", "stale"}
    for index, outcome in enumerate(outcomes):
        session = await storage.login_sessions.load_login_session(f"login-{index}")
        assert (session is None) == (outcome == "stale")
        assert session is None or session.revoked_at == NOW


@pytest.mark.postgres
async def test_a_federated_login_waits_for_a_logout_of_its_provider(empty_postgres_url: str) -> None:
    """READ COMMITTED alone would let it commit under the revision it read before the logout."""
    storage = await open_storage(empty_postgres_url)
    await storage.migrate()
    await populate(storage)
    redemption = make_redemption("one", session=make_login_session("one", role_session=make_role_session()))

    async def logout(transaction: Transaction) -> "asyncio.Task[Redemption]":
        await lock_provider(transaction, PROVIDER_ARN)
        waiting = asyncio.create_task(storage.login_sessions.redeem(redemption))
        async with asyncio.timeout(10):
            while not await storage.engine.fetch_all(_WAITING_FOR_A_NAMED_LOCK):
                await asyncio.sleep(0)
        await raise_revision(transaction, ACCOUNT_ID)
        return waiting

    waiting = await storage.engine.run(logout)
    assert (await waiting).outcome == "stale"
    await storage.close()


async def test_rotations_and_logouts_of_the_same_sessions_never_wait_in_a_circle(storage: SqlStorage) -> None:
    names = [f"{index}" for index in range(16)]
    for name in names:
        role_session = make_role_session(idp_session=name)
        session = make_login_session(name, role_session=role_session)
        await storage.login_sessions.redeem(make_redemption(name, session=session))
    rotations = [storage.login_sessions.rotate(make_rotation(name)) for name in reversed(names)]
    end = storage.federation.end_federated_sessions
    logouts = [end(PROVIDER_ARN, subject="ada", idp_session="", now=NOW) for _ in range(4)]
    results = await asyncio.gather(*rotations, *logouts)
    assert sum(results[len(names) :]) == len(names)


@pytest.mark.parametrize("table", ["sign_in_sessions", "login_sessions"])
@pytest.mark.parametrize("column", ["idp_subject", "idp_session"])
async def test_single_logout_finds_its_rows_by_an_index(storage: SqlStorage, table: str, column: str) -> None:
    condition = f"FROM {table} WHERE provider_arn = $1 AND provider_arn <> '' AND {column} = $2"
    if isinstance(storage.engine, PostgresEngine):
        await storage.engine.execute("SET enable_seqscan = off")
        rows = await storage.engine.fetch_all(
            f"EXPLAIN SELECT 1 {condition}".replace("$1", f"'{PROVIDER_ARN}'").replace("$2", "'ada'")
        )
    else:
        rows = await storage.engine.fetch_all(f"EXPLAIN QUERY PLAN SELECT 1 {condition}", PROVIDER_ARN, "ada")
    # Over empty tables PostgreSQL finds both equally good.
    endings = ["subject"] if column == "idp_subject" else ["idp_session"]
    if isinstance(storage.engine, PostgresEngine):
        endings = ["subject", "idp_session"]
    plan = " ".join(str(list(row)) for row in rows)
    assert any(f"{table}_by_{ending}" in plan for ending in endings)
