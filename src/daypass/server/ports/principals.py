"""The directory of principals.

It may cache, because every snapshot names the revision it was read under. Callers that must be exact
(redeeming a code, refreshing) put `snapshot.revision` into the write's condition and ask again with
`fresh=True` when the write answers `stale`; all others accept a snapshot up to one second old.
"""

from typing import Protocol

from daypass.policy.document import PolicyDocument
from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.session_scope import SessionScope

__all__ = ["PrincipalDirectory"]


class PrincipalDirectory(Protocol):
    """Loads snapshots. Implemented by `adapters/principal_cache.py` over the storage ports."""

    async def load(
        self, account_id: str, kind: PrincipalKind, principal_id: str, *, fresh: bool = False
    ) -> PrincipalSnapshot | None:
        """None when the account or principal no longer exists.

        `principal_id` may be `AROA…:session`; the part behind the colon is ignored.
        """
        ...

    async def load_session_policies(
        self, account_id: str, scope: SessionScope | None
    ) -> tuple[PolicyDocument, ...]:
        """The parsed session policies; empty when nothing is narrowed. A named policy that is gone, or a text that
        cannot be read, denies everything: nobody knows what it would have left.
        """
        ...

    async def load_access_key(self, access_key_id: str) -> AccessKey | None:
        """A long-term key, active or not; at most one second old. The account is read from the id."""
        ...
