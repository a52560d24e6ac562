"""The P-256 key that binds a login session to this machine, and its form at rest.

SEC1 ("EC PRIVATE KEY") PEM with curve and public key: the one form every SDK's reader understands.
RFC 5915 §3 wants the scalar at full length. The AWS CLI 2.38 drops its leading zeros when it saves a key, one in 256,
and cannot read that key again; it is read here, so that a renewal can write it as it should be.
"""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from daypass.errors import CacheError
from daypass.secret import Secret

__all__ = ["key_from_pem", "key_to_pem", "new_key"]

_P256 = bytes.fromhex("a00a06082a8648ce3d030107a144034200")
"""What stands between scalar and point: the curve, and the head of the public key."""


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> Secret:
    """SEC1 PEM, lines of 64, final newline."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Secret(pem.decode("ascii"))


def key_from_pem(pem: Secret) -> ec.EllipticCurvePrivateKey:
    """Read SEC1 or PKCS#8, a shortened scalar too. Raises CacheError for anything but a P-256 private key."""
    key: object = None
    try:
        key = load_pem_private_key(pem.reveal().encode("utf-8"), password=None)
    except (ValueError, TypeError):
        key = _with_short_scalar(pem.reveal())  # the cause would quote the key
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CacheError("the saved session's key cannot be read", hint="daypass login")
    return key


def _with_short_scalar(pem: str) -> ec.EllipticCurvePrivateKey | None:
    """A P-256 key in RFC 5915's form whose scalar has fewer than 32 bytes and fits the public key behind it."""
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    try:
        der = base64.b64decode("".join(lines), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(der) < 8 or der[:6] != bytes((0x30, len(der) - 2 & 0x7F, 2, 1, 1, 4)) or not 0 < der[6] < 32:
        return None
    scalar, rest = der[7 : 7 + der[6]], der[7 + der[6] :]
    try:
        key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    except ValueError:
        return None
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key if rest == _P256 + point else None
