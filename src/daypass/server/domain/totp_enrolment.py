"""Two one-time codes in a row: the proof that an app holds a virtual device's seed (IAM reference, "EnableMFADevice").

The window is wider than that of a sign-in: the person types two codes, and the first may be a minute old. The wider
window gives a guesser nothing, because both codes must fit neighbouring steps.
"""

import hmac

from pyotp.totp import TOTP

from daypass.server.domain.totp import STEP_SECONDS

__all__ = ["matching_pair"]

_STEPS_BACK = 4
_STEPS_AHEAD = 1


def matching_pair(seed: str, code: str, next_code: str, *, now: int, after: int) -> int | None:
    """The step of `next_code` where `code` is of the step before it, or None; only steps > `after` count.

    `seed` is Base32 text, `now` epoch seconds. Every candidate is compared in constant time.
    """
    generator = TOTP(seed)
    present = now // STEP_SECONDS
    found = None
    for step in range(max(present - _STEPS_BACK, 1), present + _STEPS_AHEAD + 1):
        is_first = hmac.compare_digest(generator.generate_otp(step - 1).encode(), code.encode())
        is_second = hmac.compare_digest(generator.generate_otp(step).encode(), next_code.encode())
        if is_first and is_second and step > after:
            found = step
    return found
