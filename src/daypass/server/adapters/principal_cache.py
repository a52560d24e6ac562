"""The directory of principals: snapshots kept until their account's revision moves.

A snapshot is only as good as the revision it was read under. The revision is read at most once per
account and second; `fresh=True` always reads it, and a write through this process is followed by one
such call, so this process never answers from before its own write. A snapshot and its revision come with
one statement, so no mixture of two revisions exists. Revisions only grow, here too: an answer that arrives
late replaces no newer one. All stores are bounded.
"""

import asyncio
from collections.abc import Mapping

from daypass.policy.document import PolicyDocument
from daypass.server.adapters.bounded_store import BoundedStore
from daypass.server.adapters.parsed_policies import ParsedPolicies
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.session_scope import SessionScope
from daypass.server.domain.tokens import access_key_account, is_long_term
from daypass.server.ports.clock import Clock
from daypass.server.ports.principal_storage import InlineText, ManagedText, PrincipalRecord
from daypass.server.ports.storage import Storage

__all__ = ["PrincipalCache"]

_Key = tuple[str, PrincipalKind, str]


class PrincipalCache:
    """`ports.principals.PrincipalDirectory` over storage. For one event loop.

    `longest_login`: seconds for which an ended login is remembered. Credentials of a login never outlive its
    absolute end, which is at most twelve hours after its beginning (`Lifetimes.login_session`): of a login revoked
    longer ago nothing can be alive.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        shipped_policies: Mapping[str, ManagedPolicy],
        *,
        capacity: int = 10_000,
        longest_login: int = 43_200,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._shipped_policies = shipped_policies
        self._longest_login = longest_login
        self._revisions: BoundedStore[str, tuple[int, int]] = BoundedStore(capacity)
        """Account to (revision, second it was read in)."""
        self._readings: dict[str, asyncio.Task[int]] = {}
        """Accounts whose revision is being read: others who need it wait for the same answer."""
        self._snapshots: BoundedStore[_Key, tuple[int, PrincipalSnapshot | None]] = BoundedStore(capacity)
        self._access_keys: BoundedStore[str, tuple[int, AccessKey | None]] = BoundedStore(capacity)
        self._policies = ParsedPolicies(capacity)
        # Anybody who may assume a role writes these texts, so there is less room for them, and their own.
        self._scopes: BoundedStore[tuple[str, SessionScope], tuple[int, tuple[PolicyDocument, ...]]]
        self._scopes = BoundedStore(capacity // 10 or 1)
        self._session_texts = ParsedPolicies(capacity // 10 or 1)

    async def load(
        self, account_id: str, kind: PrincipalKind, principal_id: str, *, fresh: bool = False
    ) -> PrincipalSnapshot | None:
        """The principal at the account's revision, or None when account or principal is gone.

        Raises StorageError.
        """
        key = (account_id, kind, principal_id.partition(":")[0])
        kept = self._snapshots.find(key)
        if kept is None:
            return await self._read_snapshot(key)
        revision = await self._read_revision(account_id) if fresh else await self._revision(account_id)
        return kept[1] if kept[0] == revision else await self._read_snapshot(key)

    async def load_session_policies(
        self, account_id: str, scope: SessionScope | None
    ) -> tuple[PolicyDocument, ...]:
        """As the port says. Only named policies ask the database, and they once per revision."""
        if scope is None:
            return ()
        revision = await self._revision(account_id) if scope.policy_arns else 0
        kept = self._scopes.find((account_id, scope))
        if kept is not None and kept[0] == revision:
            return kept[1]
        named = [ManagedText(arn, await self._text(account_id, arn)) for arn in scope.policy_arns]
        documents = tuple(map(self._managed, named))
        if scope.packed_policy:
            documents = (self._session_texts.parse("session policy", scope.policy), *documents)
        self._scopes.keep((account_id, scope), (revision, documents))
        return documents

    async def load_access_key(self, access_key_id: str) -> AccessKey | None:
        """As the port says. The key itself is read once per revision of its account."""
        account_id = access_key_account(access_key_id) if is_long_term(access_key_id) else None
        if account_id is None:
            return None
        revision = await self._revision(account_id)
        if revision < 0:
            return None
        kept = self._access_keys.find(access_key_id)
        if kept is not None and kept[0] == revision:
            return kept[1]
        key = await self._storage.access_keys.load_access_key(access_key_id)
        if key is not None and key.account_id != account_id:
            key = None  # its account's revision would say nothing about it
        self._access_keys.keep(access_key_id, (revision, key))
        return key

    async def _revision(self, account_id: str) -> int:
        """At most a second old."""
        known = self._revisions.find(account_id)
        if known is not None and known[1] == self._clock():
            return known[0]
        reading = self._readings.get(account_id)
        if reading is None:
            reading = asyncio.get_running_loop().create_task(self._read_revision(account_id))
            self._readings[account_id] = reading
            reading.add_done_callback(lambda done: self._end_reading(account_id, done))
        return await asyncio.shield(reading)

    def _end_reading(self, account_id: str, reading: asyncio.Task[int]) -> None:
        del self._readings[account_id]
        if not reading.cancelled():
            reading.exception()  # whoever waits hears it; nobody may be left to

    async def _read_revision(self, account_id: str) -> int:
        second = self._clock()
        return self._note_revision(account_id, await self._storage.accounts.load_revision(account_id), second)

    def _note_revision(self, account_id: str, revision: int, second: int) -> int:
        """The newest revision that is known, this one included."""
        known = self._revisions.find(account_id)
        if known is not None and 0 <= revision < known[0]:
            return known[0]
        if known is not None and revision == known[0]:
            second = max(second, known[1])
        self._revisions.keep(account_id, (revision, second))
        return revision

    async def _read_snapshot(self, key: _Key) -> PrincipalSnapshot | None:
        second = self._clock()
        revision, record = await self._storage.principals.load_principal(
            *key, revoked_since=second - self._longest_login
        )
        self._note_revision(key[0], revision, second)
        snapshot = None if record is None else self._snapshot(key, revision, record)
        kept = self._snapshots.find(key)
        if kept is None or revision < 0 or kept[0] <= revision:
            self._snapshots.keep(key, (revision, snapshot))
        return snapshot

    def _snapshot(self, key: _Key, revision: int, record: PrincipalRecord) -> PrincipalSnapshot:
        account_id, kind, principal_id = key
        resource = "root" if kind == "root" else f"{kind}{record.path}{record.name}"
        managed = tuple(self._managed(text) for text in record.managed)
        inline = tuple(self._inline(text, f"{kind} {record.name}") for text in record.inline)
        return PrincipalSnapshot(
            account_id=account_id,
            kind=kind,
            principal_id=principal_id,
            arn=f"arn:aws:iam::{account_id}:{resource}",
            name=record.name,
            credentials_epoch=record.credentials_epoch,
            revision=revision,
            policies=managed + inline,
            tags=record.tags,
            boundary=None if record.boundary is None else self._managed(record.boundary),
            service_control_policies=tuple(
                self._policies.parse(f"service control policy {text.policy_name}", text.document)
                for text in record.service_control_policies
            ),
            ended_login_ids=record.ended_login_ids,
        )

    def _managed(self, policy: ManagedText) -> PolicyDocument:
        shipped = self._shipped_policies.get(policy.policy_arn)
        return self._policies.parse(
            policy.policy_arn, policy.document if shipped is None else shipped.document
        )

    def _inline(self, policy: InlineText, owner: str) -> PolicyDocument:
        owner = f"group {policy.group_name}" if policy.group_name else owner
        return self._policies.parse(f"inline policy {policy.policy_name} of {owner}", policy.document)

    async def _text(self, account_id: str, policy_arn: str) -> str | None:
        """Of a policy of this account; None for a shipped one, another account's, and one that is gone."""
        if policy_arn in self._shipped_policies or policy_arn.split(":")[4:5] != [account_id]:
            return None
        policy = await self._storage.policies.load_policy(policy_arn)
        return None if policy is None else policy.document
