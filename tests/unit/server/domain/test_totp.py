"""Time-based one-time passwords (RFC 6238, RFC 4226)."""

import base64

import pytest

from daypass.server.domain.totp import matching_step, provisioning_uri

SEED = base64.b32encode(b"12345678901234567890").decode()

RFC_6238_APPENDIX_B = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
"""SHA-1 rows, eight digits; six-digit codes are their last six (RFC 4226 §5.3: modulo 10^digits)."""


@pytest.mark.parametrize(("moment", "code"), RFC_6238_APPENDIX_B)
def test_rfc_6238_appendix_b(moment: int, code: str) -> None:
    assert matching_step(SEED, code[-6:], now=moment, after=-1) == moment // 30


RFC_4226_APPENDIX_D = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226_APPENDIX_D)))
def test_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert matching_step(SEED, code, now=counter * 30, after=-1) == counter


def test_rfc_6238_section_5_2_one_step_of_drift_either_way() -> None:
    code = "287082"
    assert matching_step(SEED, code, now=59 + 30, after=-1) == 1
    assert matching_step(SEED, code, now=59 - 30, after=-1) == 1
    assert matching_step(SEED, code, now=59 + 60, after=-1) is None


def test_rfc_6238_section_5_2_a_step_that_was_used_never_counts_again() -> None:
    assert matching_step(SEED, "287082", now=59, after=1) is None
    assert matching_step(SEED, "287082", now=59, after=2) is None
    assert matching_step(SEED, "287082", now=59, after=0) == 1


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708२", "abcdef"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_step(SEED, code, now=59, after=-1) is None


def test_the_picture_names_issuer_and_account() -> None:
    uri = provisioning_uri(SEED, account_name="alice@111122223333", issuer="daypass")
    assert uri == f"otpauth://totp/daypass:alice%40111122223333?secret={SEED}&issuer=daypass"
