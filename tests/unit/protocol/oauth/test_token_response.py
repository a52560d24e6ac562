"""Token answers both ways: what clients are told and what we understand."""

import json
from typing import Any

import pytest

from daypass.errors import NetworkError, RemoteProtocolError
from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidDpopProof,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)
from daypass.protocol.oauth.token_response import (
    TOKEN_TYPE,
    TokenSet,
    build_error_body,
    build_token_response,
    parse_token_response,
)
from daypass.secret import Secret

TOKENS = TokenSet(
    "ASIAEXAMPLE000000001", Secret("the-key"), Secret("the-session"), 900, Secret("the-refresh"), "a.b.c"
)
ANSWER: dict[str, Any] = {
    "accessToken": {
        "accessKeyId": "ASIAEXAMPLE000000001",
        "secretAccessKey": "the-key",
        "sessionToken": "the-session",
    },
    "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
    "expiresIn": 900,
    "refreshToken": "the-refresh",
    "idToken": "a.b.c",
}


def parse(answer: Any) -> TokenSet:
    """A 200 answer."""
    return parse_token_response(200, {}, json.dumps(answer).encode())


def test_a_json_request_is_answered_in_camel_case() -> None:
    """The shape every AWS client reads, and ours."""
    body = build_token_response(TOKENS, "json")
    assert json.loads(body) == ANSWER
    assert parse_token_response(200, {}, body) == TOKENS


def test_a_form_request_is_answered_in_snake_case() -> None:
    """The access token stays an object."""
    assert json.loads(build_token_response(TOKENS, "form")) == {
        "access_token": {
            "access_key_id": "ASIAEXAMPLE000000001",
            "secret_access_key": "the-key",
            "session_token": "the-session",
        },
        "token_type": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "expires_in": 900,
        "refresh_token": "the-refresh",
        "id_token": "a.b.c",
    }


@pytest.mark.parametrize("style", ["json", "form"])
def test_a_refresh_answer_has_no_id_token_member(style: Any) -> None:
    """Absent, not null."""
    body = build_token_response(TokenSet("A", Secret("b"), Secret("c"), 1, Secret("d")), style)
    assert not {"idToken", "id_token"} & set(json.loads(body))


def test_an_answer_without_token_type_and_id_token_is_understood() -> None:
    """The SDKs' shared test cases omit both on refresh."""
    found = parse({name: ANSWER[name] for name in ("accessToken", "expiresIn", "refreshToken")})
    assert found == TokenSet(
        "ASIAEXAMPLE000000001", Secret("the-key"), Secret("the-session"), 900, Secret("the-refresh")
    )
    assert (found.token_type, found.id_token) == (TOKEN_TYPE, None)


def test_unknown_members_and_another_token_type_are_tolerated() -> None:
    """The API model's own token type among them."""
    assert parse(ANSWER | {"tokenType": "aws_sigv4", "scope": "openid"}).token_type == "aws_sigv4"


@pytest.mark.parametrize("expires_in", [0, -1, 86_401, True, "900", 900.0, None, 10**400])
def test_a_life_that_is_no_plausible_integer_is_refused(expires_in: Any) -> None:
    """It becomes an expiry time in a file."""
    with pytest.raises(RemoteProtocolError, match="expiresIn"):
        parse(ANSWER | {"expiresIn": expires_in})


@pytest.mark.parametrize("expires_in", [1, 900, 3600, 86_400])
def test_a_life_beyond_the_documented_900_seconds_is_accepted(expires_in: int) -> None:
    """The AWS CLI accepts it as well."""
    assert parse(ANSWER | {"expiresIn": expires_in}).expires_in == expires_in


@pytest.mark.parametrize("name", ["accessKeyId", "secretAccessKey", "sessionToken"])
@pytest.mark.parametrize("text", [None, "", 7, ["x"], "a\nb", "é", "\ud800"])
def test_a_credential_member_that_is_no_plain_text_is_refused(name: str, text: Any) -> None:
    """It will be written into files and headers."""
    with pytest.raises(RemoteProtocolError, match=name):
        parse(ANSWER | {"accessToken": ANSWER["accessToken"] | {name: text}})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("refreshToken", None),
        ("refreshToken", ""),
        ("idToken", ""),
        ("idToken", 7),
        ("tokenType", "a\nb"),
        ("accessToken", None),
        ("accessToken", "opaque"),
    ],
)
def test_another_member_that_is_missing_or_no_plain_text_is_refused(name: str, text: Any) -> None:
    """A string access token is for other clients."""
    with pytest.raises(RemoteProtocolError, match=name):
        parse(ANSWER | {name: text})


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 9000, b"{" + b" " * 262_144 + b"}", b"\xff"])
def test_a_200_answer_that_is_no_json_object_is_the_peers_mistake(body: bytes) -> None:
    """A captive portal, for one."""
    with pytest.raises(RemoteProtocolError):
        parse_token_response(200, {}, body)


@pytest.mark.parametrize("status", [100, 204, 302, 399])
def test_a_status_outside_the_protocol_is_the_peers_mistake(status: int) -> None:
    """No redirect is followed with tokens in hand."""
    with pytest.raises(RemoteProtocolError, match=str(status)):
        parse_token_response(status, {}, json.dumps(ANSWER).encode())


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_fault_of_the_server_is_a_network_error(status: int) -> None:
    """Whatever its body says: trying again may help."""
    with pytest.raises(NetworkError, match=str(status)):
        parse_token_response(status, {}, b'{"error":"TOKEN_EXPIRED"}')


@pytest.mark.parametrize(
    "cls",
    [
        TokenExpired,
        AuthcodeExpired,
        UserCredentialsChanged,
        InsufficientPermissions,
        InvalidRequest,
        TooManyRequests,
    ],
)
def test_every_refusal_survives_the_wire_as_its_class(cls: type[SignInError]) -> None:
    """What the server raises is what the client catches, message included."""
    refusal = cls("the reason")
    body = build_error_body(refusal)
    assert json.loads(body) == {"error": cls.error, "message": "the reason"}
    with pytest.raises(SignInError) as caught:
        parse_token_response(cls.status, {"x-amzn-errortype": cls.error_type}, body)
    assert type(caught.value) is cls
    assert caught.value.message == "the reason"


def test_a_dpop_refusal_arrives_as_an_invalid_request() -> None:
    """The wire has no finer word."""
    refusal = InvalidDpopProof("stale")
    with pytest.raises(InvalidRequest):
        parse_token_response(400, {"x-amzn-errortype": refusal.error_type}, build_error_body(refusal))


def test_an_error_body_never_holds_hint_or_detail() -> None:
    """Those are for the person and the log."""
    assert json.loads(build_error_body(ServerError("a fault", hint="h", detail="d"))) == {
        "error": "server_error",
        "message": "a fault",
    }


@pytest.mark.parametrize(
    ("status", "headers", "members", "cls"),
    [
        (403, {"x-amzn-errortype": "AccessDeniedException"}, {"error": "TOKEN_EXPIRED"}, TokenExpired),
        (401, {}, {"error": "TOKEN_EXPIRED"}, TokenExpired),
        (400, {"x-amzn-errortype": "ValidationException:http://internal/"}, {}, InvalidRequest),
        (400, {}, {"__type": "com.amazonaws.signin#ValidationException"}, InvalidRequest),
        (400, {}, {"code": "ValidationException"}, InvalidRequest),
        (400, {}, {"error": "invalid_grant"}, InvalidRequest),
        (401, {"x-amzn-errortype": "AccessDeniedException"}, {"error": "SOMETHING_NEW"}, SignInError),
        (429, {}, {}, TooManyRequests),
        (429, {"x-amzn-errortype": "TooManyRequestsError"}, {"error": "INVALID_REQUEST"}, TooManyRequests),
        (400, {"x-amzn-errortype": "TooManyRequestsError"}, {"error": "rate_exceeded"}, TooManyRequests),
        (403, {"x-amzn-errortype": "AccessDeniedException"}, {"error": ["TOKEN_EXPIRED"]}, SignInError),
    ],
)
def test_the_word_decides_before_the_class_and_the_class_before_the_status(
    status: int, headers: dict[str, str], members: dict[str, Any], cls: type[SignInError]
) -> None:
    """AWS documents 401 and 403, tests use either; clients look at class and word."""
    with pytest.raises(SignInError) as caught:
        parse_token_response(status, headers, json.dumps(members).encode())
    assert type(caught.value) is cls


@pytest.mark.parametrize("body", [b"<html>not found</html>", b"", b"{}", b'{"error":"x"}', b'{"error":null}'])
def test_a_refusal_without_a_reason_we_know_is_the_peers_mistake(body: bytes) -> None:
    """A proxy's 404, a wrong endpoint."""
    with pytest.raises(RemoteProtocolError, match="404"):
        parse_token_response(404, {"x-amzn-errortype": "UnknownThing"}, body)


def test_a_peers_message_cannot_move_the_terminals_cursor() -> None:
    """Control characters go, length is bounded, and a message that is none is replaced."""
    body = json.dumps({"error": "TOKEN_EXPIRED", "message": "\x1b[2J\r\nover\u202e" + "x" * 500}).encode()
    with pytest.raises(TokenExpired) as caught:
        parse_token_response(401, {"x-amzn-errortype": "\x1b[2J"}, body)
    assert caught.value.message == ("[2Jover" + "x" * 500)[:300]
    assert "\x1b" not in caught.value.detail
    with pytest.raises(TokenExpired, match="refused with HTTP 401"):
        parse_token_response(401, {}, b'{"error":"TOKEN_EXPIRED","message":7}')


def test_a_token_set_does_not_print_its_secrets() -> None:
    """Keys, tokens and the ID token stay out of repr."""
    shown = repr(TOKENS)
    assert not any(text in shown for text in ("the-key", "the-session", "the-refresh", "a.b.c"))


def test_an_overlong_answer_is_refused_before_it_is_read() -> None:
    """256 KiB are far more than any token."""
    with pytest.raises(RemoteProtocolError, match="too large"):
        parse_token_response(200, {}, json.dumps(ANSWER).encode().ljust(262_145))


@pytest.mark.parametrize("not_a_class", [7, None, ["ValidationException"], ""])
def test_a_class_of_another_type_is_passed_over_for_the_next_place(not_a_class: Any) -> None:
    """Header, then `__type`, then `code`: the first that is a text."""
    body = json.dumps({"__type": not_a_class, "code": "ValidationException"}).encode()
    with pytest.raises(InvalidRequest):
        parse_token_response(400, {"x-amzn-errortype": ""}, body)


def test_a_class_that_is_no_plain_word_does_not_reach_the_log() -> None:
    """Class names are ASCII letters and digits."""
    with pytest.raises(TokenExpired) as caught:
        parse_token_response(401, {"x-amzn-errortype": "\u00dcber"}, b'{"error":"TOKEN_EXPIRED"}')
    assert caught.value.detail == "type="
