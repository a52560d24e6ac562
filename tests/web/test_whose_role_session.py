"""A role session is somebody's: who may see and end it, and what ends it.

Two people can be in one role under one name. What a person took in the pages ends with that person.
IAM user guide, "Switch from a user to an IAM role"; STS reference, "AssumeRole" (SourceIdentity).
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.errors import SignInError, TokenExpired, UserCredentialsChanged
from daypass.protocol.oauth.token_response import TokenSet
from daypass.server.domain.account import Account, LoginProfile, Role, User
from daypass.server.domain.role_session import RoleSession, owner_key
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.web.scoped_session import build_scoped_session_app
from support.federation_world import FederationWorld, open_federation_world
from support.sign_in_world import (
    ACCOUNT,
    ENDPOINT,
    GRANT,
    NOW,
    PASSWORD,
    SignInWorld,
    Tab,
    Terminal,
    call_app,
    open_sign_in_world,
)

OTHER_ACCOUNT = "444455556666"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
OTHER_ALICE = f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice"
ROLE_ID = f"AROA{'READER':A<17}"
TAKEN = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    """Two people called alice, in two accounts, and a role that trusts both."""
    site = await open_sign_in_world()
    storage = site.storage
    await storage.accounts.create_account(Account(OTHER_ACCOUNT, "beta", "other@example.com", "", 0, NOW))
    other = User(OTHER_ACCOUNT, f"AIDA{'OTHER':A<17}", "alice", "/", NOW)
    await storage.users.create_user(other)
    profile = await storage.users.load_login_profile(ACCOUNT, (await site.user("alice")).user_id)
    assert profile is not None
    await storage.users.create_login_profile(
        LoginProfile(OTHER_ACCOUNT, other.user_id, profile.password_hash, NOW)
    )
    await storage.policies.attach_policy(
        OTHER_ACCOUNT, other.user_id, "arn:aws:iam::aws:policy/AdministratorAccess"
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [ALICE, OTHER_ALICE, f"arn:aws:iam::{ACCOUNT}:role/reader"]},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for name, role_id in (("reader", ROLE_ID), ("second", f"AROA{'SECOND':A<17}")):
        await storage.roles.create_role(
            Role(ACCOUNT, role_id, name, "/", trust, NOW, max_session_duration=43200)
        )
        await storage.policies.attach_policy(ACCOUNT, role_id, GRANT)
    yield site
    await storage.close()


async def signed_in(site: SignInWorld, account: str = ACCOUNT) -> tuple[Tab, str]:
    """A browser, and the id of its session."""
    tab = site.tab()
    await tab.get("/signin/user")
    await tab.sign_in("alice", account=account)
    await tab.get("/")
    return tab, tab.session_ids[0]


async def in_role(site: SignInWorld, account: str = ACCOUNT) -> tuple[Tab, str, str]:
    """A browser that took the role, the id of the user's session and that of the role's."""
    tab, user = await signed_in(site, account)
    await tab.get("/switchrole")
    await tab.submit("/signin/switch-role", session=user, account=ACCOUNT, role="reader")
    await tab.get("/")
    [role] = [each for each in tab.session_ids if each != user]
    return tab, user, role


async def login_as(site: SignInWorld, tab: Tab, session_id: str) -> tuple[Terminal, TokenSet]:
    """A terminal that the browser's session let in."""
    terminal = Terminal(site)
    await tab.get(terminal.authorize_url)
    answer = await tab.submit("/signin/session", session=session_id)
    return terminal, await terminal.redeem(terminal.code_from(answer.location))


async def end(tab: Tab, session_id: str, kind: str, target: str = "") -> None:
    """From the page of that session. Where nothing can be ended its page has no form, so the proof is another page's."""
    await tab.get("/")
    await tab.submit(f"/account/{session_id}/end", kind=kind, target=target)
    assert tab.answer.status == 200


async def stored(site: SignInWorld, session_id: str) -> SignInSession:
    session = await site.storage.sign_in_sessions.load_sign_in_session(session_id, now=site.now)
    assert session is not None
    return session


async def logins_in_role(site: SignInWorld) -> list[LoginSession]:
    return list(
        await site.storage.login_sessions.list_login_sessions(ACCOUNT, f"{ROLE_ID}:alice", now=site.now)
    )


# Whose it is


async def test_two_users_in_one_role_under_one_name_see_only_their_own(site: SignInWorld) -> None:
    mine, _, my_role = await in_role(site)
    theirs, _, their_role = await in_role(site, OTHER_ACCOUNT)
    assert (await stored(site, my_role)).principal_id == (await stored(site, their_role)).principal_id
    await login_as(site, mine, my_role)
    await login_as(site, theirs, their_role)
    for tab, own, other in ((mine, my_role, their_role), (theirs, their_role, my_role)):
        page = (await tab.get(f"/account/{own}")).text
        assert other not in page
        assert page.count('value="login"') == 1


async def test_two_users_in_one_role_cannot_end_each_other(site: SignInWorld) -> None:
    mine, _, my_role = await in_role(site)
    theirs, _, their_role = await in_role(site, OTHER_ACCOUNT)
    await login_as(site, mine, my_role)
    [login] = await logins_in_role(site)
    await end(theirs, their_role, "browser", my_role)
    await end(theirs, their_role, "login", login.session_id)
    await end(theirs, their_role, "all")
    assert await stored(site, my_role)
    assert await logins_in_role(site) == [login]


async def test_a_users_page_shows_and_ends_the_roles_the_user_took(site: SignInWorld) -> None:
    tab, user, role = await in_role(site)
    terminal, tokens = await login_as(site, tab, role)
    [login] = await logins_in_role(site)
    page = (await tab.get(f"/account/{user}")).shown
    assert page.count(f"role reader in {ACCOUNT}") == 4, (
        "one browser, one terminal; each has it in its button too"
    )
    await end(tab, user, "login", login.session_id)
    with pytest.raises(TokenExpired):
        await terminal.refresh(tokens.refresh_token)
    await end(tab, user, "browser", role)
    assert await site.storage.sign_in_sessions.load_sign_in_session(role, now=site.now) is None
    assert await stored(site, user)


async def test_nobody_elses_page_ends_a_role_that_a_user_took(site: SignInWorld) -> None:
    tab, _, role = await in_role(site)
    await login_as(site, tab, role)
    [login] = await logins_in_role(site)
    theirs, their_user = await signed_in(site, OTHER_ACCOUNT)
    await end(theirs, their_user, "browser", role)
    await end(theirs, their_user, "login", login.session_id)
    assert await stored(site, role)
    assert await logins_in_role(site) == [login]


async def test_a_role_session_has_no_password_to_change(site: SignInWorld) -> None:
    tab, _, role = await in_role(site)
    new = "violet anchor pebble"
    answer = await tab.submit(f"/account/{role}/password", old_password=PASSWORD, password=new, repeated=new)
    assert (answer.status, "This session has no password." in answer.text) == (400, True)


async def test_a_narrowed_login_of_such_a_role_is_not_made_after_its_user(site: SignInWorld) -> None:
    tab, _, role = await in_role(site)
    terminal, tokens = await login_as(site, tab, role)
    agent = replace(terminal, key=ec.generate_private_key(ec.SECP256R1()))
    fields = {
        "refresh_token": tokens.refresh_token.reveal(),
        "name": "agent",
        "dpop_jkt": thumbprint(public_jwk(agent.key.public_key())),
        "policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    }
    app = build_scoped_session_app(site.parts)
    statuses = []
    for _ in range(2):
        proof = terminal.proof(url=f"{ENDPOINT}/v1/scoped-session")
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("DPoP", proof)]
        answer = await call_app(
            app, "POST", "/v1/scoped-session", headers=headers, body=urlencode(fields).encode()
        )
        statuses.append(answer.status)
        await disable_alice(site) if answer.status == 200 else None
        site.now += 1
    assert statuses == [200, UserCredentialsChanged.status]


async def test_credentials_of_a_role_whose_user_is_gone_make_no_link(site: SignInWorld) -> None:
    """IAM user guide, "Enable custom identity broker access to the AWS console": the link would outlive the person."""
    tab, _, role = await in_role(site)
    _, tokens = await login_as(site, tab, role)
    session = {
        "sessionId": tokens.access_key_id,
        "sessionKey": tokens.secret_access_key.reveal(),
        "sessionToken": tokens.session_token.reveal(),
    }
    query = urlencode({"Action": "getSigninToken", "Session": json.dumps(session)})
    assert (await call_app(site.pages_app, "GET", f"/federation?{query}")).status == 200
    await delete_alice(site)
    refused = await call_app(site.pages_app, "GET", f"/federation?{query}")
    assert (refused.status, "token included in the request is expired" in refused.text) == (400, True)


async def test_a_role_sessions_page_does_not_reach_its_user(site: SignInWorld) -> None:
    """Whoever gets hold of a role must not sign its user out."""
    tab, user, role = await in_role(site)
    await login_as(site, tab, user)
    alice = await site.user("alice")
    [login] = await site.storage.login_sessions.list_login_sessions(ACCOUNT, alice.user_id, now=site.now)
    page = await tab.get(f"/account/{role}")
    assert login.session_id not in page.text
    await end(tab, role, "login", login.session_id)
    await end(tab, role, "browser", user)
    assert await stored(site, user)
    assert await site.storage.login_sessions.list_login_sessions(ACCOUNT, alice.user_id, now=site.now)


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    yield world
    await world.world.storage.close()


@pytest.mark.parametrize("subject_type", ["persistent", "transient"])
async def test_two_federated_people_under_one_session_name_see_only_their_own(
    fed: FederationWorld, subject_type: str
) -> None:
    tabs = {}
    for subject in ("ada@example.com", "eve@example.com"):
        tabs[subject] = fed.world.tab()
        await fed.sign_in_saml(tabs[subject], "Reader", subject=subject, subject_type=subject_type)
        await tabs[subject].get("/")
    ada, eve = tabs.values()
    ada_id, eve_id = ada.session_ids[0], eve.session_ids[0]
    assert (await stored(fed.world, ada_id)).principal_id == (await stored(fed.world, eve_id)).principal_id
    await login_as(fed.world, ada, ada_id)
    page = await eve.get(f"/account/{eve_id}")
    assert ada_id not in page.text
    assert 'value="login"' not in page.text
    await end(eve, eve_id, "browser", ada_id)
    await end(eve, eve_id, "all")
    assert await stored(fed.world, ada_id)
    assert 'value="login"' in (await ada.get(f"/account/{ada_id}")).text


async def test_the_same_federated_person_is_known_again_in_another_browser(fed: FederationWorld) -> None:
    first, second = fed.world.tab(), fed.world.tab()
    for tab in (first, second):
        await fed.sign_in_saml(tab, "Reader")
        await tab.get("/")
    page = await second.get(f"/account/{second.session_ids[0]}")
    assert page.text.count('value="browser"') == 1, "the other one can be ended, this one not"


def test_a_session_from_before_owners_were_kept_is_nobodys() -> None:
    assert owner_key(RoleSession("arn:aws:iam::111122223333:role/reader")) == ""
    assert owner_key(None) == ""


async def test_every_login_shows_its_region(site: SignInWorld) -> None:
    site = site.rebuilt(region="eu-central-7")
    tab, user = await signed_in(site)
    await login_as(site, tab, user)
    assert "region eu-central-7" in (await tab.get(f"/account/{user}")).shown


# What ends it


async def delete_alice(site: SignInWorld) -> None:
    alice = await site.user("alice")
    await site.storage.policies.detach_policy(ACCOUNT, alice.user_id, GRANT)
    await site.storage.users.delete_login_profile(ACCOUNT, alice.user_id)
    await site.storage.users.delete_user(ACCOUNT, "alice")


async def disable_alice(site: SignInWorld) -> None:
    await site.storage.users.delete_login_profile(ACCOUNT, (await site.user("alice")).user_id)


async def change_alices_password(site: SignInWorld) -> None:
    await site.change_password("alice", "violet anchor pebble")


ENDS = pytest.mark.parametrize("ending", [delete_alice, disable_alice, change_alices_password])


@ENDS
async def test_a_role_taken_in_the_pages_ends_with_its_user(site: SignInWorld, ending: object) -> None:
    tab, _, role = await in_role(site)
    assert callable(ending)
    await ending(site)
    site.now += 1
    await tab.get("/")
    assert tab.session_ids == []
    for address in (f"/account/{role}", f"/admin/{role}"):
        answer = await tab.get(address, follow=False)
        assert (answer.status, answer.location) == (303, "/"), address


@ENDS
async def test_a_terminal_of_such_a_role_is_not_refreshed_after_its_user(
    site: SignInWorld, ending: object
) -> None:
    tab, _, role = await in_role(site)
    terminal, tokens = await login_as(site, tab, role)
    tokens = await terminal.refresh(tokens.refresh_token)
    assert callable(ending)
    await ending(site)
    site.now += 1
    with pytest.raises(TokenExpired if ending is delete_alice else UserCredentialsChanged):
        await terminal.refresh(tokens.refresh_token)


@ENDS
async def test_a_code_of_such_a_role_is_not_redeemed_after_its_user(
    site: SignInWorld, ending: object
) -> None:
    tab, _, role = await in_role(site)
    terminal = Terminal(site)
    await tab.get(terminal.authorize_url)
    answer = await tab.submit("/signin/session", session=role)
    assert callable(ending)
    await ending(site)
    with pytest.raises(SignInError):
        await terminal.redeem(terminal.code_from(answer.location))
    assert await logins_in_role(site) == []


async def test_a_role_taken_from_a_role_ends_with_the_user_too(site: SignInWorld) -> None:
    tab, user, role = await in_role(site)
    await tab.get("/switchrole")
    await tab.submit("/signin/switch-role", session=role, account=ACCOUNT, role="second")
    await tab.get("/")
    [second] = [each for each in tab.session_ids if each not in (user, role)]
    terminal, tokens = await login_as(site, tab, second)
    await disable_alice(site)
    site.now += 1
    with pytest.raises(UserCredentialsChanged):
        await terminal.refresh(tokens.refresh_token)


async def test_signing_out_everywhere_else_ends_roles_and_their_terminals(site: SignInWorld) -> None:
    thief, _, role = await in_role(site)
    terminal, tokens = await login_as(site, thief, role)
    home, user = await signed_in(site)
    await home.get(f"/account/{user}")
    await end(home, user, "all")
    with pytest.raises(TokenExpired):
        await terminal.refresh(tokens.refresh_token)
    await thief.get("/")
    assert thief.session_ids == []
    assert await stored(site, user)


async def test_a_password_change_on_the_own_page_ends_the_roles_terminals(site: SignInWorld) -> None:
    tab, user, role = await in_role(site)
    terminal, tokens = await login_as(site, tab, role)
    await tab.get(f"/account/{user}")
    new = "violet anchor pebble"
    await tab.submit(f"/account/{user}/password", old_password=PASSWORD, password=new, repeated=new)
    assert "Your password is changed" in tab.answer.text
    with pytest.raises(UserCredentialsChanged):
        await terminal.refresh(tokens.refresh_token)


async def test_another_persons_end_ends_nothing(site: SignInWorld) -> None:
    tab, _, role = await in_role(site, OTHER_ACCOUNT)
    terminal, tokens = await login_as(site, tab, role)
    await delete_alice(site)
    site.now += 1
    await terminal.refresh(tokens.refresh_token)
    await tab.get("/")
    assert role in tab.session_ids


async def test_a_refresh_reads_nothing_more_for_an_owner_it_has_seen(
    site: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Role and user come from the directory's memory, as any principal does: one look at a revision a second."""
    tab, _, role = await in_role(site)
    terminal, tokens = await login_as(site, tab, role)
    tokens = await terminal.refresh(tokens.refresh_token)
    read: list[str] = []
    engine = site.storage.engine  # type: ignore[attr-defined]  # the SQL adapter's
    fetch_all, fetch_one = engine.fetch_all, engine.fetch_one

    async def note_all(statement: str, *values: object) -> object:
        read.append(statement)
        return await fetch_all(statement, *values)

    async def note_one(statement: str, *values: object) -> object:
        read.append(statement)
        return await fetch_one(statement, *values)

    monkeypatch.setattr(engine, "fetch_all", note_all)
    monkeypatch.setattr(engine, "fetch_one", note_one)
    for _ in range(3):
        tokens = await terminal.refresh(tokens.refresh_token)
    assert read == []
    site.now += 1
    await terminal.refresh(tokens.refresh_token)
    assert len(read) == 1
    assert "revision" in read[0]
