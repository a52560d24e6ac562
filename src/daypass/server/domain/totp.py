"""Time-based one-time passwords: which 30-second step a code is of (RFC 6238, with the RFC's defaults).

A code counts once, and steps only go forward: whoever accepts a step records it, so that neither this code nor an
older one is ever taken again (RFC 6238 §5.2). The arithmetic is the library's; the window and the comparison are here.
"""

import hmac

from pyotp.totp import TOTP

from daypass.protocol.aws.errors import ValidationError

__all__ = ["SEED_BYTES", "STEP_SECONDS", "check_code_parameters", "matching_step", "provisioning_uri"]

SEED_BYTES = 20
"""Of a new seed: the length of HMAC-SHA-1's output (RFC 4226 §4 R6 asks for 16 at least)."""
STEP_SECONDS = 30
_WINDOW = 1
"""Steps before and after the present one: clocks of telephones differ (RFC 6238 §5.2)."""


def matching_step(seed: str, code: str, *, now: int, after: int) -> int | None:
    """The step whose code this is, or None. `seed` is Base32 text, `now` epoch seconds; only steps > `after` count.

    Every candidate is computed and compared in constant time, whichever matches.
    """
    generator = TOTP(seed)
    present = now // STEP_SECONDS
    found = None
    for step in range(max(present - _WINDOW, 0), present + _WINDOW + 1):
        is_equal = hmac.compare_digest(generator.generate_otp(step).encode(), code.encode())
        if is_equal and step > after:
            found = step
    return found


def provisioning_uri(seed: str, *, account_name: str, issuer: str) -> str:
    """What an authenticator app reads from the picture: `otpauth://totp/…`."""
    return TOTP(seed).provisioning_uri(name=account_name, issuer_name=issuer)


def check_code_parameters(serial_number: str | None, token_code: str | None) -> tuple[str, str] | None:
    """A device and its code, which belong together; None without. Raises ValidationError."""
    if serial_number is None and token_code is None:
        return None
    if serial_number is None or token_code is None:
        raise ValidationError("SerialNumber and TokenCode must be passed together")
    return serial_number, token_code
