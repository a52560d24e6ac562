"""The patterns of AWS's service models, in the dialect Python reads.

The models write Java's: `\\w` is ASCII there, and `\\p{L}` (letters), `\\p{N}` (numbers), `\\p{Z}` (separators) are
Unicode categories, which Python's `re` has not. The only use the models make of them is inside one class, together
with the underscore, which is exactly Python's Unicode `\\w`.
"""

import re
from functools import lru_cache

__all__ = ["compile_pattern", "own_words"]

_UNICODE_WORDS = r"\p{L}\p{Z}\p{N}_"
_SEPARATORS = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""The general category Z."""
_OF_NAMES = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
_OF_PATHS = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
_OWN_WORDS = {
    r"[\w+=,.@-]+": _OF_NAMES,
    r"[\w+=,.\-]+": _OF_NAMES,
    r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": _OF_PATHS,
    r"((/[A-Za-z0-9\.,\+@=_-]+)*)/": _OF_PATHS,
    r"\u002F[\u0021-\u007F]*": _OF_PATHS,
}


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; a text must match it whole. Raises re.error for one that is not understood."""
    if _UNICODE_WORDS in pattern:
        return re.compile(pattern.replace(_UNICODE_WORDS, r"\w" + _SEPARATORS))
    return re.compile(pattern, re.ASCII)


def own_words(pattern: str) -> str | None:
    """How IAM itself refuses a name or a path, where it does so in words of its own."""
    return _OWN_WORDS.get(pattern)
