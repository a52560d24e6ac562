"""Web identity tokens: signed for one service, checkable with the published keys (RFC 7515, RFC 7518 §3.3, §3.4)."""

import json
from dataclasses import replace

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.tokens import SessionClaims
from daypass.server.domain.web_identity_token import (
    Algorithm,
    NoSigningKey,
    WebIdentity,
    build_web_identity_token,
    web_identity_algorithms,
    web_identity_jwks,
)
from support.rsa_keys import FIRST_RSA_KEY, SECOND_RSA_KEY

NOW = 1_900_000_000
OLD, NEW = (
    MasterKey("0a0b0c0d", 1, bytes(32), FIRST_RSA_KEY),
    MasterKey("0e0f0a0b", 2, b"x" * 32, SECOND_RSA_KEY),
)
RING = KeyRing([OLD, NEW])
WITHOUT_RSA = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
ALICE = "arn:aws:iam::111122223333:user/alice"
IDENTITY = WebIdentity(
    issuer="https://signin.example.com",
    claims=SessionClaims("ASIA" + "A" * 16, "111122223333", "user", ALICE, "AIDA1", NOW, NOW + 900),
    principal_tags=(),
    audience=("https://deploy.example.com",),
    request_tags=(),
    token_id="one",
    region="us-east-1",
    issued_at=NOW,
    expires_at=NOW + 300,
)


def published(ring: KeyRing = RING) -> KeySet:
    return KeySet.import_key_set({"keys": web_identity_jwks(ring)})


@pytest.mark.parametrize(("algorithm", "kid"), [("ES384", "0e0f0a0b-web"), ("RS256", "0e0f0a0b-web-rsa")])
def test_the_statement_says_who_for_whom_and_until_when(algorithm: Algorithm, kid: str) -> None:
    signed = build_web_identity_token(RING, IDENTITY, algorithm)
    token = jwt.decode(signed, published(), algorithms=[algorithm])
    assert token.header == {"typ": "JWT", "alg": algorithm, "kid": kid}
    assert token.claims == {
        "iss": "https://signin.example.com",
        "sub": ALICE,
        "aud": "https://deploy.example.com",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "one",
        "https://sts.amazonaws.com/": {
            "aws_account": "111122223333",
            "source_region": "us-east-1",
            "principal_id": ALICE,
        },
    }


def test_tags_and_several_audiences_are_said_whole() -> None:
    identity = replace(
        IDENTITY,
        audience=("a", "b"),
        principal_tags=(("team", "blue"), ("team", "red")),
        request_tags=(("run", "7"),),
    )
    claims = jwt.decode(build_web_identity_token(RING, identity), published(), algorithms=["ES384"]).claims
    assert claims["aud"] == ["a", "b"]
    assert claims["https://sts.amazonaws.com/"]["principal_tags"] == {"team": "red"}, "the later one wins"
    assert claims["https://sts.amazonaws.com/"]["request_tags"] == {"run": "7"}


def test_another_rings_key_and_an_altered_statement_do_not_hold() -> None:
    token = build_web_identity_token(RING, IDENTITY)
    other = KeyRing([MasterKey(RING.current.key_id, 2, b"y" * 32)])
    with pytest.raises(JoseError):
        jwt.decode(token, published(other), algorithms=["ES384"])
    header, _, signature = token.split(".")
    body = jws.extract_compact(build_web_identity_token(RING, replace(IDENTITY, token_id="two")).encode())
    assert json.loads(body.payload)["jti"] == "two"
    forged = ".".join((header, token.split(".")[1][:-2] + "AA", signature))
    with pytest.raises(JoseError):
        jwt.decode(forged, published(), algorithms=["ES384"])


def test_a_token_of_the_key_before_a_rotation_still_holds_and_the_newest_signs() -> None:
    for algorithm in web_identity_algorithms(RING):
        before = build_web_identity_token(KeyRing([OLD]), IDENTITY, algorithm)
        assert jwt.decode(before, published(), algorithms=[algorithm]).header["kid"].startswith("0a0b0c0d")
        now = build_web_identity_token(RING, IDENTITY, algorithm)
        with pytest.raises((JoseError, ValueError)):
            jwt.decode(now, published(KeyRing([OLD])), algorithms=[algorithm])


def test_an_rsa_key_of_before_a_rotation_to_a_key_without_one_still_signs() -> None:
    ring = KeyRing([OLD, MasterKey("0e0f0a0b", 2, b"x" * 32)])
    token = jwt.decode(
        build_web_identity_token(ring, IDENTITY, "RS256"), published(ring), algorithms=["RS256"]
    )
    assert token.header["kid"] == "0a0b0c0d-web-rsa"


def test_a_ring_without_an_rsa_key_says_so() -> None:
    assert web_identity_algorithms(WITHOUT_RSA) == ("ES384",)
    assert [jwk["kty"] for jwk in web_identity_jwks(WITHOUT_RSA)] == ["EC"]
    with pytest.raises(NoSigningKey):
        build_web_identity_token(WITHOUT_RSA, IDENTITY, "RS256")


def test_the_published_keys_are_public_and_are_not_the_ones_of_id_tokens() -> None:
    elliptic, rsa = web_identity_jwks(KeyRing([OLD]))
    assert set(elliptic) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert set(rsa) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (rsa["e"], len(rsa["n"])) == ("AQAB", 342), "2048 bits (RFC 7518 §6.3.1)"
    numbers = RING.id_token_key(RING.current.key_id).public_key().public_numbers()
    assert RING.web_identity_key(RING.current.key_id).public_key().public_numbers() != numbers
