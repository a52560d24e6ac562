"""Two RSA keys for tests, made once a run: PKCS #8 in DER, as a key ring holds them."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

__all__ = ["FIRST_RSA_KEY", "SECOND_RSA_KEY", "new_rsa_key"]


def new_rsa_key(*, bits: int = 2048) -> bytes:
    """A fresh key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


FIRST_RSA_KEY = new_rsa_key()
SECOND_RSA_KEY = new_rsa_key()
