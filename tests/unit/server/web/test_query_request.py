"""Which requests are the Query API's, and how they are read."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError, RequestEntityTooLarge, ValidationError
from daypass.server.web.query_request import read_body, read_parameters, wants


def _scope(
    method: str = "GET", path: str = "/", query: bytes = b"", *headers: tuple[bytes, bytes]
) -> dict[str, Any]:
    return {"method": method, "path": path, "query_string": query, "headers": list(headers)}


@pytest.mark.parametrize(
    "scope",
    [
        _scope("POST"),
        _scope("GET", "/", b"X-Amz-Algorithm=x"),
        _scope("GET", "/", b"x-amz-signature=x"),
        _scope("GET", "/", b"Version=1&Action=GetCallerIdentity"),
        _scope("GET", "/", b"", (b"authorization", b"AWS4-HMAC-SHA256 Credential=x")),
        _scope("GET", "/", b"", (b"authorization", b"AWS x:y")),
    ],
)
def test_signed_or_named_requests_are_ours(scope: dict[str, Any]) -> None:
    assert wants(scope) is True


@pytest.mark.parametrize(
    "scope",
    [
        _scope("GET"),
        _scope("GET", "/", b"error=no&ReAction=1"),
        _scope("GET", "/", b"", (b"authorization", b"Bearer x")),
        _scope("POST", "/v1/token"),
        _scope("HEAD"),
        _scope("PUT"),
    ],
)
def test_a_browser_s_request_is_left_to_the_pages(scope: dict[str, Any]) -> None:
    assert wants(scope) is False


async def _read(*messages: dict[str, Any]) -> bytes | None:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return await read_body(receive)


async def test_a_body_is_read_to_its_end() -> None:
    pieces = [{"type": "http.request", "body": b"a", "more_body": True}] * 2
    assert await _read(*pieces, {"type": "http.request", "body": b"b"}) == b"aab"
    assert await _read({"type": "http.request"}) == b""


async def test_a_peer_that_goes_away_leaves_no_body() -> None:
    piece = {"type": "http.request", "body": b"a", "more_body": True}
    assert await _read(piece, {"type": "http.disconnect"}) is None
    assert await _read({"type": "http.disconnect"}) is None


async def test_an_endless_body_is_not_read() -> None:
    piece = {"type": "http.request", "body": b"a" * 100_000, "more_body": True}
    with pytest.raises(RequestEntityTooLarge):
        await _read(*[piece] * 4)


def test_query_and_form_together_are_the_parameters() -> None:
    scope = _scope("POST", "/", b"Version=1&X-Amz-Date=2")
    assert read_parameters(scope, b"Action=a") == {"Action": "a", "Version": "1"}
    assert read_parameters(_scope("GET", "/", b"Action=a"), b"Version=1") == {"Action": "a"}


def test_a_name_in_both_places_is_refused() -> None:
    with pytest.raises(ValidationError):
        read_parameters(_scope("POST", "/", b"Action=b"), b"Action=a")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_make_reading_raise_anything_but_a_refusal(query: bytes, body: bytes) -> None:
    with contextlib.suppress(AwsError):
        read_parameters(_scope("POST", "/", query), body)
