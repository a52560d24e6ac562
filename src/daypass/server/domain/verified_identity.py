"""A person an identity provider vouches for, once every check of the wire held. Records only.

Only `adapters/saml/` and `adapters/oidc/` make these; what they say still gives no right: that is for the
trust policies of roles to decide (`domain.federated_caller`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["VerifiedAssertion", "VerifiedIdToken"]


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """An assertion whose signature, times, audience, recipient and issuer hold."""

    provider_arn: str
    assertion_id: str
    issuer: str
    subject: str
    subject_type: str
    """`persistent`, `transient`, or the NameID format's full URI."""
    name_qualifier: str
    """base64(SHA-1(issuer + account id + "/" + provider name)), as AssumeRoleWithSAML returns it."""
    audience: str
    """The recipient URL: what AssumeRoleWithSAML returns as Audience."""
    in_response_to: str
    idp_session: str
    """SessionIndex."""
    session_ends_at: int | None
    """SessionNotOnOrAfter."""
    expires_at: int
    """After this moment (skew included) no check would accept it: how long its id must be remembered."""
    attributes: Mapping[str, tuple[str, ...]]
    """By attribute Name."""


@dataclass(frozen=True, slots=True)
class VerifiedIdToken:
    """A token whose signature, issuer, audience and times hold."""

    issuer: str
    subject: str
    audience: str
    """The client id among `aud` (or `azp`) that the provider's list names."""
    claims: Mapping[str, object]
    """Every claim, as parsed JSON."""
    expires_at: int
    idp_session: str = ""
    """`sid`."""
