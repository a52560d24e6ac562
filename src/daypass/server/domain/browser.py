"""A browser, as the server knows it: the hash of a secret that only its cookie holds.

A sign-in session counts only while its principal exists and has the credentials it signed in with.
"""

import hashlib

from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.session import SignInSession

__all__ = ["BROWSER_SECRET_LENGTH", "browser_hash", "is_current"]

BROWSER_SECRET_LENGTH = 32
"""Bytes of the cookie's secret."""


def browser_hash(browser_secret: bytes) -> bytes:
    """SHA-256: the secret is random and long, so nothing slower is needed."""
    return hashlib.sha256(browser_secret).digest()


def is_current(session: SignInSession, snapshot: PrincipalSnapshot | None) -> bool:
    """Whether the session's principal still exists with unchanged credentials."""
    return snapshot is not None and snapshot.credentials_epoch == session.credentials_epoch
