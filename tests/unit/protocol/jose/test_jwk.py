"""Public keys: what is accepted, and that one key has one thumbprint whoever wrote it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.jwk import public_jwk, public_key_from_jwk, thumbprint
from support.dpop_forge import b64u, jwk_of, load_private_key, load_vector, thumbprint_of

SHORT = load_vector("signin-wire/dpop.json")["short_x"]


def test_a_public_key_survives_being_written_and_read() -> None:
    """Build and parse are inverse."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert public_key_from_jwk(public_jwk(key)) == key


def test_thumbprints_agree_with_another_implementation() -> None:
    """joserfc is the oracle, for twenty random keys."""
    for _ in range(20):
        jwk = jwk_of(ec.generate_private_key(ec.SECP256R1()))
        assert thumbprint(jwk) == ECKey.import_key(jwk).thumbprint()


def test_a_short_coordinate_is_padded_before_import_and_before_the_thumbprint() -> None:
    """About one key in 128 is written short by clients that drop leading zero bytes."""
    sent = {"kty": "EC", "crv": "P-256", "x": SHORT["x_as_sent"], "y": SHORT["y"]}
    key = load_private_key(SHORT["private_key_pem"])
    assert public_key_from_jwk(sent) == key.public_key()
    assert thumbprint(sent) == thumbprint(sent | {"x": SHORT["x"]}) == SHORT["jkt"] == thumbprint_of(key)
    assert thumbprint(sent) != SHORT["jkt_over_sent_members"]


def test_our_own_key_is_always_written_in_full_length() -> None:
    """RFC 7518 §6.2.1.2: the full 32 bytes, leading zero included."""
    key = load_private_key(SHORT["private_key_pem"])
    assert public_jwk(key.public_key())["x"] == SHORT["x"]


def test_members_beyond_the_required_do_not_change_the_thumbprint() -> None:
    """RFC 7638 §3: optional members do not count."""
    jwk = jwk_of(ec.generate_private_key(ec.SECP256R1()))
    assert thumbprint(jwk | {"kid": "a", "use": "sig", "alg": "ES256"}) == thumbprint(jwk)


@pytest.mark.parametrize("member", ["d", "k", "p", "q", "dp", "dq", "qi", "oth"])
def test_a_key_with_a_private_member_is_refused(member: str) -> None:
    """Whoever sends a private key has published it."""
    with pytest.raises(RemoteProtocolError, match="private"):
        public_key_from_jwk(jwk_of(ec.generate_private_key(ec.SECP256R1())) | {member: "AQ"})


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"kty": "OKP"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": ["P-256"]},
        {"x": ""},
        {"x": None},
        {"x": 7},
        {"x": b64u(bytes(33))},
        {"x": b64u(b"\x01" * 32)},
        {"x": b64u(bytes(32)), "y": b64u(bytes(32))},
        {"x": b64u(b"\xff" * 32)},
        {"y": "not base64url!"},
        {"y": "é" * 43},
    ],
    ids=repr,
)
def test_a_key_that_is_not_a_point_of_p256_is_refused(change: dict[str, object]) -> None:
    """Other types and curves, missing or overlong coordinates, points beside the curve."""
    with pytest.raises(RemoteProtocolError):
        public_key_from_jwk(jwk_of(ec.generate_private_key(ec.SECP256R1())) | change)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "AQ"},
        {"kty": "EC", "crv": "P-521", "x": "AQ", "y": "AQ"},
        {"kty": "EC", "crv": "P-256", "x": "AQ"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": '","evil":"'},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "A" * 42 + "B"},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB", "n": 'x"'},
        {"kty": ["EC"], "crv": "P-256", "x": "AQ", "y": "AQ"},
    ],
    ids=repr,
)
def test_no_thumbprint_is_made_of_an_incomplete_or_misspelt_key(jwk: dict[str, object]) -> None:
    """A thumbprint names a key; text that would need JSON escapes names none."""
    with pytest.raises(RemoteProtocolError):
        thumbprint(jwk)
