"""The directory's promises: few reads, never older than a second, never a mixture, closed when in doubt."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from daypass.errors import StorageError
from daypass.policy.decision import Effect
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.principal import PrincipalSnapshot
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_policy,
    make_role,
    make_user,
    populate,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
DENY_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
ALLOW_ALL = DENY_ALL.replace("Deny", "Allow")


class _Watched:
    """A store that counts its calls and can act in the middle of one."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.calls: dict[str, int] = {}
        self.after: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **more: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            answer = await getattr(self._store, name)(*arguments, **more)
            if name in self.after:
                await self.after[name]()
            return answer

        return call


class _World:
    def __init__(self, storage: Any) -> None:
        self.now = NOW
        self.real = storage
        self.accounts = _Watched(storage.accounts)
        self.users = _Watched(storage.users)
        self.roles = _Watched(storage.roles)
        self.policies = _Watched(storage.policies)
        self.cache = self.new_cache()

    def new_cache(self, capacity: int = 100) -> PrincipalCache:
        return PrincipalCache(self, lambda: self.now, SHIPPED_POLICIES, capacity=capacity)  # type: ignore[arg-type]  # watched stores

    async def load(self, principal_id: str, *, fresh: bool = False) -> PrincipalSnapshot | None:
        return await self.cache.load(ACCOUNT_ID, "user", principal_id, fresh=fresh)

    async def new_user(self, name: str, *policy_arns: str) -> str:
        user = make_user(name)
        await self.real.users.create_user(user)
        for arn in policy_arns:
            await self.real.policies.attach_policy(ACCOUNT_ID, user.user_id, arn)
        return user.user_id


@pytest.fixture
async def world() -> AsyncIterator[_World]:
    storage = await open_storage("sqlite://")
    await storage.migrate()
    await populate(storage)
    yield _World(storage)
    await storage.close()


def _effect(snapshot: PrincipalSnapshot | None) -> Effect:
    assert snapshot is not None
    return evaluate(snapshot.policies, RequestContext("iam:ListUsers", "*")).effect


async def test_a_snapshot_says_who_the_user_is(world: _World) -> None:
    user_id = await world.new_user("Alice", ADMINISTRATOR)
    snapshot = await world.load(user_id)
    assert snapshot is not None
    assert (snapshot.kind, snapshot.principal_id, snapshot.name) == ("user", user_id, "Alice")
    assert snapshot.arn == f"arn:aws:iam::{ACCOUNT_ID}:user/Alice"
    assert snapshot.revision == await world.real.accounts.load_revision(ACCOUNT_ID)
    assert [policy.name for policy in snapshot.policies] == [ADMINISTRATOR]


async def test_a_role_session_is_its_role(world: _World) -> None:
    role = make_role("Reader", tags=(("team", "blue"),))
    await world.real.roles.create_role(role)
    snapshot = await world.cache.load(ACCOUNT_ID, "role", f"{role.role_id}:session")
    assert snapshot is not None
    assert (snapshot.arn, snapshot.principal_id, snapshot.credentials_epoch) == (role.arn, role.role_id, 0)
    assert snapshot.tags == role.tags
    await world.real.roles.update_role(ACCOUNT_ID, "Reader", tags=())
    snapshot = await world.cache.load(ACCOUNT_ID, "role", role.role_id, fresh=True)
    assert snapshot is not None
    assert snapshot.tags == ()


async def test_root_has_its_epoch_and_no_policies(world: _World) -> None:
    snapshot = await world.cache.load(ACCOUNT_ID, "root", ACCOUNT_ID)
    assert snapshot is not None
    assert (snapshot.arn, snapshot.credentials_epoch) == (f"arn:aws:iam::{ACCOUNT_ID}:root", 3)
    assert snapshot.policies == ()
    assert await world.cache.load(ACCOUNT_ID, "root", OTHER_ACCOUNT_ID) is None


async def test_a_principal_of_another_account_or_kind_is_unknown(world: _World) -> None:
    user_id = await world.new_user("alice")
    assert await world.cache.load(OTHER_ACCOUNT_ID, "user", user_id) is None
    assert await world.cache.load(ACCOUNT_ID, "role", user_id) is None
    assert await world.cache.load("999999999999", "root", "999999999999") is None


async def test_within_a_second_nothing_is_read_again(world: _World) -> None:
    user_id = await world.new_user("alice", ADMINISTRATOR)
    first = await world.load(user_id)
    reads = dict(world.accounts.calls)
    assert [await world.load(user_id) for _ in range(10)] == [first] * 10
    assert world.accounts.calls == reads
    world.now += 1
    assert await world.load(user_id) is first
    assert world.accounts.calls["load_revision"] == reads["load_revision"] + 1
    assert world.users.calls == {"load_user_by_id": 1}


async def test_an_unknown_principal_is_remembered_as_well(world: _World) -> None:
    for _ in range(3):
        assert await world.load("AIDANOBODY") is None
    assert world.users.calls == {"load_user_by_id": 1}


async def test_a_change_elsewhere_is_seen_after_a_second_and_at_once_when_asked_fresh(world: _World) -> None:
    user_id = await world.new_user("alice", ADMINISTRATOR)
    assert _effect(await world.load(user_id)) is Effect.ALLOWED
    await world.real.policies.detach_policy(ACCOUNT_ID, user_id, ADMINISTRATOR)
    assert _effect(await world.load(user_id)) is Effect.ALLOWED
    assert _effect(await world.load(user_id, fresh=True)) is Effect.IMPLICIT_DENY
    assert _effect(await world.load(user_id)) is Effect.IMPLICIT_DENY
    await world.real.policies.attach_policy(ACCOUNT_ID, user_id, ADMINISTRATOR)
    world.now += 1
    assert _effect(await world.load(user_id)) is Effect.ALLOWED


async def test_one_fresh_call_refreshes_every_principal_of_the_account(world: _World) -> None:
    alice, bob = await world.new_user("alice"), await world.new_user("bob")
    await world.load(alice)
    await world.load(bob)
    await world.real.policies.attach_policy(ACCOUNT_ID, bob, ADMINISTRATOR)
    await world.load(alice, fresh=True)
    assert _effect(await world.load(bob)) is Effect.ALLOWED


async def test_a_deleted_user_is_gone(world: _World) -> None:
    user_id = await world.new_user("alice")
    assert await world.load(user_id) is not None
    await world.real.users.delete_user(ACCOUNT_ID, "alice")
    world.now += 1
    assert await world.load(user_id) is None


async def test_no_mixture_of_two_revisions_is_returned(world: _World) -> None:
    """Between reading the list and reading the deny, the allow goes and the deny is deleted."""
    deny, allow = make_policy("Deny", document=DENY_ALL), make_policy("Allow", document=ALLOW_ALL)
    for policy in (deny, allow):
        await world.real.policies.create_policy(policy)
    user_id = await world.new_user("alice", deny.arn, allow.arn)

    async def change_once() -> None:
        world.policies.after.clear()
        for policy in (allow, deny):
            await world.real.policies.detach_policy(ACCOUNT_ID, user_id, policy.arn)
        await world.real.policies.delete_policy(deny.arn)

    world.policies.after["list_attached_policies"] = change_once
    snapshot = await world.load(user_id)
    assert snapshot is not None
    assert snapshot.policies == ()
    assert snapshot.revision == await world.real.accounts.load_revision(ACCOUNT_ID)


async def test_an_account_that_never_rests_is_a_storage_failure(world: _World) -> None:
    user_id = await world.new_user("alice")

    async def change() -> None:
        await world.real.accounts.set_root_password(ACCOUNT_ID, "$argon2id$again", changed=True)

    world.policies.after["list_attached_policies"] = change
    with pytest.raises(StorageError):
        await world.load(user_id)


@pytest.mark.parametrize("text", ["not json", '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}'])
async def test_a_stored_policy_that_cannot_be_read_denies_everything(world: _World, text: str) -> None:
    policy = make_policy("Broken", document=text)
    await world.real.policies.create_policy(policy)
    snapshot = await world.load(await world.new_user("alice", ADMINISTRATOR, policy.arn))
    assert _effect(snapshot) is Effect.EXPLICIT_DENY


async def test_an_attached_policy_nobody_ships_any_more_denies_everything(world: _World) -> None:
    snapshot = await world.load(
        await world.new_user("alice", ADMINISTRATOR, "arn:aws:iam::aws:policy/Withdrawn")
    )
    assert _effect(snapshot) is Effect.EXPLICIT_DENY


async def test_a_policy_is_parsed_once_for_all_who_have_it(world: _World) -> None:
    alice = await world.load(await world.new_user("alice", ADMINISTRATOR))
    bob = await world.load(await world.new_user("bob", ADMINISTRATOR), fresh=True)
    assert alice is not None
    assert bob is not None
    assert alice.policies[0] is bob.policies[0]


async def test_the_longest_unused_snapshot_is_forgotten_first(world: _World) -> None:
    world.cache = world.new_cache(capacity=2)
    users = [await world.new_user(name) for name in ("a", "b", "c")]
    await world.load(users[0])
    await world.load(users[1])
    await world.load(users[0])
    await world.load(users[2])
    world.users.calls.clear()
    await world.load(users[0])
    assert world.users.calls == {}
    await world.load(users[1])
    assert world.users.calls == {"load_user_by_id": 1}
