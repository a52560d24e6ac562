"""A login from the first link to refreshed credentials, for each client and each kind of user."""

import re
from urllib.parse import urlencode

import pytest

from daypass.protocol.oauth.verification_code import parse_pasted_code
from daypass.server.domain.tokens import access_key_account
from support.sign_in_world import (
    ACCOUNT,
    CALLBACK,
    SignInWorld,
    Terminal,
    claims_of,
    remote_terminal,
)


@pytest.mark.parametrize(
    ("who", "arn"),
    [("alice", f"arn:aws:iam::{ACCOUNT}:user/alice"), ("root", f"arn:aws:iam::{ACCOUNT}:root")],
)
async def test_a_login_on_this_device_gives_credentials_and_renews_them(
    world: SignInWorld, who: str, arn: str
) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal, who)
    assert len(code) <= 512
    tokens = await terminal.redeem(code)
    assert tokens.expires_in == 900
    assert access_key_account(tokens.access_key_id) == ACCOUNT
    assert tokens.id_token is not None
    claims = claims_of(tokens.id_token)
    assert (claims["sub"], claims["aud"]) == (arn, terminal.client_id)
    world.now += 700
    renewed = await terminal.refresh(tokens.refresh_token)
    assert renewed.expires_in == 900
    assert renewed.id_token is None
    assert renewed.access_key_id != tokens.access_key_id
    assert renewed.refresh_token != tokens.refresh_token


async def test_a_login_from_another_device_shows_a_code_to_paste(world: SignInWorld) -> None:
    terminal = remote_terminal(world)
    tab = world.tab()
    await tab.approve(terminal)
    shown = re.search(r'id="verification-code"[^>]*>([^<]+)<', tab.answer.text)
    assert shown is not None
    assert f"arn:aws:iam::{ACCOUNT}:user/alice" in tab.answer.shown
    code = parse_pasted_code(shown[1], expected_state=terminal.state)
    assert (await terminal.redeem(code)).expires_in == 900


async def test_the_second_login_in_a_browser_needs_no_password(world: SignInWorld) -> None:
    tab = world.tab()
    await tab.approve(Terminal(world))
    second = Terminal(world, state="second")
    page = await tab.get(second.authorize_url)
    assert "Continue with an active session" in page.text
    assert f"arn:aws:iam::{ACCOUNT}:user/alice" in page.shown
    answer = await tab.submit("/signin/session", session=tab.session_ids[0])
    assert answer.location.startswith(CALLBACK)
    assert (await second.redeem(second.code_from(answer.location))).expires_in == 900


async def test_cancelling_tells_the_terminal(world: SignInWorld) -> None:
    terminal = Terminal(world)
    tab = world.tab()
    await tab.get(terminal.authorize_url)
    answer = await tab.submit("/signin/cancel")
    assert answer.location == f"{CALLBACK}?error=access_denied&state={terminal.state}"


async def test_forms_in_snake_case_are_answered_in_snake_case(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    body = urlencode(
        {
            "client_id": terminal.client_id,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": terminal.verifier,
        }
    )
    answer = await terminal.post(body.encode(), content_type="application/x-www-form-urlencoded")
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token", "id_token"}
    assert set(answer.json["access_token"]) == {"access_key_id", "secret_access_key", "session_token"}


async def test_every_step_is_in_the_audit_log_without_a_secret(world: SignInWorld) -> None:
    terminal = Terminal(world)
    code = await world.tab().approve(terminal)
    tokens = await terminal.redeem(code)
    await terminal.refresh(tokens.refresh_token)
    events = await world.audit()
    assert [event.event_name for event in events] == [
        "ConsoleLogin",
        "AuthorizeOAuth2Access",
        "CreateOAuth2Token",
        "CreateOAuth2Token",
    ]
    assert {event.principal_arn for event in events} == {f"arn:aws:iam::{ACCOUNT}:user/alice"}
    assert {event.error_code for event in events} == {""}
    told = repr(events)
    for secret in (code, tokens.refresh_token.reveal(), tokens.session_token.reveal(), terminal.verifier):
        assert secret not in told
