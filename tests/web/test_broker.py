"""The custom broker: what makes a sign-in token, what it is good for, and what a stranger's link cannot do.

IAM user guide, "Enable custom identity broker access to the AWS console"; Fetch Metadata (W3C); OWASP Unvalidated
Redirects.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from daypass.server.domain.account import Role
from daypass.server.domain.role_session import FederatedIdentity, RoleSession
from daypass.server.domain.signin_token import SigninToken, seal_signin_token
from daypass.server.domain.tokens import SessionClaims, seal_session_token, temporary_secret_key
from support.sign_in_world import (
    ACCOUNT,
    ENDPOINT,
    KEY,
    NOW,
    Answer,
    SignInWorld,
    Tab,
    Terminal,
    call_app,
    open_sign_in_world,
)

ROLE = Role(ACCOUNT, "AROA00000000000000READ", "reader", "/", "{}", NOW, max_session_duration=7200)
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/pat"
CLAIMS = SessionClaims(
    access_key_id="ASIAEXAMPLEEXAMPLE00",
    account_id=ACCOUNT,
    principal_kind="role",
    principal_arn=ARN,
    principal_id=f"{ROLE.role_id}:pat",
    issued_at=NOW,
    expires_at=NOW + 3600,
    role_arn=ROLE.arn,
    source_identity="pat",
    tags=(("team", "red"),),
    transitive_tag_keys=("team",),
)
PERSON = [("Sec-Fetch-Site", "none")]
OTHER_SITE = [("Sec-Fetch-Site", "cross-site")]


@pytest.fixture
async def world() -> AsyncIterator[SignInWorld]:
    world = await open_sign_in_world()
    await world.storage.roles.create_role(ROLE)
    yield world
    await world.storage.close()


def session_of(world: SignInWorld, claims: SessionClaims = CLAIMS, **changes: str) -> str:
    """The `Session` parameter for these claims."""
    ring = world.parts.ring
    values = {
        "sessionId": claims.access_key_id,
        "sessionKey": temporary_secret_key(ring, claims, key_id=KEY.key_id),
        "sessionToken": seal_session_token(ring, claims, key_id=KEY.key_id),
    }
    return json.dumps(values | changes)


def with_claims(**changes: Any) -> SessionClaims:
    return SessionClaims(**{name: getattr(CLAIMS, name) for name in CLAIMS.__struct_fields__} | changes)


async def ask(world: SignInWorld, method: str = "GET", **values: str) -> Answer:
    query = urlencode({"Action": "getSigninToken", **values})
    if method == "GET":
        return await call_app(world.pages_app, "GET", f"/federation?{query}")
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    return await call_app(world.pages_app, "POST", "/federation", headers=headers, body=query.encode())


async def token_for(world: SignInWorld, claims: SessionClaims = CLAIMS, **values: str) -> str:
    answer = await ask(world, Session=session_of(world, claims), **values)
    assert answer.status == 200, answer.text
    token: str = answer.json["SigninToken"]
    return token


async def open_link(
    tab: Tab, token: str, headers: list[tuple[str, str]] | None = None, **values: str
) -> Answer:
    """The browser opens the link; by the person's hand unless `headers` says otherwise."""
    url = "/federation?" + urlencode({"Action": "login", "SigninToken": token, **values})
    return await tab._go("GET", url, b"", PERSON if headers is None else headers, follow=False)


async def login_session_claims(world: SignInWorld, name: str = "alice") -> str:
    """`Session` of a real terminal login."""
    terminal, tab = Terminal(world), world.tab()
    await tab.get(terminal.authorize_url)
    location = (await tab.sign_in(name)).location
    tokens = await terminal.redeem(terminal.code_from(location))
    return json.dumps(
        {
            "sessionId": tokens.access_key_id,
            "sessionKey": tokens.secret_access_key.reveal(),
            "sessionToken": tokens.session_token.reveal(),
        }
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_opens_a_session_with_everything_the_role_session_carries(
    world: SignInWorld, method: str
) -> None:
    answer = await ask(world, method, Session=session_of(world), SessionDuration="7200")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert list(answer.json) == ["SigninToken"]
    tab = world.tab()
    landed = await open_link(tab, answer.json["SigninToken"], Issuer="https://broker.example/x")
    assert (landed.status, landed.location) == (303, "/")
    assert ARN in (await tab.get("/")).shown
    event = await world.last_event()
    assert (event.event_name, event.principal_arn, event.error_code) == ("ConsoleLogin", ARN, "")
    assert event.detail["broker"] == "https://broker.example/x"
    session = await world.storage.sign_in_sessions.load_sign_in_session(
        str(event.detail["sign_in_session"]), now=world.now
    )
    assert session is not None
    assert (session.expires_at, session.authenticated_at) == (NOW + 7200, 0)
    assert session.role_session == RoleSession(ROLE.arn, "pat", (("team", "red"),), ("team",))


async def test_the_token_request_is_audited_by_key_id_and_keeps_no_secret(world: SignInWorld) -> None:
    token = await token_for(world)
    event = await world.last_event()
    assert (event.event_name, event.detail) == (
        "GetSigninToken",
        {"caller_access_key_id": CLAIMS.access_key_id},
    )
    assert token not in repr(await world.audit())


async def test_without_a_duration_the_session_ends_with_the_credentials(world: SignInWorld) -> None:
    tab = world.tab()
    await open_link(tab, await token_for(world))
    world.now = NOW + 3599
    assert ARN in (await tab.get("/")).shown
    world.now = NOW + 3600
    assert ARN not in (await tab.get("/")).shown


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        ("899", "900 to 43200"),
        ("43201", "900 to 43200"),
        ("1e3", "900 to 43200"),
        ("-900", "900 to 43200"),
        ("\u0669\u0660\u0660", "900 to 43200"),
        ("7201", "MaxSessionDuration"),
    ],
)
async def test_a_duration_beyond_the_limits_is_refused_not_shortened(
    world: SignInWorld, duration: str, words: str
) -> None:
    answer = await ask(world, Session=session_of(world), SessionDuration=duration)
    assert answer.status == 400
    assert words in answer.text


async def test_a_chained_role_may_not_ask_for_a_duration(world: SignInWorld) -> None:
    chained = with_claims(is_chained=True)
    answer = await ask(world, Session=session_of(world, chained), SessionDuration="900")
    assert (answer.status, "role chaining" in answer.text) == (400, True)
    assert await token_for(world, chained)


async def test_a_login_may_not_ask_for_a_duration_and_ends_with_its_credentials(world: SignInWorld) -> None:
    session = await login_session_claims(world)
    refused = await ask(world, Session=session, SessionDuration="900")
    assert (refused.status, "leave it out" in refused.text) == (400, True)
    tab = world.tab()
    await open_link(tab, (await ask(world, Session=session)).json["SigninToken"])
    assert "user/alice" in (await tab.get("/")).shown
    world.now = NOW + 900
    assert "user/alice" not in (await tab.get("/")).shown


async def test_a_terminal_login_from_a_links_session_ends_with_the_links_credentials(
    world: SignInWorld,
) -> None:
    """Else fifteen stolen minutes would become twelve hours."""
    tab, terminal = world.tab(), Terminal(world)
    token = (await ask(world, Session=await login_session_claims(world))).json["SigninToken"]
    await open_link(tab, token)
    await tab.get(terminal.authorize_url)
    location = (await tab.submit("/signin/session", session=tab.session_ids[0])).location
    await terminal.redeem(terminal.code_from(location))
    user = await world.user("alice")
    logins = await world.storage.login_sessions.list_login_sessions(ACCOUNT, user.user_id, now=world.now)
    assert min(login.ends_at for login in logins) == NOW + 900


@pytest.mark.parametrize("mfa_at", [0, NOW])
async def test_credentials_of_get_session_token_open_no_pages(world: SignInWorld, mfa_at: int) -> None:
    """They may not call IAM without a second factor; a session in the pages may, and asks its person for none."""
    user = await world.user("alice")
    claims = SessionClaims(
        access_key_id="ASIAEXAMPLEEXAMPLE00",
        account_id=ACCOUNT,
        principal_kind="user",
        principal_arn=user.arn,
        principal_id=user.user_id,
        issued_at=NOW,
        expires_at=NOW + 3600,
        mfa_at=mfa_at,
        is_session_token=True,
    )
    answer = await ask(world, Session=session_of(world, claims))
    assert (answer.status, "GetSessionToken" in answer.text) == (400, True)
    assert (await world.last_event()).error_code == "AccessDenied"


async def test_credentials_of_an_ended_login_make_no_token(world: SignInWorld) -> None:
    session = await login_session_claims(world)
    user = await world.user("alice")
    (login,) = await world.storage.login_sessions.list_login_sessions(ACCOUNT, user.user_id, now=world.now)
    await world.storage.login_sessions.revoke_login_session(login.session_id, now=world.now)
    answer = await ask(world, Session=session)
    assert (answer.status, "has ended" in answer.text) == (400, True)
    assert (await world.last_event()).error_code == "AccessDenied"


async def test_credentials_from_before_a_password_change_make_no_token(world: SignInWorld) -> None:
    session = await login_session_claims(world)
    await world.change_password("alice", "another battery staple")
    assert (await ask(world, Session=session)).status == 400


async def test_a_token_from_before_a_password_change_signs_nobody_in(world: SignInWorld) -> None:
    token = (await ask(world, Session=await login_session_claims(world))).json["SigninToken"]
    await world.change_password("alice", "another battery staple")
    refused = await open_link(world.tab(), token)
    assert (refused.status, "new password" in refused.text) == (403, True)
    assert (await world.last_event()).error_code == "gone"


async def test_a_token_for_a_role_that_is_gone_signs_nobody_in(world: SignInWorld) -> None:
    token = await token_for(world)
    await world.storage.roles.delete_role(ACCOUNT, ROLE.role_name)
    assert (await open_link(world.tab(), token)).status == 403
    assert (await ask(world, Session=session_of(world))).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"sessionKey": "x" * 40},
        {"sessionKey": ""},
        {"sessionKey": "\ud800"},
        {"sessionKey": "\u00e9" * 40},
        {"sessionId": "\0"},
        {"sessionToken": "\u00e9"},
        {"sessionId": "ASIAEXAMPLEEXAMPLE01"},
        {"sessionToken": "x"},
        {"sessionToken": ""},
    ],
)
async def test_the_three_values_must_belong_together(world: SignInWorld, changes: dict[str, str]) -> None:
    assert (await ask(world, Session=session_of(world, **changes))).status == 400


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"sessionId": 1}', "[" * 20_000, '{"sessionId":"a"}']
)
async def test_a_session_that_cannot_be_read_is_a_bad_request(world: SignInWorld, text: str) -> None:
    answer = await ask(world, "POST", Session=text)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (400, "text/plain")


async def test_expired_credentials_make_no_token(world: SignInWorld) -> None:
    world.now = CLAIMS.expires_at
    answer = await ask(world, Session=session_of(world))
    assert (answer.status, "expired" in answer.text) == (400, True)


@pytest.mark.parametrize("action", ["", "logout", "GetSigninToken"])
async def test_another_action_is_a_bad_request(world: SignInWorld, action: str) -> None:
    assert (await ask(world, Action=action)).status == 400


async def test_a_token_is_used_once(world: SignInWorld) -> None:
    token = await token_for(world)
    assert (await open_link(world.tab(), token)).status == 303
    again = await open_link(world.tab(), token)
    assert (again.status, "used already" in again.text) == (400, True)
    assert (await world.last_event()).error_code == "used"


async def test_a_token_works_for_fifteen_minutes(world: SignInWorld) -> None:
    token = await token_for(world)
    world.now = NOW + 900
    assert "expired" in (await open_link(world.tab(), token)).text
    world.now = NOW + 899
    assert (await open_link(world.tab(), token)).status == 303


async def test_a_token_does_not_outlive_the_session_it_is_for(world: SignInWorld) -> None:
    token = await token_for(world, with_claims(expires_at=NOW + 60))
    world.now = NOW + 60
    assert (await open_link(world.tab(), token)).status == 400


async def test_what_was_sealed_for_another_use_is_no_token(world: SignInWorld) -> None:
    for sealed in (
        "",
        "x",
        world.parts.ring.seal("federation", b"\x93\x01\x02\x03"),
        seal_session_token(world.parts.ring, CLAIMS, key_id=KEY.key_id),
    ):
        assert (await open_link(world.tab(), sealed)).status == 400
        assert (await open_link(world.tab(), sealed, OTHER_SITE)).status == 400


@pytest.mark.parametrize("headers", [OTHER_SITE, [("Sec-Fetch-Site", "same-site")], []])
async def test_a_link_that_another_site_opened_asks_first(
    world: SignInWorld, headers: list[tuple[str, str]]
) -> None:
    """Login CSRF: nothing is signed in by the navigation itself."""
    tab, token = world.tab(), await token_for(world)
    asked = await open_link(tab, token, headers, Destination="/signin")
    assert asked.status == 200
    assert f"Continue as {ARN}" in asked.shown
    assert ARN not in (await world.tab().get("/")).shown
    assert not [event for event in await world.audit() if event.event_name == "ConsoleLogin"]
    tab.answer = asked
    landed = await tab.submit("/signin/broker", follow=False)
    assert (landed.status, landed.location) == (303, "/signin")
    assert ARN in (await tab.get("/")).shown


async def test_the_click_must_come_from_this_browsers_own_page(world: SignInWorld) -> None:
    tab, token = world.tab(), await token_for(world)
    asked = await open_link(tab, token, OTHER_SITE)
    form = tab.hidden
    stranger = world.tab()
    await stranger.get("/")
    for browser, headers in ((stranger, None), (tab, OTHER_SITE)):
        refused = await browser.post("/signin/broker", form, headers=headers, follow=False)
        assert refused.status == 403
    tab.answer = asked
    assert (await tab.submit("/signin/broker", follow=False)).status == 303


async def test_signing_in_gives_the_browser_a_new_secret_and_keeps_its_sessions(world: SignInWorld) -> None:
    tab = world.tab()
    await tab.get("/signin/user")
    await tab.sign_in("alice")
    before = dict(tab.cookies)
    await open_link(tab, await token_for(world))
    assert tab.cookies != before
    shown = (await tab.get("/")).shown
    assert "user/alice" in shown
    assert ARN in shown
    planted = world.tab()
    planted.cookies = before
    assert ARN not in (await planted.get("/")).shown


async def test_a_browser_holds_five_sessions_here_too(world: SignInWorld) -> None:
    tab = world.tab()
    for number in range(5):
        name = f"pat{number}"
        claims = with_claims(principal_arn=ARN.replace("pat", name), principal_id=f"{ROLE.role_id}:{name}")
        assert (await open_link(tab, await token_for(world, claims))).status == 303
    refused = await open_link(tab, await token_for(world))
    assert (refused.status, "five sessions" in refused.text) == (409, True)
    assert (await world.last_event()).error_code == "full"
    assert len((await tab.get("/")).text.split("assumed-role")) > 5


@pytest.mark.parametrize(
    ("destination", "landed"),
    [
        ("", "/"),
        ("/", "/"),
        ("/signin", "/signin"),
        (f"{ENDPOINT}/", "/"),
        (f"{ENDPOINT}/signin", "/signin"),
        (ENDPOINT, "/"),
        ("https://console.aws.amazon.com/s3", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/%2f%2fevil.example", "/"),
        ("/%5cevil.example", "/"),
        ("/.//evil.example", "/"),
        ("/signin//evil.example", "/"),
        ("/signin/../..//evil.example", "/"),
        (f"{ENDPOINT}.evil.example/", "/"),
        (f"{ENDPOINT}@evil.example/", "/"),
        (f"{ENDPOINT}//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:evil.example", "/"),
        ("/signin\r\nSet-Cookie: a=b", "/"),
        ("/signin?a=\r\nSet-Cookie: a=b", "/"),
        ("\t//evil.example", "/"),
        ("/federation?Action=login&SigninToken=x", "/"),
        ("/signin/sign-out", "/"),
        ("/signin?" + "a" * 3000, "/"),
    ],
)
async def test_a_destination_is_one_of_our_pages_or_the_first_one(
    world: SignInWorld, destination: str, landed: str
) -> None:
    answer = await open_link(world.tab(), await token_for(world), Destination=destination)
    assert answer.location == landed


@pytest.mark.parametrize(
    ("issuer", "is_linked"),
    [
        ("https://broker.example/again?x=1", True),
        ("http://broker.example/", False),
        ("javascript:alert(1)", False),
        ("https://user@broker.example/", False),
        ("https://", False),
        ("https://a\\b", False),
        ("https://broker.example/\u202e", False),
        ("https://[", False),
        ('https://broker.example/"><script>', True),
    ],
)
async def test_an_unusable_link_leads_back_to_an_https_broker_only(
    world: SignInWorld, issuer: str, is_linked: bool
) -> None:
    page = await open_link(world.tab(), "x", Issuer=issuer)
    assert page.status == 400
    assert ('rel="noreferrer"' in page.text) is is_linked
    assert "<script>" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


CORP = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
ADA = FederatedIdentity(CORP, "https://idp.example/corp", "ada@example.com", "persistent", "_1", NOW + 5400)


async def test_a_federated_person_stays_known(world: SignInWorld) -> None:
    """Policies go on seeing aws:FederatedProvider, and the audit log who it is."""
    await open_link(world.tab(), await token_for(world, with_claims(identity=ADA)))
    for event in (await world.audit())[-2:]:
        assert event.detail["identity_provider"] == CORP
        assert event.detail["idp_subject"] == "ada@example.com"
    session = await world.storage.sign_in_sessions.load_sign_in_session(
        str(event.detail["sign_in_session"]), now=world.now
    )
    assert session is not None and session.role_session is not None
    assert session.role_session.identity == ADA


async def test_a_logout_at_the_provider_ends_sessions_made_of_its_credentials(world: SignInWorld) -> None:
    tab = world.tab()
    await open_link(tab, await token_for(world, with_claims(identity=ADA), SessionDuration="3600"))
    assert ARN in (await tab.get("/")).shown
    ended = await world.storage.federation.end_federated_sessions(
        CORP, subject="ada@example.com", idp_session="_1", now=world.now
    )
    assert ended == 1
    assert ARN not in (await tab.get("/")).shown


async def test_a_duration_beyond_the_session_at_the_provider_is_refused(world: SignInWorld) -> None:
    session = session_of(world, with_claims(identity=ADA))
    assert (await ask(world, Session=session, SessionDuration="5400")).status == 200
    refused = await ask(world, Session=session, SessionDuration="5401")
    assert (refused.status, "identity provider" in refused.text) == (400, True)


async def test_only_what_was_sealed_as_a_sign_in_token_is_one(world: SignInWorld) -> None:
    """The same purpose has other sealed values; the tag tells them apart."""
    values = ["t", NOW + 900, NOW + 900, ACCOUNT, "root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, 0, None]
    for packed, status in ((["signin-token", *values], 303), (values, 400), (["ticket", *values], 400)):
        sealed = world.parts.ring.seal("federation", msgspec.msgpack.encode(packed))
        assert (await open_link(world.tab(), sealed)).status == status


async def test_the_servers_own_limit_holds_too(world: SignInWorld) -> None:
    lifetimes = replace(world.parts.lifetimes, sign_in_session=1800)
    strict = world.rebuilt(lifetimes=lifetimes)
    refused = await ask(strict, Session=session_of(strict), SessionDuration="3600")
    assert (refused.status, "sign_in_session_lifetime" in refused.text) == (400, True)
    tab = strict.tab()
    await open_link(tab, await token_for(strict))
    strict.now = NOW + 1800
    assert ARN not in (await tab.get("/")).shown


def test_a_token_does_not_show_itself(world: SignInWorld) -> None:
    token = SigninToken("t", NOW, NOW, ACCOUNT, "root", "arn", ACCOUNT, 0, None)
    assert "**" in repr(seal_signin_token(world.parts.ring, token))
