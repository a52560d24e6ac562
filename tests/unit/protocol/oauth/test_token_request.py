"""Token requests in both styles: what is read, and that nothing else is."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.protocol.oauth.errors import InvalidRequest
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.token_request import (
    CodeGrant,
    RefreshGrant,
    build_code_grant_body,
    build_refresh_grant_body,
    parse_token_request,
)
from daypass.secret import Secret

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CALLBACK = "http://127.0.0.1:49821/oauth/callback"
VERIFIER = "v" * 64
CODE_MEMBERS: dict[str, Any] = {
    "clientId": SAME_DEVICE,
    "grantType": "authorization_code",
    "code": "the-code",
    "codeVerifier": VERIFIER,
    "redirectUri": CALLBACK,
}
REFRESH_MEMBERS: dict[str, Any] = {
    "clientId": CROSS_DEVICE,
    "refreshToken": "the-refresh-token",
    "grantType": "refresh_token",
}
CODE_FIELDS = {
    "client_id": SAME_DEVICE,
    "grant_type": "authorization_code",
    "code": "the-code",
    "code_verifier": VERIFIER,
    "redirect_uri": CALLBACK,
}
REFRESH_FIELDS = {
    "client_id": CROSS_DEVICE,
    "refresh_token": "the-refresh-token",
    "grant_type": "refresh_token",
}


def parse_json(members: dict[str, Any]) -> CodeGrant | RefreshGrant:
    """As JSON."""
    return parse_token_request(JSON, json.dumps(members).encode())


def parse_form(fields: dict[str, str]) -> CodeGrant | RefreshGrant:
    """As a form."""
    return parse_token_request(FORM, urlencode(fields).encode())


def test_a_code_grant_is_read_in_either_style() -> None:
    """Whole records; the style is remembered for the answer."""
    for style, found in (("json", parse_json(CODE_MEMBERS)), ("form", parse_form(CODE_FIELDS))):
        assert found == CodeGrant(SAME_DEVICE, Secret("the-code"), CALLBACK, Secret(VERIFIER), style)  # type: ignore[arg-type]  # a loop over both literals


def test_a_refresh_grant_is_read_in_either_style() -> None:
    """Whole records."""
    for style, found in (("json", parse_json(REFRESH_MEMBERS)), ("form", parse_form(REFRESH_FIELDS))):
        assert found == RefreshGrant(CROSS_DEVICE, Secret("the-refresh-token"), style)  # type: ignore[arg-type]  # a loop over both literals


def test_a_built_code_grant_is_what_clients_send() -> None:
    """Top-level camelCase members, no wrapper, and it parses back."""
    body = build_code_grant_body(
        client_id=SAME_DEVICE, code=Secret("the-code"), redirect_uri=CALLBACK, code_verifier=Secret(VERIFIER)
    )
    assert json.loads(body) == CODE_MEMBERS
    assert parse_token_request(JSON, body) == parse_json(CODE_MEMBERS)


def test_a_built_refresh_grant_is_what_clients_send() -> None:
    """Top-level camelCase members, no wrapper, and it parses back."""
    body = build_refresh_grant_body(client_id=CROSS_DEVICE, refresh_token=Secret("the-refresh-token"))
    assert json.loads(body) == REFRESH_MEMBERS
    assert parse_token_request(JSON, body) == parse_json(REFRESH_MEMBERS)


def test_a_wrapped_payload_is_read_too() -> None:
    """Some clients keep the API model's member name."""
    assert parse_json({"tokenInput": REFRESH_MEMBERS}) == parse_json(REFRESH_MEMBERS)
    assert parse_json({**REFRESH_MEMBERS, "tokenInput": CODE_MEMBERS}) == parse_json(REFRESH_MEMBERS)
    with pytest.raises(InvalidRequest):
        parse_json({"tokenInput": {"tokenInput": REFRESH_MEMBERS}})


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON; charset=utf-8", " application/json ;x"])
def test_json_may_be_named_with_parameters_and_in_any_case(content_type: str) -> None:
    """RFC 9110 §8.3.1."""
    assert parse_token_request(content_type, json.dumps(REFRESH_MEMBERS).encode()) == parse_json(
        REFRESH_MEMBERS
    )


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/jsonx", "multipart/form-data", "application/json,x"]
)
def test_another_media_type_is_refused(content_type: str) -> None:
    """There are two styles."""
    with pytest.raises(InvalidRequest, match="Content-Type"):
        parse_token_request(content_type, json.dumps(REFRESH_MEMBERS).encode())


def test_unknown_members_are_ignored_in_either_style() -> None:
    """RFC 6749 §3.2; the other style's names are unknown as well."""
    assert parse_json(REFRESH_MEMBERS | {"extra": [1], "client_id": "x"}) == parse_json(REFRESH_MEMBERS)
    assert parse_form(REFRESH_FIELDS | {"extra": "1", "clientId": "x"}) == parse_form(REFRESH_FIELDS)


@pytest.mark.parametrize(
    "client_id", [None, "", "aws", 7, [SAME_DEVICE], {"a": 1}, SAME_DEVICE + " ", "\ud800"]
)
def test_an_unknown_client_is_refused(client_id: Any) -> None:
    """The two public clients and no other."""
    with pytest.raises(InvalidRequest, match="clientId"):
        parse_json(REFRESH_MEMBERS | {"clientId": client_id})


@pytest.mark.parametrize(
    "grant_type", [None, "", "password", "client_credentials", "Refresh_Token", 7, ["refresh_token"]]
)
def test_an_unknown_grant_type_is_refused(grant_type: Any) -> None:
    """Two grants and no other."""
    with pytest.raises(InvalidRequest, match="grantType"):
        parse_json(REFRESH_MEMBERS | {"grantType": grant_type})


@pytest.mark.parametrize(
    ("name", "longest"), [("code", 512), ("redirectUri", 2048), ("codeVerifier", 128), ("refreshToken", 2048)]
)
def test_each_field_is_kept_up_to_its_documented_length(name: str, longest: int) -> None:
    """Sign-In API model: the longest is fine, one more is not."""
    members = REFRESH_MEMBERS if name == "refreshToken" else CODE_MEMBERS
    parse_json(members | {name: "a" * longest})
    with pytest.raises(InvalidRequest, match=name):
        parse_json(members | {name: "a" * (longest + 1)})


@pytest.mark.parametrize("name", ["code", "redirectUri", "codeVerifier", "refreshToken"])
@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        7,
        True,
        ["a"],
        {"a": "b"},
        "a" * 50 + "\n",
        "a" * 50 + "é",
        "a" * 50 + " ",
        "a" * 50 + "\ud800",
    ],
)
def test_a_missing_field_or_one_of_another_type_or_alphabet_is_refused(name: str, text: Any) -> None:
    """Nothing that could not be compared, stored or logged gets further."""
    members = REFRESH_MEMBERS if name == "refreshToken" else CODE_MEMBERS
    with pytest.raises(InvalidRequest, match=name):
        parse_json(members | {name: text})


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 63 + "+", "a" * 63 + "="])
def test_a_verifier_keeps_to_its_length_and_alphabet(verifier: str) -> None:
    """RFC 7636 §4.1."""
    with pytest.raises(InvalidRequest, match="codeVerifier"):
        parse_json(CODE_MEMBERS | {"codeVerifier": verifier})


@pytest.mark.parametrize("name", sorted(CODE_FIELDS))
def test_a_repeated_form_field_is_refused(name: str) -> None:
    """RFC 6749 §3.2, the same value twice included."""
    with pytest.raises(InvalidRequest, match="repeated"):
        parse_token_request(FORM, urlencode([*CODE_FIELDS.items(), (name, CODE_FIELDS[name])]).encode())


def test_a_repeated_json_member_is_refused() -> None:
    """Two readers could take different ones."""
    body = json.dumps(REFRESH_MEMBERS)[:-1] + ', "refreshToken": "another"}'
    with pytest.raises(InvalidRequest):
        parse_token_request(JSON, body.encode())


def test_a_form_field_without_value_counts_as_missing() -> None:
    """RFC 6749 §3.2."""
    with pytest.raises(InvalidRequest, match="refreshToken"):
        parse_form(REFRESH_FIELDS | {"refresh_token": ""})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"{",
        b"\xff",
        b"[" * 16_000,
        b'{"a":' * 3000,
        b'{"clientId":' + b"9" * 10_000 + b"}",
        b'{"clientId":NaN}',
        json.dumps(REFRESH_MEMBERS).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:16]),
)
def test_a_json_body_that_is_not_a_plain_object_is_refused(body: bytes) -> None:
    """Deep nesting and huge integers included: nothing but InvalidRequest comes out."""
    with pytest.raises(InvalidRequest):
        parse_token_request(JSON, body)


@pytest.mark.parametrize("body", [b"\xff=1", b"client_id=%ff", b"&".join([b"x=1"] * 101), b""])
def test_a_form_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    """Not ASCII, not UTF-8, too many fields, nothing."""
    with pytest.raises(InvalidRequest):
        parse_token_request(FORM, body)


def test_a_body_over_16_kib_is_refused_unread_and_one_of_16_kib_is_read() -> None:
    """The cap is checked before anything is parsed."""
    body = json.dumps(REFRESH_MEMBERS).encode()
    assert parse_token_request(JSON, body.ljust(16_384)) == parse_json(REFRESH_MEMBERS)
    for content_type in (JSON, FORM, "text/plain"):
        with pytest.raises(InvalidRequest, match="16384"):
            parse_token_request(content_type, body.ljust(16_385))


def test_refusals_and_records_show_no_secret() -> None:
    """Codes, verifiers and refresh tokens stay out of texts, whatever goes wrong."""
    for body in (
        b'{"refreshToken": "zzsecretzz"',
        json.dumps(REFRESH_MEMBERS | {"refreshToken": "zzsecretzz "}).encode(),
    ):
        with pytest.raises(InvalidRequest) as caught:
            parse_token_request(JSON, body)
        assert "zzsecretzz" not in caught.value.message + caught.value.detail
    assert "the-code" not in repr(parse_json(CODE_MEMBERS))
    assert VERIFIER not in repr(parse_json(CODE_MEMBERS))
    assert "the-refresh-token" not in repr(parse_json(REFRESH_MEMBERS))


@pytest.mark.parametrize("wrapped", ["text", 7, None, [REFRESH_MEMBERS]])
def test_a_wrapper_around_anything_but_an_object_is_an_unknown_member(wrapped: Any) -> None:
    """And then the payload is missing."""
    with pytest.raises(InvalidRequest, match="clientId"):
        parse_json({"tokenInput": wrapped})
