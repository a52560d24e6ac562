"""The HTTP-Redirect binding with DEFLATE encoding (Bindings §3.4.4): a message in a query string, signed as octets.

The signature covers the octets of the query as they were sent, so a received query is taken apart without decoding
and re-encoding: another spelling of the same values is another message. Each parameter may be there once.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from daypass.server.adapters.saml.keys import load_service_key
from daypass.server.adapters.saml.metadata import IdentityProvider
from daypass.server.adapters.saml.refusals import refused
from daypass.server.adapters.saml.signature import current_certificates
from daypass.server.adapters.saml.xml_source import RESPONSE_BYTES

__all__ = ["build_redirect", "read_redirect"]

_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_RSA: dict[str, type[hashes.HashAlgorithm]] = {
    _RSA_SHA256: hashes.SHA256,
    _MORE + "rsa-sha384": hashes.SHA384,
    _MORE + "rsa-sha512": hashes.SHA512,
}
_ECDSA: dict[str, type[hashes.HashAlgorithm]] = {
    _MORE + "ecdsa-sha256": hashes.SHA256,
    _MORE + "ecdsa-sha384": hashes.SHA384,
    _MORE + "ecdsa-sha512": hashes.SHA512,
}
_QUERY_CHARACTERS = 64 * 1024
_LONGEST_RELAY_STATE = 80  # bytes, §3.4.3


@dataclass(frozen=True, slots=True)
class _Query:
    """The parameters as sent (still escaped)."""

    message: str
    relay_state: str | None
    algorithm: str
    signature: str


def build_redirect(
    location: str, *, parameter: str, message: bytes, relay_state: str, service_key: bytes | None
) -> str:
    """The URL that carries `message`; signed (RSA-SHA256) when there is a key. `parameter` is SAMLRequest or SAMLResponse."""
    if len(relay_state.encode()) > _LONGEST_RELAY_STATE:
        raise ValueError("RelayState has at most 80 bytes")
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflater.compress(message) + deflater.flush())
    query = f"{parameter}={quote(packed, safe='')}"
    if relay_state:
        query += f"&RelayState={quote(relay_state, safe='')}"
    if service_key is not None:
        query += f"&SigAlg={quote(_RSA_SHA256, safe='')}"
        raw = load_service_key(service_key).sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={quote(base64.b64encode(raw), safe='')}"
    return location + ("&" if "?" in location else "?") + query


def read_redirect(query: str, known: IdentityProvider, *, parameter: str, now: int) -> bytes:
    """The XML of a signed query. Raises InvalidIdentityToken: unsigned, by another key, altered, or too large."""
    parts = _take_apart(query, parameter)
    signed = f"{parameter}={parts.message}"
    if parts.relay_state is not None:
        signed += f"&RelayState={parts.relay_state}"
    signed += f"&SigAlg={parts.algorithm}"
    algorithm = unquote_to_bytes(parts.algorithm).decode("ascii", "replace")
    _verify(signed.encode("utf-8", "surrogatepass"), algorithm, _unpack(parts.signature), known, now)
    return _inflate(_unpack(parts.message))


def _take_apart(query: str, parameter: str) -> _Query:
    if len(query) > _QUERY_CHARACTERS:
        raise refused("the query is too long")
    names = (parameter, "RelayState", "SigAlg", "Signature")
    found: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name in found:
            raise refused("a parameter of the query is there twice")
        if name in names:
            found[name] = value
    if not found.get(parameter) or not found.get("SigAlg") or not found.get("Signature"):
        raise refused("the query is not a signed message")
    return _Query(found[parameter], found.get("RelayState"), found["SigAlg"], found["Signature"])


def _unpack(escaped: str) -> bytes:
    """Percent-escapes, then base64."""
    try:
        return base64.b64decode(unquote_to_bytes(escaped).translate(None, b"\r\n"), validate=True)
    except binascii.Error:
        raise refused("a parameter of the query is not base64") from None


def _verify(signed: bytes, algorithm: str, raw: bytes, known: IdentityProvider, now: int) -> None:
    if algorithm not in _RSA and algorithm not in _ECDSA:
        raise refused("the query's signature algorithm is not accepted")
    for certificate in current_certificates(known.certificates, now=now):
        public_key = certificate.public_key()
        try:
            if isinstance(public_key, rsa.RSAPublicKey) and algorithm in _RSA:
                public_key.verify(raw, signed, padding.PKCS1v15(), _RSA[algorithm]())
                return
            if isinstance(public_key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
                public_key.verify(raw, signed, ec.ECDSA(_ECDSA[algorithm]()))
                return
        except InvalidSignature:
            continue
    raise refused("no signing certificate of the provider proves the query")


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        document = inflater.decompress(packed, RESPONSE_BYTES)
    except zlib.error:
        raise refused("the message is not deflated") from None
    if not inflater.eof:
        raise refused("the message is cut off or too large")
    return document
