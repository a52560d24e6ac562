"""A login entry as a sealed file: AES-256-GCM, one key per file, the key elsewhere.

    {"format":"daypass-vault-1","keyId":…,"accountId":…,"expiresAt":…,"sessionEndsAt":…,"sealed":base64(nonce ‖ ciphertext ‖ tag)}

What stands in clear tells `status` and prompts what they show, so that nobody is asked to unlock anything for them. It is
bound to the rest, with the file's name, as additional data: any other byte, or the file under another name, does not
open. The text has one spelling; a file that is not exactly what we would have written is damaged.
"""

import base64
import json
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daypass.secret import Secret

__all__ = ["Damaged", "SealedEntry", "draw_key", "parse_sealed", "seal", "unseal"]

FORMAT = "daypass-vault-1"
_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2.2: random, one key for far fewer than 2**32 of them
_LONGEST_WORD = 100


class Damaged(ValueError):
    """The text is not what was sealed."""


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """A sealed file's members. Only `unseal` says whether they are true."""

    key_id: str
    """Whose key opens it: the user name in the keyring."""
    account_id: str
    expires_at: int
    """Epoch seconds."""
    session_ends_at: int
    """Epoch seconds; 0 when the session does not tell."""
    sealed: str = ""

    def text(self) -> str:
        """The file."""
        members = {
            "format": FORMAT,
            "keyId": self.key_id,
            "accountId": self.account_id,
            "expiresAt": self.expires_at,
            "sessionEndsAt": self.session_ends_at,
            "sealed": self.sealed,
        }
        return json.dumps(members, separators=(",", ":")) + "\n"

    def additional_data(self, file_name: str) -> bytes:
        """What the tag covers beside the ciphertext."""
        parts = [FORMAT, file_name, self.key_id, self.account_id, self.expires_at, self.session_ends_at]
        return json.dumps(parts).encode()


def draw_key() -> Secret:
    """A fresh key in base64: 44 characters, far below what any keyring holds (Windows: 2,560 bytes, UTF-16)."""
    return Secret(base64.b64encode(os.urandom(_KEY_BYTES)).decode())


def seal(header: SealedEntry, content: bytes, key: Secret, *, file_name: str) -> SealedEntry:
    """The header with the sealed content."""
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(_key_bytes(key))
    sealed = nonce + cipher.encrypt(nonce, content, header.additional_data(file_name))
    return SealedEntry(
        header.key_id,
        header.account_id,
        header.expires_at,
        header.session_ends_at,
        base64.b64encode(sealed).decode(),
    )


def parse_sealed(text: str) -> SealedEntry:
    """A file's members, unverified. Raises Damaged for anything we would not have written so."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged("no JSON") from None
    if not isinstance(members, dict):
        raise Damaged("no object")
    words = [members.get(name) for name in ("keyId", "accountId")]
    times = [members.get(name) for name in ("expiresAt", "sessionEndsAt")]
    sealed = members.get("sealed")
    if not all(isinstance(word, str) and 0 < len(word) <= _LONGEST_WORD for word in words):
        raise Damaged("a word is missing")
    if not all(type(moment) is int for moment in times) or not isinstance(sealed, str):
        raise Damaged("a member is missing")
    entry = SealedEntry(str(words[0]), str(words[1]), int(times[0] or 0), int(times[1] or 0), sealed)
    if entry.text() != text:
        raise Damaged("not our spelling")
    return entry


def unseal(entry: SealedEntry, key: Secret, *, file_name: str) -> bytes:
    """The content. Raises Damaged for another key, another name, or any change."""
    try:
        sealed = base64.b64decode(entry.sealed, validate=True)
        if base64.b64encode(sealed).decode() != entry.sealed:
            raise Damaged("another spelling of base64")
        cipher = AESGCM(_key_bytes(key))
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], entry.additional_data(file_name))
    except (InvalidTag, ValueError):
        raise Damaged("it does not open") from None


def _key_bytes(key: Secret) -> bytes:
    """Raises ValueError for what is no key of ours."""
    found = base64.b64decode(key.reveal(), validate=True)
    if len(found) != _KEY_BYTES:
        raise ValueError("a key of another length")
    return found
