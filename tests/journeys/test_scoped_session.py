"""`POST /v1/scoped-session`: a login makes a smaller one for an agent, and nothing ever makes it larger."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.errors import InvalidRequest, SignInError, TokenExpired, UserCredentialsChanged
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret
from daypass.server.domain.tokens import open_session_token
from daypass.server.flows.scope_login import MOST_SCOPED
from daypass.server.web.scoped_session import build_scoped_session_app
from support.sign_in_world import ACCOUNT, ENDPOINT, Answer, SignInWorld, Terminal, call_app, claims_of, parse

FORM = "application/x-www-form-urlencoded"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)


async def _login(world: SignInWorld) -> tuple[Terminal, TokenSet]:
    terminal = Terminal(world)
    return terminal, await terminal.redeem(await world.tab().approve(terminal))


async def _ask(
    terminal: Terminal, token: Secret, agent: Terminal, *, proof: str | None = None, **changes: str
) -> Answer:
    fields = {
        "refresh_token": token.reveal(),
        "name": "agent",
        "dpop_jkt": thumbprint(public_jwk(agent.key.public_key())),
        "policy_arns": READ_ONLY,
        **changes,
    }
    proof = terminal.proof(url=f"{ENDPOINT}/v1/scoped-session") if proof is None else proof
    headers = [("Content-Type", FORM), *([("DPoP", proof)] if proof else [])]
    body = urlencode({name: text for name, text in fields.items() if text}).encode()
    app = build_scoped_session_app(terminal.world.parts)
    return await call_app(app, "POST", "/v1/scoped-session", headers=headers, body=body)


def _agent(terminal: Terminal) -> Terminal:
    return replace(terminal, key=ec.generate_private_key(ec.SECP256R1()))


def _claims(world: SignInWorld, tokens: TokenSet) -> Any:
    return open_session_token(world.parts.ring, tokens.session_token.reveal())[0]


async def test_the_smaller_login_has_credentials_that_carry_its_scope(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent, policy=POLICY))
    claims = _claims(world, smaller)
    assert claims.scope.name == "agent"
    assert json.loads(claims.scope.policy) == json.loads(POLICY)
    assert claims.scope.policy_arns == (READ_ONLY,)
    assert smaller.id_token is not None
    assert claims_of(smaller.id_token)["sub"] == f"arn:aws:iam::{ACCOUNT}:user/alice"


async def test_the_scope_stays_through_every_refresh(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent))
    for _ in range(3):
        world.now += 600
        smaller = await agent.refresh(smaller.refresh_token)
        assert _claims(world, smaller).scope.policy_arns == (READ_ONLY,)


async def test_the_parent_goes_on_as_it_was(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    parse(await _ask(terminal, tokens.refresh_token, _agent(terminal)))
    refreshed = await terminal.refresh(tokens.refresh_token)
    assert _claims(world, refreshed).scope is None


async def test_the_smaller_login_ends_when_it_was_told_to(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent, duration_seconds="900"))
    world.now += 600
    smaller = await agent.refresh(smaller.refresh_token)
    assert smaller.expires_in <= 300
    world.now += 300
    with pytest.raises(TokenExpired):
        await agent.refresh(smaller.refresh_token)
    assert await terminal.refresh(tokens.refresh_token)


async def test_the_smaller_login_never_outlives_its_parent(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    world.now += 11 * 3600 + 50 * 60
    fresh = await terminal.refresh(tokens.refresh_token)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, fresh.refresh_token, agent, duration_seconds="43200"))
    assert smaller.expires_in <= 600
    world.now += 600
    with pytest.raises(TokenExpired):
        await agent.refresh(smaller.refresh_token)


async def test_revoking_the_parent_ends_the_smaller_login(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent))
    parent = _claims(world, tokens).login_session_id
    await world.storage.login_sessions.revoke_login_session(parent, now=world.now)
    world.now += 600
    with pytest.raises(TokenExpired):
        await agent.refresh(smaller.refresh_token)


async def test_revoking_the_smaller_login_leaves_the_parent(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent))
    await world.storage.login_sessions.revoke_login_session(
        _claims(world, smaller).login_session_id, now=world.now
    )
    with pytest.raises(TokenExpired):
        await agent.refresh(smaller.refresh_token)
    assert await terminal.refresh(tokens.refresh_token)


async def test_a_smaller_login_cannot_make_another_one(world: SignInWorld) -> None:
    """Else a second life could be prepared, or a wider policy be named."""
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    smaller = parse(await _ask(terminal, tokens.refresh_token, agent))
    answer = await _ask(agent, smaller.refresh_token, _agent(agent), policy_arns=READ_ONLY)
    assert answer.status == 400


async def test_rfc9449_5_only_the_parents_key_may_ask(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    answer = await _ask(terminal.with_other_key(), tokens.refresh_token, _agent(terminal))
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


async def test_rfc9449_11_1_a_proof_makes_one_login(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    proof = terminal.proof(url=f"{ENDPOINT}/v1/scoped-session")
    assert (await _ask(terminal, tokens.refresh_token, _agent(terminal), proof=proof)).status == 200
    assert (await _ask(terminal, tokens.refresh_token, _agent(terminal), proof=proof)).status == 400


async def test_rfc9449_4_3_a_proof_for_another_endpoint_does_not_count(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    for proof in ("", terminal.proof(), terminal.proof(url=f"{ENDPOINT}/v1/revoke")):
        assert (await _ask(terminal, tokens.refresh_token, _agent(terminal), proof=proof)).status == 400


async def test_a_changed_password_makes_no_smaller_login(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    await world.change_password("alice", "violet anchor pebble")
    with pytest.raises(UserCredentialsChanged):
        parse(await _ask(terminal, tokens.refresh_token, _agent(terminal)))


async def test_a_removed_permission_makes_no_smaller_login(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    user = await world.user("alice")
    [policy] = await world.storage.policies.list_attached_policies(ACCOUNT, user.user_id)
    await world.storage.policies.detach_policy(ACCOUNT, user.user_id, policy)
    with pytest.raises(SignInError):
        parse(await _ask(terminal, tokens.refresh_token, _agent(terminal)))


@pytest.mark.parametrize(
    "changes",
    [
        {"policy_arns": ""},
        {"policy_arns": f"arn:aws:iam::{ACCOUNT}:policy/missing"},
        {"policy_arns": "arn:aws:iam::999999999999:policy/theirs"},
        {"policy": "{"},
        {"name": ""},
        {"name": "two words"},
        {"dpop_jkt": ""},
        {"dpop_jkt": "short"},
        {"duration_seconds": "299"},
        {"duration_seconds": "43201"},
        {"duration_seconds": "-1"},
        {"refresh_token": ""},
    ],
)
async def test_what_does_not_narrow_or_cannot_be_read_is_refused(
    world: SignInWorld, changes: dict[str, str]
) -> None:
    terminal, tokens = await _login(world)
    answer = await _ask(terminal, tokens.refresh_token, _agent(terminal), **changes)
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


async def test_it_is_audited_and_shown_to_its_person(world: SignInWorld) -> None:
    terminal, tokens = await _login(world)
    agent = _agent(terminal)
    parse(await _ask(terminal, tokens.refresh_token, agent, policy=POLICY))
    event = await world.last_event()
    assert (event.event_name, event.detail["scope_name"]) == ("CreateOAuth2Token", "agent")
    tab = world.tab()
    await tab.get("/signin/user")
    await tab.sign_in("alice")
    await tab.get("/")
    answer = await tab.get(f"/account/{tab.session_ids[0]}")
    assert "narrowed: agent" in answer.text
    digest = hashlib.sha256(json.dumps(json.loads(POLICY), separators=(",", ":")).encode()).hexdigest()
    assert f"to ReadOnlyAccess, inline policy, sha256 {digest[:12]}…" in answer.text
    assert f"key {thumbprint(public_jwk(agent.key.public_key()))[:12]}…" in answer.text


async def test_a_login_has_fifty_narrowed_ones_at_a_time_and_room_again_when_one_ends(
    world: SignInWorld,
) -> None:
    """However many ask at once."""
    terminal, tokens = await _login(world)
    agents = [_agent(terminal) for _ in range(MOST_SCOPED + 10)]
    answers = await asyncio.gather(*(_ask(terminal, tokens.refresh_token, agent) for agent in agents))
    begun = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert (len(begun), len(refused)) == (MOST_SCOPED, 10)
    with pytest.raises(InvalidRequest, match="50 narrowed logins already, the most at a time"):
        parse(refused[0])
    assert (await world.last_event()).error_code == "INVALID_REQUEST"
    ended = _claims(world, parse(begun[0])).login_session_id
    await world.storage.login_sessions.revoke_login_session(ended, now=world.now)
    assert (await _ask(terminal, tokens.refresh_token, _agent(terminal))).status == 200
