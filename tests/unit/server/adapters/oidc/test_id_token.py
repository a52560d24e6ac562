"""OpenID Connect Core §3.1.3.7: which ID tokens hold. One forged token for each rule."""

import hashlib

import pytest
from joserfc.jwk import ECKey, OKPKey

from daypass.protocol.aws.errors import ExpiredIdentityToken, InvalidIdentityToken
from daypass.secret import Secret
from daypass.server.adapters.oidc.claim_checks import CLOCK_SKEW
from daypass.server.adapters.oidc.id_token import Expected, check_id_token
from daypass.server.adapters.oidc.signed_token import SignedToken
from daypass.server.domain.verified_identity import VerifiedIdToken
from support.oidc_forge import OTHER_RSA, RSA, Forge, b64, public_key, sign, sign_with_text, unsigned

FORGE = Forge()
NOW = FORGE.now


async def verify(world, token: str) -> VerifiedIdToken:
    return await world.party.verify_token(world.provider, Secret(token), now=world.now)


async def test_a_token_that_holds_says_who_it_is_about(world) -> None:
    """The whole record."""
    claims = FORGE.id_claims(email="ada@example.com", sid="s9")
    assert await verify(world, sign(claims)) == VerifiedIdToken(
        issuer=FORGE.issuer,
        subject="ada",
        audience="client-1",
        claims=claims,
        expires_at=NOW + 600,
        idp_session="s9",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://idp.example/"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "client-9"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": {"client-1": 1}}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["client-1", "other"], "azp": "other"}, "azp"),
        ({"aud": ["client-1", "other"], "azp": 5}, "azp"),
        ({"iat": NOW + CLOCK_SKEW + 1}, "iat"),
        ({"iat": None}, "iat"),
        ({"exp": None}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": "1900000000"}, "exp"),
        ({"nbf": NOW + CLOCK_SKEW + 1}, "nbf"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "events"),
    ],
)
async def test_a_claim_that_does_not_hold_refuses_the_token(world, changes, reason) -> None:
    """Expected and found are in the log by claim name only; the peer hears one sentence."""
    with pytest.raises(InvalidIdentityToken) as refusal:
        await verify(world, sign(FORGE.id_claims(**changes)))
    assert refusal.value.detail.startswith(reason)
    assert refusal.value.message == "the identity token is not valid"


@pytest.mark.parametrize(
    ("changes", "audience"),
    [
        ({"aud": ["unknown", "client-2"]}, "client-2"),
        ({"aud": ["client-1", "client-2"], "azp": "client-2"}, "client-2"),
        ({"aud": "client-1", "azp": "somebody"}, "client-1"),
    ],
)
async def test_the_audience_is_one_the_administrator_listed(world, changes, audience) -> None:
    assert (await verify(world, sign(FORGE.id_claims(**changes)))).audience == audience


async def test_a_token_is_over_at_exp_plus_the_skew_and_not_a_second_before(world) -> None:
    token = sign(FORGE.id_claims())
    world.now = NOW + 600 + CLOCK_SKEW - 1
    await verify(world, token)
    world.now += 1
    with pytest.raises(ExpiredIdentityToken):
        await verify(world, token)


async def test_times_within_the_skew_hold(world) -> None:
    await verify(world, sign(FORGE.id_claims(iat=NOW + CLOCK_SKEW, nbf=NOW + CLOCK_SKEW)))


async def test_an_unsigned_token_is_refused(world) -> None:
    """RFC 8725 §3.2."""
    for token in (unsigned(FORGE.id_claims(), kid="k1"), unsigned(FORGE.id_claims())):
        with pytest.raises(InvalidIdentityToken):
            await verify(world, token)


async def test_a_public_key_is_not_a_shared_secret(world) -> None:
    """HS256 over the public key's text, the classic confusion (RFC 8725 §2.1), also when the set lists it as `oct`."""
    text = RSA.as_pem(private=False)
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign_with_text(FORGE.id_claims(), text))
    world.http.keys.append({"kty": "oct", "k": b64(text), "kid": "k9"})
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign_with_text(FORGE.id_claims(), text, kid="k9"))


async def test_another_key_with_the_same_id_does_not_sign(world) -> None:
    with pytest.raises(InvalidIdentityToken) as refusal:
        await verify(world, sign(FORGE.id_claims(), OTHER_RSA))
    assert refusal.value.detail.startswith("signature")


async def test_changed_claims_break_the_signature(world) -> None:
    header, _, signature = sign(FORGE.id_claims()).split(".")
    other = sign(FORGE.id_claims(sub="eve")).split(".")[1]
    with pytest.raises(InvalidIdentityToken):
        await verify(world, f"{header}.{other}.{signature}")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")]
    + [
        (ECKey.generate_key(curve), f"ES{bits}")
        for curve, bits in (("P-256", 256), ("P-384", 384), ("P-521", 512))
    ]
    + [(OKPKey.generate_key("Ed25519"), name) for name in ("EdDSA", "Ed25519")],
)
async def test_every_algorithm_on_the_list_verifies(world, key, algorithm) -> None:
    world.http.keys = [public_key(key)]
    assert (await verify(world, sign(FORGE.id_claims(), key, alg=algorithm))).subject == "ada"


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"typ": "logout+jwt"}, {"typ": "at+jwt"}, {"b64": True}]
)
async def test_a_token_for_another_purpose_is_refused(world, header) -> None:
    """RFC 8725 §3.11, RFC 7515 §4.1.11."""
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign(FORGE.id_claims(), **header))


async def test_without_a_key_id_only_a_single_key_can_be_meant(world) -> None:
    """Core §10.1."""
    token = sign(FORGE.id_claims(), kid=None)
    assert (await verify(world, token)).subject == "ada"
    world.http.keys = [public_key(RSA), public_key(OTHER_RSA, "k2")]
    world.now += 601
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign(FORGE.id_claims(iat=world.now, exp=world.now + 60), kid=None))


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [("HS256", "no algorithm we accept"), ("none", "no algorithm we accept"), ("ES256", "0 keys")],
)
async def test_an_algorithm_is_refused_before_any_key_is_tried(world, algorithm, reason) -> None:
    """The list first, then what the named key permits (RFC 8725 §3.1)."""
    head = b64(f'{{"alg": "{algorithm}", "kid": "k1"}}'.encode())
    with pytest.raises(InvalidIdentityToken) as refusal:
        await verify(world, f"{head}.{sign(FORGE.id_claims()).partition('.')[2]}")
    assert reason in refusal.value.detail


async def test_a_token_longer_than_the_operation_takes_is_refused(world) -> None:
    """AssumeRoleWithWebIdentity: WebIdentityToken has at most 20000 characters."""
    await verify(world, sign(FORGE.id_claims(note="x" * 14_000)))
    with pytest.raises(InvalidIdentityToken):
        world.party.read_issuer(Secret(sign(FORGE.id_claims(note="x" * 15_000))))


async def test_a_token_of_somebody_else_causes_no_call(world) -> None:
    with pytest.raises(InvalidIdentityToken):
        await verify(world, sign(FORGE.id_claims(iss="https://evil.example")))
    assert not world.http.calls


def check(claims: dict[str, object], **expected: object) -> VerifiedIdToken:
    base = {"issuer": FORGE.issuer, "client_ids": ("client-1",), **expected}
    return check_id_token(SignedToken("RS256", "jwt", claims), Expected(**base), now=NOW)


def test_the_nonce_must_be_the_one_we_gave() -> None:
    check(FORGE.id_claims(), nonce="the-nonce")
    for claims, nonce in (
        ({"nonce": "other"}, "the-nonce"),
        ({"nonce": None}, "the-nonce"),
        ({"nonce": ""}, ""),
    ):
        with pytest.raises(InvalidIdentityToken, match="not valid"):
            check(FORGE.id_claims(**claims), nonce=nonce)


def test_in_a_sign_in_of_ours_azp_must_be_us_even_with_one_audience() -> None:
    check(FORGE.id_claims(azp="client-1"), sole_client=True)
    with pytest.raises(InvalidIdentityToken):
        check(FORGE.id_claims(azp="client-2"), sole_client=True)


def test_at_hash_must_be_the_access_tokens() -> None:
    """Core §3.1.3.6; the example of the left half of SHA-256."""
    right = b64(hashlib.sha256(b"opaque").digest()[:16])
    check(FORGE.id_claims(at_hash=right), access_token=Secret("opaque"))
    check(FORGE.id_claims(at_hash="whatever"))
    for wrong in (b64(hashlib.sha256(b"other").digest()[:16]), "", 7):
        with pytest.raises(InvalidIdentityToken):
            check(FORGE.id_claims(at_hash=wrong), access_token=Secret("opaque"))
