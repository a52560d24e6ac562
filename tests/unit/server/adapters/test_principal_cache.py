"""The directory's promises: few reads, never older than a second, never a mixture, closed when in doubt."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from daypass.errors import StorageError
from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import InlinePolicy
from daypass.server.domain.account_settings import ServiceControlPolicy
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session_scope import build_scope
from support.storage_records import (
    ACCOUNT_ID,
    NOW,
    OTHER_ACCOUNT_ID,
    make_access_key,
    make_group,
    make_login_session,
    make_policy,
    make_redemption,
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
        self.principals = _Watched(storage.principals)
        self.policies = _Watched(storage.policies)
        self.access_keys = _Watched(storage.access_keys)
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
    assert [await world.load(user_id) for _ in range(10)] == [first] * 10
    assert world.accounts.calls == {}, "the revision came along"
    world.now += 1
    assert await world.load(user_id) is first
    assert world.accounts.calls == {"load_revision": 1}
    assert world.principals.calls == {"load_principal": 1}


async def test_an_unknown_principal_is_remembered_as_well(world: _World) -> None:
    for _ in range(3):
        assert await world.load("AIDANOBODY") is None
    assert world.principals.calls == {"load_principal": 1}


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


async def test_an_answer_that_comes_late_replaces_no_newer_one(world: _World) -> None:
    """While one read is on its way back, the policy is detached and another read sees that."""
    user_id = await world.new_user("alice", ADMINISTRATOR)

    async def change_once() -> None:
        world.principals.after.clear()
        await world.real.policies.detach_policy(ACCOUNT_ID, user_id, ADMINISTRATOR)
        assert _effect(await world.load(user_id)) is Effect.IMPLICIT_DENY

    world.principals.after["load_principal"] = change_once
    late = await world.load(user_id)
    assert _effect(late) is Effect.ALLOWED, "it was so at its own revision"
    assert late is not None
    assert late.revision < await world.real.accounts.load_revision(ACCOUNT_ID)
    assert _effect(await world.load(user_id)) is Effect.IMPLICIT_DENY


async def test_a_revision_that_comes_late_replaces_no_newer_one(world: _World) -> None:
    user_id = await world.new_user("alice", ADMINISTRATOR)
    await world.load(user_id)

    async def change_once() -> None:
        world.accounts.after.clear()
        await world.real.policies.detach_policy(ACCOUNT_ID, user_id, ADMINISTRATOR)
        assert _effect(await world.load(user_id, fresh=True)) is Effect.IMPLICIT_DENY

    world.accounts.after["load_revision"] = change_once
    assert _effect(await world.load(user_id, fresh=True)) is Effect.IMPLICIT_DENY
    assert _effect(await world.load(user_id)) is Effect.IMPLICIT_DENY


async def test_many_who_need_the_revision_at_once_read_it_once(world: _World) -> None:
    user_id = await world.new_user("alice")
    await world.load(user_id)
    world.now += 1
    await asyncio.gather(*(world.load(user_id) for _ in range(50)))
    assert world.accounts.calls == {"load_revision": 1}


async def test_a_revision_that_cannot_be_read_fails_for_each_who_waits_and_not_for_the_next(
    world: _World,
) -> None:
    user_id = await world.new_user("alice")
    await world.load(user_id)
    world.now += 1

    async def fail() -> None:
        raise StorageError("the database refused")

    world.accounts.after["load_revision"] = fail
    results = await asyncio.gather(*(world.load(user_id) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 3
    world.accounts.after.clear()
    assert await world.load(user_id) is not None


async def test_a_user_has_what_it_and_its_groups_have(world: _World) -> None:
    real = world.real
    tags = (("team", "blue"),)
    user = make_user("Alice", tags=tags)
    await real.users.create_user(user)
    group = make_group("Readers")
    await real.groups.create_group(group)
    await real.groups.add_member(ACCOUNT_ID, group.group_id, user.user_id)
    for principal_id in (user.user_id, group.group_id):
        await real.policies.attach_policy(ACCOUNT_ID, principal_id, ADMINISTRATOR)
        await real.inline_policies.put_inline_policy(ACCOUNT_ID, InlinePolicy(principal_id, "Own", ALLOW_ALL))
    snapshot = await world.load(user.user_id)
    assert snapshot is not None
    assert snapshot.tags == tags
    assert [policy.name for policy in snapshot.policies] == [
        ADMINISTRATOR,
        "inline policy Own of user Alice",
        "inline policy Own of group Readers",
    ]
    await real.groups.remove_member(ACCOUNT_ID, group.group_id, user.user_id)
    snapshot = await world.load(user.user_id, fresh=True)
    assert snapshot is not None
    assert [policy.name for policy in snapshot.policies] == [ADMINISTRATOR, "inline policy Own of user Alice"]


async def test_a_long_inline_policy_of_a_role_is_read_whole(world: _World) -> None:
    """A role's inline policies may have 10,240 characters, more than a managed policy."""
    actions = ",".join(f'"iam:List{"X" * 100}{number}"' for number in range(80))
    text = ALLOW_ALL.replace('"Action":"*"', f'"Action":["*",{actions}]')
    assert len(text) > 6144
    role = make_role("Reader")
    await world.real.roles.create_role(role)
    await world.real.inline_policies.put_inline_policy(ACCOUNT_ID, InlinePolicy(role.role_id, "Long", text))
    snapshot = await world.cache.load(ACCOUNT_ID, "role", role.role_id)
    assert snapshot is not None
    assert [policy.name for policy in snapshot.policies] == ["inline policy Long of role Reader"]
    assert _effect(snapshot) is Effect.ALLOWED


def _only(document: PolicyDocument | None) -> Effect:
    """What one document by itself says."""
    assert document is not None
    return evaluate((document,), RequestContext("iam:ListUsers", "*")).effect


async def test_a_boundary_goes_along_and_a_gone_one_denies_everything(world: _World) -> None:
    boundary = make_policy("Edge", document=ALLOW_ALL)
    await world.real.policies.create_policy(boundary)
    user_id = await world.new_user("alice")
    snapshot = await world.load(user_id)
    assert snapshot is not None
    assert snapshot.boundary is None
    for arn in (ADMINISTRATOR, boundary.arn):
        await world.real.users.update_user(ACCOUNT_ID, "alice", permissions_boundary=arn)
        snapshot = await world.load(user_id, fresh=True)
        assert snapshot is not None
        assert snapshot.boundary is not None
        assert (snapshot.boundary.name, _only(snapshot.boundary)) == (arn, Effect.ALLOWED)
    await world.real.engine.execute("DELETE FROM policy_versions")
    await world.real.engine.execute("DELETE FROM policies")
    snapshot = await world.new_cache().load(ACCOUNT_ID, "user", user_id)
    assert snapshot is not None
    assert _only(snapshot.boundary) is Effect.EXPLICIT_DENY


async def test_a_role_has_its_boundary(world: _World) -> None:
    role = make_role("Reader", permissions_boundary=ADMINISTRATOR)
    await world.real.roles.create_role(role)
    snapshot = await world.cache.load(ACCOUNT_ID, "role", role.role_id)
    assert snapshot is not None
    assert snapshot.boundary is not None
    assert snapshot.boundary.name == ADMINISTRATOR


async def test_service_control_policies_stand_over_root_too_and_a_broken_one_denies_everything(
    world: _World,
) -> None:
    user_id = await world.new_user("alice")
    put = world.real.account_settings.put_service_control_policy
    await put(ServiceControlPolicy(ACCOUNT_ID, "Ceiling", ALLOW_ALL, NOW))
    await put(ServiceControlPolicy(ACCOUNT_ID, "Broken", "not json", NOW))
    await put(ServiceControlPolicy(OTHER_ACCOUNT_ID, "Theirs", DENY_ALL, NOW))
    for kind, principal_id in (("user", user_id), ("root", ACCOUNT_ID)):
        snapshot = await world.cache.load(ACCOUNT_ID, kind, principal_id)  # type: ignore[arg-type]  # a pair of literals
        assert snapshot is not None
        names = [policy.name for policy in snapshot.service_control_policies]
        assert names == ["service control policy Broken (cannot be read)", "service control policy Ceiling"]
        assert [_only(policy) for policy in snapshot.service_control_policies] == [
            Effect.EXPLICIT_DENY,
            Effect.ALLOWED,
        ]


async def test_a_revoked_login_is_seen_within_a_second_and_forgotten_when_nothing_of_it_can_live(
    world: _World,
) -> None:
    user_id = await world.new_user("alice")
    session = make_login_session("one", principal_id=user_id, ends_at=NOW + 100_000)
    revision = await world.real.accounts.load_revision(ACCOUNT_ID)
    await world.real.login_sessions.redeem(make_redemption(session=session, expected_revision=revision))
    snapshot = await world.load(user_id)
    assert snapshot is not None
    assert snapshot.ended_login_ids == frozenset()
    await world.real.login_sessions.revoke_login_session(session.session_id, now=NOW)
    world.now += 1
    snapshot = await world.load(user_id)
    assert snapshot is not None
    assert snapshot.ended_login_ids == {session.session_id}
    for later, expected in ((43_200, {session.session_id}), (43_201, set())):
        world.now = NOW + later
        snapshot = await world.new_cache().load(ACCOUNT_ID, "user", user_id)
        assert snapshot is not None
        assert snapshot.ended_login_ids == expected


async def test_session_policies_are_parsed_once_and_ask_nothing_without_names(world: _World) -> None:
    assert await world.cache.load_session_policies(ACCOUNT_ID, None) == ()
    scope = build_scope(policy=ALLOW_ALL, policy_arns=())
    (document,) = await world.cache.load_session_policies(ACCOUNT_ID, scope)
    assert (document.name, _only(document)) == ("session policy", Effect.ALLOWED)
    again = await world.cache.load_session_policies(ACCOUNT_ID, build_scope(policy=ALLOW_ALL, policy_arns=()))
    assert again[0] is document
    assert world.accounts.calls == {}


async def test_named_session_policies_follow_the_account(world: _World) -> None:
    named = make_policy("Named", document=ALLOW_ALL)
    await world.real.policies.create_policy(named)
    scope = build_scope(policy=None, policy_arns=(named.arn, ADMINISTRATOR))
    documents = await world.cache.load_session_policies(ACCOUNT_ID, scope)
    assert [(document.name, _only(document)) for document in documents] == [
        (named.arn, Effect.ALLOWED),
        (ADMINISTRATOR, Effect.ALLOWED),
    ]
    for _ in range(3):
        assert await world.cache.load_session_policies(ACCOUNT_ID, scope) is documents
    assert world.accounts.calls == {"load_revision": 1}
    assert world.policies.calls == {"load_policy": 1}
    await world.real.policies.delete_policy(named.arn)
    world.now += 1
    documents = await world.cache.load_session_policies(ACCOUNT_ID, scope)
    assert [_only(document) for document in documents] == [Effect.EXPLICIT_DENY, Effect.ALLOWED]


async def test_another_accounts_policy_narrows_a_session_to_nothing(world: _World) -> None:
    theirs = make_policy("Named", account_id=OTHER_ACCOUNT_ID, document=ALLOW_ALL)
    await world.real.policies.create_policy(theirs)
    scope = build_scope(policy=None, policy_arns=(theirs.arn,))
    documents = await world.cache.load_session_policies(ACCOUNT_ID, scope)
    assert [_only(document) for document in documents] == [Effect.EXPLICIT_DENY]


async def _new_key(world: _World) -> AccessKey:
    user_id = await world.new_user("alice")
    key = make_access_key(user_id)
    await world.real.access_keys.create_access_key(key, limit=2)
    return key


async def test_an_access_key_is_read_once_and_its_account_at_most_once_a_second(world: _World) -> None:
    key = await _new_key(world)
    for _ in range(10):
        assert await world.cache.load_access_key(key.access_key_id) == key
    world.now += 1
    await asyncio.gather(*(world.cache.load_access_key(key.access_key_id) for _ in range(10)))
    assert world.access_keys.calls == {"load_access_key": 1}
    assert world.accounts.calls == {"load_revision": 2}


async def test_a_retired_access_key_is_seen_within_a_second(world: _World) -> None:
    key = await _new_key(world)
    await world.cache.load_access_key(key.access_key_id)
    await world.real.access_keys.set_access_key_status(ACCOUNT_ID, key.user_id, key.access_key_id, "Inactive")
    world.now += 1
    assert await world.cache.load_access_key(key.access_key_id) == replace(key, status="Inactive")
    await world.real.access_keys.delete_access_key(ACCOUNT_ID, key.user_id, key.access_key_id)
    world.now += 1
    assert await world.cache.load_access_key(key.access_key_id) is None


async def test_a_key_whose_id_names_another_account_than_its_row_is_nobodys(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id's account is the one whose revision was asked: the row's could change unseen."""
    key = await _new_key(world)

    async def load(access_key_id: str) -> AccessKey:
        return replace(key, account_id="999988887777")

    monkeypatch.setattr(world.access_keys, "load_access_key", load, raising=False)
    assert await world.cache.load_access_key(key.access_key_id) is None


@pytest.mark.parametrize(
    "key_id", ["", "AKIA", "AKIAIOSFODNN7EXAMPLE!", "ASIA" + "A" * 16, "AKIA" + "1" * 16, "AKIA" + "é" * 16]
)
async def test_what_is_no_long_term_key_of_this_layout_is_asked_about_nowhere(
    world: _World, key_id: str
) -> None:
    assert await world.cache.load_access_key(key_id) is None
    assert world.access_keys.calls == {}


async def test_a_key_of_an_unknown_account_is_asked_about_once_a_second(world: _World) -> None:
    key = make_access_key("AIDANOBODY", account_id="999999999999")
    for _ in range(5):
        assert await world.cache.load_access_key(key.access_key_id) is None
    assert (world.access_keys.calls, world.accounts.calls) == ({}, {"load_revision": 1})


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
    world.principals.calls.clear()
    await world.load(users[0])
    assert world.principals.calls == {}
    await world.load(users[1])
    assert world.principals.calls == {"load_principal": 1}
