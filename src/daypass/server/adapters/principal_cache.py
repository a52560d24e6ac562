"""The directory of principals: snapshots kept until their account's revision moves.

A snapshot is only as good as the revision it was read under. The revision is read at most once per
account and second; `fresh=True` always reads it, and a write through this process is followed by one
such call, so this process never answers from before its own write. A snapshot that was read while the
revision moved is read again: no mixture of two revisions is ever returned. Parsed policies are kept by
their ARN and text, so a changed text can never meet an old parse. All stores are bounded.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeVar

from daypass.errors import StorageError
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import PrincipalKind
from daypass.server.ports.clock import Clock
from daypass.server.ports.storage import Storage

__all__ = ["PrincipalCache"]

_K = TypeVar("_K")
_V = TypeVar("_V")
_Key = tuple[str, PrincipalKind, str]
_NO_TAGS: Tags = ()
_READ_ATTEMPTS = 5
"""How often a snapshot is read again because the account changed meanwhile."""


class PrincipalCache:
    """`ports.principals.PrincipalDirectory` over storage. For one event loop."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        shipped_policies: Mapping[str, ManagedPolicy],
        *,
        capacity: int = 10_000,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._shipped_policies = shipped_policies
        self._capacity = capacity
        self._revisions: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Account to (revision, second it was read in)."""
        self._snapshots: OrderedDict[_Key, tuple[int, PrincipalSnapshot | None]] = OrderedDict()
        self._documents: OrderedDict[tuple[str, str], PolicyDocument] = OrderedDict()

    async def load(
        self, account_id: str, kind: PrincipalKind, principal_id: str, *, fresh: bool = False
    ) -> PrincipalSnapshot | None:
        """The principal at the account's revision, or None when account or principal is gone.

        Raises StorageError, also for an account that changes faster than it can be read.
        """
        key = (account_id, kind, principal_id.partition(":")[0])
        known = self._revisions.get(account_id)
        if fresh or known is None or known[1] != self._clock():
            revision = await self._read_revision(account_id)
        else:
            revision = known[0]
        kept = self._snapshots.get(key)
        if kept is not None and kept[0] == revision:
            self._snapshots.move_to_end(key)
            return kept[1]
        return await self._read_snapshot(key, revision)

    async def _read_revision(self, account_id: str) -> int:
        second = self._clock()
        revision = await self._storage.accounts.load_revision(account_id)
        _keep(self._revisions, account_id, (revision, second), self._capacity)
        return revision

    async def _read_snapshot(self, key: _Key, revision: int) -> PrincipalSnapshot | None:
        for _ in range(_READ_ATTEMPTS):
            snapshot = None if revision < 0 else await self._read_principal(key, revision)
            revision_after = await self._read_revision(key[0])
            if revision_after == revision:
                _keep(self._snapshots, key, (revision, snapshot), self._capacity)
                return snapshot
            revision = revision_after
        raise StorageError("the account changes faster than it can be read")

    async def _read_principal(self, key: _Key, revision: int) -> PrincipalSnapshot | None:
        account_id, kind, principal_id = key
        if kind == "root":
            return await self._read_root(account_id, principal_id, revision)
        if kind == "user":
            user = await self._storage.users.load_user_by_id(account_id, principal_id)
            if user is None:
                return None
            arn, name, epoch, tags = user.arn, user.user_name, user.credentials_epoch, _NO_TAGS
        else:
            role = await self._storage.roles.load_role_by_id(account_id, principal_id)
            if role is None:
                return None
            arn, name, epoch, tags = role.arn, role.role_name, 0, role.tags
        policies = await self._read_policies(account_id, principal_id)
        return PrincipalSnapshot(
            account_id=account_id,
            kind=kind,
            principal_id=principal_id,
            arn=arn,
            name=name,
            credentials_epoch=epoch,
            revision=revision,
            policies=policies,
            tags=tags,
        )

    async def _read_root(self, account_id: str, principal_id: str, revision: int) -> PrincipalSnapshot | None:
        account = await self._storage.accounts.load_account(account_id)
        if account is None or principal_id != account_id:
            return None
        return PrincipalSnapshot(
            account_id=account_id,
            kind="root",
            principal_id=account_id,
            arn=f"arn:aws:iam::{account_id}:root",
            name="",
            credentials_epoch=account.root_credentials_epoch,
            revision=revision,
            policies=(),
        )

    async def _read_policies(self, account_id: str, principal_id: str) -> tuple[PolicyDocument, ...]:
        documents = []
        for policy_arn in await self._storage.policies.list_attached_policies(account_id, principal_id):
            policy = self._shipped_policies.get(policy_arn) or await self._storage.policies.load_policy(
                policy_arn
            )
            # A missing text may have been a deny, so it must not pass as fewer denies. (A policy removed
            # meanwhile moves the revision, and the snapshot is read again.)
            documents.append(self._parse(policy_arn, None if policy is None else policy.document))
        return tuple(documents)

    def _parse(self, policy_arn: str, text: str | None) -> PolicyDocument:
        if text is None:
            return _refuse_everything(policy_arn)
        document = self._documents.get((policy_arn, text))
        if document is None:
            try:
                document = parse_policy(text, name=policy_arn)
            except MalformedPolicyDocument:
                document = _refuse_everything(policy_arn)
            _keep(self._documents, (policy_arn, text), document, self._capacity)
        else:
            self._documents.move_to_end((policy_arn, text))
        return document


def _refuse_everything(policy_arn: str) -> PolicyDocument:
    """What stands for a stored policy that cannot be read: nobody knows what it denied."""
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    return parse_policy(text, name=f"{policy_arn} (cannot be read)")


def _keep(store: OrderedDict[_K, _V], key: _K, value: _V, capacity: int) -> None:
    """Remember the newest; forget the longest unused beyond the capacity."""
    store[key] = value
    store.move_to_end(key)
    if len(store) > capacity:
        store.popitem(last=False)
