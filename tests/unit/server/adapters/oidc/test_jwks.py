"""Which published keys are ever trusted, and when the set is fetched again."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from daypass.protocol.aws.errors import IDPCommunicationError, InvalidIdentityToken
from daypass.secret import Secret
from daypass.server.adapters.oidc.jwks import parse_verifying_keys
from support.oidc_forge import OTHER_RSA, RSA, Forge, b64, public_key, sign

FORGE = Forge()
KEYS_URL = "https://keys.example/set"
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 60), 1 << 60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def parsed(*keys: object) -> list[str]:
    return [key.key_id for key in parse_verifying_keys(json.dumps({"keys": keys}).encode())]


def test_a_small_rsa_key_and_strange_curves_are_left_out() -> None:
    with pytest.warns(SecurityWarning):
        small = RSAKey.generate_key(1024)
    modulus = small.public_key.public_numbers().n.to_bytes(256, "big")
    with pytest.warns(SecurityWarning):
        padded = parsed({**public_key(small), "n": b64(modulus)})  # zeros make it look long enough
    assert padded == []
    assert parsed(
        public_key(RSA, "good"),
        public_key(small, "small"),
        public_key(ECKey.generate_key("secp256k1"), "curve"),
        public_key(OKPKey.generate_key("X25519"), "exchange"),
        public_key(OKPKey.generate_key("Ed448"), "ed448"),
        {"kty": "oct", "k": b64(b"x" * 32), "kid": "shared"},
        {"kty": "RSA", "n": b64(b"\xff" * 4096), "e": "AQAB", "kid": "huge"},
        {"kty": "RSA", "n": public_key(RSA)["n"], "e": b64(b"\x01" * 64), "kid": "slow exponent"},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\x01" * 32), "y": b64(b"\x01" * 32), "kid": "off the curve"},
        "not a key",
    ) == ["good"]


def test_a_key_for_something_else_is_left_out() -> None:
    assert parsed(
        public_key(RSA, "use", use="enc"),
        public_key(RSA, "ops", key_ops=["encrypt"]),
        public_key(RSA, "alg", alg="ES256"),
        public_key(RSA, "hmac", alg="HS256"),
        public_key(RSA, "good", use="sig", key_ops=["verify"], alg="RS256"),
    ) == ["good"]


async def test_a_key_for_one_algorithm_verifies_no_other(world) -> None:
    world.http.keys = [public_key(RSA, alg="RS512")]
    with pytest.raises(InvalidIdentityToken):
        await world.party.verify_token(world.provider, Secret(sign(FORGE.id_claims())), now=FORGE.now)


def test_a_private_part_that_leaked_is_not_read() -> None:
    (key,) = parse_verifying_keys(json.dumps({"keys": [{**RSA.as_dict(private=True), "kid": "k"}]}).encode())
    assert not key.key.is_private


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps({"keys": value}).encode()))
def test_no_key_set_raises_anything_but_our_error(body: bytes) -> None:
    with contextlib.suppress(IDPCommunicationError):
        parse_verifying_keys(body)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [public_key(RSA), public_key(ECKey.generate_key("P-256")), public_key(OKPKey.generate_key("Ed25519"))]
    ),
    st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops"]),
    _JSON,
)
def test_no_bent_key_raises_anything(key: dict[str, object], name: str, value: object) -> None:
    parse_verifying_keys(json.dumps({"keys": [{**key, name: value}]}).encode())


async def verify(world, token: str) -> str:
    return (await world.party.verify_token(world.provider, Secret(token), now=world.now)).subject


async def test_a_key_rotated_in_the_middle_is_followed(world) -> None:
    await verify(world, sign(FORGE.id_claims()))
    world.http.keys = [public_key(OTHER_RSA, "k2")]
    assert await verify(world, sign(FORGE.id_claims(), OTHER_RSA, kid="k2")) == "ada"
    assert world.http.calls[KEYS_URL] == 2
    with pytest.raises(InvalidIdentityToken):  # the old key is gone
        await verify(world, sign(FORGE.id_claims()))


async def test_unknown_keys_cause_one_fetch_a_minute(world) -> None:
    await verify(world, sign(FORGE.id_claims()))
    for number in range(20):
        with pytest.raises(InvalidIdentityToken):
            await verify(world, sign(FORGE.id_claims(), kid=f"forged-{number}"))
    assert world.http.calls[KEYS_URL] == 2
    world.now += 59
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign(FORGE.id_claims(), kid="forged"))
    assert world.http.calls[KEYS_URL] == 2
    world.now += 1
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign(FORGE.id_claims(), kid="forged"))
    assert world.http.calls[KEYS_URL] == 3


async def test_many_at_once_cause_one_fetch(world) -> None:
    token = sign(FORGE.id_claims())
    assert await asyncio.gather(*(verify(world, token) for _ in range(50))) == ["ada"] * 50
    assert sum(world.http.calls.values()) == 2


async def test_withdrawn_keys_are_trusted_ten_minutes_and_an_hour_more_only_while_the_provider_is_silent(
    world,
) -> None:
    long = FORGE.id_claims(exp=FORGE.now + 99_999)
    await verify(world, sign(long))
    world.now += 599
    await verify(world, sign(long))
    assert world.http.calls[KEYS_URL] == 1
    world.http.is_down = True
    world.now += 1
    await verify(world, sign(long))
    assert world.http.calls[KEYS_URL] == 2
    world.now += 3599
    await verify(world, sign(long))
    world.now += 1
    with pytest.raises(IDPCommunicationError):
        await verify(world, sign(long))


async def test_a_provider_that_is_down_is_asked_again_after_a_pause(world) -> None:
    world.http.is_down = True
    for _ in range(10):
        with pytest.raises(IDPCommunicationError):
            await verify(world, sign(FORGE.id_claims()))
    assert sum(world.http.calls.values()) == 1
    world.http.is_down = False
    world.now += 5
    assert await verify(world, sign(FORGE.id_claims())) == "ada"


async def test_a_caller_that_goes_away_takes_nothing_from_those_who_wait(world) -> None:
    token = sign(FORGE.id_claims())
    first = asyncio.create_task(verify(world, token))
    await asyncio.sleep(0)
    second = asyncio.create_task(verify(world, token))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "ada"
