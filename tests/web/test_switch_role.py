"""Taking a role in the pages, and the address an account hands out.

IAM user guide, "Switch from a user to an IAM role"; STS reference, "AssumeRole".
"""

import base64
import json
from collections.abc import AsyncIterator

import pyotp
import pytest

from daypass.server.domain.account import ManagedPolicy, Role
from daypass.server.domain.browser import browser_hash
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.session import SignInSession
from support.sign_in_world import (
    ACCOUNT,
    GRANT,
    NOW,
    PASSWORD,
    SignInWorld,
    Tab,
    Terminal,
    claims_of,
    open_sign_in_world,
)

FORM = "/signin/user"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


async def make_role(
    site: SignInWorld,
    *,
    name: str = "reader",
    trusted: str = ALICE,
    seconds: int = 7200,
    **condition: object,
) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition  # type: ignore[assignment]  # a statement holds more than texts
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role_id = f"AROA{name.upper():A<17}"
    role = Role(ACCOUNT, role_id, name, "/", policy, NOW, max_session_duration=seconds)
    await site.storage.roles.create_role(role)
    await site.storage.policies.attach_policy(ACCOUNT, role.role_id, GRANT)


async def signed_in(site: SignInWorld, name: str = "alice") -> Tab:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in(name)
    await tab.get("/switchrole")
    return tab


def first_session(tab: Tab) -> str:
    return tab.session_ids[0]


async def switch(tab: Tab, *, account: str = ACCOUNT, role: str = "reader", **more: str) -> None:
    await tab.submit(
        "/signin/switch-role", **({"session": first_session(tab), "account": account, "role": role} | more)
    )


async def test_a_role_becomes_a_session_beside_the_users_own(site: SignInWorld) -> None:
    await make_role(site)
    tab = await signed_in(site)
    await switch(tab)
    assert len(tab.session_ids) == 2
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice" in tab.answer.shown
    event = [each for each in await site.audit() if each.event_name == "SwitchRole"][-1]
    assert (event.principal_arn, event.detail["switchTo"]) == (
        ALICE,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice",
    )


async def test_the_role_session_can_be_chosen_for_a_terminal(site: SignInWorld) -> None:
    await make_role(site)
    tab = await signed_in(site)
    await switch(tab)
    terminal = Terminal(site)
    await tab.get(terminal.authorize_url)
    role_session = tab.session_ids[0]
    answer = await tab.submit("/signin/session", session=role_session)
    tokens = await terminal.redeem(terminal.code_from(answer.location))
    assert tokens.id_token is not None
    assert claims_of(tokens.id_token)["sub"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"


async def test_a_waiting_terminal_is_served_by_the_switch_itself(site: SignInWorld) -> None:
    await make_role(site)
    tab, terminal = await signed_in(site), Terminal(site)
    await tab.get(terminal.authorize_url)
    request = tab.hidden["request"]
    await tab.get("/switchrole")
    answer = await tab.submit(
        "/signin/switch-role", session=first_session(tab), account=ACCOUNT, role="reader", request=request
    )
    assert answer.status == 302
    await terminal.redeem(terminal.code_from(answer.location))


async def test_a_link_only_fills_the_form(site: SignInWorld) -> None:
    await make_role(site)
    tab = await signed_in(site)
    answer = await tab.get(f"/switchrole?account={ACCOUNT}&roleName=reader&displayName=x")
    assert f'value="{ACCOUNT}"' in answer.text
    assert 'value="reader"' in answer.text
    await tab.get("/")
    assert len(tab.session_ids) == 1


async def test_a_link_cannot_put_markup_into_the_form(site: SignInWorld) -> None:
    tab = await signed_in(site)
    answer = await tab.get("/switchrole?account=%22%3E%3Cscript%3E&roleName=%22%3E%3Cscript%3E")
    assert "<script>" not in answer.text


async def test_the_session_ends_with_the_role_and_with_its_base(site: SignInWorld) -> None:
    await make_role(site, seconds=3600)
    tab = await signed_in(site)
    await switch(tab)
    role, user = tab.session_ids[0], tab.session_ids[1]
    role_session = await site.storage.sign_in_sessions.load_sign_in_session(role, now=site.now)
    base = await site.storage.sign_in_sessions.load_sign_in_session(user, now=site.now)
    assert role_session is not None
    assert base is not None
    assert role_session.expires_at == NOW + 3600
    assert role_session.expires_at <= base.expires_at


@pytest.mark.parametrize("trusted", [f"arn:aws:iam::{ACCOUNT}:user/bob", "arn:aws:iam::999999999999:root"])
async def test_a_role_that_does_not_trust_is_refused_with_words(site: SignInWorld, trusted: str) -> None:
    await make_role(site, trusted=trusted)
    tab = await signed_in(site)
    await switch(tab)
    assert tab.answer.status == 403
    assert "may not take this role" in tab.answer.text
    await tab.get("/")
    assert len(tab.session_ids) == 1


async def test_a_missing_role_is_refused_in_the_same_words(site: SignInWorld) -> None:
    tab = await signed_in(site)
    await switch(tab, role="missing")
    assert "may not take this role" in tab.answer.text


async def test_a_policy_that_denies_assume_role_denies_it_here_too(site: SignInWorld) -> None:
    await make_role(site)
    document = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}'
    )
    policy = ManagedPolicy(ACCOUNT, "ANPANOROLESNOROLESNOR", "NoRoles", "/", document, NOW)
    await site.storage.policies.create_policy(policy)
    await site.storage.policies.attach_policy(ACCOUNT, (await site.user("alice")).user_id, policy.arn)
    site.now += 2
    tab = await signed_in(site)
    await switch(tab)
    assert tab.answer.status == 403


async def test_another_browsers_session_cannot_be_the_base(site: SignInWorld) -> None:
    await make_role(site)
    victim = await signed_in(site)
    other = await signed_in(site, "bob")
    await switch(other, session=first_session(victim))
    await other.get("/")
    assert len(other.session_ids) == 1


async def test_root_takes_no_role(site: SignInWorld) -> None:
    await make_role(site)
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    await tab.get("/")
    root = tab.session_ids[0]
    answer = await tab.get("/switchrole")
    assert "cannot take roles" in answer.text
    await tab.get("/")
    await tab.submit("/signin/switch-role", session=root, account=ACCOUNT, role="reader")
    assert tab.answer.status == 403


@pytest.mark.parametrize("has_device", [True, False])
async def test_a_trust_policy_can_ask_for_the_second_factor(site: SignInWorld, has_device: bool) -> None:
    await make_role(site, Bool={"aws:MultiFactorAuthPresent": "true"})
    seed = base64.b32encode(bytes(20)).decode()
    if has_device:
        sealed = site.parts.ring.seal("mfa-seed", seed.encode())
        user = await site.user("alice")
        serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
        device = MfaDevice(serial, ACCOUNT, user.user_id, "totp", NOW, NOW, sealed_seed=sealed)
        await site.storage.mfa_devices.create_mfa_device(device, limit=8)
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in("alice")
    if has_device:
        await tab.submit("/signin/mfa", code=pyotp.TOTP(seed).at(site.now))
    await tab.get("/switchrole")
    await switch(tab)
    assert tab.answer.status == (200 if has_device else 403)


@pytest.mark.parametrize(("account", "role"), [("123", "reader"), (ACCOUNT, ""), (ACCOUNT, "a b"), ("", "")])
async def test_what_is_no_role_is_asked_for_again(site: SignInWorld, account: str, role: str) -> None:
    tab = await signed_in(site)
    await switch(tab, account=account, role=role)
    assert tab.answer.status == 400


async def test_who_is_not_signed_in_signs_in_first(site: SignInWorld) -> None:
    answer = await site.tab().get("/switchrole", follow=False)
    assert (answer.status, answer.location) == (303, "/signin/new")


async def test_an_account_has_an_address_to_hand_out(site: SignInWorld) -> None:
    tab = site.tab()
    answer = await tab.get("/console/acme")
    assert 'name="account" type="text" value="acme"' in answer.text
    answer = await tab.get("/console/%22%3E%3Cscript%3E")
    assert "<script>" not in answer.text


async def test_a_role_ends_with_the_browser_session_it_was_taken_from(site: SignInWorld) -> None:
    """Who signs a thief out elsewhere signs out what the thief switched to, and nothing of anybody else's."""
    await make_role(site)
    await make_role(site, name="second", trusted=f"arn:aws:iam::{ACCOUNT}:role/reader")
    thief = await signed_in(site)
    await switch(thief)
    await thief.get("/switchrole")
    [taken] = [each for each in await sessions_of(site, thief) if each.principal_kind == "role"]
    await switch(thief, role="second", session=taken.session_id)
    site.now += 1
    for name in ("bob", "alice"):  # signing in again does not part the roles from their person
        await thief.get(FORM)
        await thief.sign_in(name)
    assert len(await sessions_of(site, thief)) == 4
    alice = await site.user("alice")
    home = await signed_in(site)
    await home.get("/")
    address = f"/account/{home.session_ids[0]}"
    await home.get(address)
    [stolen] = [each for each in await sessions_of(site, thief) if each.principal_id == alice.user_id]
    await home.submit(f"{address}/end", kind="browser", target=stolen.session_id)
    assert [each.principal_arn for each in await sessions_of(site, thief)] == [ALICE.replace("alice", "bob")]


async def test_a_new_password_ends_the_roles_taken_in_every_browser(site: SignInWorld) -> None:
    await make_role(site)
    thief, home = await signed_in(site), await signed_in(site)
    await switch(thief)
    await switch(home)
    alice = await site.user("alice")
    [own] = [each for each in await sessions_of(site, home) if each.principal_id == alice.user_id]
    address = f"/account/{own.session_id}"
    await home.get(address)
    new = "violet anchor pebble"
    await home.submit(f"{address}/password", old_password=PASSWORD, password=new, repeated=new)
    assert "Your password is changed" in home.answer.text
    assert await sessions_of(site, thief) == []
    assert [each.principal_kind for each in await sessions_of(site, home)] == ["user"]


async def test_a_role_session_is_as_proven_as_its_base_and_ends_with_it(site: SignInWorld) -> None:
    await make_role(site)
    tab = await signed_in(site)
    [base] = await sessions_of(site, tab)
    site.now = base.expires_at - 100  # less than any role session lasts
    await switch(tab)
    [taken] = [each for each in await sessions_of(site, tab) if each.principal_kind == "role"]
    assert (taken.expires_at, taken.mfa_at) == (base.expires_at, 0)
    assert taken.authenticated_at == base.authenticated_at, "nobody signed in anew"


@pytest.mark.parametrize("kind", ["totp", "passkey"])
async def test_a_role_session_gets_no_device(site: SignInWorld, kind: str) -> None:
    """It is its person's sign-in that asks for a factor."""
    await make_role(site)
    tab = await signed_in(site)
    await switch(tab)
    [taken] = [each for each in await sessions_of(site, tab) if each.principal_kind == "role"]
    address = f"/account/{taken.session_id}"
    await tab.get("/")
    answer = await tab.submit(f"{address}/devices", name="phone", kind=kind, follow=False)
    assert (answer.status, answer.location) == (303, "/")
    await tab.get("/")
    answer = await tab.submit(f"{address}/recovery-codes")
    assert answer.status == 400


async def sessions_of(site: SignInWorld, tab: Tab) -> list[SignInSession]:
    """What storage holds for this browser."""
    [cookie] = [value for name, value in tab.cookies.items() if not name.endswith("-provider")]
    found = browser_hash(base64.urlsafe_b64decode(cookie + "="))
    return list(await site.storage.sign_in_sessions.list_sign_in_sessions(found, now=site.now))


async def test_a_full_browser_takes_no_role(site: SignInWorld) -> None:
    """Five identities are the most, whatever they are."""
    await make_role(site)
    tab = await signed_in(site)
    for name in ("bob", "carol"):
        await tab.get(FORM)
        await tab.sign_in(name)
    await tab.get(FORM)
    await tab.sign_in_root()
    for name, expected in (("reader", 200), ("second", 409)):
        if name == "second":
            await make_role(site, name=name)
        alice = await site.user("alice")
        [base] = [each for each in await sessions_of(site, tab) if each.principal_id == alice.user_id]
        await tab.get("/switchrole")
        await switch(tab, role=name, session=base.session_id)
        assert tab.answer.status == expected
    assert "already holds five sessions" in tab.answer.text
    assert len(await sessions_of(site, tab)) == 5
