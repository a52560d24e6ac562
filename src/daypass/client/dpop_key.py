"""The P-256 key that binds a login session to this machine, and its form at rest.

SEC1 ("EC PRIVATE KEY") PEM with curve and public key: the one form every SDK's reader understands.
"""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from daypass.errors import CacheError
from daypass.secret import Secret

__all__ = ["key_from_pem", "key_to_pem", "new_key"]


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> Secret:
    """SEC1 PEM, lines of 64, final newline."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Secret(pem.decode("ascii"))


def key_from_pem(pem: Secret) -> ec.EllipticCurvePrivateKey:
    """Read SEC1 or PKCS#8. Raises CacheError for anything but a P-256 private key."""
    try:
        key = load_pem_private_key(pem.reveal().encode("utf-8"), password=None)
    except (ValueError, TypeError):
        key = None  # the cause would quote the key
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CacheError("the saved session's key cannot be read", hint="daypass login")
    return key
