"""`POST /v1/token`, authorization_code: every rule of a code's redemption, and the row of each refusal.

Sign-In API reference, CreateOAuth2Token; RFC 6749 §4.1.2, §4.1.3; RFC 7636 §4.6; RFC 9449 §5.
"""

import asyncio

import pytest

from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidRequest,
    TokenExpired,
    UserCredentialsChanged,
)
from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.secret import Secret
from support.sign_in_world import ACCOUNT, GRANT, SignInWorld, Terminal, claims_of, parse

OTHER_VERIFIER = "x" * 43


async def test_a_code_works_once_and_its_second_use_ends_the_session(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    tokens = await terminal.redeem(code)
    with pytest.raises(InvalidRequest):
        await terminal.redeem(code)
    assert (await world.last_event()).error_code == "INVALID_REQUEST"
    with pytest.raises(TokenExpired):
        await terminal.refresh(tokens.refresh_token)


async def test_of_many_parallel_redemptions_one_wins(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    answers = await asyncio.gather(*(terminal.post(terminal.code_body(code)) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7


async def test_the_same_request_again_gets_the_same_tokens(world: SignInWorld) -> None:
    """botocore sends one proof for all its tries; the first answer may have been lost."""
    terminal = Terminal(world)
    body = terminal.code_body(await world.tab().approve(terminal))
    proof = terminal.proof()
    first = parse(await terminal.post(body, proof=proof))
    world.now += 7
    second = parse(await terminal.post(body, proof=proof))
    assert second.expires_in == first.expires_in - 7
    assert second.access_key_id == first.access_key_id
    assert second.secret_access_key == first.secret_access_key
    assert second.session_token == first.session_token
    assert second.refresh_token == first.refresh_token
    assert claims_of(second.id_token or "") == claims_of(first.id_token or "")


async def test_a_lost_answer_is_not_repeated_once_the_session_went_on(world: SignInWorld) -> None:
    terminal = Terminal(world)
    body = terminal.code_body(await world.tab().approve(terminal))
    proof = terminal.proof()
    tokens = parse(await terminal.post(body, proof=proof))
    await terminal.refresh(tokens.refresh_token)
    answer = await terminal.post(body, proof=proof)
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code_verifier": Secret(OTHER_VERIFIER)}, "codeVerifier"),
        ({"redirect_uri": "http://127.0.0.1:1/oauth/callback"}, "redirect URI"),
        ({"client_id": CROSS_DEVICE}, "another client"),
    ],
)
async def test_a_mismatch_is_refused_and_costs_the_code(
    world: SignInWorld, changes: dict[str, object], message: str
) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    with pytest.raises(InvalidRequest, match=message):
        await terminal.redeem(code, **changes)
    event = await world.last_event()
    assert (event.event_name, event.error_code, event.account_id) == (
        "CreateOAuth2Token",
        "INVALID_REQUEST",
        ACCOUNT,
    )
    with pytest.raises(InvalidRequest, match="already used"):
        await terminal.redeem(code)


async def test_a_used_proof_is_named_and_does_not_cost_the_code(world: SignInWorld) -> None:
    """Whoever replays a stranger's proof must not be able to burn a code with it."""
    terminal = Terminal(world)
    proof = terminal.proof()
    first, second = await world.tab().approve(terminal), await world.tab().approve(terminal)
    assert (await terminal.post(terminal.code_body(first), proof=proof)).status == 200
    wrong = terminal.code_body(second, code_verifier=Secret(OTHER_VERIFIER))
    for body in (wrong, terminal.code_body(second)):
        answer = await terminal.post(body, proof=proof)
        assert (answer.status, "used before" in answer.json["message"]) == (400, True)
    assert (await terminal.redeem(second)).expires_in == 900


async def test_an_old_code_is_told_apart_from_a_foreign_one(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    world.now += 300
    with pytest.raises(AuthcodeExpired):
        await terminal.redeem(code)
    with pytest.raises(InvalidRequest):
        await terminal.redeem(code[:-2])


async def test_a_code_lives_until_its_last_second(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    world.now += 299
    assert (await terminal.redeem(code)).expires_in == 900


async def test_a_password_change_ends_a_code(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    await world.change_password("alice", "another one")
    with pytest.raises(UserCredentialsChanged):
        await terminal.redeem(code)


async def test_policy_is_asked_again_at_the_token_endpoint(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    await world.storage.policies.detach_policy(ACCOUNT, (await world.user("alice")).user_id, GRANT)
    with pytest.raises(InsufficientPermissions, match="signin:CreateOAuth2Token"):
        await terminal.redeem(code)


async def test_a_deleted_user_gets_nothing_for_a_code(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    user = await world.user("alice")
    await world.storage.policies.detach_policy(ACCOUNT, user.user_id, GRANT)
    await world.storage.users.delete_login_profile(ACCOUNT, user.user_id)
    await world.storage.users.delete_user(ACCOUNT, "alice")
    with pytest.raises(TokenExpired):
        await terminal.redeem(code)
