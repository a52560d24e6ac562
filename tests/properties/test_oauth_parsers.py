"""No input makes a parser raise anything but our error, and what is built is parsed to the same.

Random text is not enough to get past the first check, so most inputs are good ones with something changed.
"""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.errors import DaypassError, LoginFailed, NetworkError, RemoteProtocolError
from daypass.protocol.jose import base64url
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.jose.jwk import public_key_from_jwk, thumbprint
from daypass.protocol.jose.jws import split_compact
from daypass.protocol.oauth.authorization_request import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorization_request,
)
from daypass.protocol.oauth.authorization_response import build_code_redirect, parse_authorization_response
from daypass.protocol.oauth.dpop import build_dpop_proof, verify_dpop_proof
from daypass.protocol.oauth.errors import (
    AuthorizationError,
    InvalidDpopProof,
    InvalidRequest,
    RedirectedError,
    SignInError,
)
from daypass.protocol.oauth.id_token import read_subject
from daypass.protocol.oauth.pkce import code_challenge, verify_code_verifier
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.target_uri import normalize_target_uri
from daypass.protocol.oauth.token_request import (
    CodeGrant,
    RefreshGrant,
    build_code_grant_body,
    build_refresh_grant_body,
    parse_token_request,
)
from daypass.protocol.oauth.token_response import TokenSet, build_token_response, parse_token_response
from daypass.protocol.oauth.verification_code import build_verification_code, parse_pasted_code
from daypass.secret import Secret
from support.dpop_forge import NOW, TARGET, b64u, forge_proof, jwk_of, sign, thumbprint_of

KEY = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
CONFIRMATION_URI = "https://signin.example.test/v1/sessions/confirmation"
GOOD_REQUEST = {
    "response_type": "code",
    "client_id": SAME_DEVICE,
    "state": "s",
    "code_challenge_method": "S256",
    "scope": "openid",
    "redirect_uri": "http://127.0.0.1:1/oauth/callback",
    "code_challenge": "a" * 43,
}
GOOD_MEMBERS = {
    "clientId": SAME_DEVICE,
    "grantType": "authorization_code",
    "code": "c",
    "codeVerifier": "v" * 43,
    "redirectUri": "http://127.0.0.1:1/oauth/callback",
    "refreshToken": "r",
}
GOOD_ANSWER = {
    "accessToken": {"accessKeyId": "A", "secretAccessKey": "b", "sessionToken": "c"},
    "tokenType": "t",
    "expiresIn": 900,
    "refreshToken": "r",
    "idToken": "i",
}

examples = settings(max_examples=200, deadline=None)
any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates too
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
unreserved = st.text("ABCXYZabcxyz0189-._~", min_size=43, max_size=128)
any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


def changed(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Good members with some of them replaced by anything."""
    return st.dictionaries(st.sampled_from(sorted(good)) | any_text, any_json, max_size=3).map(
        lambda changes: good | changes
    )


@examples
@given(raw=st.binary(max_size=80))
def test_base64url_is_a_bijection(raw: bytes) -> None:
    """Every value has one spelling."""
    assert base64url.decode(base64url.encode(raw)) == raw


@examples
@given(text=any_text)
def test_base64url_of_anything_is_decoded_exactly_or_refused(text: str) -> None:
    """No two texts decode to one value."""
    with suppress(RemoteProtocolError):
        assert base64url.encode(base64url.decode(text)) == text


@examples
@given(raw=st.binary(max_size=80) | any_json.map(lambda found: json.dumps(found).encode()))
def test_no_bytes_make_the_json_reader_raise_anything_else(raw: bytes) -> None:
    """An object or our error."""
    with suppress(RemoteProtocolError):
        assert isinstance(parse_json_object(raw), dict)


@examples
@given(jwk=changed(jwk_of(KEY)))
def test_no_jwk_makes_import_or_thumbprint_raise_anything_else(jwk: dict[str, Any]) -> None:
    """A key or our error."""
    with suppress(RemoteProtocolError):
        public_key_from_jwk(jwk)
    with suppress(RemoteProtocolError):
        assert len(thumbprint(jwk)) == 43


@examples
@given(
    text=any_text
    | any_text.map(lambda path: f"https://h/{path}")
    | any_text.map(lambda host: f"http://{host}/v1/token")
)
def test_a_normal_target_is_normal_already_or_refused(text: str) -> None:
    """Normalization is idempotent, and nothing else is raised."""
    with suppress(RemoteProtocolError):
        normal = normalize_target_uri(text)
        assert normalize_target_uri(normal) == normal


@examples
@given(
    client=st.sampled_from([(SAME_DEVICE, None), (CROSS_DEVICE, CONFIRMATION_URI)]),
    port=st.integers(1, 65_535),
    state=visible,
    challenge=unreserved,
    method=st.sampled_from(["S256", "SHA-256"]),
    resource=st.none() | visible,
)
def test_a_built_authorization_request_parses_to_itself(
    client: tuple[str, str | None], port: int, state: str, challenge: str, method: str, resource: str | None
) -> None:
    """parse(build(x)) == x."""
    redirect_uri = client[1] or f"http://127.0.0.1:{port}/oauth/callback"
    request = AuthorizationRequest(client[0], redirect_uri, state, challenge, method, resource=resource)
    query = urlsplit(build_authorization_url("https://h", request)).query
    assert parse_authorization_request(query, confirmation_uris=frozenset({CONFIRMATION_URI})) == request


@examples
@given(
    raw_query=any_text
    | st.dictionaries(st.sampled_from(sorted(GOOD_REQUEST)), st.text(max_size=60), max_size=3).map(
        lambda changes: urlencode(GOOD_REQUEST | changes)
    )
    | any_text.map(lambda text: urlencode(GOOD_REQUEST) + text)
)
def test_no_query_makes_authorize_raise_anything_else_or_redirect_elsewhere(raw_query: str) -> None:
    """Displayed or redirected; and redirected only to where the rule allows."""
    try:
        redirect_uri = parse_authorization_request(
            raw_query, confirmation_uris=frozenset({CONFIRMATION_URI})
        ).redirect_uri
    except RedirectedError as refusal:
        redirect_uri = refusal.redirect_uri
    except AuthorizationError:
        return
    assert redirect_uri == CONFIRMATION_URI or redirect_uri.startswith("http://127.0.0.1:")
    assert redirect_uri == CONFIRMATION_URI or redirect_uri.endswith("/oauth/callback")


@examples
@given(code=visible, state=visible)
def test_a_code_survives_redirect_and_paste(code: str, state: str) -> None:
    """parse(build(x)) == x, both ways a code travels."""
    query = urlsplit(build_code_redirect("http://127.0.0.1:1/oauth/callback", code=code, state=state)).query
    assert parse_authorization_response(query, expected_state=state) == code
    assert parse_pasted_code(build_verification_code(state=state, code=code), expected_state=state) == code


@examples
@given(
    text=any_text
    | any_text.map(lambda text: f"state=s&{text}")
    | any_text.map(lambda text: f"https://h/?{text}")
)
def test_no_answer_makes_the_client_raise_anything_else(text: str) -> None:
    """A code, or one of our errors, from an address bar or a paste."""
    with suppress(LoginFailed, RemoteProtocolError):
        parse_authorization_response(text, expected_state="s")
    with suppress(LoginFailed, RemoteProtocolError):
        parse_pasted_code(text, expected_state="s")


@examples
@given(text=any_text)
def test_without_the_state_no_answer_gives_a_code(text: str) -> None:
    """The expected state is longer than any text tried."""
    for parse in (parse_authorization_response, parse_pasted_code):
        try:
            parse(text, expected_state="s" * 100)
        except DaypassError:
            continue
        raise AssertionError("a code came out")


@examples
@given(verifier=unreserved, other=unreserved)
def test_a_verifier_matches_its_own_challenge_and_no_other(verifier: str, other: str) -> None:
    """PKCE is a function."""
    verify_code_verifier(verifier, code_challenge(verifier))
    try:
        verify_code_verifier(other, code_challenge(verifier))
    except InvalidRequest:
        assert other != verifier
    else:
        assert other == verifier


@examples
@given(verifier=any_text, challenge=any_text)
def test_no_verifier_or_challenge_makes_pkce_raise_anything_else(verifier: str, challenge: str) -> None:
    """Stored challenges are trusted no more than received verifiers."""
    with suppress(InvalidRequest):
        verify_code_verifier(verifier, challenge)
    with suppress(InvalidRequest):
        verify_code_verifier("v" * 43, challenge)


@examples
@given(
    proof=any_text
    | changed({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk_of(KEY)}).map(
        lambda header: forge_proof(KEY, header=header)
    )
    | changed({"htm": "POST", "htu": TARGET, "iat": NOW, "jti": "j"}).map(
        lambda claims: forge_proof(KEY, claims=claims)
    )
    | st.binary(max_size=60).map(lambda header: sign(KEY, header, b"{}"))
    | st.binary(max_size=60).map(lambda signature: f"{forge_proof(KEY).rpartition('.')[0]}.{b64u(signature)}")
)
def test_no_proof_makes_dpop_raise_anything_else_or_name_another_key(proof: str) -> None:
    """A verified proof is by our key, for our target, in the window; anything else is our error."""
    with suppress(InvalidDpopProof):
        found = verify_dpop_proof(
            [proof], method="POST", accepted_urls=frozenset({TARGET}), now=NOW, max_age=300, max_future=300
        )
        assert (found.jkt, found.htu) == (thumbprint_of(KEY), TARGET)
        assert abs(found.issued_at - NOW) <= 300
        assert 1 <= len(found.jti) <= 256


@examples
@given(jti=visible, now=st.integers(0, 2**40))
def test_a_built_proof_verifies_to_what_was_built(jti: str, now: int) -> None:
    """verify(build(x)) == x."""
    proof = build_dpop_proof(KEY, url=TARGET, now=now, jti=jti)
    found = verify_dpop_proof(
        [proof], method="POST", accepted_urls=frozenset({TARGET}), now=now, max_age=0, max_future=0
    )
    assert (found.jti, found.issued_at) == (jti, now)


@examples
@given(position=st.integers(0, 2000), replacement=st.sampled_from("AQgw_-9z.=+ "))
def test_no_changed_character_leaves_a_proof_valid(position: int, replacement: str) -> None:
    """Header, payload, signature: one character changed, nothing verifies."""
    proof = forge_proof(KEY)
    position %= len(proof)
    if proof[position] == replacement:
        return
    tampered = proof[:position] + replacement + proof[position + 1 :]
    try:
        verify_dpop_proof(
            [tampered], method="POST", accepted_urls=frozenset({TARGET}), now=NOW, max_age=300, max_future=300
        )
    except InvalidDpopProof:
        return
    raise AssertionError("a changed proof verified")


@examples
@given(text=any_text)
def test_no_text_makes_a_jws_or_id_token_raise_anything_else(text: str) -> None:
    """Segments or our error; a subject or our error."""
    with suppress(RemoteProtocolError):
        split_compact(text)
    with suppress(RemoteProtocolError):
        read_subject(text)


@examples
@given(payload=st.binary(max_size=60) | any_json.map(lambda sub: json.dumps({"sub": sub}).encode()))
def test_no_payload_makes_the_subject_reader_raise_anything_else(payload: bytes) -> None:
    """And what comes out is one line of visible characters."""
    with suppress(RemoteProtocolError):
        assert read_subject(f"h.{b64u(payload)}.s").isprintable()


@examples
@given(
    content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]) | any_text,
    body=st.binary(max_size=80)
    | changed(GOOD_MEMBERS).map(lambda members: json.dumps(members).encode())
    | st.dictionaries(any_text, any_text).map(lambda fields: urlencode(fields, errors="replace").encode()),
)
def test_no_body_makes_the_token_endpoint_raise_anything_else(content_type: str, body: bytes) -> None:
    """A grant that can be encoded again, or our error."""
    with suppress(InvalidRequest):
        grant = parse_token_request(content_type, body)
        secret = grant.code if isinstance(grant, CodeGrant) else grant.refresh_token
        assert secret.reveal().isascii()


@examples
@given(code=visible, redirect_uri=visible, verifier=unreserved, refresh_token=visible)
def test_a_built_grant_parses_to_itself(
    code: str, redirect_uri: str, verifier: str, refresh_token: str
) -> None:
    """parse(build(x)) == x for both grants."""
    body = build_code_grant_body(
        client_id=SAME_DEVICE, code=Secret(code), redirect_uri=redirect_uri, code_verifier=Secret(verifier)
    )
    expected = CodeGrant(SAME_DEVICE, Secret(code), redirect_uri, Secret(verifier), "json")
    assert parse_token_request("application/json", body) == expected
    body = build_refresh_grant_body(client_id=CROSS_DEVICE, refresh_token=Secret(refresh_token))
    assert parse_token_request("application/json", body) == RefreshGrant(
        CROSS_DEVICE, Secret(refresh_token), "json"
    )


@examples
@given(
    status=st.sampled_from([200, 400, 401, 403, 404, 429, 500]) | st.integers(100, 599),
    error_type=any_text,
    body=st.binary(max_size=80)
    | changed(GOOD_ANSWER).map(lambda members: json.dumps(members).encode())
    | changed({"error": "TOKEN_EXPIRED", "message": "m", "__type": "x#y"}).map(
        lambda m: json.dumps(m).encode()
    ),
)
def test_no_answer_of_the_token_endpoint_makes_the_client_raise_anything_else(
    status: int, error_type: str, body: bytes
) -> None:
    """Tokens or one of the three errors, with a message that can be shown."""
    shown = ""
    try:
        parse_token_response(status, {"x-amzn-errortype": error_type}, body)
    except (SignInError, NetworkError, RemoteProtocolError) as problem:
        shown = problem.message + problem.detail
    assert shown.isprintable()


@examples
@given(
    credentials=st.tuples(visible, visible, visible),
    expires_in=st.integers(1, 86_400),
    refresh_token=visible,
    id_token=st.none() | visible,
)
def test_a_built_token_answer_parses_to_itself(
    credentials: tuple[str, str, str], expires_in: int, refresh_token: str, id_token: str | None
) -> None:
    """parse(build(x)) == x."""
    token_set = TokenSet(
        credentials[0],
        Secret(credentials[1]),
        Secret(credentials[2]),
        expires_in,
        Secret(refresh_token),
        id_token,
    )
    assert parse_token_response(200, {}, build_token_response(token_set, "json")) == token_set
