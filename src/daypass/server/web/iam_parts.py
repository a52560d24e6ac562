"""What the rows of the IAM API are made of."""

from dataclasses import dataclass

from daypass.server.domain.key_ring import KeyRing
from daypass.server.ports.clock import Randomness
from daypass.server.ports.password_hasher import PasswordHasher
from daypass.server.ports.password_judge import PasswordJudge
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage

__all__ = ["IamParts"]


@dataclass(frozen=True, slots=True)
class IamParts:
    """The ports, as the builders of rows take them."""

    storage: Storage
    ring: KeyRing
    hasher: PasswordHasher
    randomness: Randomness
    saml: SamlServiceProvider
    judge: PasswordJudge | None = None
    issuer: str = ""
    """Of web identity tokens: the server's URL without trailing slash."""
