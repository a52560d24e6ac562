"""A password that has grown old, at the sign-in page (IAM reference, "UpdateAccountPasswordPolicy", MaxPasswordAge)."""

from collections.abc import AsyncIterator

import pytest

from daypass.server.domain.account_settings import PasswordPolicy
from support.sign_in_world import ACCOUNT, SignInWorld, Tab, open_sign_in_world

FORM = "/signin/user"
DAY = 86_400


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


async def _grow_old(site: SignInWorld, *, hard_expiry: bool) -> None:
    policy = PasswordPolicy(max_password_age=1, hard_expiry=hard_expiry)
    await site.storage.account_settings.put_password_policy(ACCOUNT, policy)
    site.now += 2 * DAY


async def _typed(site: SignInWorld, name: str = "alice", password: str | None = None) -> Tab:
    tab = site.tab()
    await tab.get(FORM)
    await (tab.sign_in(name) if password is None else tab.sign_in(name, password))
    return tab


async def test_an_expired_password_is_changed_on_the_way_in(site: SignInWorld) -> None:
    await _grow_old(site, hard_expiry=False)
    tab = await _typed(site)
    assert tab.session_ids == []
    assert "new password" in tab.answer.text.lower()


async def test_one_that_expires_hard_lets_nobody_in_and_says_whom_to_ask(site: SignInWorld) -> None:
    await _grow_old(site, hard_expiry=True)
    tab = await _typed(site)
    assert "This password has expired." in tab.answer.text
    assert tab.session_ids == []
    event = await site.last_event()
    assert (event.event_name, event.error_code) == ("ConsoleLogin", "expired")


async def test_a_wrong_password_learns_nothing_about_age(site: SignInWorld) -> None:
    await _grow_old(site, hard_expiry=True)
    tab = await _typed(site, "alice", "wrong password")
    assert "That did not match." in tab.answer.text
    assert "expired" not in tab.answer.text


async def test_root_s_password_does_not_expire(site: SignInWorld) -> None:
    """An account's own policy must not lock its root user out."""
    await _grow_old(site, hard_expiry=True)
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in_root()
    await tab.get("/")
    assert len(tab.session_ids) == 1
