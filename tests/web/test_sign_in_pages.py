"""The pages as HTTP: cookies, headers, forms, and every rule that keeps a browser's sessions its own.

OWASP Session Management, Cross-Site Request Forgery Prevention and Authentication Cheat Sheets; RFC 6749
§4.1.2.1; RFC 9700 §4.12 (303 after credentials).
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.protocol.aws.errors import Throttling
from daypass.protocol.oauth.verification_code import build_verification_code
from daypass.secret import Secret
from daypass.server.domain.account import LoginProfile, User
from daypass.server.domain.browser import browser_hash
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.query_world import QuickHasher
from support.sign_in_world import (
    ACCOUNT,
    CALLBACK,
    ENDPOINT,
    GRANT,
    NOW,
    PASSWORD,
    ROOT_EMAIL,
    SignInWorld,
    Tab,
    Terminal,
    call_app,
    open_sign_in_world,
    remote_terminal,
)

FORM = "/signin/user"


class WatchedHasher(QuickHasher):
    """Remembers what it was asked to check against."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.is_outdated = False
        self.is_busy = False

    async def verify(self, password_hash: str, password: Secret) -> bool:
        self.checked.append(password_hash)
        if self.is_busy:
            raise Throttling("busy")
        await super().verify(password_hash, password)
        return self.is_outdated


@pytest.fixture
def hasher() -> WatchedHasher:
    return WatchedHasher()


@pytest.fixture
async def site(hasher: WatchedHasher) -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world(hasher=hasher)
    yield site
    await site.storage.close()


async def signed_in(site: SignInWorld, *names: str) -> Tab:
    """A browser in which these users are signed in."""
    tab = site.tab()
    for name in names:
        await tab.get(FORM)
        await tab.sign_in(name)
    return tab


async def add_users(site: SignInWorld, *names: str) -> None:
    for number, name in enumerate(names):
        user = User(ACCOUNT, f"AIDAMORE{number:013d}", name, "/", NOW)
        await site.storage.users.create_user(user)
        password_hash = await site.parts.hasher.hash(Secret(PASSWORD))
        await site.storage.users.create_login_profile(LoginProfile(ACCOUNT, user.user_id, password_hash, NOW))


# Headers and cookies


@pytest.mark.parametrize(
    "path", ["/", "/signin", "/signin/new", FORM, "/signin/signed-out", "/nowhere", "/v1/authorize"]
)
async def test_every_page_is_guarded(site: SignInWorld, path: str) -> None:
    answer = await site.tab().get(path)
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)


async def test_redirects_are_not_kept_either(site: SignInWorld) -> None:
    answer = await site.tab().get(Terminal(site).authorize_url, follow=False)
    assert answer.status == 303
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_form_may_lead_to_the_waiting_terminal_and_nowhere_else(site: SignInWorld) -> None:
    answer = await site.tab().get(Terminal(site).authorize_url)
    assert answer.headers["content-security-policy"].endswith("form-action 'self' http://127.0.0.1:49821")


async def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(site: SignInWorld) -> None:
    answer = await site.tab().get("/")
    [cookie] = answer.cookies
    assert re.fullmatch(r"daypass-8080=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", cookie), (
        cookie
    )


async def test_over_tls_the_cookie_is_bound_to_the_host() -> None:
    site = await open_sign_in_world(external_url="https://signin.example.com")
    [cookie] = (await site.tab().get("/")).cookies
    assert cookie.startswith("__Host-daypass=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie
    await site.storage.close()


async def test_only_the_hash_of_the_cookie_is_stored(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice")
    secret = base64.urlsafe_b64decode(tab.cookies["daypass-8080"] + "=")
    [session] = await site.storage.sign_in_sessions.list_sign_in_sessions(browser_hash(secret), now=site.now)
    assert session.browser_hash != secret


async def test_signing_in_changes_the_cookie_and_keeps_the_other_sessions(site: SignInWorld) -> None:
    """Session fixation: a cookie planted before the sign-in is worth nothing after it."""
    tab = await signed_in(site, "alice")
    before = dict(tab.cookies)
    await tab.get(FORM)
    await tab.sign_in("bob")
    assert tab.cookies != before
    assert len(tab.session_ids) == 2
    planted = site.tab()
    planted.cookies = before
    assert planted.session_ids == []
    assert "Nobody is signed in" in (await planted.get("/")).text


# Forms


@pytest.mark.parametrize(
    "headers",
    [
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Origin", "https://evil.example")],
        [("Origin", "http://127.0.0.1:8081")],
    ],
)
async def test_a_form_sent_by_another_site_is_refused(
    site: SignInWorld, headers: list[tuple[str, str]]
) -> None:
    tab = site.tab()
    await tab.get(FORM)
    fields = {**tab.hidden, "kind": "root", "email": ROOT_EMAIL, "password": PASSWORD}
    assert (await tab.post(FORM, fields, headers=headers)).status == 403
    assert (await tab.post(FORM, fields, headers=[("Origin", ENDPOINT)], follow=False)).status == 303


@pytest.mark.parametrize("path", [FORM, "/signin/session", "/signin/sign-out", "/signin/cancel"])
async def test_every_form_needs_its_own_browsers_token(site: SignInWorld, path: str) -> None:
    tab, other = await signed_in(site, "alice"), site.tab()
    await other.get(FORM)
    for csrf in ("", "0a0b0c0d", "zz", other.hidden["csrf"], tab.hidden["csrf"][:-1] + "x"):
        fields = {"csrf": csrf, "kind": "root", "email": ROOT_EMAIL, "password": PASSWORD}
        answer = await tab.post(path, fields)
        assert answer.status == 403, csrf
        assert "could not be accepted" in answer.text
    assert len((await tab.get("/")) and tab.session_ids) == 1


async def test_a_form_without_a_cookie_is_refused(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    fields = tab.hidden
    tab.cookies = {}
    assert (await tab.post(FORM, fields)).status == 403


async def test_a_form_survives_a_rotation_of_keys(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    ring = KeyRing([*site.parts.ring.keys, MasterKey("0a0b0c0e", 2, bytes(32))])
    tab.world = site.rebuilt(ring=ring)
    answer = await tab.submit(FORM, follow=False, kind="root", email=ROOT_EMAIL, password=PASSWORD)
    assert answer.status == 303


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=" + b"b" * 40_000, 413),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=" % n for n in range(50)), 400),
        ("application/x-www-form-urlencoded", b"a=%FF", 400),
        ("application/x-www-form-urlencoded", b"user_name=al%00ice", 400),
        ("application/x-www-form-urlencoded", b"a=\xff", 400),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(
    site: SignInWorld, content_type: str, body: bytes, status: int
) -> None:
    answer = await call_app(site.pages_app, "POST", FORM, headers=[("Content-Type", content_type)], body=body)
    assert answer.status == status


# Passwords


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "root", "email": "nobody@example.com"}, ""),
        ({"kind": "user", "account": ACCOUNT, "user_name": "nobody"}, ""),
        ({"kind": "user", "account": "999999999999", "user_name": "alice"}, ""),
        ({"kind": "user", "account": "no-such-alias", "user_name": "alice"}, ""),
    ],
)
async def test_an_unknown_name_costs_a_full_check_and_gets_the_same_answer(
    site: SignInWorld, hasher: WatchedHasher, fields: dict[str, str], expected: str
) -> None:
    tab = site.tab()
    await tab.get(FORM)
    unknown = await tab.submit(FORM, **fields, password="wrong")
    assert hasher.checked == [expected]
    await tab.get(FORM)
    known = await tab.sign_in("alice", "wrong")

    def alert(text: str) -> str:
        return text.partition('role="alert">')[2].partition("</div>")[0]

    assert (unknown.status, alert(unknown.text)) == (known.status, alert(known.text))
    events = await site.audit()
    assert [event.error_code for event in events] == ["mismatch", "mismatch"]
    assert "nobody" not in repr(events)


async def test_a_password_is_never_echoed(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    for fields in ({"user_name": "alice"}, {"user_name": ""}):
        answer = await tab.submit(FORM, kind="user", account=ACCOUNT, password="hunter2hunter2", **fields)
        assert "hunter2" not in answer.text


async def test_what_was_typed_is_kept_and_escaped(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    answer = await tab.submit(FORM, kind="user", account='"><script>alert(1)</script>', user_name="al")
    assert "&#34;&gt;&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text
    assert 'value="al"' in answer.text
    assert 'aria-describedby="password-error"' in answer.text


async def test_five_failures_are_free_and_the_sixth_is_not_even_checked(
    site: SignInWorld, hasher: WatchedHasher
) -> None:
    tab = site.tab()
    await tab.get(FORM)
    for _ in range(5):
        assert (await tab.sign_in("alice", "wrong")).status == 200
    refused = await tab.sign_in("alice")
    assert refused.status == 429
    assert "Try again in 5 minutes" in refused.text
    assert len(hasher.checked) == 5
    site.now += 300
    assert (await tab.sign_in("alice")).status == 200
    assert tab.session_ids


async def test_an_alias_does_not_buy_more_tries(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    for account in (ACCOUNT, "acme", "ACME", f" {ACCOUNT} ", "acme"):
        await tab.sign_in("alice", "wrong", account=account)
    assert (await tab.sign_in("ALICE", "wrong", account="acme")).status == 429


async def test_throttling_is_per_source_and_per_name(site: SignInWorld) -> None:
    """A stranger cannot lock the owner out, and one name's failures are not another's."""
    stranger = site.tab(source_ip="203.0.113.9")
    await stranger.get(FORM)
    for _ in range(6):
        await stranger.sign_in("alice", "wrong")
    assert stranger.answer.status == 429
    assert (await stranger.sign_in("bob")).status == 200
    owner = site.tab()
    await owner.get(FORM)
    await owner.sign_in("alice")
    assert owner.session_ids


async def test_unknown_names_are_throttled_alike(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    answers = [await tab.sign_in("nobody", "wrong") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]


async def test_a_success_forgets_the_failures(site: SignInWorld) -> None:
    for _ in range(3):
        tab = site.tab()
        await tab.get(FORM)
        for _ in range(4):
            await tab.sign_in("alice", "wrong")
        await tab.sign_in("alice")
        assert tab.session_ids


async def test_parallel_guesses_get_only_the_free_ones(site: SignInWorld, hasher: WatchedHasher) -> None:
    tabs = [site.tab() for _ in range(20)]
    for tab in tabs:
        await tab.get(FORM)
    await asyncio.gather(*(tab.sign_in("alice", "wrong") for tab in tabs))
    assert len(hasher.checked) == 5


async def test_an_outdated_hash_is_renewed_without_ending_sessions(
    site: SignInWorld, hasher: WatchedHasher
) -> None:
    hasher.is_outdated = True
    tab = await signed_in(site, "alice")
    await tab.get(FORM)
    await tab.sign_in_root()
    assert len((await tab.get("/")) and tab.session_ids) == 2
    assert (await site.user("alice")).credentials_epoch == (await site.user("bob")).credentials_epoch


async def test_a_busy_server_says_so(site: SignInWorld, hasher: WatchedHasher) -> None:
    hasher.is_busy = True
    tab = site.tab()
    await tab.get(FORM)
    answer = await tab.sign_in("alice")
    assert answer.status == 503
    assert "Wait a few seconds" in answer.text


# Sessions


async def test_a_browser_holds_five_identities_and_asks_before_a_sixth(site: SignInWorld) -> None:
    await add_users(site, "dora", "emil", "fred")
    tab = await signed_in(site, "alice", "bob", "carol", "dora", "emil")
    assert len(tab.session_ids) == 5
    assert "which is the most" in tab.answer.text
    before = dict(tab.cookies)
    await tab.get(FORM)
    answer = await tab.sign_in("fred")
    assert answer.status == 409
    assert "Sign one of them out first" in answer.text
    assert tab.cookies == before
    assert len((await tab.get("/")) and tab.session_ids) == 5
    await tab.submit("/signin/sign-out", session=tab.session_ids[0])
    await tab.get(FORM)
    await tab.sign_in("fred")
    assert len(tab.session_ids) == 5


async def test_signing_in_again_replaces_the_same_identity(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice", "alice")
    assert len(tab.session_ids) == 1


async def test_a_session_of_another_browser_cannot_be_chosen_or_ended(site: SignInWorld) -> None:
    mine, other = await signed_in(site, "alice"), await signed_in(site, "alice")
    [foreign] = mine.session_ids
    terminal = Terminal(site)
    await other.get(terminal.authorize_url)
    answer = await other.submit("/signin/session", follow=False, session=foreign)
    assert answer.location.startswith("/signin?")
    await other.submit("/signin/sign-out", session=foreign)
    assert len((await mine.get("/")) and mine.session_ids) == 1


async def test_signing_one_identity_out_is_one_event_about_that_one(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice", "bob")
    await tab.get("/")
    await tab.submit("/signin/sign-out", session=tab.session_ids[0])
    [event] = [each for each in await site.audit() if each.event_name == "ConsoleLogout"]
    assert len(tab.session_ids) == 1
    left = await site.storage.sign_in_sessions.load_sign_in_session(tab.session_ids[0], now=site.now)
    assert left is not None
    assert event.principal_arn not in ("", left.principal_arn)


async def test_a_password_change_empties_the_chooser(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice")
    [session] = tab.session_ids
    terminal = Terminal(site)
    await tab.get(terminal.authorize_url)
    await site.change_password("alice", "another one")
    answer = await tab.submit("/signin/session", session=session)
    assert "Continue with root or IAM user" in answer.text
    assert "Nobody is signed in" in (await tab.get("/")).text


async def test_a_changed_or_deleted_identity_is_not_even_offered(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice", "bob")
    await site.change_password("alice", "another one")
    site.now += 1  # a list may be a second old; a choice is checked afresh
    page = await tab.get("/signin")
    assert f"arn:aws:iam::{ACCOUNT}:user/alice" not in page.shown
    assert f"arn:aws:iam::{ACCOUNT}:user/bob" in page.shown
    user = await site.user("bob")
    await site.storage.users.delete_login_profile(ACCOUNT, user.user_id)
    await site.storage.users.delete_user(ACCOUNT, "bob")
    site.now += 1
    assert "Nobody is signed in" in (await tab.get("/")).text


async def test_sessions_end_with_time(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice")
    site.now += 43_200
    assert "Nobody is signed in" in (await tab.get("/")).text


async def test_signing_out_of_all_ends_all_and_is_audited(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice", "bob")
    answer = await tab.submit("/signin/sign-out")
    assert "Signed out" in answer.text
    assert "Nobody is signed in" in (await tab.get("/")).text
    events = await site.audit()
    assert [event.event_name for event in events[-2:]] == ["ConsoleLogout", "ConsoleLogout"]


# The request in hand


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "arn:aws:signin:::devtools/other", "redirect_uri": CALLBACK},
        {"client_id": "arn:aws:signin:::devtools/same-device", "redirect_uri": "https://evil.example/"},
        {"client_id": "arn:aws:signin:::devtools/cross-device", "redirect_uri": CALLBACK},
    ],
)
async def test_an_unproven_redirect_is_shown_and_never_followed(
    site: SignInWorld, query: dict[str, str]
) -> None:
    answer = await site.tab().get(f"/v1/authorize?{urlencode(query)}&response_type=code&state=s")
    assert answer.status == 400
    assert "location" not in answer.headers
    assert "This sign-in link does not work" in answer.text


async def test_a_proven_redirect_hears_what_is_wrong(site: SignInWorld) -> None:
    url = Terminal(site).authorize_url.replace("response_type=code", "response_type=token")
    answer = await site.tab().get(url)
    assert answer.status == 302
    assert answer.location.startswith(f"{CALLBACK}?error=unsupported_response_type&state=")


async def test_credentials_are_answered_with_303(site: SignInWorld) -> None:
    """307 would send the password on (RFC 9700 §4.12)."""
    tab = site.tab()
    await tab.get(Terminal(site).authorize_url)
    answer = await tab.submit(
        FORM, follow=False, kind="user", account=ACCOUNT, user_name="alice", password=PASSWORD
    )
    assert answer.status == 303
    assert answer.location.startswith("/signin/continue?ticket=")


async def test_the_way_out_is_for_the_browser_that_chose_and_for_a_minute(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice")
    await tab.get(Terminal(site).authorize_url)
    answer = await tab.submit("/signin/session", follow=False, session=tab.session_ids[0])
    way_out = answer.location
    stolen = await site.tab().get(way_out)
    assert (stolen.status, "location" in stolen.headers) == (400, False)
    site.now += 59
    assert (await tab.get(way_out)).location.startswith(CALLBACK)
    site.now += 1
    assert (await tab.get(way_out)).status == 400


async def test_a_ticket_is_no_request_and_a_request_no_ticket(site: SignInWorld) -> None:
    tab = await signed_in(site, "alice")
    await tab.get(Terminal(site).authorize_url)
    sealed = tab.hidden["request"]
    answer = await tab.submit("/signin/session", follow=False, session=tab.session_ids[0])
    ticket = answer.location.partition("ticket=")[2]
    assert (await tab.get(f"/signin?{urlencode({'request': ticket})}")).status == 400
    assert (await tab.get(f"/signin/continue?{urlencode({'ticket': sealed})}")).status == 400


@pytest.mark.parametrize("path", ["/signin", "/signin/new", FORM])
async def test_a_request_that_waited_too_long_is_over(site: SignInWorld, path: str) -> None:
    tab = site.tab()
    await tab.get(Terminal(site).authorize_url)
    query = urlencode({"request": tab.hidden["request"]})
    site.now += 599
    assert (await tab.get(f"{path}?{query}")).status == 200
    site.now += 1
    late = await tab.get(f"{path}?{query}")
    assert late.status == 400
    assert "This request has expired" in late.text


async def test_a_denied_user_gets_no_code_and_an_audit_row(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(Terminal(site).authorize_url)
    answer = await tab.sign_in("bob")
    assert answer.status == 403
    assert "code=" not in answer.text
    event = await site.last_event()
    assert (event.event_name, event.error_code) == ("AuthorizeOAuth2Access", "AccessDenied")
    user = await site.user("bob")
    await site.storage.policies.attach_policy(ACCOUNT, user.user_id, GRANT)
    sealed = tab.hidden["request"]
    await tab.get(f"/signin?{urlencode({'request': sealed})}")
    assert (await tab.submit("/signin/session", session=tab.session_ids[0])).status == 302


async def test_an_explicit_deny_is_named(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(Terminal(site).authorize_url)
    answer = await tab.sign_in("carol")
    assert f"statement Never of arn:aws:iam::{ACCOUNT}:policy/NoTerminals" in answer.shown


# The confirmation page


async def test_only_a_code_of_ours_for_this_page_is_shown(site: SignInWorld) -> None:
    terminal = remote_terminal(site)
    tab = site.tab()
    code = await tab.approve(terminal)
    shown = build_verification_code(state=terminal.state, code=code)
    assert shown in tab.answer.text
    same_device_code = await site.tab().approve(Terminal(site))
    page = "/v1/sessions/confirmation"
    for query in (
        {"code": "x" * 300, "state": "s"},
        {"code": same_device_code, "state": "s"},
        {"code": code},
        {"code": code, "state": "s" * 513},
        {"state": "s"},
        {},
    ):
        answer = await site.tab().get(f"{page}?{urlencode(query)}")
        assert answer.status == 400
        assert "verification-code" not in answer.text
    site.now += 300
    late = await site.tab().get(f"{page}?{urlencode({'code': code, 'state': terminal.state})}")
    assert late.status == 400


async def test_another_device_comes_with_a_warning(site: SignInWorld) -> None:
    answer = await site.tab().get(remote_terminal(site).authorize_url)
    assert "A terminal on another device asks to act as you" in answer.text
    assert "another device" not in (await site.tab().get(Terminal(site).authorize_url)).text


async def test_nobody_is_sent_elsewhere_by_a_trailing_slash(site: SignInWorld) -> None:
    answer = await site.tab().get("/signin/", follow=False)
    assert answer.status == 404


async def test_one_source_cannot_try_one_password_on_everybody(site: SignInWorld) -> None:
    """OWASP Credential Stuffing Prevention Cheat Sheet: limits per source, not per name only."""
    tab = site.tab(source_ip="192.0.2.66")
    await tab.get(FORM)
    for number in range(100):
        assert (await tab.sign_in(f"nobody-{number}", "spring 2026")).status == 200
    assert (await tab.sign_in("alice")).status == 429
    other = site.tab(source_ip="192.0.2.67")
    await other.get(FORM)
    await other.sign_in("alice")
    assert len(other.session_ids) == 1, "nobody else is locked out"
    site.now += 600
    assert (await tab.sign_in("alice")).status == 200
