"""The two requests of a sign-in, discovery, and the whole path against a double and the real provider alike."""

import asyncio
import base64
import contextlib
import hashlib
import json
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import (
    ExpiredIdentityToken,
    IDPCommunicationError,
    IDPRejectedClaim,
    InvalidIdentityToken,
)
from daypass.secret import Secret
from daypass.server.adapters.oidc import RelyingParty
from daypass.server.adapters.oidc.discovery import document_url, parse_provider_document
from daypass.server.adapters.oidc.signed_token import read_unverified_claims
from daypass.server.adapters.outbound_http import HttpAnswer, OutboundHttp
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.provider_list import OidcClient
from daypass.server.domain.verified_identity import VerifiedIdToken
from support.form_browser import FormBrowser
from support.oidc_double import Callback, OpDouble
from support.oidc_forge import OTHER_RSA, Forge, b64, public_key, sign
from support.oidc_op import op_client, op_user, running_oidc_op
from support.oidc_world import World

FORGE = Forge()
BACK = "https://daypass.example/oidc/callback"


def token_answer(token: str, status: int = 200, **more: object) -> HttpAnswer:
    return HttpAnswer(status, json.dumps({"id_token": token, **more}).encode())


async def redeem(world, *, nonce: str = "the-nonce", issuer: str = "") -> VerifiedIdToken:
    return await world.party.redeem_code(
        world.provider,
        world.client,
        code=Secret("c0de"),
        code_verifier=Secret("verifier"),
        redirect_uri=BACK,
        nonce=nonce,
        issuer=issuer,
        now=world.now,
    )


async def test_the_sign_in_url_asks_for_a_code_with_a_challenge(world) -> None:
    world.http.document["authorization_endpoint"] = "https://idp.example/authorize?tenant=one"
    url = await world.party.build_sign_in_url(
        world.provider, world.client, redirect_uri=BACK, state="s t", nonce="n", code_challenge="ch"
    )
    assert url.startswith("https://idp.example/authorize?tenant=one&")
    assert dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query)) == {
        "tenant": "one",
        "response_type": "code",
        "client_id": "client-1",
        "redirect_uri": BACK,
        "scope": "openid",
        "state": "s t",
        "nonce": "n",
        "code_challenge": "ch",
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(
    ("methods", "secret", "in_header", "in_form"),
    [
        (None, "s3cret&more", True, False),
        (["client_secret_post", "client_secret_basic"], "s3cret&more", True, False),
        (["client_secret_post"], "s3cret&more", False, True),
        (["client_secret_post"], "", False, False),
    ],
)
async def test_the_client_authenticates_as_the_document_says(
    world, methods, secret, in_header, in_form
) -> None:
    """RFC 6749 §2.3.1: in the header both parts are form-encoded."""
    if methods:
        world.http.document["token_endpoint_auth_methods_supported"] = methods
    world.client = OidcClient(world.provider.arn, "client-1", Secret(secret))
    world.http.token_answer = token_answer(sign(FORGE.id_claims()))
    assert (await redeem(world)).subject == "ada"
    ((fields, headers),) = world.http.posted
    expected = {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": BACK,
        "code_verifier": "verifier",
    }
    if in_form:
        expected |= {"client_id": "client-1", "client_secret": "s3cret&more"}
    elif not in_header:
        expected |= {"client_id": "client-1"}
    assert fields == expected
    basic = {"Authorization": "Basic " + base64.b64encode(b"client-1:s3cret%26more").decode()}
    assert headers == (basic if in_header else {})


async def test_a_code_is_not_sent_to_a_provider_that_promises_to_name_itself_and_did_not(world) -> None:
    """RFC 9207 §2.4, RFC 9700 §4.4: the code may be another provider's, passed on to catch it (mix-up)."""
    world.http.document["authorization_response_iss_parameter_supported"] = True
    world.http.token_answer = token_answer(sign(FORGE.id_claims()))
    for issuer in ("", "https://evil.example", FORGE.issuer + "/"):
        with pytest.raises(InvalidIdentityToken):
            await redeem(world, issuer=issuer)
    assert not world.http.posted
    assert (await redeem(world, issuer=FORGE.issuer)).subject == "ada"


@pytest.mark.parametrize("promise", [None, False, "true"])
async def test_a_provider_without_that_promise_may_be_silent_but_not_be_another(world, promise) -> None:
    world.http.document["authorization_response_iss_parameter_supported"] = promise
    world.http.token_answer = token_answer(sign(FORGE.id_claims()))
    assert (await redeem(world)).subject == "ada"
    with pytest.raises(InvalidIdentityToken):
        await redeem(world, issuer="https://evil.example")


async def test_a_provider_that_takes_no_secret_is_not_sent_ours(world) -> None:
    world.http.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    with pytest.raises(IDPCommunicationError):
        await redeem(world)
    assert not world.http.posted


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"nonce": "other"},
        {"nonce": None},
        {"aud": "client-2"},
        {"azp": "client-2"},
        {"at_hash": b64(b"x" * 16)},
    ],
)
async def test_a_token_that_does_not_answer_this_sign_in_is_refused(world, changes) -> None:
    """`client-2` is a client id of the provider, but not the one that began."""
    world.http.token_answer = token_answer(sign(FORGE.id_claims(**changes)), access_token="opaque")
    with pytest.raises(InvalidIdentityToken):
        await redeem(world)


async def test_no_nonce_of_ours_is_no_sign_in_of_ours(world) -> None:
    world.http.token_answer = token_answer(sign(FORGE.id_claims(nonce=None)))
    with pytest.raises(InvalidIdentityToken):
        await redeem(world, nonce="")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpAnswer(400, b'{"error": "invalid_grant"}'), IDPRejectedClaim),
        (HttpAnswer(401, b"no json"), IDPRejectedClaim),
        (HttpAnswer(500, b'{"error": "server_error"}'), IDPCommunicationError),
        (HttpAnswer(200, b"[]"), IDPCommunicationError),
        (HttpAnswer(200, b'{"id_token": 5}'), IDPCommunicationError),
        (token_answer("not.a.token"), InvalidIdentityToken),
        (token_answer(sign(FORGE.id_claims(exp=FORGE.now - 60))), ExpiredIdentityToken),
    ],
)
async def test_what_the_token_endpoint_says_becomes_one_of_our_errors(world, answer, error) -> None:
    world.http.token_answer = answer
    with pytest.raises(error) as refusal:
        await redeem(world)
    assert "s3cret" not in refusal.value.detail
    assert "c0de" not in refusal.value.detail


async def test_the_document_is_kept_an_hour_and_a_day_more_while_the_provider_is_silent(world) -> None:
    async def build() -> None:
        await world.party.build_sign_in_url(
            world.provider, world.client, redirect_uri=BACK, state="s", nonce="n", code_challenge="c"
        )

    await build()
    world.now += 3599
    await build()
    assert sum(world.http.calls.values()) == 1
    world.http.is_down = True
    world.now += 1
    await build()
    assert sum(world.http.calls.values()) == 2
    world.now += 86_400
    with pytest.raises(IDPCommunicationError):
        await build()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://idp.example/"},
        {"issuer": "https://IDP.example"},
        {"issuer": None},
        {"jwks_uri": "http://keys.example/set"},
        {"jwks_uri": None},
        {"response_types_supported": ["id_token"]},
    ],
)
async def test_a_document_with_a_wrong_member_is_refused(world, changes) -> None:
    """Discovery §4.3: the issuer byte for byte; keys over TLS only."""
    world.http.document |= changes
    with pytest.raises(IDPCommunicationError):
        await world.party.verify_token(world.provider, Secret(sign(FORGE.id_claims())), now=FORGE.now)


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize("value", [None, "http://idp.example/x", "urn:of:a:cluster"])
async def test_a_provider_of_machine_tokens_verifies_but_signs_nobody_in(world, endpoint, value) -> None:
    world.http.document[endpoint] = value
    await world.party.verify_token(world.provider, Secret(sign(FORGE.id_claims())), now=FORGE.now)
    with pytest.raises(IDPCommunicationError):
        await redeem(world)


@pytest.mark.parametrize("uri", ["http://keys.example/set", "ftp://keys.example/set", ""])
def test_keys_are_never_named_where_they_could_be_changed_on_the_way(uri) -> None:
    body = json.dumps({"issuer": FORGE.issuer, "jwks_uri": uri}).encode()
    with pytest.raises(IDPCommunicationError):
        parse_provider_document(body, FORGE.issuer, World().http.check_url)


def test_a_slash_at_the_end_of_the_issuer_is_not_doubled() -> None:
    assert document_url("https://a.example/x/") == "https://a.example/x/.well-known/openid-configuration"


async def test_the_issuer_of_an_unverified_token_can_be_read_and_only_that(world) -> None:
    assert world.party.read_issuer(Secret(sign(FORGE.id_claims()))) == FORGE.issuer
    for token in ("", "a.b", "a.b.c", sign({"iss": 5}), sign({}), "x" * 20_001):
        with pytest.raises(InvalidIdentityToken):
            world.party.read_issuer(Secret(token))


async def test_close_lets_go_of_the_connections(world) -> None:
    await world.party.close()
    assert world.http.calls["close"] == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_MEMBERS = ["issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "response_types_supported",
            "token_endpoint_auth_methods_supported"]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=100)
    | st.dictionaries(st.sampled_from(_MEMBERS), _JSON).map(lambda v: json.dumps(v).encode())
)
def test_no_document_raises_anything_but_our_error(body: bytes) -> None:
    http = OutboundHttp()
    with contextlib.suppress(IDPCommunicationError):
        parse_provider_document(body, FORGE.issuer, http.check_url)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.tuples(*[st.binary(max_size=60).map(b64)] * 3).map(".".join))
def test_no_text_raises_anything_but_our_error(text: str) -> None:
    with contextlib.suppress(InvalidIdentityToken):
        read_unverified_claims(Secret(text))


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "sub", "sid", "jti", "events", "typ"]),
        _JSON,
    ),
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x5c", "b64"]), _JSON),
    st.booleans(),
)
def test_no_token_raises_anything_but_our_errors(claims, header, is_signed) -> None:
    """Signed by the right key or not, with any claims and any header."""
    world = World()
    full = FORGE.id_claims(**claims)
    token = (
        sign(full)
        if is_signed
        else f"{b64(json.dumps(header).encode())}.{b64(json.dumps(full).encode())}.AAAA"
    )

    async def verify_both() -> None:
        with contextlib.suppress(InvalidIdentityToken, ExpiredIdentityToken):
            await world.party.verify_token(world.provider, Secret(token), now=world.now)
        with contextlib.suppress(InvalidIdentityToken, ExpiredIdentityToken):
            clients = frozenset({"client-1"})
            await world.party.verify_logout_token(world.provider, clients, Secret(token), now=world.now)

    asyncio.run(verify_both())


@dataclass
class Reached:
    """A provider that serves, whoever made it."""

    provider: OidcProvider
    client: OidcClient
    callback: Callback
    rotate: Callable[[], object]
    mint: Callable[[], str]
    log_out: Callable[[], object]


@contextlib.contextmanager
def reach_double() -> Iterator[Reached]:
    op, callback = OpDouble(), Callback()

    def rotate() -> None:
        op.key, op.key_id, op.keys = OTHER_RSA, "k2", [public_key(OTHER_RSA, "k2")]

    def log_out() -> None:
        token = sign(op.forge.logout_claims(), op.key, kid=op.key_id, typ="logout+jwt")
        browser = FormBrowser()
        browser.open(callback.logout_uri, urllib.parse.urlencode({"logout_token": token}).encode())

    provider = OidcProvider("123456789012", op.issuer, ("client-1",), (), 0)
    client = OidcClient(provider.arn, "client-1", Secret("a secret & more"))
    try:
        yield Reached(
            provider,
            client,
            callback,
            rotate,
            lambda: sign(op.forge.id_claims(nonce=None), op.key, kid=op.key_id),
            log_out,
        )
    finally:
        op.close()
        callback.close()


@contextlib.contextmanager
def reach_real(folder: Path) -> Iterator[Reached]:
    callback = Callback()
    registration = op_client(
        "client-1", "a secret & more", callback.redirect_uri, logout_uri=callback.logout_uri
    )
    users = {"ada": op_user("correct horse", email="ada@example.com", groups=["readers"])}
    try:
        with running_oidc_op(folder, [registration], users) as op:
            provider = OidcProvider("123456789012", op.issuer, ("client-1",), (), 0)
            client = OidcClient(provider.arn, "client-1", Secret("a secret & more"))
            yield Reached(
                provider,
                client,
                callback,
                op.rotate_key,
                lambda: op.mint_id_token("ada", "client-1"),
                lambda: op.log_out("ada"),
            )
    finally:
        callback.close()


@pytest.fixture(params=["double", pytest.param("real", marks=pytest.mark.processes)])
def reached(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reached]:
    with reach_double() if request.param == "double" else reach_real(tmp_path) as provider:
        yield provider


@pytest.fixture
async def party() -> AsyncIterator[RelyingParty]:
    made = RelyingParty(OutboundHttp(internal_hosts=("127.0.0.1",)), lambda: int(time.time()))
    yield made
    await made.close()


async def sign_in(
    party: RelyingParty, reached: Reached, *, verifier: str, nonce: str = "n-1"
) -> VerifiedIdToken:
    """As a person would: the URL, the form, back with a code."""
    challenge = b64(hashlib.sha256(b"v" * 50).digest())
    url = await party.build_sign_in_url(
        reached.provider,
        reached.client,
        redirect_uri=reached.callback.redirect_uri,
        state="st-1",
        nonce="n-1",
        code_challenge=challenge,
    )

    def log_in() -> dict[str, str]:
        browser = FormBrowser()
        browser.open(url)
        browser.press("Log in", user="ada", password="correct horse")
        assert browser.url.startswith(reached.callback.redirect_uri)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.url).query))

    back = await asyncio.to_thread(log_in)
    assert back["state"] == "st-1"
    return await party.redeem_code(
        reached.provider,
        reached.client,
        code=Secret(back["code"]),
        code_verifier=Secret(verifier),
        redirect_uri=reached.callback.redirect_uri,
        nonce=nonce,
        issuer=back.get("iss", ""),
        now=int(time.time()),
    )


async def test_a_person_signs_in_and_the_key_rotates_in_the_middle(party, reached) -> None:
    first = await sign_in(party, reached, verifier="v" * 50)
    assert (first.subject, first.audience) == ("ada", "client-1")
    await asyncio.to_thread(reached.rotate)
    assert (await sign_in(party, reached, verifier="v" * 50)).subject == "ada"


async def test_a_sign_in_with_another_nonce_is_refused(party, reached) -> None:
    with pytest.raises(InvalidIdentityToken) as refusal:
        await sign_in(party, reached, verifier="v" * 50, nonce="n-2")
    assert refusal.value.detail.startswith("nonce")


async def test_a_code_is_of_no_use_to_somebody_who_did_not_begin(party, reached) -> None:
    """An invented code; what the provider says about it is a refusal, not a failure of ours."""
    with pytest.raises(IDPRejectedClaim):
        await party.redeem_code(
            reached.provider,
            reached.client,
            code=Secret("invented"),
            code_verifier=Secret("v" * 50),
            redirect_uri=reached.callback.redirect_uri,
            nonce="n",
            issuer=reached.provider.url,
            now=int(time.time()),
        )


async def test_a_token_somebody_else_obtained_verifies_until_its_key_is_withdrawn(party, reached) -> None:
    old = Secret(await asyncio.to_thread(reached.mint))
    assert party.read_issuer(old) == reached.provider.url
    assert (await party.verify_token(reached.provider, old, now=int(time.time()))).subject == "ada"
    await asyncio.to_thread(reached.rotate)
    new = Secret(await asyncio.to_thread(reached.mint))
    assert (await party.verify_token(reached.provider, new, now=int(time.time()))).subject == "ada"
    with pytest.raises(InvalidIdentityToken):
        await party.verify_token(reached.provider, old, now=int(time.time()))


async def test_the_providers_logout_reaches_us_and_names_the_session(party, reached) -> None:
    await sign_in(party, reached, verifier="v" * 50)
    await asyncio.to_thread(reached.log_out)
    token = Secret(await asyncio.to_thread(reached.callback.wait_logout_token))
    clients = frozenset({"client-1"})
    found = await party.verify_logout_token(reached.provider, clients, token, now=int(time.time()))
    assert found.issuer == reached.provider.url
    assert found.idp_session
    with pytest.raises(InvalidIdentityToken):  # a logout token is nobody's sign-in
        await party.verify_token(reached.provider, token, now=int(time.time()))


@pytest.mark.processes
async def test_the_real_provider_insists_on_our_verifier_and_gives_claims(party, tmp_path) -> None:
    with reach_real(tmp_path) as reached:
        with pytest.raises(IDPRejectedClaim):
            await sign_in(party, reached, verifier="w" * 50)
        claims = (await sign_in(party, reached, verifier="v" * 50)).claims
        assert (claims["email"], claims["groups"], bool(claims["sid"])) == (
            "ada@example.com",
            ["readers"],
            True,
        )
