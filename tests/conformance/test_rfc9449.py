"""RFC 9449, DPoP: one test per check of §4.3 that applies to a token endpoint without nonces.

§4.3 item 10 (nonce) does not apply: none is issued, since no AWS client answers that challenge. Item 12
(`ath`) is for resource servers. §11.1 (replay) needs memory and is proven with the storage.
"""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.oauth.dpop import VerifiedProof, build_dpop_proof, verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidDpopProof
from daypass.protocol.oauth.metadata import build_metadata
from support.dpop_forge import ABSENT, NOW, TARGET, forge_proof, jwk_of, load_vector, sign, thumbprint_of

KEY = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(2**201 + 9, ec.SECP256R1())


def verify(*proofs: str, method: str = "POST", url: str = TARGET, now: int = NOW) -> VerifiedProof:
    """Verify with a window of one minute."""
    return verify_dpop_proof(
        proofs, method=method, accepted_urls=frozenset({url}), now=now, max_age=60, max_future=60
    )


def refused(*proofs: str, **options: Any) -> bool:
    """Is it refused with our error?"""
    with pytest.raises(InvalidDpopProof):
        verify(*proofs, **options)
    return True


def test_4_1_the_published_example_proof_verifies() -> None:
    """And §6.1: its key has the published thumbprint."""
    vector = load_vector("rfc9449-4/proof.json")
    found = verify(vector["proof"], method=vector["method"], url=vector["htu"], now=vector["iat"])
    assert found == VerifiedProof(vector["jkt"], vector["jti"], vector["htu"], vector["iat"])


def test_4_2_a_built_proof_has_every_required_member_and_no_private_key() -> None:
    """Header typ, alg, jwk; claims jti, htm, htu without query and fragment, iat."""
    header, claims = (
        json.loads(_decode(segment))
        for segment in build_dpop_proof(KEY, url=f"{TARGET}?a#b", now=NOW, jti="j").split(".")[:2]
    )
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}
    assert claims == {"jti": "j", "htm": "POST", "htu": TARGET, "iat": NOW}


def test_4_3_item_1_there_must_not_be_more_than_one_proof() -> None:
    """Nor none."""
    assert refused()
    assert refused(forge_proof(KEY), forge_proof(KEY))


def test_4_3_item_2_the_proof_must_be_one_well_formed_jwt() -> None:
    """Anything else is no proof."""
    assert refused("")
    assert refused("not.a.jwt")
    assert refused(forge_proof(KEY).rpartition(".")[0])
    assert refused(sign(KEY, b"{", b"{}"))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
def test_4_3_item_3_every_required_claim_must_be_there(name: str) -> None:
    """One at a time."""
    assert refused(forge_proof(KEY, claims={name: ABSENT}))


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "at+jwt"])
def test_4_3_item_4_typ_must_be_dpop_jwt(typ: object) -> None:
    """Another kind of token signed by the same key is no proof."""
    assert refused(forge_proof(KEY, header={"typ": typ}))


@pytest.mark.parametrize("alg", [ABSENT, "none", "HS256", "RS256", "ES384", "ES256K"])
def test_4_3_item_5_alg_must_be_asymmetric_and_supported(alg: object) -> None:
    """And never `none`."""
    assert refused(forge_proof(KEY, header={"alg": alg}))


def test_4_3_item_6_the_signature_must_verify_with_the_key_in_the_header() -> None:
    """Not with any other."""
    assert verify(forge_proof(KEY)).jkt == thumbprint_of(KEY)
    assert refused(forge_proof(OTHER_KEY, header={"jwk": jwk_of(KEY)}))


def test_4_3_item_7_the_key_must_not_be_private() -> None:
    """Even when everything else is right."""
    assert refused(forge_proof(KEY, header={"jwk": jwk_of(KEY) | {"d": "AQ"}}))


def test_4_3_item_8_htm_must_match_the_method() -> None:
    """Either way round."""
    assert refused(forge_proof(KEY, claims={"htm": "GET"}))
    assert refused(forge_proof(KEY), method="GET")


def test_4_3_item_9_htu_must_match_the_target_without_query_and_fragment() -> None:
    """Host, port, path and scheme count; query and fragment do not."""
    for htu in (f"{TARGET}?a=b", f"{TARGET}#f", "HTTPS://SIGNIN.EXAMPLE.TEST:443/v1/token"):
        assert verify(forge_proof(KEY, claims={"htu": htu})).htu == TARGET
    for htu in (
        "https://a.test/v1/token",
        f"{TARGET}/",
        TARGET.replace("test/", "test:444/"),
        TARGET.replace("s:", ":"),
    ):
        assert refused(forge_proof(KEY, claims={"htu": htu}))


def test_4_3_item_11_the_proof_must_be_recent() -> None:
    """Neither too old nor from too far in the future (§11.1)."""
    assert verify(forge_proof(KEY), now=NOW + 60).issued_at == NOW
    assert verify(forge_proof(KEY), now=NOW - 60).issued_at == NOW
    assert refused(forge_proof(KEY), now=NOW + 61)
    assert refused(forge_proof(KEY), now=NOW - 61)


def test_5_1_the_metadata_lists_the_supported_algorithms() -> None:
    """`dpop_signing_alg_values_supported`."""
    assert build_metadata("https://h")["dpop_signing_alg_values_supported"] == ["ES256"]


def test_6_1_the_confirmation_value_is_the_thumbprint_of_the_proofs_key() -> None:
    """SHA-256, base64url, whatever else the key object says."""
    plain = verify(forge_proof(KEY))
    adorned = verify(forge_proof(KEY, header={"jwk": jwk_of(KEY) | {"kid": "x", "use": "sig"}}))
    assert plain.jkt == adorned.jkt == thumbprint_of(KEY)
    assert verify(forge_proof(OTHER_KEY)).jkt == thumbprint_of(OTHER_KEY) != plain.jkt


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
