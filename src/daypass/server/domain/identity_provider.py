"""The identity providers an account trusts: SAML and OpenID Connect. Records only.

They are IAM's nouns (IAM API reference, "CreateSAMLProvider", "CreateOpenIDConnectProvider"); who may sign in
through one, and as what, is said by the trust policies of roles that name its ARN. Private keys are kept
sealed (`domain.key_ring`, purpose `saml-key`) and resealed when the ring has a newer key.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = [
    "OidcProvider",
    "SamlPrivateKey",
    "SamlProvider",
    "Tags",
    "is_oidc_provider_arn",
    "is_saml",
    "is_saml_provider_arn",
    "provider_account",
    "provider_path",
]

Tags = tuple[tuple[str, str], ...]
"""(key, value) pairs, in order of key; keys differ when compared case-insensitively."""


is_saml_provider_arn = re.compile(r"arn:aws:iam::[0-9]{12}:saml-provider/[\w._-]{1,128}", re.ASCII).fullmatch
is_oidc_provider_arn = re.compile(r"arn:aws:iam::[0-9]{12}:oidc-provider/[\w./:-]{1,255}", re.ASCII).fullmatch
"""The whole forms, for ARNs that somebody typed."""


@dataclass(frozen=True, slots=True)
class SamlPrivateKey:
    """A key the administrator added, to open assertions the provider encrypted for it."""

    key_id: str
    """`KEY…`, 22–64 characters of A–Z and 0–9."""
    created_at: int
    sealed_key: str = field(repr=False)
    """The PKCS #8 DER bytes, sealed."""


@dataclass(frozen=True, slots=True)
class SamlProvider:
    """One SAML 2.0 identity provider of an account."""

    account_id: str
    name: str
    """1–128 of `[\\w._-]`; unique in the account, compared case-insensitively."""
    provider_uuid: str
    """`SAML…`: the last part of this provider's own assertion consumer URL."""
    metadata_document: str
    """The identity provider's metadata, as stored."""
    entity_id: str
    """Of that metadata: the only issuer whose assertions count."""
    created_at: int
    valid_until: int
    """When metadata or its newest certificate ends, epoch seconds."""
    sealed_service_key: str = field(repr=False)
    """Our RSA key for this provider, made with it: it signs what we send and opens what we are sent. Sealed."""
    service_certificate: str
    """The certificate of that key, base64 of DER, for our metadata."""
    assertion_encryption: str = ""
    """``, `Allowed` or `Required` (AssertionEncryptionMode)."""
    private_keys: tuple[SamlPrivateKey, ...] = ()
    """At most two."""
    tags: Tags = ()

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account}:saml-provider/{name}`."""
        return f"arn:aws:iam::{self.account_id}:saml-provider/{self.name}"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """One OpenID Connect identity provider of an account."""

    account_id: str
    url: str
    """The issuer, `https://host[:port][/path]`, exactly as its tokens say it in `iss`."""
    client_ids: tuple[str, ...]
    """The audiences its tokens may have, at most 100."""
    thumbprints: tuple[str, ...]
    """As given; kept for the API. TLS is verified against trusted authorities instead."""
    created_at: int
    tags: Tags = ()

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account}:oidc-provider/{url without scheme}`."""
        return f"arn:aws:iam::{self.account_id}:oidc-provider/{provider_path(self.url)}"


def is_saml(provider_arn: str) -> bool:
    """Which kind of provider an ARN names, whose form was checked before."""
    return ":saml-provider/" in provider_arn


def provider_account(provider_arn: str) -> str:
    """The twelve digits in a provider's ARN; empty for what has no such place."""
    return "".join(provider_arn.split(":")[4:5])


def provider_path(url: str) -> str:
    """The URL without its scheme: the end of the ARN and the beginning of condition keys (`host/path:sub`)."""
    parts = urlsplit(url)
    return parts.netloc + parts.path.rstrip("/")
