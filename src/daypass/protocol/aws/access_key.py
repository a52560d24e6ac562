"""What an access key id says by itself: long-lived or temporary, and the account it belongs to.

Here lives the layout of the id and nothing of the secret. The four-letter prefix is documented (IAM user guide,
"Understanding unique ID prefixes": AKIA long-lived, ASIA temporary). The rest is base32 of ten bytes whose layout
AWS does not document; it was found by experiment and published (A. Steele, "AWS Access Key ID formats", 2020; T.
Be'ery, "A short note on AWS KEY ID", 2023; WithSecure Labs, "A bitwise analysis of AWS access key identifiers"):
the first bit marks the present generation, the next forty are the account. Ids of the old generation hold none.
"""

import base64
import re

__all__ = ["account_of_key", "find_long_lived_key_ids", "is_long_lived"]

_find_ids = re.compile(r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])").finditer
_is_id = re.compile(r"A[KS]IA[A-Z2-7]{16}").fullmatch
_PRESENT_GENERATION = 1 << 47
_ACCOUNT_MASK = 0x7FFF_FFFF_FF80
_PLACEHOLDER = "EXAMPLE"
"""AWS's own documentation ends made-up ids so."""


def is_long_lived(access_key_id: str) -> bool:
    """An id of a key that never ends by itself. Made-up ids of documentation count as none."""
    return access_key_id.startswith("AKIA") and not access_key_id.endswith(_PLACEHOLDER)


def find_long_lived_key_ids(text: str) -> list[tuple[int, str]]:
    """Offset and id of every long-lived key id that stands alone in the text, in order."""
    return [(found.start(), found[0]) for found in _find_ids(text) if is_long_lived(found[0])]


def account_of_key(access_key_id: str) -> str | None:
    """The twelve digits inside the id, or None for ids of the old generation and for what is no id."""
    if not _is_id(access_key_id):
        return None
    head = int.from_bytes(base64.b32decode(access_key_id[4:])[:6], "big")
    account = (head & _ACCOUNT_MASK) >> 7
    if not head & _PRESENT_GENERATION or account >= 10**12:
        return None
    return f"{account:012d}"
