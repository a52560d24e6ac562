"""JSON from a stranger is one object with unique names, or it is refused with one error."""

import pytest

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.json_object import parse_json_object


def test_a_json_object_with_any_spacing_is_read() -> None:
    """Indented JSON is JSON."""
    assert parse_json_object(b'\n{ "a" :\t[1, {"b": null}] }\r\n') == {"a": [1, {"b": None}]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"a":1} x',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 8000 + b"]" * 8000 + b"}",
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\xff"}',
        b"{'a':1}",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_json_that_is_not_one_plain_object_is_refused(raw: bytes) -> None:
    """Repeated names at any depth, other types, other encodings, exhausting depth or length."""
    with pytest.raises(RemoteProtocolError):
        parse_json_object(raw)


def test_the_json_refusal_does_not_repeat_the_text() -> None:
    """What failed to parse may hold a secret; neither the message nor the cause may."""
    with pytest.raises(RemoteProtocolError) as caught:
        parse_json_object(b'{"refreshToken": "very-secret"')
    assert "very-secret" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None
