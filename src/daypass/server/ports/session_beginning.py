"""How a session begins in a browser, whatever proved the person. Implemented by `flows/begin_session.py`."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from daypass.server.domain.audit import Caller
from daypass.server.domain.session import SignInSession

__all__ = ["Proven", "SessionBeginning", "SessionFull", "SignedIn"]


@dataclass(frozen=True, slots=True)
class Proven:
    """A root or IAM user whose proofs all held."""

    account_id: str
    kind: Literal["root", "user"]
    principal_id: str
    principal_arn: str
    credentials_epoch: int
    mfa_at: int = 0
    """When a second factor was proven; 0 for never."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Done. The browser's cookie must now hold `browser_secret`."""

    session: SignInSession
    browser_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionFull:
    """This browser holds five identities already."""


class SessionBeginning(Protocol):
    """Gives a proven person a place in a browser."""

    async def begin(
        self, proven: Proven, *, old_browser: bytes, caller: Caller, now: int
    ) -> SignedIn | SessionFull:
        """The browser's secret changes with it: a planted cookie never comes to hold a session.

        `old_browser` is the hash of the browser's present secret. Writes the audit row of either outcome.
        """
        ...
