"""Web identity tokens: signed for one service, checkable with the published key (RFC 7515, RFC 7518 §3.4)."""

import json
from dataclasses import replace

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.tokens import SessionClaims
from daypass.server.domain.web_identity_token import WebIdentity, build_web_identity_token, web_identity_jwk

NOW = 1_900_000_000
RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32)), MasterKey("0e0f0a0b", 2, b"x" * 32)])
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


def published() -> KeySet:
    return KeySet([ECKey.import_key(web_identity_jwk(RING, key.key_id)) for key in RING.keys])


def test_the_statement_says_who_for_whom_and_until_when() -> None:
    token = jwt.decode(build_web_identity_token(RING, IDENTITY), published(), algorithms=["ES384"])
    assert token.header == {"typ": "JWT", "alg": "ES384", "kid": f"{RING.current.key_id}-web"}
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
    wrong = KeySet([ECKey.import_key(web_identity_jwk(other, RING.current.key_id))])
    with pytest.raises(JoseError):
        jwt.decode(token, wrong, algorithms=["ES384"])
    header, _, signature = token.split(".")
    body = jws.extract_compact(build_web_identity_token(RING, replace(IDENTITY, token_id="two")).encode())
    assert json.loads(body.payload)["jti"] == "two"
    forged = ".".join((header, token.split(".")[1][:-2] + "AA", signature))
    with pytest.raises(JoseError):
        jwt.decode(forged, published(), algorithms=["ES384"])


def test_the_published_key_is_public_and_is_not_the_one_of_id_tokens() -> None:
    jwk = web_identity_jwk(RING, RING.current.key_id)
    assert set(jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    numbers = RING.id_token_key(RING.current.key_id).public_key().public_numbers()
    assert RING.web_identity_key(RING.current.key_id).public_key().public_numbers() != numbers
