"""The write check and purging."""

import pytest

from daypass.errors import StorageError
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.sql.sql_storage import SqlStorage
from daypass.server.adapters.sql.upkeep import PURGE_MARGIN
from support.storage_records import (
    NOW,
    make_federation_request,
    make_login_session,
    make_oidc_provider,
    make_passkey,
    make_proof,
    make_redemption,
    make_rotation,
    make_saml_provider,
    make_sign_in_session,
    make_user,
    make_virtual_device,
)

TABLES = {
    "dpop_proofs": "proof_key",
    "code_uses": "code_id",
    "sign_in_sessions": "session_id",
    "login_sessions": "session_id",
    "sign_in_attempts": "attempt_key",
    "federation_requests": "request_id",
    "used_once": "use_key",
}


async def _keys(storage: SqlStorage) -> dict[str, list[object]]:
    return {
        table: sorted(row[0] for row in await storage.engine.fetch_all(f"SELECT {key} FROM {table}"))
        for table, key in TABLES.items()
    }


async def _fill(storage: SqlStorage) -> None:
    """In every table a row that ends at NOW and one that ends a second later."""
    for name, end in (("early", NOW), ("late", NOW + 1)):
        redemption = make_redemption(
            name,
            session=make_login_session(name, ends_at=end),
            code_expires_at=end,
            proof=make_proof(name, expires_at=end),
        )
        await storage.login_sessions.redeem(redemption)
        session = make_sign_in_session(name, expires_at=end)
        await storage.sign_in_sessions.place_sign_in_session(
            session, old_browser=session.browser_hash, limit=5, now=NOW - 100
        )
        await storage.attempts.record_failure(name.encode(), now=end - 10, window=10)
        await storage.federation.begin_federation(make_federation_request(name, expires_at=end))
        await storage.federation.use_once(name.encode(), now=NOW - 100, expires_at=end)


async def test_purging_deletes_what_is_over_and_nothing_else(storage: SqlStorage) -> None:
    await _fill(storage)
    before = await _keys(storage)
    assert all(len(keys) == 2 for keys in before.values())
    await storage.purge_expired(now=NOW + PURGE_MARGIN)
    assert await _keys(storage) == before, "a clock a minute ahead frees nothing"
    await storage.purge_expired(now=NOW + PURGE_MARGIN + 1)
    after = await _keys(storage)
    assert after.pop("dpop_proofs") == [make_proof("late").proof_key]
    assert after == {
        "code_uses": ["code-late"],
        "sign_in_sessions": ["sign-in-late"],
        "login_sessions": ["login-late"],
        "sign_in_attempts": [b"late"],
        "federation_requests": ["_late"],
        "used_once": [b"late"],
    }


async def test_purging_keeps_the_audit_log(storage: SqlStorage) -> None:
    await _fill(storage)
    await storage.purge_expired(now=NOW * 2)
    assert len(await storage.audit.list_events(account_id=None, since=0, limit=10)) == 2


async def test_purging_goes_on_over_many_rounds(storage: SqlStorage) -> None:
    for index in range(1201):
        await storage.attempts.record_failure(index.to_bytes(4, "big"), now=NOW, window=1)
    await storage.purge_expired(now=NOW + 1000)
    assert (await _keys(storage))["sign_in_attempts"] == []


async def test_a_purged_session_can_only_have_ended(storage: SqlStorage) -> None:
    await storage.login_sessions.redeem(make_redemption())
    await storage.purge_expired(now=NOW * 2)
    assert (await storage.login_sessions.rotate(make_rotation())).outcome == "ended"


async def test_a_revoked_login_is_remembered_while_a_role_it_assumed_could_live(storage: SqlStorage) -> None:
    """Twelve hours: the longest role session. Its credentials ask whether the login ended."""
    session = make_login_session(ends_at=NOW + 100)
    await storage.login_sessions.redeem(make_redemption(session=session))
    await storage.login_sessions.revoke_login_session(session.session_id, now=NOW + 50)
    await storage.purge_expired(now=NOW + 50 + 43_200 + PURGE_MARGIN)
    ended = await storage.login_sessions.list_ended_login_ids(
        session.account_id, session.principal_id, revoked_since=NOW + 50
    )
    assert ended == {session.session_id}
    await storage.purge_expired(now=NOW + 51 + 43_200 + PURGE_MARGIN)
    assert await storage.login_sessions.load_login_session(session.session_id) is None


async def test_the_write_check_writes(storage: SqlStorage) -> None:
    for now in (NOW, NOW + 1):
        await storage.check_writable(now=now)
        rows = await storage.engine.fetch_all("SELECT check_number, checked_at FROM write_checks")
        assert [tuple(row) for row in rows] == [(1, now)]


async def test_the_write_check_fails_when_only_reading_works(
    shared_storage: SqlStorage, shared_url: str
) -> None:
    reader = await open_storage(shared_url)
    if shared_url.startswith("sqlite"):
        await reader.engine.execute("PRAGMA query_only = ON")
    else:
        await reader.engine.execute("SET default_transaction_read_only = on")
    assert len(await reader.accounts.list_accounts()) == 2
    with pytest.raises(StorageError):
        await reader.check_writable(now=NOW)
    await reader.close()


async def test_what_anybody_uses_is_found_whatever_the_account(storage: SqlStorage) -> None:
    assert await storage.find_uses() == frozenset()
    alice = make_user("Alice")
    await storage.users.create_user(alice)
    await storage.mfa_devices.create_mfa_device(make_virtual_device(owner_id=alice.user_id), limit=8)
    assert await storage.find_uses() == frozenset(), "an app needs no library of its own"
    await storage.mfa_devices.create_mfa_device(make_passkey(alice.user_id), limit=8)
    assert await storage.find_uses() == {"passkeys"}
    await storage.oidc_providers.create_oidc_provider(make_oidc_provider())
    await storage.saml_providers.create_saml_provider(make_saml_provider())
    assert await storage.find_uses() == {"saml", "oidc", "passkeys"}
