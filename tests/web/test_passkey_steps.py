"""Passkeys in the pages' own steps: whose key, which challenge, which counter, and how recent the sign-in.

The ceremony itself is the library's (`tests/unit/server/adapters/test_passkeys.py`, `tests/browser/test_own_page.py`); here
a double stands for it that takes an answer only for the challenge and the key it names (WebAuthn Level 3 §7.1, §7.2).
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from daypass.server.domain.browser import browser_hash
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.sign_in_ticket import open_sign_in_ticket
from daypass.server.ports.passkeys import NewPasskey, PasskeyRefused
from support.sign_in_world import ACCOUNT, NOW, SignInWorld, Tab, open_sign_in_world

FORM = "/signin/user"


class DoublePasskeys:
    """An answer is JSON: the challenge that was signed, the key's id, its public key, its counter."""

    is_available = True

    def registration_options(
        self, *, challenge: bytes, user_id: bytes, user_name: str, exclude: Sequence[bytes]
    ) -> str:
        return json.dumps({"challenge": challenge.hex()})

    def verify_registration(self, answer: str, *, challenge: bytes) -> NewPasskey:
        said = json.loads(answer)
        if said["challenge"] != challenge.hex():
            raise PasskeyRefused("another challenge")
        return NewPasskey(said["id"].encode(), said["key"].encode(), said["count"])

    def authentication_options(self, *, challenge: bytes, allow: Sequence[bytes]) -> str:
        return json.dumps({"challenge": challenge.hex()})

    def read_credential_id(self, unverified_answer: str) -> bytes:
        identifier: str = json.loads(unverified_answer)["id"]
        return identifier.encode()

    def verify_authentication(
        self, answer: str, *, challenge: bytes, public_key: bytes, sign_count: int
    ) -> int:
        said = json.loads(answer)
        if said["challenge"] != challenge.hex() or said["key"].encode() != public_key:
            raise PasskeyRefused("another challenge, or another key")
        count: int = said["count"]
        if (count or sign_count) and count <= sign_count:
            raise PasskeyRefused("the counter went back")
        return count


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world(passkeys=DoublePasskeys())
    yield site
    await site.storage.close()


async def give_key(site: SignInWorld, name: str = "alice", *, count: int = 0) -> None:
    user = await site.user(name)
    device = MfaDevice(
        f"arn:aws:iam::{ACCOUNT}:u2f/user/{name}/key",
        ACCOUNT,
        user.user_id,
        "passkey",
        NOW,
        NOW,
        credential_id=f"id of {name}".encode(),
        public_key=f"key of {name}".encode(),
        sign_count=count,
    )
    await site.storage.mfa_devices.create_mfa_device(device, limit=8)


async def halfway(site: SignInWorld, name: str = "alice") -> Tab:
    tab = site.tab()
    await tab.get(FORM)
    await tab.sign_in(name)
    return tab


def challenge_on(site: SignInWorld, tab: Tab) -> str:
    return open_sign_in_ticket(
        site.parts.ring, tab.hidden["ticket"], browser_hash=browser_of(tab), now=site.now
    ).challenge.hex()


def browser_of(tab: Tab) -> bytes:
    [cookie] = tab.cookies.values()
    return browser_hash(base64.urlsafe_b64decode(cookie + "="))


def answer_of(challenge: str, name: str = "alice", *, key: str = "", count: int = 0) -> str:
    return json.dumps(
        {"challenge": challenge, "id": f"id of {name}", "key": key or f"key of {name}", "count": count}
    )


async def is_signed_in(tab: Tab) -> bool:
    await tab.get("/")
    return len(tab.session_ids) == 1


async def test_a_passkey_signs_in(site: SignInWorld) -> None:
    await give_key(site)
    tab = await halfway(site)
    await tab.submit("/signin/mfa", passkey=answer_of(challenge_on(site, tab)))
    assert await is_signed_in(tab)


async def test_an_answer_is_good_for_the_sign_in_it_was_made_in(site: SignInWorld) -> None:
    """A counter that is always 0 tells no copy from its original: the challenge does."""
    await give_key(site)
    first, second = await halfway(site), await halfway(site)
    answer = answer_of(challenge_on(site, first))
    refused = await second.submit("/signin/mfa", passkey=answer)
    assert "did not match" in refused.text
    await first.submit("/signin/mfa", passkey=answer)
    assert await is_signed_in(first)
    assert not await is_signed_in(second)


async def test_an_answer_signs_in_once_in_its_own_sign_in_too(site: SignInWorld) -> None:
    await give_key(site)
    tab = await halfway(site)
    fields = {**tab.hidden, "passkey": answer_of(challenge_on(site, tab))}
    answers = await asyncio.gather(*(tab.post("/signin/mfa", fields, follow=False) for _ in range(4)))
    user = await site.user("alice")
    found = await site.storage.sign_in_sessions.list_sessions_of_principal(
        ACCOUNT, user.user_id, now=site.now
    )
    assert len(found) == 1, [each.status for each in answers]


async def test_another_persons_passkey_does_not_sign_in(site: SignInWorld) -> None:
    await give_key(site)
    await give_key(site, "bob")
    tab = await halfway(site)
    for answer in (
        answer_of(challenge_on(site, tab), "bob"),
        answer_of(challenge_on(site, tab), "alice", key="key of bob"),
        answer_of(challenge_on(site, tab), "bob", key="key of alice"),
    ):
        await tab.submit("/signin/mfa", passkey=answer)
    assert not await is_signed_in(tab)


async def test_of_two_sign_ins_with_one_counter_one_succeeds(
    site: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WebAuthn §7.2 step 22: the counter is compared and stored in one step. Both have read the same one here."""
    await give_key(site, count=4)
    tabs = [await halfway(site) for _ in range(2)]
    user = await site.user("alice")
    devices = await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)

    async def list_as_before(account_id: str, owner_id: str) -> Sequence[MfaDevice]:
        return devices

    monkeypatch.setattr(site.storage.mfa_devices, "list_mfa_devices", list_as_before)
    for tab in tabs:
        await tab.submit("/signin/mfa", passkey=answer_of(challenge_on(site, tab), count=5))
    assert [await is_signed_in(tab) for tab in tabs] == [True, False]


async def begun(site: SignInWorld) -> tuple[Tab, str, str]:
    """A browser before "touch your key", its page's address, and an answer."""
    tab = await halfway(site)
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    site.now += 600
    await tab.submit(f"{address}/devices", name="key", kind="passkey")
    packed, _ = site.parts.ring.open("sign-in-ticket", tab.hidden["enrolment"])
    return tab, address, answer_of(packed[-32:].hex())


async def test_a_passkey_is_added_for_the_challenge_it_signed(site: SignInWorld) -> None:
    tab, address, answer = await begun(site)
    wrong = json.dumps({**json.loads(answer), "challenge": "00" * 32})
    hidden = tab.hidden
    refused = await tab.post(f"{address}/devices/finish", {**hidden, "passkey": wrong})
    assert refused.status == 400
    await tab.post(f"{address}/devices/finish", {**hidden, "passkey": answer})
    user = await site.user("alice")
    [device] = await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id)
    assert (device.kind, device.credential_id) == ("passkey", b"id of alice")


async def test_a_passkey_is_not_added_when_the_sign_in_is_long_past(site: SignInWorld) -> None:
    tab, address, answer = await begun(site)
    site.now += 301
    refused = await tab.submit(f"{address}/devices/finish", passkey=answer)
    assert refused.status == 403
    user = await site.user("alice")
    assert await site.storage.mfa_devices.list_mfa_devices(ACCOUNT, user.user_id) == []
