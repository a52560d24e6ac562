"""The server's keys: one ring, oldest to newest, and what each key is for.

The newest key seals; every key opens. From each 32-byte master come separate sub-keys by purpose
(HKDF, RFC 5869), so a value sealed for one purpose opens for no other. Sealing is AES-SIV (RFC 5297),
which is deterministic: the same claims under the same key give the same bytes. That is what makes a
repeated refresh return the identical answer with nothing stored, and there is no nonce to run out of.
An RSA key cannot be derived, so one travels beside each master (RFC 8017); older rings have none.
The ring never touches the database (`adapters/key_ring_file.py` keeps it in a 0600 file).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url

__all__ = ["KeyRing", "MasterKey", "Purpose", "SealBroken", "sealing_key_id"]

Purpose = Literal[
    "session-token",
    "refresh-token",
    "code",
    "pending-authorization",
    "csrf",
    "paging",
    "federation",
    "saml-key",
    "access-key",
    "mfa-seed",
    "authorization-message",
    "sign-in-ticket",
]

_SEAL_VERSION = b"\x01"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


class SealBroken(Exception):
    """A sealed value is not one of ours: altered, for another purpose, or by a key no longer kept."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key of the ring."""

    key_id: str
    """Eight lower-case hex digits; public, travels in front of each sealed value."""
    created_at: int
    """Epoch seconds."""
    material: bytes
    """32 random bytes."""
    rsa_key: bytes = b""
    """An RSA private key of 2048 bits, PKCS #8 in DER; empty in a key that is older than RS256 here."""

    def __repr__(self) -> str:
        return f"MasterKey(key_id={self.key_id!r}, created_at={self.created_at}, **********)"


class _Mac:
    """HMAC-SHA256 (RFC 2104 §4: both padded keys hashed once, then copied): four times as fast as `hmac.digest`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\x00")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class KeyRing:
    """All keys of one server. Immutable; a rotation makes a new ring."""

    __slots__ = ("_macs", "_rsa_keys", "_sealers", "_signing_keys", "keys")

    def __init__(self, keys: Iterable[MasterKey]) -> None:
        self.keys = tuple(sorted(keys, key=lambda key: (key.created_at, key.key_id)))
        if not self.keys:
            raise ValueError("a key ring needs at least one key")
        self._sealers: dict[tuple[str, str], AESSIV] = {}
        self._macs: dict[tuple[str, str], _Mac] = {}
        self._signing_keys: dict[tuple[str, str], ec.EllipticCurvePrivateKey] = {}
        self._rsa_keys: dict[str, rsa.RSAPrivateKey] = {}

    def __repr__(self) -> str:
        return f"KeyRing({[key.key_id for key in self.keys]})"

    @property
    def current(self) -> MasterKey:
        """The key that seals."""
        return self.keys[-1]

    def seal(self, purpose: Purpose, plaintext: bytes, *, key_id: str | None = None) -> str:
        """Seal bytes under the current key, or under `key_id` to repeat an earlier answer.

        Returns base64url text without padding: version byte, four key id bytes, AES-SIV output
        (16 bytes longer than the plaintext). Raises SealBroken when `key_id` is no longer kept.
        """
        key_id = self.current.key_id if key_id is None else key_id
        header = _SEAL_VERSION + bytes.fromhex(key_id)
        return base64url.encode(header + self._sealer(key_id, purpose).encrypt(plaintext, [header]))

    def open(self, purpose: Purpose, sealed: str) -> tuple[bytes, str]:
        """Open a sealed text. Returns the plaintext and the id of the key that sealed it.

        Raises SealBroken for anything that `seal` with this purpose did not make.
        """
        try:
            raw = base64url.decode(sealed)
        except RemoteProtocolError:
            raise SealBroken("not canonical base64url") from None
        if len(raw) < 21 or raw[:1] != _SEAL_VERSION:
            raise SealBroken("unknown format")
        key_id = raw[1:5].hex()
        try:
            return self._sealer(key_id, purpose).decrypt(raw[5:], [raw[:5]]), key_id
        except InvalidTag:
            raise SealBroken("the seal does not hold") from None

    def derive(self, label: str, message: bytes, *, key_id: str) -> bytes:
        """32 bytes that only this server can compute: HMAC-SHA256 under a sub-key named by `label`.

        Raises SealBroken when `key_id` is no longer kept.
        """
        mac = self._macs.get((key_id, label))
        if mac is None:
            mac = self._macs[(key_id, label)] = _Mac(self._expand(key_id, f"derive/{label}", 32))
        return mac.digest(message)

    def id_token_key(self, key_id: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key that signs ID tokens while `key_id` is current (FIPS 186-5 A.2.1: extra bits)."""
        return self._signing_key(key_id, "id-token/ES256", ec.SECP256R1(), _P256_ORDER)

    def web_identity_key(self, key_id: str) -> ec.EllipticCurvePrivateKey:
        """The P-384 key that signs web identity tokens while `key_id` is current; made like the ID tokens'."""
        return self._signing_key(key_id, "web-identity/ES384", ec.SECP384R1(), _P384_ORDER)

    def rsa_keys(self) -> tuple[tuple[str, rsa.RSAPrivateKey], ...]:
        """The RSA keys of web identity tokens with their key ids, oldest to newest; the newest signs."""
        return tuple((key.key_id, self._rsa_key(key)) for key in self.keys if key.rsa_key)

    def _rsa_key(self, key: MasterKey) -> rsa.RSAPrivateKey:
        rsa_key = self._rsa_keys.get(key.key_id)
        if rsa_key is None:
            loaded = load_der_private_key(key.rsa_key, password=None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise ValueError("not an RSA key")
            rsa_key = self._rsa_keys[key.key_id] = loaded
        return rsa_key

    def _signing_key(
        self, key_id: str, info: str, curve: ec.EllipticCurve, order: int
    ) -> ec.EllipticCurvePrivateKey:
        signing_key = self._signing_keys.get((key_id, info))
        if signing_key is None:
            wide = int.from_bytes(self._expand(key_id, info, curve.key_size // 8 + 16), "big")
            signing_key = ec.derive_private_key(wide % (order - 1) + 1, curve)
            self._signing_keys[(key_id, info)] = signing_key
        return signing_key

    def _sealer(self, key_id: str, purpose: str) -> AESSIV:
        sealer = self._sealers.get((key_id, purpose))
        if sealer is None:
            sealer = self._sealers[(key_id, purpose)] = AESSIV(self._expand(key_id, f"seal/{purpose}", 64))
        return sealer

    def _expand(self, key_id: str, info: str, length: int) -> bytes:
        for key in self.keys:
            if key.key_id == key_id:
                hkdf = HKDF(
                    algorithm=hashes.SHA256(), length=length, salt=None, info=f"daypass/v1/{info}".encode()
                )
                return hkdf.derive(key.material)
        raise SealBroken("sealed by a key that is not in the ring")


def sealing_key_id(sealed: str) -> str:
    """The id of the key that a sealed text names; nothing is proven by it. Raises SealBroken."""
    try:
        header = base64url.decode(sealed[:8])
    except RemoteProtocolError:
        raise SealBroken("not base64url") from None
    if header[:1] != _SEAL_VERSION or len(header) < 5:
        raise SealBroken("unknown format")
    return header[1:5].hex()
