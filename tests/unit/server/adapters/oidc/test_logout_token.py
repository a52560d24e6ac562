"""OpenID Connect Back-Channel Logout 1.0 §2.6: which logout tokens hold."""

import pytest

from daypass.protocol.aws.errors import ExpiredIdentityToken, InvalidIdentityToken
from daypass.secret import Secret
from daypass.server.adapters.oidc.logout_token import MAX_AGE, check_logout_token
from daypass.server.adapters.oidc.signed_token import SignedToken
from support.oidc_forge import LOGOUT_EVENT, Forge, sign, unsigned

FORGE = Forge()
NOW = FORGE.now


async def verify(world, claims: dict[str, object], **header: object):
    token = Secret(sign(claims, **{"typ": "logout+jwt", **header}))
    return await world.party.verify_logout_token(
        world.provider, frozenset({"client-1"}), token, now=world.now
    )


async def test_a_logout_token_names_person_and_session(world) -> None:
    for header in ({}, {"typ": "JWT"}, {"typ": None}, {"typ": "application/logout+jwt"}):
        token = await verify(world, FORGE.logout_claims(), **header)
        assert (token.issuer, token.subject, token.idp_session) == (FORGE.issuer, "ada", "s1")
        assert token.expires_at == NOW + 180
        assert len(token.token_key) == 32


async def test_either_person_or_session_is_enough(world) -> None:
    assert (await verify(world, FORGE.logout_claims(sub=None))).idp_session == "s1"
    assert (await verify(world, FORGE.logout_claims(sid=None))).subject == "ada"


async def test_another_jti_is_another_token(world) -> None:
    first = await verify(world, FORGE.logout_claims())
    assert first.token_key == (await verify(world, FORGE.logout_claims(sid="s2"))).token_key
    assert first.token_key != (await verify(world, FORGE.logout_claims(jti="twice"))).token_key


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"aud": "client-2"}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": NOW + 61}, "iat"),
        ({"nbf": NOW + 61}, "nbf"),
        ({"nonce": "n"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"events": None}, "events"),
        ({"events": [LOGOUT_EVENT]}, "events"),
        ({"events": {"other": {}}}, "events"),
        ({"events": {LOGOUT_EVENT: True}}, "events"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"sub": None, "sid": None}, "sub, sid"),
        ({"sid": ""}, "sid"),
        ({"sub": 5}, "sub"),
    ],
)
async def test_a_logout_token_with_one_fault_is_refused(world, changes, reason) -> None:
    with pytest.raises(InvalidIdentityToken) as refusal:
        await verify(world, FORGE.logout_claims(**changes))
    assert refusal.value.detail.startswith(reason)


def test_the_issuer_is_checked_by_the_list_itself() -> None:
    """Not only by the look at the unverified token that saves a call."""
    token = SignedToken("RS256", "logout+jwt", FORGE.logout_claims(iss="https://evil.example"))
    with pytest.raises(InvalidIdentityToken):
        check_logout_token(token, issuer=FORGE.issuer, client_ids=("client-1",), now=NOW)


async def test_an_expired_or_old_logout_token_is_refused(world) -> None:
    with pytest.raises(ExpiredIdentityToken):
        await verify(world, FORGE.logout_claims(exp=NOW - 60))
    await verify(world, FORGE.logout_claims(iat=NOW - MAX_AGE))
    with pytest.raises(ExpiredIdentityToken):
        await verify(world, FORGE.logout_claims(iat=NOW - MAX_AGE - 1))


async def test_what_must_be_remembered_is_remembered_until_no_check_would_take_it(world) -> None:
    claims = FORGE.logout_claims(iat=NOW - 250, exp=NOW + 9999)
    ends_at = (await verify(world, claims)).expires_at
    world.now = ends_at - 1
    await verify(world, claims)
    world.now = ends_at
    with pytest.raises(ExpiredIdentityToken):
        await verify(world, claims)


async def test_an_id_token_or_an_unsigned_token_logs_nobody_out(world) -> None:
    with pytest.raises(InvalidIdentityToken):
        await verify(world, FORGE.id_claims(), typ="JWT")
    with pytest.raises(InvalidIdentityToken):
        await verify(world, FORGE.logout_claims(), typ="at+jwt")
    unsigned_token = Secret(unsigned(FORGE.logout_claims(), kid="k1"))
    with pytest.raises(InvalidIdentityToken):
        await world.party.verify_logout_token(
            world.provider, frozenset({"client-1"}), unsigned_token, now=NOW
        )
