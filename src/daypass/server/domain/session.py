"""Who is signed in, in a browser (`SignInSession`) and in a terminal (`LoginSession`). Records only.

A sign-in session is one identity in one browser; a browser holds at most `MAX_ACTIVE_SESSIONS`.
A login session is one `aws login`: it begins when a code is redeemed, its `generation` counts refreshes,
and it ends at `ends_at` whatever happens. All times are epoch seconds.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session_scope import SessionScope

__all__ = ["MAX_ACTIVE_SESSIONS", "LoginSession", "PrincipalKind", "SignInSession"]

MAX_ACTIVE_SESSIONS = 5
"""AWS multi-session support: up to five identities side by side in one browser."""

PrincipalKind = Literal["root", "user", "role"]


@dataclass(frozen=True, slots=True)
class SignInSession:
    """One identity signed in in one browser."""

    session_id: str
    """UUID text."""
    browser_hash: bytes
    """SHA-256 of the browser cookie's secret; the secret itself is never stored."""
    account_id: str
    principal_kind: PrincipalKind
    principal_arn: str
    """Root, user or assumed-role ARN: the `sub` of the ID token and the name on the chooser."""
    principal_id: str
    """What policies call aws:userid: account id, `AIDA…`, or `AROA…:session`."""
    credentials_epoch: int
    authenticated_at: int
    """When the person signed in here; 0 when nobody did: the session was made of credentials (a broker's link)."""
    expires_at: int
    last_used_at: int
    role_session: RoleSession | None = None
    """For role sessions; None for root and users."""
    mfa_at: int = 0
    """When a second factor was proven here, epoch seconds; 0 for never."""


class LoginSession(msgspec.Struct, frozen=True):
    """One terminal login. The row behind every refresh token of one chain.

    A Struct, because every refresh makes one and a frozen dataclass takes twenty times as long.
    """

    session_id: str
    """UUID text."""
    account_id: str
    principal_kind: PrincipalKind
    principal_arn: str
    principal_id: str
    credentials_epoch: int
    client_id: str
    dpop_jkt: str
    """RFC 7638 thumbprint of the key every refresh must prove (43 characters)."""
    generation: int
    """0 at redemption; +1 per refresh."""
    rotated_at: int
    """When the current generation was issued: the credentials' `issued_at`."""
    sealed_by: str
    """Key id that sealed the current generation, so that a replay re-derives the same bytes."""
    created_at: int
    ends_at: int
    """Absolute end."""
    revoked_at: int | None = None
    role_session: RoleSession | None = None
    """For role sessions; None for root and users."""
    mfa_at: int = 0
    """When a second factor was proven for this login, epoch seconds; 0 for never."""
    scope: SessionScope | None = None
    """What narrows this login; None when nothing does."""
