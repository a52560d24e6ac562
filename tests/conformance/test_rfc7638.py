"""RFC 7638, JSON Web Key Thumbprint: one test per rule that applies."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.jwk import thumbprint
from support.dpop_forge import b64u, jwk_of, load_vector

EC_JWK = jwk_of(ec.derive_private_key(2**200 + 7, ec.SECP256R1()))


def test_3_1_the_published_rsa_example_has_its_published_thumbprint() -> None:
    """The vector, optional members `alg` and `kid` included."""
    vector = load_vector("rfc7638-3.1/thumbprint.json")
    assert thumbprint(vector["jwk"]) == vector["thumbprint"]


def test_3_the_hash_input_has_no_white_space_and_its_members_in_lexicographic_order() -> None:
    """Written here by hand."""
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{EC_JWK["x"]}","y":"{EC_JWK["y"]}"}}'
    assert thumbprint(EC_JWK) == b64u(hashlib.sha256(canonical.encode()).digest())


def test_3_2_only_required_members_are_used() -> None:
    """Order and further members of the key make no difference."""
    shuffled = dict(reversed(EC_JWK.items())) | {
        "alg": "ES256",
        "use": "sig",
        "kid": "k",
        "key_ops": ["verify"],
    }
    assert thumbprint(json.loads(json.dumps(shuffled))) == thumbprint(EC_JWK)


@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
def test_3_2_all_required_members_must_be_present(member: str) -> None:
    """A key without one of them has no thumbprint."""
    with pytest.raises(RemoteProtocolError):
        thumbprint({name: text for name, text in EC_JWK.items() if name != member})


@pytest.mark.parametrize("member", ["crv", "x", "y"])
def test_3_2_each_required_member_changes_the_thumbprint_or_refuses_it(member: str) -> None:
    """No required member is left out of the hash."""
    other = jwk_of(ec.derive_private_key(3, ec.SECP256R1())) | {"crv": "P-384"}
    try:
        found = thumbprint(EC_JWK | {member: other[member]})
    except RemoteProtocolError:
        assert member == "crv"
    else:
        assert found != thumbprint(EC_JWK)
