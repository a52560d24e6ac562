"""One request to STS that carries no signature: the assertion or token in it is its proof, and is still unproven.

A type of its own, so that no flow can take it for a `VerifiedCall`. `FederationDenied` tells the audit log whom
a refusal was for: a stranger whose proof did not hold has no name, and leaves no row.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied
from daypass.server.domain.assumed_role import AssumedRole
from daypass.server.domain.audit import Caller
from daypass.server.domain.federated_caller import FederatedCaller

__all__ = ["FederatedRole", "FederationDenied", "UnsignedCall"]


@dataclass(frozen=True, slots=True)
class UnsignedCall:
    """Where it came from, and when."""

    caller: Caller
    now: int
    """Epoch seconds."""
    region: str
    """What policies see as aws:RequestedRegion: no scope names one, so it is the server's own."""


@dataclass(frozen=True, slots=True)
class FederatedRole:
    """A role assumed by somebody an identity provider vouches for."""

    who: FederatedCaller
    assumed: AssumedRole
    audience: str
    """Who the proof was made for, as the answer gives it back."""
    name_qualifier: str = ""
    """SAML only."""


class FederationDenied(AccessDenied):
    """A denial of somebody whose proof held."""

    def __init__(self, denied: AccessDenied, who: FederatedCaller) -> None:
        super().__init__(denied.message, detail=denied.detail)
        self.who = who
