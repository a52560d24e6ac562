"""ES256 in compact form, checked against another implementation."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws as other
from joserfc.jwk import ECKey

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url
from daypass.protocol.jose.jws import sign_compact, split_compact, verify_es256
from support.dpop_forge import P256_ORDER, b64u, jwk_of, sign

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
HEADER = {"alg": "ES256", "kid": "a"}


def test_another_implementation_verifies_what_we_sign() -> None:
    """joserfc reads header, payload and signature."""
    found = other.deserialize_compact(
        sign_compact(HEADER, {"sub": "x"}, signing_key=KEY),
        ECKey.import_key(jwk_of(KEY)),
        algorithms=["ES256"],
    )
    assert found.headers() == HEADER
    assert json.loads(found.payload) == {"sub": "x"}


def test_we_verify_what_another_implementation_signs() -> None:
    """And the other way round."""
    pem = ECKey.import_key(jwk_of(KEY) | {"d": b64u(KEY.private_numbers().private_value.to_bytes(32, "big"))})
    verify_es256(KEY.public_key(), split_compact(other.serialize_compact(HEADER, b"any payload", pem)))


@pytest.mark.parametrize("want_low_s", [True, False])
def test_both_valid_signatures_of_one_text_are_accepted(want_low_s: bool) -> None:
    """ECDSA is malleable and clients write either; nothing may rely on the bytes."""
    verify_es256(KEY.public_key(), split_compact(sign(KEY, b"{}", b"{}", want_low_s=want_low_s)))


def test_a_signature_by_another_key_does_not_verify() -> None:
    """The whole point."""
    with pytest.raises(RemoteProtocolError, match="signature"):
        verify_es256(KEY.public_key(), split_compact(sign(OTHER_KEY, b"{}", b"{}")))


@pytest.mark.parametrize("position", [0, 1])
def test_a_changed_segment_does_not_verify(position: int) -> None:
    """Header and payload are both under the signature."""
    segments = sign(KEY, b'{"a":1}', b'{"a":1}').split(".")
    segments[position] = b64u(b'{"a":2}')
    with pytest.raises(RemoteProtocolError, match="signature"):
        verify_es256(KEY.public_key(), split_compact(".".join(segments)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(64),
        bytes(63),
        bytes(65),
        b"\xff" * 64,
        bytes(31) + b"\x01" + P256_ORDER.to_bytes(32, "big"),
        b"\x30\x06\x02\x01\x01\x02\x01\x01",
    ],
    ids=lambda raw: f"{len(raw)} bytes {raw[:4].hex()}",
)
def test_a_signature_of_another_form_is_refused(raw: bytes) -> None:
    """Zero, out of range, wrong length, DER instead of r and s."""
    with pytest.raises(RemoteProtocolError):
        verify_es256(KEY.public_key(), split_compact(f"e30.e30.{b64u(raw)}"))


@pytest.mark.parametrize("compact", ["", "a", "a.b", "a.b.c.d", "é.b.c", "\ud800.b.c"])
def test_a_compact_jws_has_three_ascii_segments(compact: str) -> None:
    """RFC 7515 §7.1."""
    with pytest.raises(RemoteProtocolError):
        split_compact(compact)


def test_the_signature_is_checked_over_the_bytes_that_arrived() -> None:
    """White space and member order are the signer's business."""
    compact = sign(KEY, b'{\n  "alg" : "ES256"\n}', b' { "b":1, "a":2 } ')
    jws = split_compact(compact)
    verify_es256(KEY.public_key(), jws)
    assert base64url.decode(jws.unverified_payload) == b' { "b":1, "a":2 } '


def test_an_integer_of_the_signature_in_another_length_is_refused() -> None:
    """A zero byte before s leaves its value as it is; the form is still wrong."""
    signing_input, _, encoded = sign(KEY, b"{}", b"{}").rpartition(".")
    signature = base64url.decode(encoded)
    with pytest.raises(RemoteProtocolError, match="64"):
        verify_es256(
            KEY.public_key(),
            split_compact(f"{signing_input}.{b64u(signature[:32] + bytes(1) + signature[32:])}"),
        )
