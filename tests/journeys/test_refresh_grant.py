"""`POST /v1/token`, refresh_token: rotation, the idempotent window, the absolute end, and every refusal.

Sign-In API reference, CreateOAuth2Token (idempotent within the validity window); RFC 9449 §5.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from daypass.protocol.oauth.errors import (
    InsufficientPermissions,
    InvalidDpopProof,
    InvalidRequest,
    TokenExpired,
    UserCredentialsChanged,
)
from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.sign_in_world import ACCOUNT, GRANT, KEY, SignInWorld, Terminal, open_sign_in_world, parse

NEW_KEY = MasterKey("0a0b0c0e", 2, bytes(reversed(range(32))))


class LoggedIn:
    """A terminal with its first tokens."""

    def __init__(self, world: SignInWorld, terminal: Terminal, tokens: TokenSet) -> None:
        self.world = world
        self.terminal = terminal
        self.tokens = tokens


@pytest.fixture
async def login(world: SignInWorld) -> LoggedIn:
    terminal = Terminal(world)
    return LoggedIn(world, terminal, await terminal.redeem(await world.tab().approve(terminal)))


@pytest.fixture
async def revoking() -> AsyncIterator[SignInWorld]:
    world = await open_sign_in_world(refresh_reuse="revoke")
    yield world
    await world.storage.close()


async def test_the_same_refresh_token_in_its_window_gets_the_identical_answer(login: LoggedIn) -> None:
    first = await login.terminal.refresh(login.tokens.refresh_token)
    login.world.now += 600
    second = await login.terminal.refresh(login.tokens.refresh_token)
    assert second == first._replace(expires_in=300)


async def test_parallel_refreshes_of_one_token_agree(login: LoggedIn) -> None:
    answers = await asyncio.gather(*(login.terminal.refresh(login.tokens.refresh_token) for _ in range(16)))
    assert len(set(answers)) == 1


async def test_the_window_ends_with_the_credentials(login: LoggedIn) -> None:
    first = await login.terminal.refresh(login.tokens.refresh_token)
    login.world.now += 899
    assert (await login.terminal.refresh(login.tokens.refresh_token)).expires_in == 1
    login.world.now += 1
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(login.tokens.refresh_token)
    event = await login.world.last_event()
    assert (event.error_code, event.detail["reason"]) == (
        "TOKEN_EXPIRED",
        "an outdated refresh token was presented",
    )
    assert (await login.terminal.refresh(first.refresh_token)).expires_in == 900


async def test_an_older_generation_is_refused_and_audited_but_the_session_goes_on(login: LoggedIn) -> None:
    second = await login.terminal.refresh(login.tokens.refresh_token)
    third = await login.terminal.refresh(second.refresh_token)
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(login.tokens.refresh_token)
    event = await login.world.last_event()
    assert (event.account_id, event.principal_arn, event.error_code) == (
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:user/alice",
        "TOKEN_EXPIRED",
    )
    assert (await login.terminal.refresh(third.refresh_token)).expires_in == 900


async def test_where_reuse_revokes_an_older_generation_ends_the_session(revoking: SignInWorld) -> None:
    terminal = Terminal(revoking)
    tokens = await terminal.redeem(await revoking.tab().approve(terminal))
    second = await terminal.refresh(tokens.refresh_token)
    third = await terminal.refresh(second.refresh_token)
    with pytest.raises(TokenExpired):
        await terminal.refresh(tokens.refresh_token)
    with pytest.raises(TokenExpired):
        await terminal.refresh(third.refresh_token)


async def test_a_refresh_token_needs_its_key(login: LoggedIn) -> None:
    thief = login.terminal.with_other_key()
    with pytest.raises(InvalidRequest, match="another key"):
        await thief.refresh(login.tokens.refresh_token)
    assert (await login.world.last_event()).error_code == "INVALID_REQUEST"
    assert (await login.terminal.refresh(login.tokens.refresh_token)).expires_in == 900


async def test_a_superseded_refresh_token_needs_its_key_too(login: LoggedIn) -> None:
    await login.terminal.refresh(login.tokens.refresh_token)
    with pytest.raises(InvalidRequest, match="another key"):
        await login.terminal.with_other_key().refresh(login.tokens.refresh_token)


async def test_a_refresh_token_is_for_one_client(login: LoggedIn) -> None:
    with pytest.raises(InvalidRequest, match="another client"):
        await replace(login.terminal, client_id=CROSS_DEVICE).refresh(login.tokens.refresh_token)


async def test_the_session_ends_absolutely_and_the_last_credentials_with_it(login: LoggedIn) -> None:
    token = login.tokens.refresh_token
    began = login.world.now
    while login.world.now < began + 43_200 - 600:
        login.world.now = min(login.world.now + 800, began + 43_200 - 300)
        tokens = await login.terminal.refresh(token)
        token = tokens.refresh_token
    assert tokens.expires_in == 300
    login.world.now = began + 43_199
    assert (await login.terminal.refresh(token)).expires_in == 1
    login.world.now = began + 43_200
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(token)
    assert (await login.world.last_event()).detail["reason"] == "past the session's absolute end"


async def test_a_password_change_ends_the_session_before_policy_is_asked(login: LoggedIn) -> None:
    user = await login.world.user("alice")
    await login.world.storage.policies.detach_policy(ACCOUNT, user.user_id, GRANT)
    await login.world.change_password("alice", "another one")
    with pytest.raises(UserCredentialsChanged):
        await login.terminal.refresh(login.tokens.refresh_token)
    assert (await login.world.last_event()).error_code == "USER_CREDENTIALS_CHANGED"


async def test_a_policy_change_is_felt_at_once(login: LoggedIn) -> None:
    """The directory may be a second old; the write's own condition is not."""
    await login.terminal.refresh(login.tokens.refresh_token)
    user = await login.world.user("alice")
    await login.world.storage.policies.detach_policy(ACCOUNT, user.user_id, GRANT)
    with pytest.raises(InsufficientPermissions):
        await login.terminal.refresh(login.tokens.refresh_token)
    await login.world.storage.policies.attach_policy(ACCOUNT, user.user_id, GRANT)
    assert (await login.terminal.refresh(login.tokens.refresh_token)).expires_in == 900


async def test_a_deleted_user_is_told_that_the_session_ended(login: LoggedIn) -> None:
    user = await login.world.user("alice")
    await login.world.storage.policies.detach_policy(ACCOUNT, user.user_id, GRANT)
    await login.world.storage.users.delete_login_profile(ACCOUNT, user.user_id)
    await login.world.storage.users.delete_user(ACCOUNT, "alice")
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(login.tokens.refresh_token)


async def test_a_revoked_session_is_over_even_for_a_repeat(login: LoggedIn) -> None:
    await login.terminal.refresh(login.tokens.refresh_token)
    sessions = await login.world.storage.login_sessions.list_login_sessions(
        ACCOUNT, (await login.world.user("alice")).user_id, now=login.world.now
    )
    await login.world.storage.login_sessions.revoke_login_session(sessions[0].session_id, now=login.world.now)
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(login.tokens.refresh_token)


@pytest.mark.parametrize("text", ["ASORnonsense", "nonsense", "ASOR" + "A" * 400])
async def test_a_token_that_is_not_ours_reads_as_an_ended_session(login: LoggedIn, text: str) -> None:
    with pytest.raises(TokenExpired):
        await login.terminal.refresh(Secret(text))
    assert (await login.world.last_event()).account_id == ""


async def test_every_altered_refresh_token_is_refused(login: LoggedIn) -> None:
    text = login.tokens.refresh_token.reveal()
    for position in range(0, len(text), 7):
        altered = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(TokenExpired):
            await login.terminal.refresh(Secret(altered))


async def test_a_retry_with_the_same_proof_and_body_is_the_same_request(login: LoggedIn) -> None:
    proof = login.terminal.proof()
    first = await login.terminal.refresh(login.tokens.refresh_token, proof=proof)
    assert await login.terminal.refresh(login.tokens.refresh_token, proof=proof) == first


async def test_a_proof_is_not_good_for_another_body(login: LoggedIn) -> None:
    proof = login.terminal.proof()
    first = await login.terminal.refresh(login.tokens.refresh_token, proof=proof)
    with pytest.raises(InvalidRequest, match="used before"):
        await login.terminal.refresh(first.refresh_token, proof=proof)


async def test_a_proof_is_remembered_for_as_long_as_it_could_be_accepted(login: LoggedIn) -> None:
    """A proof from a clock ahead lives through both skews (RFC 9449 §11.1), also when old rows are purged."""
    world, lifetimes = login.world, login.world.parts.lifetimes
    proof = login.terminal.proof(now=world.now + lifetimes.dpop_max_future)
    first = await login.terminal.refresh(login.tokens.refresh_token, proof=proof)
    world.now += lifetimes.dpop_max_future + lifetimes.dpop_max_age
    await world.storage.purge_expired(now=world.now)
    with pytest.raises(InvalidRequest, match="used before"):
        await login.terminal.refresh(first.refresh_token, proof=proof)


async def test_rotating_the_servers_keys_keeps_sessions_and_repeats(login: LoggedIn) -> None:
    first = await login.terminal.refresh(login.tokens.refresh_token)
    after = login.world.rebuilt(ring=KeyRing([KEY, NEW_KEY]))
    terminal = replace(login.terminal, world=after)
    assert await terminal.refresh(login.tokens.refresh_token) == first
    renewed = await terminal.refresh(first.refresh_token)
    assert renewed.refresh_token.reveal() != first.refresh_token.reveal()
    assert await terminal.refresh(first.refresh_token) == renewed


async def test_a_key_that_is_no_longer_kept_ends_its_sessions(login: LoggedIn) -> None:
    after = login.world.rebuilt(ring=KeyRing([NEW_KEY]))
    with pytest.raises(TokenExpired):
        await replace(login.terminal, world=after).refresh(login.tokens.refresh_token)


async def test_root_needs_no_policy(world: SignInWorld) -> None:
    terminal = Terminal(world)
    tokens = await terminal.redeem(await world.tab().approve(terminal, "root"))
    assert (await terminal.refresh(tokens.refresh_token)).expires_in == 900


async def test_a_stale_proof_is_refused(login: LoggedIn) -> None:
    old = login.terminal.proof(now=login.world.now - 301)
    answer = await login.terminal.post(login.terminal.refresh_body(login.tokens.refresh_token), proof=old)
    with pytest.raises(InvalidRequest):
        parse(answer)
    assert (await login.world.last_event()).error_code == InvalidDpopProof.error
