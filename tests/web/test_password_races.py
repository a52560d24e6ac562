"""A password that is set while another change is under way: the one that was made of the old password comes too late.

Checking and hashing take as long as an Argon2id computation; an administrator who resets a stolen password at that moment
must not find it overwritten.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from daypass.secret import Secret
from support.query_world import QuickHasher
from support.sign_in_world import ACCOUNT, PASSWORD, SignInWorld, Tab, open_sign_in_world

FORM = "/signin/user"
NEW_PASSWORD = "violet anchor pebble"
RESET = "test$reset by an administrator"


class InterruptedHasher(QuickHasher):
    """Lets something happen while a new hash is computed."""

    def __init__(self) -> None:
        self.is_outdated = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def hash(self, password: Secret) -> str:
        text = await super().hash(password)
        if self.meanwhile is not None and password.reveal() in (NEW_PASSWORD, PASSWORD):
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return text

    async def verify(self, password_hash: str, password: Secret) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        try:
            await super().verify(password_hash, password)
        finally:
            self.meanwhile = meanwhile
        return self.is_outdated


@pytest.fixture
def hasher() -> InterruptedHasher:
    return InterruptedHasher()


@pytest.fixture
async def site(hasher: InterruptedHasher) -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world(hasher=hasher)
    yield site
    await site.storage.close()


async def reset(site: SignInWorld) -> None:
    user = await site.user("alice")
    await site.storage.users.update_login_profile(
        ACCOUNT, user.user_id, password_hash=RESET, password_reset_required=True, changed=True, now=site.now
    )


async def reset_root(site: SignInWorld) -> None:
    await site.storage.accounts.set_root_password(ACCOUNT, RESET, changed=True)


async def present_hash(site: SignInWorld) -> str:
    user = await site.user("alice")
    profile = await site.storage.users.load_login_profile(ACCOUNT, user.user_id)
    assert profile is not None
    return profile.password_hash


async def present_root_hash(site: SignInWorld) -> str:
    account = await site.storage.accounts.load_account(ACCOUNT)
    assert account is not None
    return account.root_password_hash


async def at_home(site: SignInWorld, *, root: bool = False) -> tuple[Tab, str]:
    tab = site.tab()
    await tab.get(FORM)
    await (tab.sign_in_root() if root else tab.sign_in("alice"))
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    return tab, address


async def nobody_is_signed_in(site: SignInWorld, tab: Tab) -> None:
    site.now += 2
    await tab.get("/")
    assert tab.session_ids == []


async def change(tab: Tab, address: str) -> None:
    await tab.submit(
        f"{address}/password", old_password=PASSWORD, password=NEW_PASSWORD, repeated=NEW_PASSWORD
    )


async def test_a_reset_is_not_overwritten_by_a_change_on_the_own_page(
    site: SignInWorld, hasher: InterruptedHasher
) -> None:
    tab, address = await at_home(site)
    hasher.meanwhile = lambda: reset(site)
    await change(tab, address)
    assert await present_hash(site) == RESET
    event = await site.last_event()
    assert (event.event_name, event.error_code) == ("ChangePassword", "mismatch")
    await nobody_is_signed_in(site, tab)


async def test_roots_reset_is_not_overwritten_either(site: SignInWorld, hasher: InterruptedHasher) -> None:
    tab, address = await at_home(site, root=True)
    hasher.meanwhile = lambda: reset_root(site)
    await change(tab, address)
    assert await present_root_hash(site) == RESET
    await nobody_is_signed_in(site, tab)


async def test_a_reset_is_not_overwritten_by_the_change_an_earlier_one_asked_for(
    site: SignInWorld, hasher: InterruptedHasher
) -> None:
    user = await site.user("alice")
    await site.storage.users.update_login_profile(
        ACCOUNT, user.user_id, password_hash=None, password_reset_required=True, changed=False
    )
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in("alice")
    hasher.meanwhile = lambda: reset(site)
    await tab.submit("/signin/new-password", password=NEW_PASSWORD, repeated=NEW_PASSWORD)
    assert await present_hash(site) == RESET
    await nobody_is_signed_in(site, tab)


@pytest.mark.parametrize("root", [False, True])
async def test_a_reset_is_not_overwritten_by_todays_hash_of_the_old_password(
    site: SignInWorld, hasher: InterruptedHasher, root: bool
) -> None:
    hasher.is_outdated = True
    hasher.meanwhile = lambda: reset_root(site) if root else reset(site)
    tab = site.tab()
    await tab.get(FORM)
    await (tab.sign_in_root() if root else tab.sign_in("alice"))
    assert await (present_root_hash(site) if root else present_hash(site)) == RESET
    await nobody_is_signed_in(site, tab)
