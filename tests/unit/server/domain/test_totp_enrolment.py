"""Two one-time codes in a row."""

import pyotp
import pytest

from daypass.server.domain.totp_enrolment import matching_pair

NOW = 1_900_000_000
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _pair(step: int) -> tuple[str, str]:
    app = pyotp.TOTP(SEED)
    return app.generate_otp(step - 1), app.generate_otp(step)


@pytest.mark.parametrize("drift", [-4, -1, 0, 1])
def test_two_codes_in_a_row_within_the_window_are_a_pair(drift: int) -> None:
    step = NOW // 30 + drift
    assert matching_pair(SEED, *_pair(step), now=NOW, after=0) == step


@pytest.mark.parametrize("drift", [-5, 2])
def test_a_pair_outside_the_window_is_none(drift: int) -> None:
    assert matching_pair(SEED, *_pair(NOW // 30 + drift), now=NOW, after=0) is None


def test_a_pair_is_in_order_in_a_row_and_new() -> None:
    step = NOW // 30
    first, second = _pair(step)
    assert matching_pair(SEED, second, first, now=NOW, after=0) is None
    assert matching_pair(SEED, first, first, now=NOW, after=0) is None
    assert matching_pair(SEED, _pair(step - 1)[0], second, now=NOW, after=0) is None
    assert matching_pair(SEED, first, second, now=NOW, after=step) is None
