"""Our RSA keys: made for each provider, or brought by an administrator. They sign what we send and open what we are sent.

The certificate around a made key is only its envelope: providers take the key from our metadata, and nobody
verifies a chain. It therefore lives long; a new key is made with a new provider.
"""

import base64
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from daypass.protocol.aws.errors import InvalidInput
from daypass.secret import Secret
from daypass.server.ports.saml import ServiceKey

__all__ = ["load_service_key", "make_service_key", "read_private_key"]

_BITS = 2048
_YEARS = 20
_PEM_CHARACTERS = 16 * 1024


def make_service_key() -> ServiceKey:
    """A new pair. Takes about a tenth of a second of one core, so callers give it a thread."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daypass")])
    start = datetime(
        2000, 1, 1, tzinfo=UTC
    )  # a fixed past: no clock here, and no provider whose clock is behind
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=366 * (26 + _YEARS)))
        .sign(private_key, hashes.SHA256())
    )
    return ServiceKey(
        private_key=Secret(base64.b64encode(_der(private_key)).decode("ascii")),
        certificate=base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode("ascii"),
    )


def read_private_key(pem: str) -> bytes:
    """PKCS #8 DER of an unencrypted RSA key in PEM. Raises InvalidInput; the key is in no message."""
    if len(pem) > _PEM_CHARACTERS:
        raise InvalidInput("the private key is too long")
    try:
        private_key = serialization.load_pem_private_key(pem.encode("utf-8", "replace"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidInput("the private key is not an unencrypted RSA key in PEM") from None
    if not isinstance(private_key, rsa.RSAPrivateKey) or not 2048 <= private_key.key_size <= 8192:
        raise InvalidInput("the private key must be RSA of 2048 to 8192 bits")
    return _der(private_key)


@lru_cache(maxsize=64)
def load_service_key(der: bytes) -> rsa.RSAPrivateKey:
    """A key of ours as an object. Raises ValueError for what this file did not make: a bug.

    It was proven to be RSA when it was made or read, and was sealed since: testing its primes again at each sign-in
    would cost the event loop a twentieth of a second.
    """
    private_key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise ValueError("a service key is RSA")
    return private_key


def _der(private_key: rsa.RSAPrivateKey) -> bytes:
    return private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
