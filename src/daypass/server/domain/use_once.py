"""What storage remembers of a thing that counts once: a hash, so that nothing which still opens something is kept.

Tickets, sign-in tokens, proofs, a provider's messages: each kind has a purpose of its own, so that no two of them ever
share a key. The first caller with a key is told so by `ports.federation_storage.FederationStore.use_once`.
"""

import hashlib

__all__ = ["use_once_key"]


def use_once_key(purpose: str, identifier: str | bytes) -> bytes:
    """32 bytes. `purpose` is a word without `|`; `identifier` is unique within it."""
    value = identifier.encode() if isinstance(identifier, str) else identifier
    return hashlib.sha256(purpose.encode() + b"|" + value).digest()
