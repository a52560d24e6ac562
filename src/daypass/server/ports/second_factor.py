"""Proof of presence beyond the password. Implemented by `flows/second_factor.py`; other flows know only this."""

from typing import Protocol

__all__ = ["SecondFactor"]


class SecondFactor(Protocol):
    """Judges one-time codes."""

    async def prove(self, account_id: str, owner_id: str, *, serial_number: str, code: str, now: int) -> None:
        """The code is this device's, the device is this owner's, and the code was never used before.

        `owner_id` is a user id, or the account id for root. Raises AccessDenied, and Throttling after too many
        wrong codes.
        """
        ...

    async def prove_any(self, account_id: str, owner_id: str, *, code: str, now: int) -> None:
        """The same for a code that does not say of which of the owner's devices it is."""
        ...
