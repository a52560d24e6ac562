"""Between a right password and a session: one-time codes, recovery codes, and a password that must be changed.

RFC 6238 §5.2; NIST SP 800-63B §5.1.2 and §5.2.2; IAM reference, "UpdateLoginProfile" (PasswordResetRequired).
Passkeys are driven in a real browser (`tests/browser/`).
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from daypass.protocol.oauth.errors import UserCredentialsChanged
from daypass.secret import Secret
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.recovery_codes import hash_recovery_code
from daypass.server.domain.session import SignInSession
from support.sign_in_world import (
    ACCOUNT,
    NOW,
    PASSWORD,
    SignInWorld,
    Tab,
    Terminal,
    open_sign_in_world,
)

FORM = "/signin/user"
SEED = base64.b32encode(bytes(range(20))).decode()
RECOVERY = "ABCD-EFGH-JKMN-PQRS"
NEW_PASSWORD = "violet anchor pebble"


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


async def give_phone(site: SignInWorld, name: str = "alice", *, owner_id: str = "") -> None:
    owner = owner_id or (await site.user(name)).user_id
    sealed = site.parts.ring.seal("mfa-seed", SEED.encode())
    device = MfaDevice(
        f"arn:aws:iam::{ACCOUNT}:mfa/{name}", ACCOUNT, owner, "totp", NOW, NOW, sealed_seed=sealed
    )
    await site.storage.mfa_devices.create_mfa_device(device, limit=8)


async def give_recovery_code(site: SignInWorld, name: str = "alice") -> None:
    code_hash = hash_recovery_code(RECOVERY)
    assert code_hash is not None
    user = await site.user(name)
    await site.storage.mfa_devices.replace_recovery_codes(ACCOUNT, user.user_id, [code_hash])


async def require_change(site: SignInWorld, name: str = "alice") -> None:
    user = await site.user(name)
    await site.storage.users.update_login_profile(
        ACCOUNT, user.user_id, password_hash=None, password_reset_required=True, changed=False
    )


async def halfway(site: SignInWorld, name: str = "alice") -> Tab:
    """A browser whose person has typed the password."""
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in(name)
    return tab


async def the_session(site: SignInWorld, tab: Tab) -> SignInSession:
    await tab.get("/")
    [session_id] = tab.session_ids
    session = await site.storage.sign_in_sessions.load_sign_in_session(session_id, now=site.now)
    assert session is not None
    return session


def code_at(moment: int) -> str:
    return pyotp.TOTP(SEED).at(moment)


def wrong_code() -> str:
    return next(text for text in ("000000", "000001", "000002", "000003") if text != code_at(NOW))


async def test_a_password_alone_is_not_enough_for_who_has_a_device(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    assert tab.answer.status == 200
    assert "MFA code" in tab.answer.text
    await tab.get("/")
    assert tab.session_ids == []


async def test_who_has_no_device_is_asked_for_none(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site, "bob")
    assert (await the_session(site, tab)).mfa_at == 0


async def test_password_and_code_begin_a_session_that_remembers_when(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    before = dict(tab.cookies)
    site.now += 5
    await tab.submit("/signin/mfa", code=code_at(site.now))
    assert (await the_session(site, tab)).mfa_at == site.now
    assert tab.cookies != before, "the browser has a new secret"
    event = await site.last_event()
    assert (event.event_name, event.error_code, event.detail["MFAUsed"]) == ("ConsoleLogin", "", "Yes")


async def test_a_code_may_be_typed_in_two_groups(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    code = code_at(site.now)
    await tab.submit("/signin/mfa", code=f" {code[:3]} {code[3:]} ")
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_rfc_6238_section_5_2_a_code_signs_in_once(site: SignInWorld) -> None:
    await give_phone(site)
    first, second = await halfway(site), await halfway(site)
    code = code_at(site.now)
    await first.submit("/signin/mfa", code=code)
    answer = await second.submit("/signin/mfa", code=code)
    assert "used before" in answer.text
    await second.get("/")
    assert second.session_ids == []


async def test_of_parallel_sign_ins_with_one_code_one_succeeds(site: SignInWorld) -> None:
    await give_phone(site)
    tabs = [await halfway(site) for _ in range(4)]
    code = code_at(site.now)
    await asyncio.gather(*(tab.submit("/signin/mfa", code=code) for tab in tabs))
    signed_in = 0
    for tab in tabs:
        await tab.get("/")
        signed_in += len(tab.session_ids)
    assert signed_in == 1


async def test_a_wrong_code_can_be_tried_again_on_the_same_page(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    answer = await tab.submit("/signin/mfa", code=wrong_code())
    assert "did not match" in answer.text
    assert (await site.last_event()).error_code == "mfa_mismatch"
    await tab.submit("/signin/mfa", code=code_at(site.now))
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_guessing_codes_is_throttled_but_a_recovery_code_still_opens(site: SignInWorld) -> None:
    """Who knows the password must not be able to lock its owner out."""
    await give_phone(site)
    await give_recovery_code(site)
    tab = await halfway(site)
    for _ in range(5):
        await tab.submit("/signin/mfa", code=wrong_code())
    answer = await tab.submit("/signin/mfa", code=code_at(site.now))
    assert answer.status == 429
    await tab.submit("/signin/mfa", recovery_code=RECOVERY)
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_nist_sp_800_63b_5_2_2_coming_back_after_each_pause_ends_at_fifty_wrong_codes(
    site: SignInWorld,
) -> None:
    """Five codes in five minutes, for ever, would find one in months."""
    await give_phone(site)
    await give_recovery_code(site)
    tab = await halfway(site)
    for _ in range(10):
        for _ in range(5):
            answer = await tab.submit("/signin/mfa", code="x")
            assert answer.status == 200
        site.now += 300
        tab = await halfway(site)
    answer = await tab.submit("/signin/mfa", code=code_at(site.now))
    assert answer.status == 429
    await tab.submit("/signin/mfa", recovery_code=RECOVERY)
    assert (await the_session(site, tab)).mfa_at == site.now
    site.now += 86_400
    tab = await halfway(site)
    await tab.submit("/signin/mfa", code=code_at(site.now))
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_a_right_code_forgets_the_wrong_ones(site: SignInWorld) -> None:
    await give_phone(site)
    for _ in range(13):
        tab = await halfway(site)
        for _ in range(4):
            await tab.submit("/signin/mfa", code="x")
        await tab.submit("/signin/mfa", code=code_at(site.now))
        assert (await the_session(site, tab)).mfa_at == site.now
        site.now += 30


async def test_a_recovery_code_works_once_however_it_is_typed(site: SignInWorld) -> None:
    await give_phone(site)
    await give_recovery_code(site)
    first, second = await halfway(site), await halfway(site)
    wrong = await first.submit("/signin/mfa", recovery_code="0000-0000-0000-0000")
    assert '<details class="more" open>' in wrong.text, "the form that failed stays open"
    await first.submit("/signin/mfa", recovery_code=" abcd efgh-jkmnpqrs ")
    assert (await the_session(site, first)).mfa_at == site.now
    answer = await second.submit("/signin/mfa", recovery_code=RECOVERY)
    assert "none of your recovery codes" in answer.text


async def test_another_persons_code_and_recovery_code_do_not_count(site: SignInWorld) -> None:
    other_seed = base64.b32encode(bytes(range(1, 21))).decode()
    await give_phone(site)
    bob = await site.user("bob")
    sealed = site.parts.ring.seal("mfa-seed", other_seed.encode())
    await site.storage.mfa_devices.create_mfa_device(
        MfaDevice(
            f"arn:aws:iam::{ACCOUNT}:mfa/bob", ACCOUNT, bob.user_id, "totp", NOW, NOW, sealed_seed=sealed
        ),
        limit=8,
    )
    await give_recovery_code(site, "bob")
    tab = await halfway(site)
    await tab.submit("/signin/mfa", code=pyotp.TOTP(other_seed).at(site.now))
    await tab.submit("/signin/mfa", recovery_code=RECOVERY)
    await tab.get("/")
    assert tab.session_ids == []


async def test_a_ticket_is_for_the_browser_that_typed_the_password(site: SignInWorld) -> None:
    await give_phone(site)
    mine, other = await halfway(site), site.tab()
    await other.get(FORM)
    answer = await other.submit(
        "/signin/mfa", ticket=mine.hidden["ticket"], code=code_at(site.now), follow=False
    )
    assert answer.location == "/signin/user"
    await other.get("/")
    assert other.session_ids == []


async def test_a_ticket_ends_after_ten_minutes(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    site.now += 600
    answer = await tab.submit("/signin/mfa", code=code_at(site.now), follow=False)
    assert answer.location == "/signin/user"


async def test_a_ticket_is_used_once(site: SignInWorld) -> None:
    await give_phone(site)
    await give_recovery_code(site)
    tab = await halfway(site)
    fields = tab.hidden
    await tab.submit("/signin/mfa", code=code_at(site.now))
    again = site.tab()
    again.cookies = dict(tab.cookies)
    answer = await again.post("/signin/mfa", {**fields, "recovery_code": RECOVERY}, follow=False)
    assert answer.status in (303, 403), "the browser's secret is another one now, and the ticket is used"
    assert (
        await site.storage.mfa_devices.count_recovery_codes(ACCOUNT, (await site.user("alice")).user_id)
    ) == 1


async def test_a_ticket_begins_one_session_also_for_a_request_that_was_on_its_way(site: SignInWorld) -> None:
    """With the browser's old secret and another proof that holds."""
    await give_phone(site)
    await give_recovery_code(site)
    tab = await halfway(site)
    fields, late = tab.hidden, site.tab()
    late.cookies = dict(tab.cookies)
    await tab.submit("/signin/mfa", code=code_at(site.now))
    answer = await late.post("/signin/mfa", {**fields, "recovery_code": RECOVERY}, follow=False)
    assert (answer.status, answer.location) == (303, "/signin/user")
    user = await site.user("alice")
    sessions = site.storage.sign_in_sessions
    assert len(await sessions.list_sessions_of_principal(ACCOUNT, user.user_id, now=site.now)) == 1


async def test_a_ticket_of_an_old_password_is_worth_nothing(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    await site.change_password("alice", NEW_PASSWORD)
    answer = await tab.submit("/signin/mfa", code=code_at(site.now), follow=False)
    assert answer.location == "/signin/user"


@pytest.mark.parametrize("ticket", ["", "AQoLDA0", "x" * 5000])
async def test_what_is_no_ticket_leads_back_to_the_form(site: SignInWorld, ticket: str) -> None:
    tab = site.tab()
    await tab.get(FORM)
    answer = await tab.submit("/signin/mfa", ticket=ticket, code="123456", follow=False)
    assert (answer.status, answer.location) == (303, "/signin/user")


async def test_root_has_devices_too(site: SignInWorld) -> None:
    await give_phone(site, "root", owner_id=ACCOUNT)
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    assert "MFA code" in tab.answer.text
    await tab.submit("/signin/mfa", code=code_at(site.now))
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_the_terminals_request_goes_on_after_the_second_step(site: SignInWorld) -> None:
    await give_phone(site)
    tab, terminal = site.tab(), Terminal(site)
    await tab.get(terminal.authorize_url)
    await tab.sign_in("alice")
    answer = await tab.submit("/signin/mfa", code=code_at(site.now))
    assert answer.status == 302
    tokens = await terminal.redeem(terminal.code_from(answer.location))
    assert tokens.access_key_id.startswith("ASIA")


@pytest.mark.parametrize("has_device", [True, False])
async def test_a_login_can_be_bound_to_a_second_factor_by_policy(site: SignInWorld, has_device: bool) -> None:
    """aws:MultiFactorAuthPresent is asked at the authorization, the redemption and every refresh."""
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    policy = ManagedPolicy(
        ACCOUNT,
        "ANPAONLYWITHMFAONLYWI",
        "OnlyWithMfa",
        "/",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "signin:*", "Resource": "*", "Condition": condition}
                ],
            }
        ),
        NOW,
    )
    await site.storage.policies.create_policy(policy)
    user = await site.user("bob")
    await site.storage.policies.attach_policy(ACCOUNT, user.user_id, policy.arn)
    if has_device:
        await give_phone(site, "bob")
    tab, terminal = site.tab(), Terminal(site)
    await tab.get(terminal.authorize_url)
    answer = await tab.sign_in("bob")
    if not has_device:
        assert answer.status == 403
        assert "asks for a second factor here" in answer.text
        assert f'href="/account/{(await the_session(site, tab)).session_id}"' in answer.text
        return
    answer = await tab.submit("/signin/mfa", code=code_at(site.now))
    tokens = await terminal.redeem(terminal.code_from(answer.location))
    site.now += 600
    refreshed = await terminal.refresh(tokens.refresh_token)
    assert refreshed.access_key_id != tokens.access_key_id


# A password that must be changed


async def test_a_password_that_must_be_changed_is_changed_on_the_way_in(site: SignInWorld) -> None:
    await require_change(site)
    tab, terminal = site.tab(), Terminal(site)
    await tab.get(terminal.authorize_url)
    answer = await tab.sign_in("alice")
    assert "Choose a new password" in answer.text
    answer = await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    assert answer.status == 302
    await terminal.redeem(terminal.code_from(answer.location))
    again = site.tab()
    await again.get(FORM)
    await again.sign_in("alice", NEW_PASSWORD)
    assert len(again.session_ids) == 1
    old = await halfway(site)
    assert "did not match" in old.answer.text


async def test_no_session_begins_before_the_password_is_changed(site: SignInWorld) -> None:
    await require_change(site)
    tab = await halfway(site)
    await tab.get("/")
    assert tab.session_ids == []


@pytest.mark.parametrize(
    ("password", "repeated", "text"),
    [
        ("", "", "Enter a new password"),
        (NEW_PASSWORD, NEW_PASSWORD + "x", "differ"),
        ("too short", "too short", "minimum length"),
        (PASSWORD, PASSWORD, "must not be the old one"),
        ("x" * 129, "x" * 129, "at most 128"),
    ],
)
async def test_a_new_password_that_is_not_accepted_can_be_typed_again(
    site: SignInWorld, password: str, repeated: str, text: str
) -> None:
    await require_change(site)
    tab = await halfway(site)
    answer = await tab.submit("/signin/new-password", password=password, repeated=repeated)
    assert answer.status == 400
    assert text in answer.text
    await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    await tab.get("/")
    assert len(tab.session_ids) == 1


async def test_the_second_factor_comes_before_the_new_password(site: SignInWorld) -> None:
    await require_change(site)
    await give_phone(site)
    tab = await halfway(site)
    ticket = tab.hidden["ticket"]
    skipped = await tab.submit(
        "/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD, follow=False
    )
    assert skipped.location == "/signin/user"
    tab = await halfway(site)
    assert tab.hidden["ticket"] != ticket
    await tab.submit("/signin/mfa", code=code_at(site.now))
    assert "Choose a new password" in tab.answer.text
    await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    assert (await the_session(site, tab)).mfa_at == site.now


async def test_nobody_changes_a_password_with_a_ticket_that_did_not_ask_for_it(site: SignInWorld) -> None:
    await give_phone(site)
    tab = await halfway(site)
    answer = await tab.submit(
        "/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD, follow=False
    )
    assert answer.location == "/signin/user"
    user = await site.user("alice")
    profile = await site.storage.users.load_login_profile(ACCOUNT, user.user_id)
    assert profile is not None
    await site.parts.hasher.verify(profile.password_hash, Secret(PASSWORD))


async def test_a_forced_change_ends_older_logins(site: SignInWorld) -> None:
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    await require_change(site)
    tab = await halfway(site)
    await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    site.now += 600
    with pytest.raises(UserCredentialsChanged):
        await terminal.refresh(tokens.refresh_token)


async def test_an_easy_password_gets_a_hint_and_may_still_be_chosen(site: SignInWorld) -> None:
    await require_change(site)
    tab = await halfway(site)
    easy = "password12345"
    answer = await tab.submit("/signin/new-password", password=easy, repeated=easy)
    assert answer.status == 400
    assert "easy to guess" in answer.text
    await tab.submit("/signin/new-password", password=easy, repeated=easy, anyway="yes")
    await tab.get("/")
    assert len(tab.session_ids) == 1


async def test_a_breached_password_cannot_be_chosen_whoever_insists(
    site: SignInWorld, tmp_path: Path
) -> None:
    listed = tmp_path / "list"
    digest = hashlib.sha1(NEW_PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
    listed.write_text(f"{digest}:3\n", encoding="ascii")
    guarded = site.rebuilt(judge=LocalPasswordJudge(listed))
    await require_change(guarded)
    tab = await halfway(guarded)
    answer = await tab.submit(
        "/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD, anyway="yes"
    )
    assert answer.status == 400
    assert "known from a breach" in answer.text


async def test_a_strangers_password_is_not_judged(site: SignInWorld) -> None:
    """Judging costs, and a form of ours is anybody's who asks for one."""

    class Refusing(LocalPasswordJudge):
        async def hint(self, password: Secret, *, about: object) -> str:
            raise AssertionError("judged")

    tab = site.rebuilt(judge=Refusing(None)).tab()
    for ticket in ("", "x", "A" * 4000):
        await tab.get(FORM)
        answer = await tab.submit(
            "/signin/new-password", ticket=ticket, password=NEW_PASSWORD, repeated=NEW_PASSWORD, follow=False
        )
        assert (answer.status, answer.location) == (303, "/signin/user")
