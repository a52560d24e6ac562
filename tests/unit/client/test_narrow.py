"""Asking for a narrowed login: what travels, whose answer counts, and what refusals mean."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.dpop_key import key_from_pem, key_to_pem, new_key
from daypass.client.narrow import NarrowRequest, ask_narrowed, compact_policy, key_thumbprint
from daypass.client.session_cache import CacheEntry
from daypass.errors import (
    ClockSkew,
    ConfigError,
    LoginDenied,
    LoginMismatch,
    NarrowingUnavailable,
    NetworkError,
    RemoteProtocolError,
)
from daypass.protocol.http import Request, Response
from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.dpop import verify_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest, SignInError, TokenExpired
from daypass.protocol.oauth.id_token import build_id_token
from daypass.protocol.oauth.token_response import TokenSet, build_error_body, build_token_response
from daypass.secret import Secret

NOW = 1_767_226_500
ARN = "arn:aws:iam::111122223333:user/dev"
URL = "https://signin.example.com"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
PARENT = CacheEntry(
    access_key_id="ASIADEV",
    secret_access_key=Secret("parent-secret"),
    session_token=Secret("parent-token"),
    account_id="111122223333",
    expires_at=NOW + 900,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("parent-refresh"),
    dpop_key_pem=key_to_pem(new_key()),
    sign_in_region="eu-west-1",
)
REQUEST = NarrowRequest("agent", POLICY, ("arn:aws:iam::aws:policy/ReadOnlyAccess",), 900, new_key(), "jti-1")


def _tokens(subject: str | None = ARN) -> Response:
    id_token = subject and build_id_token(
        new_key(), key_id="k", issuer=URL, subject=subject, audience="c", now=NOW, session_ends_at=NOW + 900
    )
    made = TokenSet("ASIANEW", Secret("s"), Secret("t"), 900, Secret("r"), id_token)
    return Response(200, {}, build_token_response(made, "json"))


def _refusal(error: SignInError, **headers: str) -> Response:
    return Response(error.status, {"x-amzn-errortype": error.error_type, **headers}, build_error_body(error))


def _ask(answer: Response, seen: list[Request] | None = None) -> CacheEntry:
    def send(request: Request) -> Response:
        if seen is not None:
            seen.append(request)
        return answer

    return ask_narrowed(PARENT, REQUEST, arn=ARN, base_url=URL + "/", now=NOW, send=send)


def test_the_parent_s_key_proves_and_the_new_key_is_named() -> None:
    seen: list[Request] = []
    entry = _ask(_tokens(), seen)
    (request,) = seen
    assert urlsplit(request.url).path == "/v1/scoped-session"
    assert parse_qs(request.body.decode()) == {
        "refresh_token": ["parent-refresh"],
        "name": ["agent"],
        "dpop_jkt": [thumbprint(public_jwk(REQUEST.key.public_key()))],
        "policy": [POLICY],
        "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "duration_seconds": ["900"],
    }
    proof = verify_dpop_proof(
        [dict(request.headers)["DPoP"]],
        method="POST",
        accepted_urls=frozenset({request.url}),
        now=NOW,
        max_age=60,
        max_future=5,
    )
    parent_key = key_from_pem(PARENT.dpop_key_pem)
    assert proof.jkt == thumbprint(public_jwk(parent_key.public_key()))
    assert key_from_pem(entry.dpop_key_pem).private_numbers() == REQUEST.key.private_numbers()
    assert key_thumbprint(entry) == thumbprint(public_jwk(REQUEST.key.public_key()))
    assert (entry.sign_in_region, entry.client_id) == (PARENT.sign_in_region, PARENT.client_id)
    assert entry.expires_at == NOW + 900


@pytest.mark.parametrize("subject", [None, "arn:aws:iam::111122223333:user/ops"])
def test_a_login_of_somebody_else_is_not_taken(subject: str | None) -> None:
    with pytest.raises(LoginMismatch):
        _ask(_tokens(subject))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_service_without_the_operation_is_told_apart(status: int) -> None:
    with pytest.raises(NarrowingUnavailable):
        _ask(Response(status, {}, b"<html>"))


def test_what_it_does_not_narrow_by_is_denied_in_its_words() -> None:
    with pytest.raises(LoginDenied, match="the policy does not exist"):
        _ask(_refusal(InvalidRequest("the policy does not exist")))


def test_a_wrong_clock_explains_a_refused_proof() -> None:
    with pytest.raises(ClockSkew):
        _ask(_refusal(InvalidRequest("stale proof"), date="Thu, 01 Jan 2026 01:00:00 GMT"))


def test_other_refusals_mean_what_they_mean_for_a_refresh() -> None:
    with pytest.raises(TokenExpired):
        _ask(_refusal(TokenExpired("ended")))
    with pytest.raises(NetworkError) as failed:
        _ask(Response(503, {"retry-after": "7"}, b""))
    assert failed.value.retry_after == 7
    with pytest.raises(RemoteProtocolError):
        _ask(Response(200, {}, b"{}"))


def test_no_secret_can_be_printed() -> None:
    assert "GetObject" not in repr(REQUEST)
    assert "EllipticCurve" not in repr(REQUEST)


def test_a_policy_travels_without_white_space() -> None:
    assert compact_policy(json.dumps(json.loads(POLICY), indent=8) + "\n") == POLICY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
        POLICY.replace("GetObject", "Get" + "x" * 2048),
    ],
)
def test_what_is_no_session_policy_is_refused_here(text: str) -> None:
    """Of two members of one name the compact text would keep one, and nobody would know which was meant."""
    with pytest.raises(ConfigError):
        compact_policy(text)


@given(st.text(max_size=300) | st.builds(lambda inner: POLICY.replace("*", inner), st.text(max_size=50)))
@settings(max_examples=200, deadline=None)
def test_no_policy_text_raises_anything_else(text: str) -> None:
    try:
        compact = compact_policy(text)
    except ConfigError:
        return
    assert json.loads(compact) == json.loads(text)
