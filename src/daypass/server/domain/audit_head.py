"""The head of the audit log's chain, as it is kept outside the database: who has only the database cannot cut its end.

The text is sealed with a MAC of the key ring, so that who can write where it is kept needs the ring too.
Cite: RFC 2104 (HMAC); CloudTrail user guide, "CloudTrail digest file structure", for the idea.
"""

import hmac
from dataclasses import dataclass

import msgspec

from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["Head", "open_head", "seal_head"]

_LABEL = "audit-head"
_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Head:
    """A block that somebody kept outside the database, by its number and digest."""

    block_number: int
    digest: bytes
    keeper: str = "you"
    """Who kept it, for the sentence that says it is gone: `you`, or `this server`."""


class _Text(msgspec.Struct):
    block: int
    digest: str
    key_id: str
    mac: str


_decode = msgspec.json.Decoder(_Text).decode


def seal_head(ring: KeyRing, head: Head) -> str:
    """One line of JSON."""
    key_id = ring.current.key_id
    mac = ring.derive(_LABEL, _message(head.block_number, head.digest), key_id=key_id)
    text = _Text(head.block_number, head.digest.hex(), key_id, mac.hex())
    return msgspec.json.encode(text).decode() + "\n"


def open_head(ring: KeyRing, text: str) -> Head:
    """The head this server kept. Raises SealBroken for anything that `seal_head` with this ring did not make."""
    try:
        found = _decode(text)
        digest, mac = bytes.fromhex(found.digest), bytes.fromhex(found.mac)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, bad Unicode too
        raise SealBroken("no audit head") from None
    expected = ring.derive(_LABEL, _message(found.block, digest), key_id=found.key_id)
    if len(digest) != _DIGEST_LENGTH or not hmac.compare_digest(expected, mac):
        raise SealBroken("the audit head was altered")
    return Head(found.block, digest, "this server")


def _message(block_number: int, digest: bytes) -> bytes:
    return f"{block_number}:{digest.hex()}".encode()
