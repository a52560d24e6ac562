"""What names an identity provider: a SAML provider's name, an issuer's URL, their ARNs, client ids, thumbprints.

Patterns and lengths are those of the IAM API reference ("CreateSAMLProvider", "CreateOpenIDConnectProvider"
request parameters), narrowed where a trust policy could not name the result: a URL's path keeps to the
characters of the `Federated` principal. An issuer is https; plain http is understood for loopback hosts only.
"""

import base64
import re

from daypass.protocol.aws.errors import AccessDenied, ConcurrentModification, InvalidInput, NoSuchEntity
from daypass.server.domain.identifiers import check_length
from daypass.server.domain.identity_provider import (
    is_oidc_provider_arn,
    is_saml_provider_arn,
    provider_account,
)
from daypass.server.domain.verified_call import VerifiedCall

__all__ = [
    "LONG_ID_SEED_BYTES",
    "build_long_id",
    "check_client_id",
    "check_issuer_url",
    "check_oidc_provider_arn",
    "check_own_provider",
    "check_saml_provider_arn",
    "check_thumbprint",
    "concurrent_change",
    "is_own_provider",
    "no_such_oidc_provider",
    "no_such_saml_provider",
]

LONG_ID_SEED_BYTES = 20
"""Random bytes behind one long id, all of which reach the text."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_is_issuer = re.compile(
    rf"(?:https://{_LABEL}(?:\.{_LABEL})*|http://(?:localhost|127\.0\.0\.1))(?::([0-9]{{1,5}}))?(/[\w./:-]*)?",
    re.ASCII,
).fullmatch
_is_client_id = re.compile(r"[\x20-\x7e]+").fullmatch
_is_thumbprint = re.compile(r"[0-9A-Fa-f]{40}").fullmatch


def build_long_id(prefix: str, seed: bytes) -> str:
    """`SAML` or `KEY` and 32 characters of A–Z and 2–7. `seed` is LONG_ID_SEED_BYTES random bytes."""
    return prefix + base64.b32encode(seed).decode("ascii")


def check_saml_provider_arn(member: str, text: str) -> str:
    """Raises ValidationError, InvalidInput."""
    check_length(member, text, least=20, most=2048)
    if not is_saml_provider_arn(text):
        raise InvalidInput("The SAML provider ARN is not valid.")
    return text


def check_oidc_provider_arn(member: str, text: str) -> str:
    """Raises ValidationError, InvalidInput."""
    check_length(member, text, least=20, most=2048)
    if not is_oidc_provider_arn(text):
        raise InvalidInput("The OpenID Connect provider ARN is not valid.")
    return text


def check_issuer_url(member: str, text: str) -> str:
    """An issuer: `https://host[:port][/path]`, nothing behind it. Raises ValidationError, InvalidInput."""
    check_length(member, text, least=1, most=255)
    found = _is_issuer(text)
    if found is None or not 0 < int(found[1] or "443") < 65536:
        raise InvalidInput("Invalid Open ID Connect Provider URL")
    if any(segment in (".", "..") for segment in (found[2] or "").split("/")):
        raise InvalidInput("Invalid Open ID Connect Provider URL")
    return text


def check_client_id(member: str, text: str) -> str:
    """A client id, which is an audience: 1–255 visible characters and spaces (RFC 6749 appendix A.1)."""
    check_length(member, text, least=1, most=255)
    if not _is_client_id(text):
        raise InvalidInput("A client ID has a character that is not allowed.")
    return text


def check_thumbprint(member: str, text: str) -> str:
    """The SHA-1 of a certificate in hex, lower-cased. Raises ValidationError, InvalidInput."""
    check_length(member, text, least=40, most=40)
    if not _is_thumbprint(text):
        raise InvalidInput("Invalid thumbprint.")
    return text.lower()


def is_own_provider(call: VerifiedCall, provider_arn: str) -> bool:
    """Whether the provider would be one of the caller's account."""
    return provider_account(provider_arn) == call.account_id


def check_own_provider(call: VerifiedCall, action: str, provider_arn: str) -> None:
    """Raises AccessDenied for another account's: no policy of ours can open it, not even for root."""
    if not is_own_provider(call, provider_arn):
        raise AccessDenied(
            f"User: {call.claims.principal_arn} is not authorized to perform: {action} on resource: "
            f"{provider_arn}"
        )


def concurrent_change() -> ConcurrentModification:
    """In IAM's words: nothing was changed, and asking again is right."""
    return ConcurrentModification(
        "The request was rejected because multiple requests to change this object were submitted "
        "simultaneously. Submit your request again."
    )


def no_such_saml_provider(provider_arn: str) -> NoSuchEntity:
    """In IAM's words."""
    return NoSuchEntity(f"Manifest not found for arn {provider_arn}")


def no_such_oidc_provider(provider_arn: str) -> NoSuchEntity:
    """In IAM's words."""
    return NoSuchEntity(f"OpenIDConnect Provider not found for arn {provider_arn}")
