"""How long things live, in seconds, and which document chose each default."""

from dataclasses import dataclass

__all__ = ["AWS_SIGN_IN_LIFETIMES", "Lifetimes"]


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Every life the sign-in service hands out."""

    credentials: int = 900
    """Temporary keys: `expiresIn` is 1..900 (Sign-In API model). Tests may set less."""
    login_session: int = 43_200
    """From redemption to the absolute end; 900..43200 (AWS: at most 12 hours)."""
    sign_in_session: int = 43_200
    """A browser's session (AWS console: at most 12 hours)."""
    code: int = 300
    """Authorization code; at most 300 (RFC 6749 §4.1.2 recommends at most 10 minutes)."""
    pending_authorization: int = 600
    """From `/v1/authorize` to the choice of a session; the CLI waits 600."""
    dpop_max_age: int = 300
    """How old a proof's `iat` may be: clients do not correct their clock for unsigned calls."""
    dpop_max_future: int = 300
    """How far ahead a proof's `iat` may be."""


AWS_SIGN_IN_LIFETIMES = Lifetimes()
