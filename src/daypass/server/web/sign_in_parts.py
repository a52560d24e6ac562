"""What the sign-in service is made of: one record, filled by the composition root, read by the web layer.

Only values and ports stand here, no behaviour. `app.py` builds one and hands it to `build_token_app` and
`build_pages_app`.
"""

from dataclasses import dataclass
from typing import Literal

from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.lifetimes import AWS_SIGN_IN_LIFETIMES, Lifetimes
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.ports.clock import Clock, Randomness
from daypass.server.ports.metrics import Metrics
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.passkeys import Passkeys
from daypass.server.ports.password_hasher import PasswordHasher
from daypass.server.ports.password_judge import PasswordJudge
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage

__all__ = ["SignInParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInParts:
    """Everything the sign-in pages and the token endpoint need."""

    storage: Storage
    ring: KeyRing
    directory: PrincipalDirectory
    hasher: PasswordHasher
    clock: Clock
    randomness: Randomness
    metrics: Metrics
    saml: SamlServiceProvider
    oidc: OpenIdRelyingParty
    passkeys: Passkeys
    judge: PasswordJudge
    external_url: str
    """`scheme://host[:port]`, no trailing slash: what browsers and terminals call this server."""
    alternate_urls: frozenset[str] = frozenset()
    """Other origins of this same server, in the same form."""
    region: str
    s3_url: str = ""
    """The gateway's origin, for the metadata document; empty when there is none to name."""
    lifetimes: Lifetimes = AWS_SIGN_IN_LIFETIMES
    refresh_reuse: Literal["refuse", "revoke"] = "refuse"
    """What an outdated refresh token does to its session."""

    identity_providers: tuple[ListedProvider, ...] = ()
    """The operator's list, in its order."""
    show_saml_providers: bool = True
    """Whether SAML providers that are not on the list stand on the page."""

    @property
    def own_urls(self) -> frozenset[str]:
        """Every origin under which this server answers."""
        return self.alternate_urls | {self.external_url}
