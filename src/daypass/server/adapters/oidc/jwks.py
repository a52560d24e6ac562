"""A provider's signing keys (RFC 7517), reduced to those we would ever trust a signature of.

Kept: RSA of 2048 to 8192 bits, EC on P-256, P-384, P-521, Ed25519; with `use` absent or `sig`, `key_ops` absent or
with `verify`, and an `alg` (if any) that fits the key. Everything else is left out, symmetric keys first of all: a
public document has no secret to share. Which algorithms a key may verify is decided here, by the key, and never by
a token (RFC 8725 §3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from daypass.server.adapters.oidc.json_object import NotAnObject, parse_object, read_text
from daypass.server.adapters.oidc.refusals import senseless
from daypass.server.adapters.outbound_http import OutboundHttp

__all__ = ["ALGORITHMS", "VerifyingKey", "fetch_verifying_keys", "parse_verifying_keys"]

_MAX_KEYS = 64
_MAX_KEY_ID = 256
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_MAX_RSA_EXPONENT = 1 << 32

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
ALGORITHMS = _RSA.union(*_CURVES.values())
"""Every algorithm a token may name. `none` and HMAC are not among them."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key and what it may verify."""

    key_id: str
    """`kid`, or empty."""
    key: RSAKey | ECKey | OKPKey
    algorithms: frozenset[str]


def parse_verifying_keys(body: bytes) -> tuple[VerifyingKey, ...]:
    """Raises IDPCommunicationError for what is no key set at all; a bad key in it is only left out."""
    try:
        listed = parse_object(body).get("keys")
    except NotAnObject as error:
        raise senseless(f"key set: {error}") from None
    if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
        raise senseless(f"the key set has no list of at most {_MAX_KEYS} keys")
    members = (entry for entry in listed if isinstance(entry, dict))
    return tuple(key for key in map(_read_key, members) if key is not None)


async def fetch_verifying_keys(http: OutboundHttp, jwks_uri: str) -> tuple[VerifyingKey, ...]:
    """Raises IDPCommunicationError."""
    answer = await http.get(jwks_uri)
    if answer.status != 200:
        raise senseless(f"key set: status {answer.status}")
    return parse_verifying_keys(answer.body)


def _read_key(members: Mapping[str, object]) -> VerifyingKey | None:
    if not _is_for_signatures(members) or len(read_text(members, "kid")) > _MAX_KEY_ID:
        return None
    kind, curve = read_text(members, "kty"), read_text(members, "crv")
    algorithms = _RSA if kind == "RSA" else _CURVES.get((kind, curve), frozenset())
    if "alg" in members:
        algorithms = algorithms & {read_text(members, "alg")}
    if not algorithms:
        return None
    try:
        key = _import_public(kind, members)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None
    return VerifyingKey(read_text(members, "kid"), key, algorithms) if key is not None else None


def _is_for_signatures(members: Mapping[str, object]) -> bool:
    operations = members.get("key_ops", ["verify"])
    return members.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _import_public(kind: str, members: Mapping[str, object]) -> RSAKey | ECKey | OKPKey | None:
    """Only the public members reach the library, so a private part that leaked is not even read."""
    wanted = (
        ("kty", "n", "e")
        if kind == "RSA"
        else ("kty", "crv", "x", "y")
        if kind == "EC"
        else ("kty", "crv", "x")
    )
    public: dict[str, str | list[str]] = {name: read_text(members, name) for name in wanted}
    if kind == "EC":
        return ECKey.import_key(public)
    if kind == "OKP":
        return OKPKey.import_key(public)
    return _import_rsa(public)


def _import_rsa(public: dict[str, str | list[str]]) -> RSAKey | None:
    modulus_bytes = len(public["n"]) * 3 // 4
    if (
        not _MIN_RSA_BITS // 8 <= modulus_bytes <= _MAX_RSA_BITS // 8 + 2
    ):  # refused before any arithmetic on it
        return None
    key = RSAKey.import_key(public)
    numbers = key.public_key
    assert isinstance(numbers, RSAPublicKey)
    is_sound = _MIN_RSA_BITS <= numbers.key_size <= _MAX_RSA_BITS
    return key if is_sound and numbers.public_numbers().e < _MAX_RSA_EXPONENT else None
