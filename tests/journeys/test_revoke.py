"""`POST /v1/revoke` (RFC 7009): who may end a chain of refresh tokens, and what is left afterwards."""

from urllib.parse import urlencode

import pytest

from daypass.protocol.oauth.errors import TokenExpired
from daypass.secret import Secret
from daypass.server.web.revoke import build_revoke_app
from support.sign_in_world import ENDPOINT, Answer, SignInWorld, Terminal, call_app

FORM = "application/x-www-form-urlencoded"


async def _revoke(
    terminal: Terminal,
    token: Secret,
    *,
    proof: str | None = None,
    content_type: str = FORM,
    method: str = "POST",
    **more: str,
) -> Answer:
    proof = terminal.proof(url=f"{ENDPOINT}/v1/revoke") if proof is None else proof
    headers = [("Content-Type", content_type), *([("DPoP", proof)] if proof else [])]
    body = urlencode({"token": token.reveal(), **more}).encode()
    app = build_revoke_app(terminal.world.parts)
    return await call_app(app, method, "/v1/revoke", headers=headers, body=body)


async def _login(world: SignInWorld) -> tuple[Terminal, Secret]:
    terminal = Terminal(world)
    tokens = await terminal.redeem(await world.tab().approve(terminal))
    return terminal, tokens.refresh_token


async def test_rfc7009_2_1_a_revoked_chain_gives_no_tokens_any_more(world: SignInWorld) -> None:
    """Not even the idempotent repeat of the last refresh."""
    terminal, first = await _login(world)
    second = (await terminal.refresh(first)).refresh_token
    answer = await _revoke(terminal, second, token_type_hint="refresh_token")
    assert (answer.status, answer.text) == (200, "{}")
    for token in (first, second):
        with pytest.raises(TokenExpired):
            await terminal.refresh(token)


async def test_an_older_generation_ends_the_whole_chain_too(world: SignInWorld) -> None:
    """The token names the session, not the moment."""
    terminal, first = await _login(world)
    second = (await terminal.refresh(first)).refresh_token
    assert (await _revoke(terminal, first)).status == 200
    with pytest.raises(TokenExpired):
        await terminal.refresh(second)


async def test_a_revocation_is_audited_once(world: SignInWorld) -> None:
    """As its own event, with the session; a repetition changes nothing."""
    terminal, token = await _login(world)
    for _ in range(2):
        assert (await _revoke(terminal, token)).status == 200
    events = [event for event in await world.audit() if event.event_name == "RevokeOAuth2Token"]
    assert [event.principal_arn.rpartition("/")[2] for event in events] == ["alice"]
    assert events[0].detail["login_session"]


async def test_rfc7009_2_2_an_unknown_token_is_answered_like_a_revoked_one(world: SignInWorld) -> None:
    """A stranger learns nothing, and a client needs no second case."""
    terminal, token = await _login(world)
    for text in ("ASOR", "x", "ASOR" + "A" * 200, token.reveal()[:-2] + "AA"):
        assert (await _revoke(terminal, Secret(text))).status == 200
    assert await terminal.refresh(token)


async def test_rfc9449_5_only_the_key_it_is_bound_to_may_revoke(world: SignInWorld) -> None:
    """A stolen token cannot even sign its owner out."""
    terminal, token = await _login(world)
    answer = await _revoke(terminal.with_other_key(), token)
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")
    assert await terminal.refresh(token)


async def test_a_proof_for_another_endpoint_or_none_at_all_is_refused(world: SignInWorld) -> None:
    """RFC 9449 §4.3: `htu` names this endpoint."""
    terminal, token = await _login(world)
    for proof in ("", terminal.proof(), terminal.proof(url=f"{ENDPOINT}/v1/revoke", now=world.now - 3600)):
        assert (await _revoke(terminal, token, proof=proof)).status == 400
    assert await terminal.refresh(token)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"method": "GET"}, 405),
        ({"content_type": "application/json"}, 400),
        ({"padding": "x" * 20_000}, 413),
    ],
)
async def test_what_is_no_revocation_is_refused(
    world: SignInWorld, changes: dict[str, str], status: int
) -> None:
    """Method, form and size."""
    terminal, token = await _login(world)
    assert (await _revoke(terminal, token, **changes)).status == status  # type: ignore[arg-type]  # values of both kinds
    assert await terminal.refresh(token)


async def test_a_repeated_token_parameter_is_refused(world: SignInWorld) -> None:
    """RFC 6749 §3.2: request parameters must not be included more than once."""
    terminal, token = await _login(world)
    proof = terminal.proof(url=f"{ENDPOINT}/v1/revoke")
    answer = await call_app(
        build_revoke_app(world.parts),
        "POST",
        "/v1/revoke",
        headers=[("Content-Type", FORM), ("DPoP", proof)],
        body=f"token={token.reveal()}&token={token.reveal()}".encode(),
    )
    assert answer.status == 400
