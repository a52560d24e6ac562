"""The buttons of the admin pages: each does what the API call of its name does, and leaves the same audit row.

CSRF, confirmation of what cannot be undone, a recent sign-in for it, and the API's refusals on the page.
"""

import html
import json
import re
from collections.abc import AsyncIterator

import pyotp
import pytest

from daypass.protocol.oauth.errors import SignInError
from daypass.server.domain.account import InlinePolicy
from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.iam import build_iam_operations
from daypass.server.web.signin_operations import build_signin_operations
from support.admin_world import (
    FORM,
    KEY,
    NEW_PASSWORD,
    OTHER_DOCUMENT,
    READ_ONLY,
    USER,
    WALK,
    enter,
    open_admin_world,
    press,
)
from support.query_world import allow, policy_text
from support.sign_in_world import ACCOUNT, SignInWorld, Terminal


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_admin_world()
    yield site
    await site.storage.close()


async def test_every_button_works_and_leaves_the_calls_own_audit_row(site: SignInWorld) -> None:
    tab, base = await enter(site)
    for call, fields, event_name in WALK:
        answer = await press(tab, base, call, **fields)
        assert answer.status == 200, (call, answer.text)
        assert html.escape(BUTTONS[call].done) in answer.text or BUTTONS[call].answer, call
        event = await site.last_event()
        assert (event.event_name, event.error_code) == (event_name, ""), call
        assert event.principal_arn == f"arn:aws:iam::{ACCOUNT}:root"
        assert NEW_PASSWORD not in str(event)
    assert {call for call, _, _ in WALK} >= BUTTONS.keys() - {"RemoveDevice", "RevokeSession"}


def test_every_button_is_an_operation_of_an_api(site: SignInWorld) -> None:
    parts = site.parts
    iam = build_iam_operations(
        storage=parts.storage,
        ring=parts.ring,
        hasher=parts.hasher,
        randomness=parts.randomness,
        saml=parts.saml,
    )
    tables = {"iam": iam, "signin": build_signin_operations(storage=parts.storage, ring=parts.ring)}
    for button in BUTTONS.values():
        assert set(button.actions or (button.key,)) <= tables[button.service].keys(), button.key


async def test_the_effect_is_the_api_calls(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(
        tab, base, "UpdateLoginProfile", UserName="alice", Password=NEW_PASSWORD, PasswordResetRequired="true"
    )
    alice = await site.user("alice")
    profile = await site.storage.users.load_login_profile(ACCOUNT, alice.user_id)
    assert profile is not None
    assert profile.password_reset_required
    await press(
        tab, base, "PutUserPolicy", UserName="alice", PolicyName="photos", PolicyDocument=OTHER_DOCUMENT
    )
    kept = await site.storage.inline_policies.load_inline_policy(ACCOUNT, alice.user_id, "photos")
    assert kept is not None
    assert kept.document == OTHER_DOCUMENT
    await press(tab, base, "DeactivateKey", UserName="alice", AccessKeyId=KEY, Status="Inactive")
    key = await site.storage.access_keys.load_access_key(KEY)
    assert key is not None
    assert key.status == "Inactive"


async def test_a_user_is_created_with_password_and_group_in_one_go(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(
        tab,
        base,
        "CreateUser",
        UserName="dora",
        Password=NEW_PASSWORD,
        PasswordResetRequired="true",
        GroupName="readers",
    )
    assert "The user is created" in tab.answer.text
    dora = await site.user("dora")
    [group] = await site.storage.groups.list_groups_of(ACCOUNT, dora.user_id)
    assert group.group_name == "readers"
    events = [event.event_name for event in await site.audit()][-3:]
    assert events == ["CreateUser", "CreateLoginProfile", "AddUserToGroup"]


async def test_a_row_of_calls_stops_at_the_first_refusal_and_says_how_far_it_came(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreateUser", UserName="dora", Password="short")
    assert answer.status == 400
    assert "Done before that: CreateUser" in answer.text
    assert 'value="dora"' in answer.text
    assert "short" not in re.sub(r"[Ss]horter", "", answer.text)


async def test_a_user_is_deleted_with_all_that_hangs_on_it(site: SignInWorld) -> None:
    elsewhere = site.tab()
    await elsewhere.get(FORM)
    await elsewhere.sign_in("alice")
    tab, base = await enter(site)
    await press(tab, base, "DeleteUser", **USER)
    assert await site.storage.users.load_user(ACCOUNT, "alice") is None
    await elsewhere.get("/")
    assert elsewhere.session_ids == []


async def test_a_second_factor_is_removed(site: SignInWorld) -> None:
    person, own = await enter(site, "alice")
    own = own.replace("/admin/", "/account/")
    await person.get(own)
    await person.submit(f"{own}/devices", name="phone", kind="totp")
    seed = re.findall(r'<code id="seed">([^<]+)</code>', person.answer.text)[0].replace(" ", "")
    await person.submit(f"{own}/devices/finish", code=pyotp.TOTP(seed).at(site.now))
    tab, base = await enter(site)
    alice = await site.user("alice")
    [device] = await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, alice.user_id)
    serial = device.serial_number
    await tab.get(f"{base}/user?name=alice")
    assert serial in tab.answer.text
    await press(tab, base, "RemoveDevice", UserName="alice", SerialNumber=serial)
    assert await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, alice.user_id) == []
    assert await site.storage.mfa_devices.load_mfa_device(serial) is None


# Sessions


async def test_a_terminal_is_signed_out_by_an_administrator(site: SignInWorld) -> None:
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    alice = await site.user("alice")
    [login] = await site.storage.login_sessions.list_login_sessions(ACCOUNT, alice.user_id, now=site.now)
    tab, base = await enter(site)
    answer = await press(tab, base, "RevokeSession", SessionId=login.session_id, PrincipalArn=alice.arn)
    assert "That session has ended" in answer.text
    event = await site.last_event()
    assert (event.event_source, event.event_name) == ("signin.amazonaws.com", "RevokeSession")
    assert event.detail["sessionId"] == login.session_id
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)


async def test_everything_of_one_person_ends_and_nothing_of_others(site: SignInWorld) -> None:
    browser, _ = await enter(site, "alice")
    other, _ = await enter(site, "bob")
    terminal = Terminal(site)
    tokens = await terminal.redeem(await site.tab().approve(terminal))
    tab, base = await enter(site)
    await press(tab, base, "RevokeSessions", PrincipalArn=f"arn:aws:iam::{ACCOUNT}:user/alice")
    assert (await site.last_event()).detail["endedSessions"] == 3
    await browser.get("/")
    assert browser.session_ids == []
    await other.get("/")
    assert len(other.session_ids) == 1
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)


async def test_a_session_is_ended_only_under_the_name_of_its_own_principal(site: SignInWorld) -> None:
    """The permission is asked on the principal, so naming another one must not help."""
    bob = await site.user("bob")
    statement = allow("signin:RevokeSession", resource=bob.arn)
    await site.storage.inline_policies.put_inline_policy(
        ACCOUNT, InlinePolicy(bob.user_id, "own", policy_text(statement))
    )
    victim, elsewhere = await enter(site, "alice")
    tab, base = await enter(site, "bob")
    session_id = elsewhere.rpartition("/")[2]
    alice_arn = f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert (
        await press(tab, base, "RevokeSession", SessionId=session_id, PrincipalArn=alice_arn)
    ).status == 403
    assert (await press(tab, base, "RevokeSession", SessionId=session_id, PrincipalArn=bob.arn)).status == 404
    await victim.get("/")
    assert len(victim.session_ids) == 1


# Who may, and how


async def test_who_may_not_changes_nothing_reads_why_and_is_recorded(site: SignInWorld) -> None:
    tab, base = await enter(site, "bob")
    answer = await press(tab, base, "DeleteGroupPolicy", GroupName="readers", PolicyName="p")
    assert answer.status == 403
    assert "is not authorized to perform: iam:DeleteGroupPolicy" in answer.text
    event = await site.last_event()
    assert (event.event_name, event.error_code) == ("DeleteGroupPolicy", "AccessDenied")
    answer = await press(tab, base, "CreateUser", UserName="eve")
    assert answer.status == 403
    assert await site.storage.users.load_user(ACCOUNT, "eve") is None


async def test_nothing_is_pressed_from_another_browser(site: SignInWorld) -> None:
    _, base = await enter(site)
    other, own = await enter(site)
    await other.get(f"{own}/call?call=CreateUser")
    answer = await other.submit(f"{base}/call", call="CreateUser", UserName="eve", follow=False)
    assert (answer.status, answer.location) == (303, "/")
    assert await site.storage.users.load_user(ACCOUNT, "eve") is None


async def test_a_form_that_is_not_ours_does_nothing(site: SignInWorld) -> None:
    """OWASP Cross-Site Request Forgery Prevention Cheat Sheet."""
    tab, base = await enter(site)
    answer = await tab.post(
        f"{base}/call", {"csrf": "0a0b0c0d" + "0" * 64, "call": "CreateUser", "UserName": "eve"}
    )
    assert answer.status == 403
    await tab.get(f"{base}/call?call=CreateUser")
    answer = await tab.post(
        f"{base}/call",
        {**tab.hidden, "call": "CreateUser", "UserName": "eve"},
        headers=[("Sec-Fetch-Site", "cross-site")],
    )
    assert answer.status == 403
    assert await site.storage.users.load_user(ACCOUNT, "eve") is None


async def test_no_link_presses_a_button(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=DeleteUser&UserName=alice&confirmed=yes")
    assert "Delete alice?" in tab.answer.text
    assert await site.storage.users.load_user(ACCOUNT, "alice") is not None


def fields_of(call: str) -> dict[str, str]:
    """What the form of a button has: of the walk, or any text for what is given."""
    given = {field.name: "x" for field in BUTTONS[call].fields if field.kind == "given"}
    return next((dict(fields) for key, fields, _ in WALK if key == call), given)


GRAVE = sorted(key for key, button in BUTTONS.items() if button.is_grave)


def test_what_deletes_ends_or_resets_is_grave() -> None:
    words = (
        "Delete",
        "Detach",
        "Remove",
        "Revoke",
        "Untag",
        "Deactivate",
        "UpdateLoginProfile",
        "SetDefault",
    )
    assert {key for key in BUTTONS if key.startswith(words)} <= set(GRAVE)


@pytest.mark.parametrize("call", GRAVE)
async def test_what_is_grave_asks_once_more(site: SignInWorld, call: str) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateUser")
    before = len(await site.audit())
    fields = fields_of(call)
    answer = await tab.post(f"{base}/call", {"csrf": tab.hidden["csrf"], "call": call, **fields})
    assert answer.status == 200
    assert 'name="confirmed" value="yes"' in answer.text
    assert len(await site.audit()) == before


@pytest.mark.parametrize("call", GRAVE)
async def test_what_is_grave_needs_a_recent_sign_in(site: SignInWorld, call: str) -> None:
    tab, base = await enter(site)
    site.now += 901
    before = len(await site.audit())
    fields = fields_of(call)
    answer = await press(tab, base, call, **fields)
    assert answer.status == 403
    assert "Sign in again" in answer.text
    assert len(await site.audit()) == before


async def test_a_policy_that_cannot_be_read_is_refused_and_stays_to_be_mended(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreatePolicy", PolicyName="Mine", PolicyDocument='{"oops": <1>')
    assert answer.status == 400
    assert "{&#34;oops&#34;: &lt;1&gt;" in answer.text


async def test_a_field_that_the_button_has_not_is_not_sent(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(tab, base, "CreateUser", UserName="dora", Description="x", NewPath="/x/")
    assert (await site.user("dora")).path == "/"


async def test_a_button_that_is_not_there_leads_to_the_account(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateUser")
    answer = await tab.submit(f"{base}/call", call="CreateInstanceProfile", UserName="alice", follow=False)
    assert (answer.status, answer.location) == (303, base)


@pytest.mark.parametrize("call", sorted(BUTTONS))
async def test_a_button_that_is_about_nobody_is_not_about_who_presses_it(
    site: SignInWorld, call: str
) -> None:
    """IAM takes a name that is left out for the caller's own."""
    given = [field.name for field in BUTTONS[call].fields if field.kind == "given"]
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateUser")
    before = len(await site.audit())
    for missing in given:
        rest = {name: text for name, text in fields_of(call).items() if name != missing}
        answer = await tab.post(
            f"{base}/call",
            {"csrf": tab.hidden["csrf"], "call": call, "confirmed": "yes", **rest},
            follow=False,
        )
        assert (answer.status, answer.location) == (303, base)
        await tab.get(f"{base}/call?call=CreateUser")
    assert len(await site.audit()) == before


async def test_who_may_list_chooses_and_who_may_not_types_unrecorded(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=AttachUserPolicy&UserName=alice")
    assert f'<option value="{READ_ONLY}">' in tab.answer.text
    await tab.get(f"{base}/call?call=JoinGroup&UserName=alice")
    assert '<option value="readers">' in tab.answer.text
    other, elsewhere = await enter(site, "bob")
    before = len(await site.audit())
    await other.get(f"{elsewhere}/call?call=AttachUserPolicy&UserName=alice")
    assert "<option" not in other.answer.text
    assert len(await site.audit()) == before


async def test_the_longest_policy_fits_into_the_form_indented(site: SignInWorld) -> None:
    """IAM reference, "IAM and AWS STS quotas": 6,144 characters of a managed policy; white space does not count."""
    statement = allow(*[f"s3:Get{number:04d}" for number in range(380)])
    document = json.dumps(json.loads(policy_text(statement)), indent=8).replace("\n", "\r\n")
    assert 5_000 < len("".join(document.split())) <= 6_144
    tab, base = await enter(site)
    await press(tab, base, "CreatePolicy", PolicyName="Long", PolicyDocument=document)
    assert "The policy is created" in tab.answer.text
