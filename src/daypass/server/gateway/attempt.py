"""What is known so far of one request, for the refusal, the audit log and the metrics. A record only.

Unlike the other records it is filled in as the request is understood: whatever step refuses, what was
learned before it is here.
"""

from dataclasses import dataclass

from daypass.server.domain.audit import Caller
from daypass.server.domain.tokens import SessionClaims

__all__ = ["Attempt"]


@dataclass(slots=True)
class Attempt:
    """One request, from arrival to answer."""

    caller: Caller
    resource: str
    """`/bucket/key`; the path as sent until it is decoded."""
    operation_name: str = "Unknown"
    claims: SessionClaims | None = None
    """Set once the signature is proven, never before."""
