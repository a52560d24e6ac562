"""Recovery codes: ten of 80 random bits, copied by hand and typed back (NIST SP 800-63B §5.1.2)."""

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.recovery_codes import CODE_BYTES, format_recovery_code, hash_recovery_code

CODES = st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES).map(format_recovery_code)


@given(CODES)
@settings(max_examples=200, deadline=None)
def test_a_code_has_four_groups_without_letters_that_look_like_digits(code: str) -> None:
    assert re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)


@given(
    st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES), st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES)
)
@settings(max_examples=200, deadline=None)
def test_every_random_bit_is_in_the_code(one: bytes, two: bytes) -> None:
    assert (format_recovery_code(one) == format_recovery_code(two)) == (one == two)


@given(CODES)
@settings(max_examples=200, deadline=None)
def test_how_a_code_is_typed_does_not_matter(code: str) -> None:
    expected = hash_recovery_code(code)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert expected is not None
    assert hash_recovery_code(f"  {typed}\n") == hash_recovery_code(code.replace("-", "")) == expected


def test_what_is_stored_is_the_hash_of_the_sixteen_characters() -> None:
    assert hash_recovery_code("abcd-efgh-jkmn-pqrs") == hashlib.sha256(b"ABCDEFGHJKMNPQRS").digest()


@pytest.mark.parametrize(
    "typed", ["", "ABCD-EFGH-JKMN-PQR", "ABCD-EFGH-JKMN-PQRSS", "UBCD-EFGH-JKMN-PQRS", "ÄBCD-EFGH-JKMN-PQRS"]
)
def test_what_cannot_be_a_code_has_no_hash(typed: str) -> None:
    assert hash_recovery_code(typed) is None


@given(st.text(max_size=64))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_reader_fail(typed: str) -> None:
    hashed = hash_recovery_code(typed)
    assert hashed is None or len(hashed) == 32
