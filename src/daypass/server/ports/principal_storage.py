"""The storage contract for decisions: one principal with everything that decides about it, read at one moment.

Everything comes with one statement, so no mixture of two revisions of the account can be seen. Texts are as stored;
`adapters/principal_cache.py` parses them.
"""

from dataclasses import dataclass
from typing import Protocol

from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.session import PrincipalKind

__all__ = ["InlineText", "ManagedText", "PrincipalRecord", "PrincipalStore"]


@dataclass(frozen=True, slots=True)
class ManagedText:
    """A managed policy that is named, by whomever."""

    policy_arn: str
    document: str | None
    """The default version; None when the account has no such policy: shipped with the server, or gone."""


@dataclass(frozen=True, slots=True)
class InlineText:
    """A policy inside the principal or inside one of its groups; or one over the account."""

    policy_name: str
    document: str
    group_name: str = ""
    """Empty when it is the principal's own."""


@dataclass(frozen=True, slots=True)
class PrincipalRecord:
    """What is stored about one principal."""

    name: str
    """User or role name; empty for root."""
    path: str
    credentials_epoch: int
    tags: Tags
    boundary: ManagedText | None
    managed: tuple[ManagedText, ...]
    """Its own and its groups', each once, in order of ARN."""
    inline: tuple[InlineText, ...]
    """Its own, then its groups', in order of names."""
    service_control_policies: tuple[InlineText, ...]
    """The account's, in order of names."""
    ended_login_ids: frozenset[str]


class PrincipalStore(Protocol):
    """Principals as decisions need them."""

    async def load_principal(
        self, account_id: str, kind: PrincipalKind, principal_id: str, *, revoked_since: int
    ) -> tuple[int, PrincipalRecord | None]:
        """The account's revision, -1 without such an account, and the principal, None when there is none.

        `principal_id`: account id for root, `AIDA…`, or `AROA…` without a session name; for a role the logins of all
        its sessions count. `revoked_since`: logins that were revoked before this moment are left out.
        """
        ...
