"""The asymmetric form of Signature Version 4, `AWS4-ECDSA-P256-SHA256`.

Here lives only its mathematics: the key pair both sides derive from the secret, and the check of a
signature. Canonical text, scope and time are the same as for the HMAC form; the scope names no region,
the signed region set does (AWS Signature Version 4, "Signature Version 4A"; key derivation by NIST
SP 800-108 counter mode with HMAC-SHA256).
"""

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from daypass.protocol.aws.errors import InvalidClientTokenId, SignatureDoesNotMatch
from daypass.secret import Secret

__all__ = ["derive_public_key", "verify_ecdsa"]

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA_SHA256 = ec.ECDSA(SHA256())


def derive_public_key(access_key_id: str, secret_access_key: Secret) -> ec.EllipticCurvePublicKey:
    """The public half of the key pair that belongs to an access key.

    Raises InvalidClientTokenId for the one secret in 2^8000 or so that gives no key.
    """
    key = b"AWS4A" + secret_access_key.reveal().encode()
    for counter in range(1, 255):
        fixed_input = b"".join(
            (b"\0\0\0\1AWS4-ECDSA-P256-SHA256\0", access_key_id.encode(), bytes((counter,)), b"\0\0\1\0")
        )
        candidate = int.from_bytes(hmac.digest(key, fixed_input, "sha256"), "big")
        if candidate <= _P256_ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise InvalidClientTokenId("The security token included in the request is invalid")


def verify_ecdsa(public_key: ec.EllipticCurvePublicKey, text: bytes, *, signature: str) -> None:
    """Prove a hexadecimal DER signature over a string to sign. Raises SignatureDoesNotMatch."""
    try:
        public_key.verify(bytes.fromhex(signature), text, _ECDSA_SHA256)
    except (InvalidSignature, ValueError):
        raise SignatureDoesNotMatch("The request signature does not match") from None
