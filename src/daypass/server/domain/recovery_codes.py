"""Recovery codes: for the day the telephone is gone. Ten, each good once.

A code has 80 random bits, so a plain hash is all that must be stored: nobody can try them all (NIST SP 800-63B §5.1.2,
look-up secrets of 64 bits or more need no salt or slow hash). People copy them by hand: capitals and digits that cannot
be mistaken for one another, in groups of four; spaces, dashes and small letters do not matter when they come back.
"""

import hashlib

__all__ = ["CODE_BYTES", "RECOVERY_CODE_COUNT", "format_recovery_code", "hash_recovery_code"]

RECOVERY_CODE_COUNT = 10
CODE_BYTES = 10
"""Random bytes behind one code."""
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
"""Crockford's 32 characters: no I, L, O, U."""
_CHARACTERS = 16


def format_recovery_code(random_bytes: bytes) -> str:
    """`XXXX-XXXX-XXXX-XXXX` of CODE_BYTES random bytes."""
    number = int.from_bytes(random_bytes, "big")
    text = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_CHARACTERS))
    return "-".join(text[start : start + 4] for start in range(0, _CHARACTERS, 4))


def hash_recovery_code(typed: str) -> bytes | None:
    """What is stored of a code, from how a person typed it; None for what cannot be one."""
    text = "".join(typed.split()).replace("-", "").upper()
    text = text.translate(str.maketrans("ILO", "110"))
    if len(text) != _CHARACTERS or any(character not in _ALPHABET for character in text):
        return None
    return hashlib.sha256(text.encode("ascii")).digest()
