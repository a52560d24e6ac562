"""The S3-compatible store behind the gateway: where it is and with whose keys it is spoken to.

The backend's own credentials stay here; no caller's credential ever reaches the backend.
"""

from dataclasses import dataclass

from daypass.protocol.aws.sigv4 import Credentials

__all__ = ["Backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend endpoint."""

    endpoint_url: str
    """`http://127.0.0.1:8333`: scheme, host and port, no path, no trailing slash."""
    credentials: Credentials
    region: str = "us-east-1"
