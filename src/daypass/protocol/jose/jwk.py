"""P-256 public keys as JSON Web Keys, and their thumbprints (RFC 7517, RFC 7518 §6.2, RFC 7638).

Some clients write a coordinate without its leading zero bytes (about one key in 128). A coordinate is
therefore left-padded to 32 bytes *first*, before the key is imported and before it is hashed, so that one
key has one thumbprint whoever wrote it. Private and symmetric members are never accepted. Pure.
"""

import hashlib
import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url

__all__ = ["COORDINATE_BYTES", "public_jwk", "public_key_from_jwk", "thumbprint"]

COORDINATE_BYTES = 32
"""RFC 7518 §6.2.1.2: the length of a P-256 coordinate in full."""

_LONGEST_COORDINATE = 43  # characters of 32 bytes in base64url
_PRIVATE_MEMBERS = frozenset({"d", "dp", "dq", "k", "oth", "p", "q", "qi"})
_is_base64url = re.compile(r"[A-Za-z0-9\-_]+", re.ASCII).fullmatch
_is_full_coordinate = re.compile(r"[A-Za-z0-9\-_]{42}[AEIMQUYcgkosw048]", re.ASCII).fullmatch
"""32 bytes in 43 characters; the last one holds four bits and two that must be zero."""
_CURVE = ec.SECP256R1()


def public_key_from_jwk(jwk: Mapping[str, object]) -> ec.EllipticCurvePublicKey:
    """The key of a public EC P-256 JWK. Raises RemoteProtocolError.

    Refused: another key type or curve, a private member (RFC 9449 §4.3 item 7), a coordinate longer than
    32 bytes, a point that is not on the curve (RFC 7518 §6.2.1).
    """
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise RemoteProtocolError("the key is not EC P-256")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise RemoteProtocolError("the key has a private member")
    point = b"\x04" + _coordinate(jwk.get("x")) + _coordinate(jwk.get("y"))
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        raise RemoteProtocolError("the key is not a point of its curve") from None


def public_jwk(public_key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The JWK of a P-256 key, coordinates in full length, members in the order the AWS CLI writes them."""
    numbers = public_key.public_numbers()
    return {
        "kty": "EC",
        "x": base64url.encode(numbers.x.to_bytes(COORDINATE_BYTES, "big")),
        "y": base64url.encode(numbers.y.to_bytes(COORDINATE_BYTES, "big")),
        "crv": "P-256",
    }


def thumbprint(jwk: Mapping[str, object]) -> str:
    """The SHA-256 thumbprint of an EC P-256 or RSA key, 43 characters (RFC 7638 §3).

    Only the required members count. Short P-256 coordinates are padded first. Raises RemoteProtocolError.
    """
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        x, y = _full_coordinate(jwk.get("x")), _full_coordinate(jwk.get("y"))
        canonical = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    elif jwk.get("kty") == "RSA":
        canonical = f'{{"e":"{_plain(jwk.get("e"))}","kty":"RSA","n":"{_plain(jwk.get("n"))}"}}'
    else:
        raise RemoteProtocolError("no thumbprint for this kind of key")
    return base64url.encode(hashlib.sha256(canonical.encode("ascii")).digest())


def _plain(encoded: object) -> str:
    """Text of the base64url alphabet, which stands in JSON as it is (RFC 7638 §3.3)."""
    if not isinstance(encoded, str) or not _is_base64url(encoded):
        raise RemoteProtocolError("the key lacks a required member")
    return encoded


def _full_coordinate(encoded: object) -> str:
    """The one spelling of a coordinate. Most arrive in it already, and then nothing is decoded."""
    text = _plain(encoded)
    return text if _is_full_coordinate(text) else base64url.encode(_coordinate(text))


def _coordinate(encoded: object) -> bytes:
    if not isinstance(encoded, str) or not 1 <= len(encoded) <= _LONGEST_COORDINATE:
        raise RemoteProtocolError("a coordinate is missing or too long")
    return base64url.decode(encoded).rjust(COORDINATE_BYTES, b"\x00")
