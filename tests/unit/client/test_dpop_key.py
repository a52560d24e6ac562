"""The key at rest: SEC1 as everybody reads it, and the shortened form that the AWS CLI version 2 leaves one time in 256."""

import base64

import pytest
from awscrt.crypto import EC, ECExportFormat, ECType
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.dpop_key import key_from_pem, key_to_pem, new_key
from daypass.errors import CacheError
from daypass.secret import Secret


def _pem(der: bytes) -> Secret:
    body = base64.encodebytes(der).decode()
    return Secret(f"-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n")


def _saved_short() -> bytes:
    """A key as the library beneath the AWS CLI saves it, with its leading zero gone."""
    while True:
        der: bytes = EC.new_generate(ECType.P_256).export_key(ECExportFormat.SEC1)
        if der[6] < 32:
            return der


def test_a_key_is_read_as_it_was_written() -> None:
    key = new_key()
    assert key_from_pem(key_to_pem(key)).private_numbers() == key.private_numbers()


def test_a_key_without_its_leading_zero_is_read_and_written_whole() -> None:
    """The library that wrote it refuses it; what we write of it, it reads."""
    short = _saved_short()
    with pytest.raises(RuntimeError, match="UNSUPPORTED_KEY_FORMAT"):
        EC.new_key_from_der_data(short)
    key = key_from_pem(_pem(short))
    whole = key_to_pem(key).reveal()
    EC.new_key_from_der_data(base64.b64decode("".join(whole.splitlines()[1:-1])))
    assert key_from_pem(Secret(whole)).private_numbers() == key.private_numbers()


def test_a_shortened_key_must_fit_its_public_key() -> None:
    short = _saved_short()
    other = short[:-1] + bytes([short[-1] ^ 1])
    cut = short[:7] + short[8:]
    for der in (other, cut, short[:40], short + b"\0", b"", b"\x30\x00"):
        with pytest.raises(CacheError, match="key cannot be read"):
            key_from_pem(_pem(der))


def test_another_curve_and_no_key_are_refused() -> None:
    for pem in (key_to_pem(ec.generate_private_key(ec.SECP384R1())), Secret("nonsense"), Secret("")):
        with pytest.raises(CacheError):
            key_from_pem(pem)
