"""Acts that leave an event beside those whose own tests look for it: changes on the way in, and what was refused."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.server.domain.audit import AuditEvent
from daypass.server.web.scoped_session import build_scoped_session_app
from support.sign_in_world import (
    ACCOUNT,
    ENDPOINT,
    PASSWORD,
    SignInWorld,
    Terminal,
    call_app,
    open_sign_in_world,
)

FORM = "/signin/user"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
NEW_PASSWORD = "violet anchor pebble"


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


async def _events(site: SignInWorld, name: str) -> list[AuditEvent]:
    return [event for event in await site.audit() if event.event_name == name]


async def test_a_password_changed_on_the_way_in_is_iams_event(site: SignInWorld) -> None:
    user = await site.user("alice")
    await site.storage.users.update_login_profile(
        ACCOUNT, user.user_id, password_hash=None, password_reset_required=True, changed=False
    )
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in("alice")
    assert await _events(site, "ChangePassword") == []
    await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    (event,) = await _events(site, "ChangePassword")
    assert (event.event_source, event.principal_arn, event.error_code) == ("iam.amazonaws.com", ALICE, "")


async def test_a_wrong_old_password_on_the_own_page_is_an_event_and_so_is_the_throttle(
    site: SignInWorld,
) -> None:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in("alice")
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    for _ in range(6):
        await tab.get(address)
        await tab.submit(
            f"{address}/password", old_password="not it", password=NEW_PASSWORD, repeated=NEW_PASSWORD
        )
    events = await _events(site, "ChangePassword")
    assert [event.error_code for event in events] == ["mismatch"] * 5 + ["Throttling"]
    assert {event.principal_arn for event in events} == {ALICE}


async def test_a_role_that_may_not_be_taken_is_an_event(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in("alice")
    await tab.get("/switchrole")
    session = tab.session_ids[0]
    await tab.submit("/signin/switch-role", session=session, account=ACCOUNT, role="nobody")
    (event,) = await _events(site, "SwitchRole")
    assert (event.principal_arn, event.error_code) == (ALICE, "AccessDenied")
    assert event.detail == {"switchTo": f"arn:aws:iam::{ACCOUNT}:role/nobody"}


async def test_a_narrowed_login_that_is_refused_is_an_event(site: SignInWorld) -> None:
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    thief = terminal.with_other_key()
    form = {
        "refresh_token": tokens.refresh_token.reveal(),
        "name": "agent",
        "dpop_jkt": "A" * 43,
        "policy": json.dumps({}),
    }
    for key, form_of in ((thief, form), (terminal, {**form, "refresh_token": "unknown"})):
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("DPoP", key.proof(url=f"{ENDPOINT}/v1/scoped-session")),
        ]
        answer = await call_app(
            build_scoped_session_app(site.parts),
            "POST",
            "/v1/scoped-session",
            headers=headers,
            body=urlencode(form_of).encode(),
        )
        assert answer.status == 400 or answer.status == 401
        event = await site.last_event()
        assert (event.event_name, event.error_code) == ("CreateOAuth2Token", answer.json["error"])
        assert event.detail["grant_type"] == "scoped_session"


async def test_a_wrong_password_is_an_event_that_keeps_no_name_nobody_has(site: SignInWorld) -> None:
    tab = site.tab()
    for name, arn in (("alice", ALICE), ("no-such-person", "")):
        await tab.get(FORM)
        await tab.sign_in(name, PASSWORD + "x")
        event = await site.last_event()
        assert (event.event_name, event.error_code, event.principal_arn) == ("ConsoleLogin", "mismatch", arn)
