"""Whose role session it is: the person at its root, however many roles lie between.

A role and a session name do not say who: two people of one provider, or two users of one name in two accounts, can be
in the same role under the same name. What a person took in the pages ends with that person: its owner carries the
epoch of the user's credentials, and lives only while the user exists with that epoch. What came through the API is only
told apart; role credentials outlive their user, as in AWS.
"""

import hashlib
from typing import Literal

import msgspec

__all__ = ["UNBOUND", "ParentLogin", "RoleOwner", "federated_owner"]

UNBOUND = -1
"""The epoch of an owner whose end is not the role session's."""
_DIGEST_CHARACTERS = 24


class RoleOwner(msgspec.Struct, frozen=True, array_like=True):
    """A user, or somebody an identity provider vouched for."""

    account_id: str
    principal_id: str
    """`AIDA…`; of a federated person a digest, for there is no principal to look up."""
    credentials_epoch: int = UNBOUND
    """Of the user when the role was taken in the pages."""

    @property
    def key(self) -> str:
        """What two owners are compared by."""
        return f"{self.account_id}|{self.principal_id}"

    @property
    def is_bound(self) -> bool:
        """Whether the role session ends with this user."""
        return self.credentials_epoch != UNBOUND


class ParentLogin(msgspec.Struct, frozen=True, array_like=True):
    """The terminal login whose credentials assumed a role: these end when it is revoked."""

    login_id: str
    account_id: str
    kind: Literal["root", "user", "role"]
    principal_id: str
    """With account and kind what the directory is asked for."""


def federated_owner(account_id: str, provider_arn: str, subject: str) -> RoleOwner:
    """Of a person at a provider; nobody to look up, so never bound."""
    digest = hashlib.sha256(f"{provider_arn}|{subject}".encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return RoleOwner(account_id, digest)
