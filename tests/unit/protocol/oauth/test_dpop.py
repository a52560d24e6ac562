"""DPoP proofs as clients send them, and every way in which one may be wrong."""

import json
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws as other
from joserfc.jwk import ECKey

from daypass.protocol.oauth.dpop import VerifiedProof, build_dpop_proof, verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidDpopProof, InvalidRequest
from support.dpop_forge import (
    ABSENT,
    NOW,
    TARGET,
    b64u,
    forge_proof,
    jwk_of,
    load_private_key,
    load_vector,
    sign,
    thumbprint_of,
)

KEY = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(2**201 + 9, ec.SECP256R1())
VECTORS = load_vector("signin-wire/dpop.json")


def verify(*proofs: str, now: int = NOW, accepted: frozenset[str] = frozenset({TARGET})) -> VerifiedProof:
    """Verify for our target, five minutes either way."""
    return verify_dpop_proof(
        proofs, method="POST", accepted_urls=accepted, now=now, max_age=300, max_future=300
    )


def test_a_built_proof_is_verified_and_says_who_and_when() -> None:
    """Build and verify, whole record compared."""
    proof = build_dpop_proof(KEY, url=TARGET, now=NOW, jti="j")
    assert verify(proof) == VerifiedProof(jkt=thumbprint_of(KEY), jti="j", htu=TARGET, issued_at=NOW)


def test_another_implementation_verifies_a_built_proof() -> None:
    """joserfc takes the key from the header, as a server does; members in the AWS CLI's order."""
    proof = build_dpop_proof(KEY, url=TARGET + "?x=1#y", now=NOW, jti="j")
    unverified_header = other.extract_compact(proof.encode()).headers()
    found = other.deserialize_compact(proof, ECKey.import_key(unverified_header["jwk"]), algorithms=["ES256"])
    assert list(found.headers()) == ["typ", "alg", "jwk"]
    assert list(found.headers()["jwk"]) == ["kty", "x", "y", "crv"]
    assert found.headers() == {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}
    assert json.loads(found.payload) == {"htm": "POST", "htu": TARGET, "iat": NOW, "jti": "j"}


def test_a_proof_by_another_implementation_is_verified() -> None:
    """joserfc signs; we read."""
    private = jwk_of(KEY) | {"d": b64u(KEY.private_numbers().private_value.to_bytes(32, "big"))}
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk_of(KEY)}
    claims = json.dumps({"jti": "j", "iat": NOW, "htm": "POST", "htu": TARGET})
    proof = other.serialize_compact(header, claims, ECKey.import_key(private))
    assert verify(proof).jkt == thumbprint_of(KEY)


@pytest.mark.parametrize("name", ["full_coordinates", "short_x"])
def test_the_projects_proof_vectors_verify_and_bind_to_the_right_key(name: str) -> None:
    """A session begun with padded coordinates can be refreshed with short ones, and the other way round."""
    vector = VECTORS[name]
    found = verify(vector["proof"], now=vector["iat"], accepted=frozenset({vector["htu"]}))
    assert found == VerifiedProof(vector["jkt"], vector["jti"], vector["htu"], vector["iat"])
    built = build_dpop_proof(
        load_private_key(vector["private_key_pem"]), url=vector["htu"], now=vector["iat"], jti=vector["jti"]
    )
    assert verify(built, now=vector["iat"], accepted=frozenset({vector["htu"]})) == found


def test_an_indented_proof_is_verified_over_the_bytes_that_arrived() -> None:
    """The Go SDK indents its JSON; writing it again would break the signature."""
    assert verify(forge_proof(KEY, indent=2)).jkt == thumbprint_of(KEY)


@pytest.mark.parametrize("want_low_s", [True, False])
def test_proofs_with_low_and_with_high_s_are_accepted(want_low_s: bool) -> None:
    """Signers do not normalize."""
    assert verify(forge_proof(KEY, want_low_s=want_low_s)).jkt == thumbprint_of(KEY)


def test_the_same_proof_verifies_again() -> None:
    """Clients repeat a proof when they retry; judging a repetition needs memory and is the caller's."""
    proof = forge_proof(KEY)
    assert verify(proof) == verify(proof)


def test_unknown_members_of_a_proof_are_tolerated() -> None:
    """RFC 7515 §4 and RFC 7519 §4: what is not understood is ignored."""
    proof = forge_proof(
        KEY,
        header={"kid": "a", "x": 1, "jwk": jwk_of(KEY) | {"use": "sig", "alg": "ES256", "kid": "b"}},
        claims={"nonce": "n", "ath": "a", "exp": 1, "nbf": 9**20, "more": {"deep": [None]}},
    )
    assert verify(proof).jkt == thumbprint_of(KEY)


@pytest.mark.parametrize(
    "proofs", [(), (forge_proof(KEY), forge_proof(KEY)), (forge_proof(KEY),) * 2], ids=count()
)
def test_exactly_one_proof_is_required(proofs: tuple[str, ...]) -> None:
    """RFC 9449 §4.3 item 1, and no token without a proof."""
    with pytest.raises(InvalidDpopProof, match="exactly one"):
        verify(*proofs)


def test_two_proofs_joined_in_one_header_are_refused() -> None:
    """As a proxy joins repeated headers."""
    with pytest.raises(InvalidDpopProof):
        verify(f"{forge_proof(KEY)}, {forge_proof(KEY)}")


def test_an_overlong_proof_is_refused_before_it_is_read() -> None:
    """4096 characters are eight times what clients send."""
    with pytest.raises(InvalidDpopProof, match="4096"):
        verify(forge_proof(KEY, claims={"pad": "a" * 4096}))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": ABSENT}, "typ"),
        ({"typ": "JWT"}, "typ"),
        ({"typ": "DPOP+JWT"}, "typ"),
        ({"typ": "application/dpop+jwt"}, "typ"),
        ({"typ": ["dpop+jwt"]}, "typ"),
        ({"alg": ABSENT}, "alg"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "ES384"}, "alg"),
        ({"alg": "es256"}, "alg"),
        ({"alg": ["ES256"]}, "alg"),
        ({"crit": ["exp"]}, "critical"),
        ({"crit": []}, "critical"),
        ({"jwk": ABSENT}, "jwk"),
        ({"jwk": None}, "jwk"),
        ({"jwk": [jwk_of(KEY)]}, "jwk"),
        ({"jwk": json.dumps(jwk_of(KEY))}, "jwk"),
        ({"jwk": jwk_of(OTHER_KEY)}, "signature"),
        ({"jwk": jwk_of(KEY) | {"d": "AQ"}}, "private"),
        ({"jwk": jwk_of(KEY) | {"k": "AQ"}}, "private"),
        ({"jwk": jwk_of(KEY) | {"kty": "RSA"}}, "P-256"),
        ({"jwk": jwk_of(KEY) | {"crv": "P-384"}}, "P-256"),
        ({"jwk": jwk_of(KEY) | {"x": jwk_of(OTHER_KEY)["x"]}}, "curve"),
        ({"jwk": jwk_of(KEY) | {"x": b64u(bytes(33))}}, "coordinate"),
        ({"jwk": {name: text for name, text in jwk_of(KEY).items() if name != "y"}}, "coordinate"),
    ],
    ids=count(),
)
def test_a_header_that_is_not_exactly_a_dpop_header_is_refused(header: dict[str, Any], reason: str) -> None:
    """RFC 9449 §4.3 items 4, 5, 7; each with a signature that would verify otherwise."""
    with pytest.raises(InvalidDpopProof, match=reason):
        verify(forge_proof(KEY, header=header))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"htm": ABSENT}, "htm"),
        ({"htm": "GET"}, "htm"),
        ({"htm": "post"}, "htm"),
        ({"htm": ["POST"]}, "htm"),
        ({"htu": ABSENT}, "htu"),
        ({"htu": ["https://signin.example.test/v1/token"]}, "htu"),
        ({"htu": "https://signin.example.test/v1/authorize"}, "htu"),
        ({"htu": "https://other.example.test/v1/token"}, "htu"),
        ({"htu": "http://signin.example.test/v1/token"}, "htu"),
        ({"htu": "/v1/token"}, "htu"),
        ({"iat": ABSENT}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": float(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": None}, "iat"),
        ({"iat": NOW - 301}, "too old"),
        ({"iat": -NOW}, "too old"),
        ({"iat": NOW + 301}, "future"),
        ({"iat": 10**400}, "future"),
        ({"jti": ABSENT}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "a" * 257}, "jti"),
        ({"jti": "a\nb"}, "jti"),
        ({"jti": "\ud800"}, "jti"),
        ({"jti": "\x00"}, "jti"),
    ],
    ids=repr,
)
def test_a_claim_that_is_missing_or_not_for_this_request_is_refused(
    claims: dict[str, Any], reason: str
) -> None:
    """RFC 9449 §4.3 items 3, 8, 9, 11."""
    with pytest.raises(InvalidDpopProof, match=reason):
        verify(forge_proof(KEY, claims=claims))


@pytest.mark.parametrize("issued_at", [NOW - 300, NOW - 1, NOW, NOW + 300])
def test_both_ends_of_the_time_window_belong_to_it(issued_at: int) -> None:
    """Clients take the time from their own clock and do not correct it here."""
    assert verify(forge_proof(KEY, claims={"iat": issued_at})).issued_at == issued_at


def test_age_and_future_are_two_separate_limits() -> None:
    """Swapped arguments would show."""
    with pytest.raises(InvalidDpopProof, match="too old"):
        verify_dpop_proof(
            [forge_proof(KEY)],
            method="POST",
            accepted_urls=frozenset({TARGET}),
            now=NOW + 11,
            max_age=10,
            max_future=60,
        )


@pytest.mark.parametrize("jti", ["a", "a" * 256, "11111111-2222-4333-8444-555555555555", "-BwC3ESc6acc2lTc"])
def test_identifiers_of_1_to_256_visible_characters_are_kept(jti: str) -> None:
    """UUIDs in practice."""
    assert verify(forge_proof(KEY, claims={"jti": jti})).jti == jti


def test_a_changed_claim_breaks_the_signature() -> None:
    """The payload is what the signature is for."""
    header, _, signature = forge_proof(KEY).split(".")
    payload = forge_proof(KEY, claims={"jti": "another"}).split(".")[1]
    with pytest.raises(InvalidDpopProof, match="signature"):
        verify(f"{header}.{payload}.{signature}")


def test_a_remembered_header_does_not_excuse_a_bad_signature() -> None:
    """The header of a proof that verified before, with another key's signature."""
    good = forge_proof(KEY)
    verify(good)
    forged = forge_proof(OTHER_KEY, header={"jwk": jwk_of(KEY)})
    assert forged.split(".")[0] == good.split(".")[0]
    with pytest.raises(InvalidDpopProof, match="signature"):
        verify(forged)


@pytest.mark.parametrize(
    "proof",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30.",
        forge_proof(KEY) + "=",
        forge_proof(KEY) + ".x",
        " " + forge_proof(KEY),
        forge_proof(KEY).replace(".", "=.", 1),
        "é" + forge_proof(KEY),
        sign(KEY, b"[]", b"{}"),
        sign(KEY, b'{"typ":"dpop+jwt","typ":"dpop+jwt"}', b"{}"),
        sign(KEY, b"[" * 2000, b"{}"),
        sign(KEY, json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}).encode(), b"[]"),
        sign(KEY, json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}).encode(), b"\xff"),
        sign(
            KEY,
            json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}).encode(),
            json.dumps({"htm": "POST", "htu": TARGET, "iat": NOW, "jti": "a"}).encode()[:-1]
            + b',"htm":"POST"}',
        ),
    ],
    ids=count(),
)
def test_a_proof_that_is_not_a_well_formed_jwt_is_refused(proof: str) -> None:
    """RFC 9449 §4.3 item 2; repeated members are not well-formed to us."""
    with pytest.raises(InvalidDpopProof):
        verify(proof)


def test_a_dpop_refusal_is_an_invalid_request_that_repeats_no_input() -> None:
    """Clients see ValidationException and INVALID_REQUEST; the log sees no stranger's text."""
    with pytest.raises(InvalidRequest) as caught:
        verify(forge_proof(KEY, claims={"htu": "https://zzmarkerzz.example/"}))
    assert "zzmarkerzz" not in caught.value.message + caught.value.detail
    assert (caught.value.status, caught.value.error) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "accepted", ["http://127.0.0.1:8080/v1/token", "http://signin.example.test/v1/token"]
)
def test_where_the_endpoint_is_plain_http_a_target_with_https_is_accepted(accepted: str) -> None:
    """The C library always writes https."""
    proof = forge_proof(KEY, claims={"htu": accepted.replace("http:", "https:")})
    assert verify(proof, accepted=frozenset({accepted})).jkt == thumbprint_of(KEY)


@pytest.mark.parametrize(
    "htu",
    ["https://127.0.0.1:8081/v1/token", "https://127.0.0.1/v1/token", "https://127.0.0.1:8080/v1/tokens"],
)
def test_the_https_twin_has_the_same_host_port_and_path(htu: str) -> None:
    """Only the scheme may differ."""
    with pytest.raises(InvalidDpopProof, match="htu"):
        verify(forge_proof(KEY, claims={"htu": htu}), accepted=frozenset({"http://127.0.0.1:8080/v1/token"}))


def test_with_several_names_each_is_accepted_and_reported() -> None:
    """A server behind a proxy has more than one."""
    names = frozenset({"https://a.example/v1/token", "http://127.0.0.1:8080/v1/token"})
    for name in names:
        assert verify(forge_proof(KEY, claims={"htu": name}), accepted=names).htu == name


def test_with_no_accepted_name_no_proof_is_good() -> None:
    """An empty setting must not mean any."""
    with pytest.raises(InvalidDpopProof):
        verify(forge_proof(KEY), accepted=frozenset())
