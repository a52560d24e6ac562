"""Passkeys: what the WebAuthn ceremonies need. Implemented by `adapters/passkeys.py` over a library.

Texts called `options` and `answer` are the JSON the browser's API takes and gives (WebAuthn Level 3 §5.1.8 `toJSON`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["NewPasskey", "PasskeyRefused", "Passkeys"]


class PasskeyRefused(Exception):
    """The answer does not prove what was asked. Its text is for the log."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What an authenticator made."""

    credential_id: bytes
    public_key: bytes
    """COSE key."""
    sign_count: int


class Passkeys(Protocol):
    """The two ceremonies. An answer counts for one challenge, our own origin and host name, and no others."""

    @property
    def is_available(self) -> bool:
        """Whether browsers offer passkeys here: not under a bare IP address (WebAuthn §5.1.3, valid domain)."""
        ...

    def registration_options(
        self, *, challenge: bytes, user_id: bytes, user_name: str, exclude: Sequence[bytes]
    ) -> str:
        """For `navigator.credentials.create`; `exclude` has the credential ids the person has already."""
        ...

    def verify_registration(self, answer: str, *, challenge: bytes) -> NewPasskey:
        """Raises PasskeyRefused."""
        ...

    def authentication_options(self, *, challenge: bytes, allow: Sequence[bytes]) -> str:
        """For `navigator.credentials.get`."""
        ...

    def read_credential_id(self, unverified_answer: str) -> bytes:
        """Which passkey says it answered; nothing is proven. Raises PasskeyRefused."""
        ...

    def verify_authentication(
        self, answer: str, *, challenge: bytes, public_key: bytes, sign_count: int
    ) -> int:
        """The authenticator's new counter. Raises PasskeyRefused, also when the counter went back (a copied key)."""
        ...
