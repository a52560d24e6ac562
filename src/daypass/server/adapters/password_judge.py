"""`ports.password_judge.PasswordJudge`: a sorted file of hashes, and the estimator `zxcvbn`.

The file has one SHA-1 hash in hexadecimal per line, sorted, anything after a colon ignored: the form in which lists of
breached passwords are handed out. It may be larger than memory: a look-up is a binary search in the file. SHA-1 is the
list's choice; nothing is stored by it. Both questions are asked in a thread, because both may take milliseconds. The
estimator's time depends on the text and holds the interpreter: so the text is cut and thinned out, and one is judged
at a time.
"""

import asyncio
import hashlib
import mmap
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import ConfigError
from daypass.secret import Secret

__all__ = ["LocalPasswordJudge"]

_HASH_CHARACTERS = 40
_JUDGED_CHARACTERS = 32
"""The estimator's time grows with the square of the length, and a longer password is judged by its beginning."""
_RARE_STAND_INS = str.maketrans(dict.fromkeys("({[<|+%", "~"))
"""Signs the estimator reads as letters too, one reading after the other for every mixture of them: seconds for a text
that has them all. Those that people use (`p4$$w0rd!`) stay.
"""
_EASY = 2
"""Scores up to this one get a hint: fewer than 10^10 guesses."""


class LocalPasswordJudge:
    """`breached` is the sorted list, or None."""

    def __init__(self, breached: Path | None) -> None:
        self._breached = breached
        self._one_at_a_time = asyncio.Semaphore(1)
        if breached is not None:
            _check_list(breached)

    async def is_breached(self, password: Secret) -> bool:
        """See the port. The file is opened anew: an operator may replace it while the server runs."""
        if self._breached is None:
            return False
        digest = hashlib.sha1(password.reveal().encode(), usedforsecurity=False).hexdigest().upper()
        return await asyncio.to_thread(_is_listed, self._breached, digest.encode("ascii"))

    async def hint(self, password: Secret, *, about: Sequence[str]) -> str:
        """See the port."""
        judged = password.reveal()[:_JUDGED_CHARACTERS].translate(_RARE_STAND_INS)
        async with self._one_at_a_time:
            return await asyncio.to_thread(_hint, judged, list(about))


def _hint(password: str, about: list[str]) -> str:
    from zxcvbn import zxcvbn  # its word lists cost megabytes: only who changes a password pays

    judged = zxcvbn(password, user_inputs=about)
    if judged["score"] > _EASY:
        return ""
    feedback = judged["feedback"]
    sentences = [feedback["warning"], *feedback["suggestions"]]
    text = " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)
    return text or "It is easy to guess."


def _check_list(path: Path) -> None:
    """Raises ConfigError for a file that is missing or has another form."""
    try:
        with path.open("rb") as file:
            first = file.readline(_HASH_CHARACTERS + 64).strip()
    except OSError as problem:
        raise ConfigError(f"the list of breached passwords cannot be read: {problem}") from None
    if len(first) < _HASH_CHARACTERS or first[_HASH_CHARACTERS:][:1] not in (b"", b":"):
        raise ConfigError(f"{path} is no sorted list of SHA-1 hashes, one in hexadecimal per line")


def _is_listed(path: Path, digest: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, len(lines)
        while low < high:
            start = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = lines.find(b"\n", start, high)
            end = high if end < 0 else end
            found = lines[start : start + _HASH_CHARACTERS].upper()
            if found == digest:
                return True
            if found < digest:
                low = end + 1
            else:
                high = start
    return False
