"""Secrets that cannot print themselves.

A `Secret` shows only stars in `repr`, `str`, f-strings and tracebacks. `reveal()` is the one named,
greppable way to the value, and comparison is constant-time and inside, so no caller ever writes `==`
on the contents. Nothing here imports anything of ours.
"""

import hmac

__all__ = ["Secret"]


class Secret:
    """A text that must not be shown: a token, a password, a private key in PEM."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call it where the value leaves for its destination, nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __str__(self) -> str:
        return "**********"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Constant-time in the contents (not in the length)."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not pickled; reveal() it where it is needed")
