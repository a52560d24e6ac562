"""`POST /v1/token` as HTTP: methods, operations, sizes, headers, and the form of every refusal."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.errors import StorageError
from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)
from daypass.server.web import token
from daypass.server.web.errors import token_error_answer
from support.sign_in_world import CALLBACK, ENDPOINT, SignInWorld, Terminal, call_app, open_sign_in_world


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


@pytest.mark.parametrize(
    ("refusal", "status", "error_type", "word"),
    [
        (TokenExpired, 401, "AccessDeniedException", "TOKEN_EXPIRED"),
        (AuthcodeExpired, 401, "AccessDeniedException", "AUTHCODE_EXPIRED"),
        (UserCredentialsChanged, 403, "AccessDeniedException", "USER_CREDENTIALS_CHANGED"),
        (InsufficientPermissions, 403, "AccessDeniedException", "INSUFFICIENT_PERMISSIONS"),
        (InvalidRequest, 400, "ValidationException", "INVALID_REQUEST"),
        (TooManyRequests, 429, "TooManyRequestsError", "INVALID_REQUEST"),
        (ServerError, 500, "InternalServerException", "server_error"),
    ],
)
def test_each_refusal_has_status_class_and_word(
    refusal: type[SignInError], status: int, error_type: str, word: str
) -> None:
    found_status, headers, body = token_error_answer(refusal("a reason", detail="for the log"))
    assert found_status == status
    assert dict(headers)[b"x-amzn-errortype"] == error_type.encode()
    assert dict(headers)[b"cache-control"] == b"no-store"
    assert body == b'{"error": "%s", "message": "a reason"}' % word.encode()


async def test_success_is_json_that_nobody_keeps(site: SignInWorld) -> None:
    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    answer = await terminal.post(terminal.code_body(code))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert set(answer.json) == {"accessToken", "tokenType", "expiresIn", "refreshToken", "idToken"}
    assert answer.json["tokenType"] == "urn:aws:params:oauth:token-type:access_token_sigv4"
    assert answer.cookies == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused_in_the_same_form(site: SignInWorld, method: str) -> None:
    answer = await call_app(site.token_app, method, "/v1/token")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (405, "ValidationException")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("flag", "operation"),
    [
        ("x-amz-client-auth-method=iam", "CreateOAuth2TokenWithIAM"),
        ("x-amz-token-request-type=bearer", "CreateBearerToken"),
        ("a=b&X-Amz-OAuth-Token-Method=token-exchange", "CreateOAuth2TokenWithTokenExchange"),
    ],
)
async def test_the_other_operations_of_the_path_are_named_and_refused(
    site: SignInWorld, flag: str, operation: str
) -> None:
    answer = await call_app(site.token_app, "POST", f"/v1/token?{flag}")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert operation in answer.json["message"]


async def test_a_body_beyond_16_kib_is_not_read_to_its_end(site: SignInWorld) -> None:
    answer = await Terminal(site).post(b" " * 16_385)
    assert (answer.status, answer.json["error"]) == (413, "INVALID_REQUEST")


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml"])
async def test_another_content_type_is_refused(site: SignInWorld, content_type: str) -> None:
    answer = await Terminal(site).post(b"{}", content_type=content_type)
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


async def test_the_proof_is_judged_before_the_grant(site: SignInWorld) -> None:
    """A bad grant with a bad proof hears about the proof, and its code is not burnt."""
    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    body = terminal.code_body(code, redirect_uri="http://127.0.0.1:1/oauth/callback")
    answer = await call_app(
        site.token_app, "POST", "/v1/token", headers=[("content-type", "application/json")], body=body
    )
    assert answer.status == 400
    assert "DPoP" in answer.json["message"]
    assert (await terminal.redeem(code)).expires_in == 900


async def test_requests_that_come_together_go_through_the_stages_side_by_side(
    site: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one stage brought into the processor's caches serves all of them: an eighth of the time."""
    stages: list[str] = []

    def watch(name: str) -> None:
        original = getattr(token, name)

        def watched(*given: Any, **named: Any) -> Any:
            stages.append(name)
            return original(*given, **named)

        monkeypatch.setattr(token, name, watched)

    terminal = Terminal(site)
    redeemed = [await terminal.redeem(await site.tab().approve(terminal)) for _ in range(3)]
    for name in ("read_grant_body", "verify_dpop_proof", "parse_token_request", "build_token_response"):
        watch(name)
    await asyncio.gather(*(terminal.refresh(each.refresh_token) for each in redeemed))
    assert stages == [
        *["read_grant_body"] * 3,
        *["verify_dpop_proof"] * 3,
        *["parse_token_request"] * 3,
        *["build_token_response"] * 3,
    ]


async def test_two_proofs_are_refused(site: SignInWorld) -> None:
    terminal = Terminal(site)
    headers = [("Content-Type", "application/json"), ("DPoP", terminal.proof()), ("dpop", terminal.proof())]
    answer = await call_app(site.token_app, "POST", "/v1/token", headers=headers, body=b"{}")
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


async def test_a_proof_for_another_server_is_refused(site: SignInWorld) -> None:
    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    proof = terminal.proof(url="https://signin.example.com/v1/token")
    answer = await terminal.post(terminal.code_body(code), proof=proof)
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")


async def test_a_proof_for_an_alternate_origin_is_good() -> None:
    site = await open_sign_in_world(alternate_urls=frozenset({"https://signin.example.com"}))
    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    proof = terminal.proof(url="https://signin.example.com/v1/token")
    assert (await terminal.post(terminal.code_body(code), proof=proof)).status == 200
    await site.storage.close()


async def test_unknown_clients_and_grants_are_refused_with_an_audit_row(site: SignInWorld) -> None:
    terminal = Terminal(site)
    for fields in (
        {"client_id": "arn:aws:signin:::devtools/other", "grant_type": "refresh_token", "refresh_token": "a"},
        {"client_id": terminal.client_id, "grant_type": "password"},
    ):
        answer = await terminal.post(
            urlencode(fields).encode(), content_type="application/x-www-form-urlencoded"
        )
        assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")
        assert (await site.last_event()).error_code == "INVALID_REQUEST"
    assert site.metrics.events["token", "INVALID_REQUEST"] == 2


async def test_a_failing_database_is_a_server_error_in_the_same_form(
    site: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError("the disk is full of secrets")

    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    monkeypatch.setattr(site.storage.login_sessions, "redeem", fail)
    answer = await terminal.post(terminal.code_body(code))
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalServerException")
    assert answer.json["error"] == "server_error"
    assert "disk" not in answer.text


async def test_metadata_and_keys_are_published(site: SignInWorld) -> None:
    metadata = await call_app(site.metadata_app, "GET", "/.well-known/oauth-authorization-server")
    assert metadata.json["issuer"] == ENDPOINT
    assert metadata.json["code_challenge_methods_supported"] == ["S256", "SHA-256"]
    keys = await call_app(site.metadata_app, "GET", "/.well-known/jwks.json")
    assert [key["kid"] for key in keys.json["keys"]] == ["0a0b0c0d", "0a0b0c0d-web"]
    assert "d" not in keys.json["keys"][0]
    assert (await call_app(site.metadata_app, "HEAD", "/.well-known/jwks.json")).body == b""
    assert (await call_app(site.metadata_app, "POST", "/.well-known/jwks.json")).status == 405
    assert (await call_app(site.metadata_app, "GET", "/.well-known/other")).status == 404


async def test_redirect_uris_are_compared_byte_for_byte(site: SignInWorld) -> None:
    terminal = Terminal(site)
    code = await site.tab().approve(terminal)
    answer = await terminal.post(terminal.code_body(code, redirect_uri=CALLBACK + "/"))
    assert (answer.status, answer.json["error"]) == (400, "INVALID_REQUEST")
