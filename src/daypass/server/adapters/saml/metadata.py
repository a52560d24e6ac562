"""An identity provider's metadata document becomes what we need of it (SAML V2.0 Metadata §2.4).

The document is the administrator's word, uploaded over the IAM API: its own signature, if any, is not ours to judge.
The certificates in it are the only keys that can ever prove a message of this provider; several may be current, so
that a provider can change its key without an interruption. Keys below 2048 bits and curves below 256 are no proof.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from daypass.protocol.aws.errors import InvalidInput
from daypass.server.adapters.saml.names import HTTP_REDIRECT, SAMLP, ds, md
from daypass.server.adapters.saml.refusals import Unreadable
from daypass.server.adapters.saml.times import parse_instant
from daypass.server.adapters.saml.xml_source import Element, decode_base64, parse_xml, text_of
from daypass.server.ports.saml import SamlMetadata

__all__ = ["METADATA_BYTES", "IdentityProvider", "load_provider", "parse_metadata"]

METADATA_BYTES = 1_000_000
"""IAM takes ten times as many, for federations' lists of providers, which we refuse; one provider with logos and
several certificates stays below a tenth of this, and the document is parsed on the event loop."""

_CERTIFICATES = 10
_CERTIFICATE_BYTES = 16 * 1024
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One provider: what the port shows, and the certificates that prove its messages."""

    metadata: SamlMetadata
    certificates: tuple[x509.Certificate, ...]
    """In the document's order; at least one."""


def parse_metadata(document: str, *, now: int) -> IdentityProvider:
    """Raises InvalidInput for anything but one provider that has a signing certificate and an end ahead."""
    provider = load_provider(document)
    if provider.metadata.valid_until <= now:
        raise InvalidInput("the metadata document, or each signing certificate in it, has expired")
    return provider


@lru_cache(maxsize=32)
def load_provider(document: str) -> IdentityProvider:
    """The same without asking the time: a stored document is parsed once, not at each sign-in."""
    try:
        root = parse_xml(document.encode("utf-8", "surrogatepass"), limit=METADATA_BYTES)
        return _read_entity(root)
    except Unreadable as unreadable:
        raise InvalidInput(f"the metadata cannot be used: {unreadable}") from None


def _read_entity(root: Element) -> IdentityProvider:
    if root.tag == md("EntitiesDescriptor"):
        raise Unreadable("it describes several entities (EntitiesDescriptor); give one EntityDescriptor")
    if root.tag != md("EntityDescriptor"):
        raise Unreadable("it is not a SAML 2.0 EntityDescriptor")
    entity_id = root.get("entityID", "")
    if not 1 <= len(entity_id) <= 1024:
        raise Unreadable("entityID must have 1 to 1024 characters")
    role = _identity_provider_role(root)
    certificates = _signing_certificates(role)
    ends = [int(certificate.not_valid_after_utc.timestamp()) for certificate in certificates]
    limits = [
        parse_instant(end) for end in (root.get("validUntil"), role.get("validUntil")) if end is not None
    ]
    return IdentityProvider(
        SamlMetadata(
            entity_id=entity_id,
            valid_until=min(max(ends), *limits) if limits else max(ends),
            sign_on_url=_redirect_location(role, "SingleSignOnService", "Location"),
            logout_url=_logout_location(role),
            wants_signed_requests=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        ),
        certificates,
    )


def _identity_provider_role(root: Element) -> Element:
    roles = [
        role
        for role in root.findall(md("IDPSSODescriptor"))
        if SAMLP in role.get("protocolSupportEnumeration", "").split()
    ]
    if len(roles) != 1:
        raise Unreadable("it must have one IDPSSODescriptor for SAML 2.0")
    return roles[0]


def _signing_certificates(role: Element) -> tuple[x509.Certificate, ...]:
    """The first certificate of each X509Data: what follows it there is the chain, and its issuers sign nothing here."""
    found: list[x509.Certificate] = []
    for descriptor in role.findall(md("KeyDescriptor")):
        if descriptor.get("use", "signing") != "signing":
            continue
        for item in descriptor.findall(f"{ds('KeyInfo')}/{ds('X509Data')}"):
            first = item.find(ds("X509Certificate"))
            if first is not None:
                found.append(_read_certificate(text_of(first)))
    if not found:
        raise Unreadable("it has no signing certificate")
    if len(found) > _CERTIFICATES:
        raise Unreadable(f"it has more than {_CERTIFICATES} signing certificates")
    return tuple(found)


def _read_certificate(text: str) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(decode_base64(text, limit=_CERTIFICATE_BYTES))
        public_key = certificate.public_key()
    except Exception as broken:  # noqa: BLE001  # the X.509 parser's errors have no common class
        raise Unreadable(f"a signing certificate is not readable ({type(broken).__name__})") from None
    strong_rsa = isinstance(public_key, rsa.RSAPublicKey) and 2048 <= public_key.key_size <= 8192
    strong_ec = isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES
    if not (strong_rsa or strong_ec):
        raise Unreadable("a signing key is neither RSA of 2048 to 8192 bits nor P-256, P-384 or P-521")
    return certificate


def _redirect_location(role: Element, service: str, attribute: str) -> str:
    """The first endpoint for the HTTP-Redirect binding, or empty."""
    for endpoint in role.findall(md(service)):
        location = endpoint.get(attribute, "")
        if endpoint.get("Binding") == HTTP_REDIRECT and location:
            return _check_location(location)
    return ""


def _logout_location(role: Element) -> str:
    """Answers go to ResponseLocation where it is given (Metadata §2.2.2)."""
    return _redirect_location(role, "SingleLogoutService", "ResponseLocation") or _redirect_location(
        role, "SingleLogoutService", "Location"
    )


def _check_location(location: str) -> str:
    """A browser will be sent there: only a web address may stand here, and nothing that breaks a header."""
    try:
        parts = urlsplit(location)
        host = parts.hostname
    except ValueError:
        host, parts = None, None
    printable = location.isascii() and location.isprintable() and not set(location) & set(' "<>\\^`{|}')
    if parts is None or parts.scheme not in ("https", "http") or not host or parts.fragment or not printable:
        raise Unreadable("an endpoint's location is not a web address")
    return location
