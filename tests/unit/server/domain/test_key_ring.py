"""Derivation is HMAC-SHA256 under a sub-key per label, whatever way it is computed."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.key_ring import KeyRing, MasterKey, SealBroken

KEY = MasterKey("0a0b0c0d", 1, b"m" * 32)
RING = KeyRing([KEY])


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_derivation_is_the_standards_hmac(message: bytes) -> None:
    """RFC 5869 for the sub-key, RFC 2104 for the rest."""
    expand = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"daypass/v1/derive/label")
    expected = hmac.digest(expand.derive(KEY.material), message, hashlib.sha256)
    assert RING.derive("label", message, key_id=KEY.key_id) == expected
    assert RING.derive("label", message, key_id=KEY.key_id) == expected


def test_another_label_derives_something_else() -> None:
    assert RING.derive("a", b"m", key_id=KEY.key_id) != RING.derive("b", b"m", key_id=KEY.key_id)


def test_a_key_no_longer_kept_derives_nothing() -> None:
    with pytest.raises(SealBroken):
        RING.derive("a", b"m", key_id="ffffffff")


@pytest.mark.parametrize("change", ["+{}", "{} ", "{}=", "{}\n", "é{}"])
def test_a_sealed_text_has_one_spelling(change: str) -> None:
    sealed = RING.seal("code", b"plain")
    assert RING.open("code", sealed)[0] == b"plain"
    with pytest.raises(SealBroken):
        RING.open("code", change.format(sealed))


def test_the_standard_alphabet_and_spare_bits_are_refused() -> None:
    for number in range(64):
        sealed = RING.seal("code", number.to_bytes(2, "big"))
        for respelt in (sealed.replace("-", "+").replace("_", "/"), sealed[:-1] + chr(ord(sealed[-1]) + 1)):
            if respelt != sealed:
                with pytest.raises(SealBroken):
                    RING.open("code", respelt)
