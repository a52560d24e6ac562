"""A person's own page: what it shows, what it changes, and what it refuses.

OWASP Authentication Cheat Sheet ("Require Re-authentication for Sensitive Features"); RFC 6238; IAM reference, "ChangePassword".
"""

import asyncio
import hashlib
import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pyotp
import pytest

from daypass.protocol.aws.errors import PasswordPolicyViolation, Throttling
from daypass.protocol.oauth.errors import SignInError
from daypass.secret import Secret
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.audit import Caller
from daypass.server.domain.page_call import call_of_session
from daypass.server.domain.recovery_codes import hash_recovery_code
from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.domain.session_scope import SessionScope
from daypass.server.domain.session_values import claims_values
from daypass.server.domain.throttle import PASSWORD_CHANGE_THROTTLE
from daypass.server.domain.tokens import open_session_token
from daypass.server.domain.totp import provisioning_uri
from daypass.server.flows.begin_session import BrowserSessions
from daypass.server.flows.iam.login_profiles import LoginProfiles
from daypass.server.flows.own_password import OwnPassword
from daypass.server.flows.own_sessions import MOST_SHOWN
from daypass.server.flows.password_rules import AccountPasswordRules
from support.sign_in_world import ACCOUNT, NOW, PASSWORD, SignInWorld, Tab, Terminal, open_sign_in_world

FORM = "/signin/user"
NEW_PASSWORD = "violet anchor pebble"


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


async def at_home(site: SignInWorld, name: str = "alice") -> tuple[Tab, str]:
    """A browser that looks at its person's own page, and the page's address."""
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in(name)
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    return tab, address


def seed_on(tab: Tab) -> str:
    found = re.search(r'<code id="seed">([^<]+)</code>', tab.answer.text)
    assert found is not None, tab.answer.text
    return found[1].replace(" ", "")


async def add_phone(site: SignInWorld, tab: Tab, address: str, name: str = "phone") -> str:
    """The seed of a new device."""
    await tab.submit(f"{address}/devices", name=name, kind="totp")
    seed = seed_on(tab)
    await tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    return seed


async def with_phone(site: SignInWorld, seed: str, name: str = "alice") -> tuple[Tab, str]:
    """Another browser of somebody who has a device, signed in with its next code, on the own page."""
    site.now += 30
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in(name)
    await tab.submit("/signin/mfa", code=pyotp.TOTP(seed).at(site.now))
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    return tab, address


# Who may look


async def test_a_session_of_another_browser_cannot_be_looked_at(site: SignInWorld) -> None:
    _, address = await at_home(site)
    other = site.tab()
    answer = await other.get(address, follow=False)
    assert (answer.status, answer.location) == (303, "/")


@pytest.mark.parametrize(
    "place", ["/password", "/devices", "/devices/finish", "/devices/remove", "/recovery-codes", "/end"]
)
async def test_nothing_is_changed_from_another_browser(site: SignInWorld, place: str) -> None:
    tab, address = await at_home(site)
    other, _ = await at_home(site, "bob")
    answer = await other.submit(address + place, kind="all", name="x", follow=False)
    assert (answer.status, answer.location) == (303, "/")
    await tab.get(address)
    assert tab.answer.status == 200


@pytest.mark.parametrize(
    "place", ["/password", "/devices", "/devices/finish", "/devices/remove", "/recovery-codes", "/end"]
)
async def test_a_form_that_is_not_ours_changes_nothing(site: SignInWorld, place: str) -> None:
    tab, address = await at_home(site)
    answer = await tab.post(address + place, {"csrf": "0a0b0c0d" + "0" * 64, "kind": "all"})
    assert answer.status == 403


async def test_a_session_of_an_old_password_cannot_be_looked_at(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await site.change_password("alice", NEW_PASSWORD)
    answer = await tab.get(address, follow=False)
    assert (answer.status, answer.location) == (303, "/")


# Devices


async def test_an_authenticator_app_is_added_by_picture_and_code(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await tab.submit(f"{address}/devices", name="my phone", kind="totp")
    assert "<svg" in tab.answer.text
    assert "style=" not in tab.answer.text
    seed = seed_on(tab)
    await tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    assert "Recovery codes" in tab.answer.text, "the first device brings recovery codes"
    user = await site.user("alice")
    [device] = await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)
    assert device.serial_number == f"arn:aws:iam::{ACCOUNT}:mfa/alice/my-phone"
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("alice")
    assert "MFA code" in again.answer.text


async def test_rfc_6238_section_5_2_the_code_that_enrolled_does_not_sign_in(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    seed = await add_phone(site, tab, address)
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("alice")
    await again.submit("/signin/mfa", code=pyotp.TOTP(seed).at(site.now))
    await again.get("/")
    assert again.session_ids == []


async def test_the_picture_holds_what_an_app_needs(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    uri = provisioning_uri(seed_on(tab), account_name=f"alice@{ACCOUNT}", issuer="daypass")
    assert parse_qs(urlsplit(uri).query)["issuer"] == ["daypass"]
    assert pyotp.parse_uri(uri).at(NOW) == pyotp.TOTP(seed_on(tab)).at(NOW)


async def test_a_wrong_code_enrols_nothing_and_shows_the_same_picture(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    seed = seed_on(tab)
    right = pyotp.TOTP(seed).at(site.now)
    await tab.submit(f"{address}/devices/finish", code="000000" if right != "000000" else "000001")
    assert seed_on(tab) == seed
    user = await site.user("alice")
    assert await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id) == []


async def test_an_enrolment_belongs_to_who_began_it(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    enrolment, seed = tab.hidden["enrolment"], seed_on(tab)
    other, elsewhere = await at_home(site, "bob")
    answer = await other.submit(
        f"{elsewhere}/devices/finish", enrolment=enrolment, code=pyotp.TOTP(seed).at(site.now)
    )
    assert answer.status == 400
    bob = await site.user("bob")
    assert await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, bob.user_id) == []


async def test_an_enrolment_ends_after_ten_minutes(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    seed = seed_on(tab)
    site.now += 600
    answer = await tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    assert answer.status == 400


@pytest.mark.parametrize("name", ["", "a/b", "x" * 65, "<script>"])
async def test_a_device_name_must_fit_a_serial_number(site: SignInWorld, name: str) -> None:
    tab, address = await at_home(site)
    answer = await tab.submit(f"{address}/devices", name=name, kind="totp")
    assert answer.status == 400
    assert "<script>" not in answer.text


async def test_two_devices_of_one_name_are_told_apart(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    tab, address = await with_phone(site, await add_phone(site, tab, address))
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    site.now += 30
    answer = await tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed_on(tab)).at(site.now))
    assert answer.status == 409


async def test_two_people_of_one_account_may_use_the_same_name(site: SignInWorld) -> None:
    for name in ("alice", "bob"):
        tab, address = await at_home(site, name)
        await add_phone(site, tab, address)
        assert "Recovery codes" in tab.answer.text, tab.answer.shown


async def test_recovery_codes_are_shown_once_and_new_ones_end_the_old(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    seed = await add_phone(site, tab, address)
    first = re.findall(r"<li><code>([A-Z0-9-]{19})</code></li>", tab.answer.text)
    assert len(set(first)) == 10
    await tab.get(address)
    assert not re.findall(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", tab.answer.text)
    assert "10 recovery codes left" in tab.answer.text
    tab, address = await with_phone(site, seed)
    await tab.submit(f"{address}/recovery-codes")
    second = re.findall(r"<li><code>([A-Z0-9-]{19})</code></li>", tab.answer.text)
    assert not set(first) & set(second)
    other = site.tab()
    await other.get(FORM)
    await other.sign_in("alice")
    await other.submit("/signin/mfa", recovery_code=first[0])
    assert "none of your recovery codes" in other.answer.text
    await other.submit("/signin/mfa", recovery_code=second[0])
    await other.get("/")
    assert len(other.session_ids) == 1


async def test_a_session_without_the_second_factor_cannot_take_it_away(site: SignInWorld) -> None:
    """A session that began before the device was added proved nothing of it."""
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    await tab.get(address)
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice/phone"
    answer = await tab.submit(f"{address}/devices/remove", serial=serial)
    assert answer.status == 400
    assert "second factor" in answer.text


@pytest.mark.parametrize("kind", ["totp", "passkey"])
async def test_a_session_without_the_second_factor_cannot_add_another(site: SignInWorld, kind: str) -> None:
    """Else whoever knew the password before the device came would make a way around it."""
    early, early_address = await at_home(site)
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    answer = await early.submit(f"{early_address}/devices", name="mine", kind=kind)
    assert answer.status == 403
    assert "Sign in again" in answer.text


async def test_an_enrolment_begun_before_the_first_device_came_is_not_finished_after_it(
    site: SignInWorld,
) -> None:
    early, early_address = await at_home(site)
    await early.submit(f"{early_address}/devices", name="mine", kind="totp")
    seed = seed_on(early)
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    answer = await early.submit(f"{early_address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    assert answer.status == 403
    user = await site.user("alice")
    assert len(await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)) == 1


async def test_of_parallel_first_devices_of_unproven_sessions_one_is_added(site: SignInWorld) -> None:
    begun = []
    for name in ("one", "two", "three"):
        tab, address = await at_home(site)
        await tab.submit(f"{address}/devices", name=name, kind="totp")
        begun.append((tab, address, seed_on(tab)))
    await asyncio.gather(
        *(
            tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
            for tab, address, seed in begun
        )
    )
    user = await site.user("alice")
    assert len(await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)) == 1


async def test_a_session_from_before_the_first_device_says_so_and_can_be_ended(site: SignInWorld) -> None:
    """It goes on, as at AWS and elsewhere, but shows; with one press whoever comes back is asked for the factor."""
    older, older_address = await at_home(site)
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    tab, address = await at_home(site)
    assert "without your second factor" not in (await tab.get(address)).text
    seed = await add_phone(site, tab, address)
    assert "On the next page you can sign them out" in tab.answer.text
    proven, proven_address = await with_phone(site, seed)
    page = proven.answer.shown
    assert "This session began without" not in page
    assert "4 of these began without your second factor" in page, "three browsers and a terminal"
    assert "This session began without your second factor" in (await older.get(older_address)).shown
    await proven.submit(f"{proven_address}/end", kind="all")
    assert "began without your second factor" not in (await proven.get(proven_address)).shown
    assert (await older.get(older_address, follow=False)).status == 303
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("alice")
    assert "MFA code" in again.answer.text


async def test_a_terminal_let_in_from_an_unproven_session_has_no_second_factor(site: SignInWorld) -> None:
    """aws:MultiFactorAuthPresent is false for it, also after its person has a device, through every refresh."""
    older, _ = await at_home(site)
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    await older.get("/")
    terminal = Terminal(site)
    session_id = older.session_ids[0]
    await older.get(terminal.authorize_url)
    answer = await older.submit("/signin/session", session=session_id)
    tokens = await terminal.redeem(terminal.code_from(answer.location))
    for _ in range(2):
        claims = open_session_token(site.parts.ring, tokens.session_token.reveal())[0]
        assert claims_values(claims, principal_tags=(), now=site.now)["aws:MultiFactorAuthPresent"] == "false"
        tokens = await terminal.refresh(tokens.refresh_token)


async def test_a_session_without_the_second_factor_makes_no_recovery_codes(site: SignInWorld) -> None:
    early, early_address = await at_home(site)
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    answer = await early.submit(f"{early_address}/recovery-codes")
    assert answer.status == 403
    assert not re.findall(r"<li><code>", answer.text)


async def test_recovery_codes_are_not_made_before_there_is_a_device(site: SignInWorld) -> None:
    """Somebody with the password could keep them for the day its owner gets a device."""
    tab, address = await at_home(site)
    answer = await tab.submit(f"{address}/recovery-codes")
    assert answer.status == 400
    user = await site.user("alice")
    assert await site.storage.mfa_devices.count_recovery_codes(ACCOUNT, user.user_id) == 0


async def test_a_first_device_ends_whatever_recovery_codes_there_were(site: SignInWorld) -> None:
    user = await site.user("alice")
    planted = hash_recovery_code("ABCD-EFGH-JKMN-PQRS")
    assert planted is not None
    await site.storage.mfa_devices.replace_recovery_codes(ACCOUNT, user.user_id, [planted])
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    assert not await site.storage.mfa_devices.use_recovery_code(ACCOUNT, user.user_id, planted)
    assert "Recovery codes" in tab.answer.text


async def test_a_session_without_the_second_factor_cannot_change_the_password(site: SignInWorld) -> None:
    """It would begin a new session, as little proven, and last for good."""
    early, early_address = await at_home(site)
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    answer = await early.submit(f"{early_address}/password", **fields)
    assert answer.status == 403
    await tab.get("/")
    assert len(tab.session_ids) == 1, "nothing was changed"


async def test_a_device_is_removed_and_its_recovery_codes_with_it(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    seed = await add_phone(site, tab, address)
    site.now += 30
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("alice")
    await again.submit("/signin/mfa", code=pyotp.TOTP(seed).at(site.now))
    await again.get("/")
    address = f"/account/{again.session_ids[0]}"
    await again.get(address)
    await again.submit(f"{address}/devices/remove", serial=f"arn:aws:iam::{ACCOUNT}:mfa/alice/phone")
    user = await site.user("alice")
    assert await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id) == []
    assert await site.storage.mfa_devices.count_recovery_codes(ACCOUNT, user.user_id) == 0


async def test_another_persons_device_cannot_be_removed(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    await add_phone(site, tab, address)
    other, elsewhere = await at_home(site, "bob")
    seed = await add_phone(site, other, elsewhere, "bobs")
    site.now += 30
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("bob")
    await again.submit("/signin/mfa", code=pyotp.TOTP(seed).at(site.now))
    await again.get("/")
    elsewhere = f"/account/{again.session_ids[0]}"
    await again.get(elsewhere)
    answer = await again.submit(
        f"{elsewhere}/devices/remove", serial=f"arn:aws:iam::{ACCOUNT}:mfa/alice/phone"
    )
    assert answer.status == 400
    user = await site.user("alice")
    assert len(await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)) == 1


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        ("/devices", {"name": "phone", "kind": "totp"}),
        ("/devices", {"name": "key", "kind": "passkey"}),
        ("/devices/remove", {"serial": "x"}),
        ("/recovery-codes", {}),
        (
            "/password",
            {"old_password": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD},
        ),
    ],
)
async def test_changes_need_a_recent_sign_in(site: SignInWorld, place: str, fields: dict[str, str]) -> None:
    tab, address = await at_home(site)
    site.now += 901
    answer = await tab.submit(address + place, **fields)
    assert answer.status == 403
    assert "Sign in again" in answer.text


async def test_an_enrolment_cannot_be_finished_late_either(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    site.now += 600
    await tab.submit(f"{address}/devices", name="phone", kind="totp")
    seed = seed_on(tab)
    site.now += 301
    answer = await tab.submit(f"{address}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    assert answer.status == 403


async def test_passkeys_are_not_offered_under_a_bare_address(site: SignInWorld) -> None:
    tab, _ = await at_home(site)
    assert "Add a passkey" not in tab.answer.text
    assert "opened by its address" in tab.answer.text


# The password


async def test_a_new_password_ends_every_other_session_and_keeps_this_one(site: SignInWorld) -> None:
    elsewhere, _ = await at_home(site)
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    tab, address = await at_home(site)
    await tab.submit(
        f"{address}/password", old_password=PASSWORD, password=NEW_PASSWORD, repeated=NEW_PASSWORD
    )
    assert "Your password is changed" in tab.answer.text
    await elsewhere.get("/")
    assert elsewhere.session_ids == []
    site.now += 600
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)


async def test_root_changes_its_password_here_too(site: SignInWorld) -> None:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    await tab.submit(
        f"{address}/password", old_password=PASSWORD, password=NEW_PASSWORD, repeated=NEW_PASSWORD
    )
    again = site.tab()
    await again.get(FORM)
    await again.sign_in_root(NEW_PASSWORD)
    await again.get("/")
    assert len(again.session_ids) == 1


@pytest.mark.parametrize(
    ("old", "new", "repeated", "text"),
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "old password was not right"),
        (PASSWORD, NEW_PASSWORD, NEW_PASSWORD + "x", "differ"),
        (PASSWORD, "short", "short", "minimum length"),
    ],
)
async def test_a_password_that_cannot_be_changed_says_why(
    site: SignInWorld, old: str, new: str, repeated: str, text: str
) -> None:
    tab, address = await at_home(site)
    answer = await tab.submit(f"{address}/password", old_password=old, password=new, repeated=repeated)
    assert answer.status == 400
    assert text in html.unescape(answer.text)


async def test_an_easy_password_gets_a_hint_first(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    easy = {"old_password": PASSWORD, "password": "password12345", "repeated": "password12345"}
    answer = await tab.submit(f"{address}/password", **easy)
    assert answer.status == 400
    assert "easy to guess" in answer.text
    await tab.submit(f"{address}/password", **easy, anyway="yes")
    assert "Your password is changed" in tab.answer.text


async def test_guessing_the_old_password_is_throttled(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    fields = {"password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    for _ in range(5):
        await tab.submit(f"{address}/password", old_password="wrong", **fields)
    answer = await tab.submit(f"{address}/password", old_password=PASSWORD, **fields)
    assert "Too many tries. Nothing was changed" in answer.text


async def test_a_right_old_password_clears_the_count(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    old, new = PASSWORD, NEW_PASSWORD
    for _ in range(2):
        for _ in range(PASSWORD_CHANGE_THROTTLE.free_failures - 1):
            await tab.submit(f"{address}/password", old_password="wrong", password=new, repeated=new)
        await tab.submit(f"{address}/password", old_password=old, password=new, repeated=new)
        assert "Your password is changed" in tab.answer.text
        await tab.get("/")
        address = f"/account/{tab.session_ids[0]}"
        await tab.get(address)
        old, new = new, "amber lantern orchard"


async def test_a_password_change_proves_no_second_factor_and_keeps_when_one_was(site: SignInWorld) -> None:
    tab, address = await at_home(site)
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    await tab.submit(f"{address}/password", **fields)
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    session = await site.storage.sign_in_sessions.load_sign_in_session(tab.session_ids[0], now=site.now)
    assert session is not None
    assert session.mfa_at == 0
    await tab.get(address)
    seed = await add_phone(site, tab, address)
    await site.change_password("alice", PASSWORD)
    proven, address = await with_phone(site, seed)
    proven_at = site.now
    site.now += 5
    await proven.submit(f"{address}/password", **fields)
    await proven.get("/")
    session = await site.storage.sign_in_sessions.load_sign_in_session(proven.session_ids[0], now=site.now)
    assert session is not None
    assert session.mfa_at == proven_at


async def test_root_chooses_no_password_known_from_a_breach(site: SignInWorld, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    digest = hashlib.sha1(NEW_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
    listed.write_text(f"{digest}:3\n", encoding="ascii")
    site = site.rebuilt(judge=LocalPasswordJudge(listed))
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD, "anyway": "yes"}
    answer = await tab.submit(f"{address}/password", **fields)
    assert answer.status == 400
    assert "known from a breach" in answer.text


async def test_root_is_held_to_the_rules_for_passwords_whatever_the_form_let_through(
    site: SignInWorld,
) -> None:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    await tab.get("/")
    session = await site.storage.sign_in_sessions.load_sign_in_session(tab.session_ids[0], now=site.now)
    assert session is not None
    parts, storage = site.parts, site.storage
    rules = AccountPasswordRules(storage.users, storage.account_settings, parts.hasher)
    beginning = BrowserSessions(storage, parts.randomness, 3600)
    flow = OwnPassword(
        storage, parts.directory, parts.hasher, parts.judge, rules, parts.randomness, beginning, "us-east-1"
    )
    caller = Caller("id", "127.0.0.1", "test", is_secure=True)
    with pytest.raises(PasswordPolicyViolation):
        await flow.change(session, Secret(PASSWORD), Secret("short"), caller=caller, now=site.now)


async def test_guesses_here_and_at_the_api_have_one_limit(site: SignInWorld) -> None:
    """Whoever holds both a session and credentials has no second set of tries."""
    tab, address = await at_home(site)
    fields = {"password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    for _ in range(PASSWORD_CHANGE_THROTTLE.free_failures):
        await tab.submit(f"{address}/password", old_password="wrong", **fields)
    session = await site.storage.sign_in_sessions.load_sign_in_session(
        address.rpartition("/")[2], now=site.now
    )
    assert session is not None
    snapshot = await site.parts.directory.load(ACCOUNT, "user", session.principal_id)
    assert snapshot is not None
    caller = Caller("id", "127.0.0.1", "test", is_secure=True)
    call = call_of_session(session, snapshot, caller=caller, now=site.now, region="us-east-1")
    storage, hasher = site.storage, site.parts.hasher
    await storage.account_settings.put_password_policy(
        ACCOUNT, PasswordPolicy(allow_users_to_change_password=True)
    )
    rules = AccountPasswordRules(storage.users, storage.account_settings, hasher)
    with pytest.raises(Throttling):
        await LoginProfiles(storage, hasher, rules).change_password(
            call, old_password=Secret(PASSWORD), new_password=Secret(NEW_PASSWORD)
        )


async def test_a_password_that_expired_hard_is_not_changed_from_a_session_of_before(
    site: SignInWorld,
) -> None:
    """IAM reference, "UpdateAccountPasswordPolicy", HardExpiry."""
    day = 86_400
    tab, address = await at_home(site)
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    user = await site.user("alice")
    await site.storage.account_settings.put_password_policy(
        ACCOUNT, PasswordPolicy(max_password_age=1, hard_expiry=True)
    )
    site.now = NOW + day - 10
    tab, address = await at_home(site)
    site.now = NOW + day
    answer = await tab.submit(f"{address}/password", **fields)
    assert answer.status == 400
    assert "An administrator has to set a new one." in answer.text
    event = await site.last_event()
    assert (event.event_name, event.error_code) == ("ChangePassword", "AccessDenied")
    profile = await site.storage.users.load_login_profile(ACCOUNT, user.user_id)
    assert profile is not None
    assert profile.password_hash == await site.parts.hasher.hash(Secret(PASSWORD))
    await site.storage.account_settings.put_password_policy(ACCOUNT, PasswordPolicy(max_password_age=1))
    await tab.submit(f"{address}/password", **fields)
    assert "Your password is changed" in tab.answer.text, "one that merely grew old is"


async def test_a_policy_can_forbid_it(site: SignInWorld) -> None:
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}]}'
    policy = ManagedPolicy(ACCOUNT, "ANPANOPASSWORDNOPASSW", "NoPassword", "/", document, NOW)
    await site.storage.policies.create_policy(policy)
    user = await site.user("alice")
    await site.storage.policies.attach_policy(ACCOUNT, user.user_id, policy.arn)
    site.now += 2
    tab, address = await at_home(site)
    answer = await tab.submit(
        f"{address}/password", old_password=PASSWORD, password=NEW_PASSWORD, repeated=NEW_PASSWORD
    )
    assert "forbids you" in answer.text


# Where am I signed in


async def test_every_browser_and_terminal_is_listed(site: SignInWorld) -> None:
    await at_home(site)
    terminal = Terminal(site)
    await terminal.redeem(await site.tab().approve(terminal))
    tab, _ = await at_home(site)
    assert tab.answer.text.count("Sign out test") + tab.answer.text.count("Sign out An unknown") >= 3
    assert tab.answer.text.count("This browser") == 1
    assert "from 127.0.0.1" in tab.answer.text


async def test_a_terminal_is_signed_out_from_the_page(site: SignInWorld) -> None:
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    tab, address = await at_home(site)
    user = await site.user("alice")
    [login] = await site.storage.login_sessions.list_login_sessions(ACCOUNT, user.user_id, now=site.now)
    await tab.submit(f"{address}/end", kind="login", target=login.session_id)
    assert "That terminal is signed out" in tab.answer.text
    assert (await site.last_event()).detail["ended_session"] == login.session_id
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)


async def test_another_persons_terminal_and_browser_cannot_be_signed_out(site: SignInWorld) -> None:
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    victim, _ = await at_home(site)
    user = await site.user("alice")
    [login] = await site.storage.login_sessions.list_login_sessions(ACCOUNT, user.user_id, now=site.now)
    tab, address = await at_home(site, "bob")
    await tab.submit(f"{address}/end", kind="login", target=login.session_id)
    await tab.submit(
        f"{address}/end", kind="browser", target=victim.session_ids[0] if victim.session_ids else ""
    )
    await terminal.refresh(tokens.refresh_token)
    await victim.get("/")
    assert len(victim.session_ids) == 1


async def test_everything_else_is_signed_out_at_once(site: SignInWorld) -> None:
    elsewhere, _ = await at_home(site)
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    tab, address = await at_home(site)
    await tab.submit(f"{address}/end", kind="all")
    await elsewhere.get("/")
    assert elsewhere.session_ids == []
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)
    await tab.get("/")
    assert len(tab.session_ids) == 1


async def test_a_look_costs_the_same_however_many_there_are_and_all_of_them_are_ended(
    site: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program with a login makes as many narrowed ones as it likes."""
    terminal = Terminal(site)
    await terminal.redeem(await site.tab().approve(terminal))
    user = await site.user("alice")
    logins = site.storage.login_sessions
    [parent] = await logins.list_login_sessions(ACCOUNT, user.user_id, now=site.now)
    for number in range(130):
        narrowed = msgspec.structs.replace(
            parent, session_id=f"narrowed {number}", scope=SessionScope("agent", b"", ("arn:x",))
        )
        begun = await logins.begin_scoped_session(parent.session_id, narrowed, limit=1000, now=site.now)
        assert begun == "begun"
    tab, address = await at_home(site)
    asked: list[int] = []
    load_origins = site.storage.session_origins.load_origins

    async def count(session_ids: Sequence[str]) -> Mapping[str, SessionOrigin]:
        asked.append(len(session_ids))
        return await load_origins(session_ids)

    monkeypatch.setattr(site.storage.session_origins, "load_origins", count)
    await tab.get(address)
    assert tab.answer.text.count('name="kind" value="login"') == MOST_SHOWN
    assert max(asked) == MOST_SHOWN
    assert parent.session_id in tab.answer.text, "who made them is not pushed off the page"
    assert "ends all of them" in tab.answer.text
    await tab.submit(f"{address}/end", kind="all")
    assert await logins.list_login_sessions(ACCOUNT, user.user_id, now=site.now) == []
