"""Compact JSON Web Signatures with ES256, and no other algorithm (RFC 7515 §3.1, RFC 7518 §3.4).

A signature is verified over the bytes that arrived, never over a header or payload written again: members
come in any order and some clients indent their JSON. Which key may sign is the caller's rule.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url

__all__ = ["UnverifiedJws", "sign_compact", "split_compact", "verify_es256"]

_ES256 = ec.ECDSA(hashes.SHA256())
_INTEGER_BYTES = 32


class UnverifiedJws(NamedTuple):
    """The three segments as they arrived, still encoded. Nothing is checked but their number."""

    unverified_header: str
    unverified_payload: str
    signature: str

    @property
    def signing_input(self) -> bytes:
        """What the signature is over (RFC 7515 §5.2 item 8)."""
        return f"{self.unverified_header}.{self.unverified_payload}".encode()


def split_compact(compact: str) -> UnverifiedJws:
    """The segments of a compact serialization. Raises RemoteProtocolError unless there are three."""
    segments = compact.split(".")
    if len(segments) != 3 or not compact.isascii():
        raise RemoteProtocolError("not three segments")
    return UnverifiedJws(*segments)


def sign_compact(
    header: Mapping[str, object], claims: Mapping[str, object], *, signing_key: ec.EllipticCurvePrivateKey
) -> str:
    """The compact serialization of `claims`, signed. `header` must already say `"alg": "ES256"`."""
    segments = [
        base64url.encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
    ]
    signing_input = ".".join(segments)
    r, s = decode_dss_signature(signing_key.sign(signing_input.encode("ascii"), _ES256))
    signature = r.to_bytes(_INTEGER_BYTES, "big") + s.to_bytes(_INTEGER_BYTES, "big")
    return f"{signing_input}.{base64url.encode(signature)}"


def verify_es256(public_key: ec.EllipticCurvePublicKey, jws: UnverifiedJws) -> None:
    """Raise RemoteProtocolError unless `public_key` signed these segments (RFC 7518 §3.4).

    The signature is r and s, 32 bytes each. Both s and n - s are accepted, as ECDSA defines it: clients
    write either, so no caller may take a proof's bytes for its identity.
    """
    signature = base64url.decode(jws.signature)
    if len(signature) != 2 * _INTEGER_BYTES:
        raise RemoteProtocolError("the signature is not 64 bytes")
    r = int.from_bytes(signature[:_INTEGER_BYTES], "big")
    s = int.from_bytes(signature[_INTEGER_BYTES:], "big")
    try:
        public_key.verify(encode_dss_signature(r, s), jws.signing_input, _ES256)
    except InvalidSignature:
        raise RemoteProtocolError("the signature does not verify") from None
