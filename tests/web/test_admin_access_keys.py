"""Access keys in the admin pages: the secret stands on one page once, and one form makes one key."""

import html
import re
from collections.abc import AsyncIterator

import pytest

from daypass.server.domain.account import InlinePolicy
from support.admin_world import KEY, enter, open_admin_world, press
from support.query_world import allow, policy_text
from support.sign_in_world import ACCOUNT, SignInWorld

BOB = {"UserName": "bob"}


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_admin_world()
    yield site
    await site.storage.close()


def secret_of(text: str) -> str:
    [secret] = re.findall(r'<code id="secret-access-key" tabindex="0" data-once>([^<]+)</code>', text)
    return html.unescape(secret)


async def test_the_secret_is_shown_once_and_says_that_a_login_is_better(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreateAccessKey", **BOB, Seen="none")
    assert answer.status == 200
    secret = secret_of(answer.text)
    assert len(secret) == 40
    assert answer.headers["cache-control"] == "no-store"
    assert "a login is better" in answer.text
    assert 'data-copies="secret-access-key" hidden' in answer.text
    for place in ("", "/user?name=bob", "/audit", "/call?call=CreateAccessKey&UserName=bob"):
        assert secret not in html.unescape((await tab.get(base + place)).text)
    assert all(secret not in str(event) for event in await site.audit())


async def test_the_key_that_is_shown_is_the_key_that_works(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await press(tab, base, "CreateAccessKey", **BOB, Seen="none")
    [key_id] = re.findall(r"AKIA[A-Z0-9]{16}", answer.text)
    kept = await site.storage.access_keys.load_access_key(key_id)
    assert kept is not None
    assert site.parts.ring.open("access-key", kept.sealed_secret)[0].decode() == secret_of(answer.text)
    event = await site.last_event()
    assert (event.event_name, event.detail["createdAccessKeyId"]) == ("CreateAccessKey", key_id)


async def test_a_form_sent_again_makes_no_second_key(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateAccessKey&UserName=bob")
    form = {**tab.hidden, "call": "CreateAccessKey"}
    assert form["Seen"] == "none"
    assert (await tab.post(f"{base}/call", form)).status == 200
    again = await tab.post(f"{base}/call", form)
    assert again.status == 409
    assert "have changed since this form was opened" in again.text
    bob = await site.user("bob")
    assert len(await site.storage.access_keys.list_access_keys(ACCOUNT, bob.user_id)) == 1


async def test_the_form_itself_makes_no_key_and_asks_for_a_recent_sign_in(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateAccessKey&UserName=bob&confirmed=yes")
    bob = await site.user("bob")
    assert await site.storage.access_keys.list_access_keys(ACCOUNT, bob.user_id) == []
    assert "until somebody switches it off" in tab.answer.text
    site.now += 901
    answer = await tab.get(f"{base}/call?call=CreateAccessKey&UserName=bob")
    assert (answer.status, "Sign in again" in answer.text) == (403, True)


async def test_the_quota_of_the_api_is_the_pages(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await press(tab, base, "CreateAccessKey", UserName="alice", Seen=KEY)
    await tab.get(f"{base}/call?call=CreateAccessKey&UserName=alice")
    answer = await tab.post(f"{base}/call", {**tab.hidden, "call": "CreateAccessKey"})
    assert answer.status == 409
    assert "Cannot exceed quota for AccessKeysPerUser: 2" in answer.text


async def test_who_may_create_but_not_list_creates_unwarned(site: SignInWorld) -> None:
    bob = await site.user("bob")
    given = InlinePolicy(bob.user_id, "g", policy_text(allow("iam:CreateAccessKey", resource=bob.arn)))
    await site.storage.inline_policies.put_inline_policy(ACCOUNT, given)
    tab, base = await enter(site, "bob")
    await tab.get(f"{base}/call?call=CreateAccessKey&UserName=bob")
    assert "Seen" not in tab.hidden
    assert (await tab.post(f"{base}/call", {**tab.hidden, "call": "CreateAccessKey"})).status == 200
    await tab.get(f"{base}/call?call=CreateAccessKey&UserName=alice")
    denied = await tab.post(f"{base}/call", {**tab.hidden, "call": "CreateAccessKey"})
    assert denied.status == 403
    assert "Access denied: User: " in denied.shown
    assert "not authorized to perform: iam:CreateAccessKey" in denied.shown
