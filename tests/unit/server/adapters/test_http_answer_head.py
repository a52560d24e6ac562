"""Heads of answers: nothing an application hands over can begin a field of its own, and framing is never ambiguous."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.server.adapters.http_answer_head import AnswerHead, build_answer_head


def _head(
    *fields: tuple[bytes, bytes],
    status: int = 200,
    method: str = "GET",
    is_http_1_0: bool = False,
    keeps_alive: bool = True,
) -> AnswerHead:
    return build_answer_head(status, fields, method=method, is_http_1_0=is_http_1_0, keeps_alive=keeps_alive)


def test_a_counted_answer_is_written_as_it_is() -> None:
    head = _head((b"Content-Length", b"5"), (b"X-Amzn-RequestId", b"a"))
    assert head == (
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-amzn-requestid: a\r\n\r\n",
        "counted",
        5,
        True,
    )


def test_without_a_length_the_body_is_chunked() -> None:
    head = _head()
    assert (head.framing, head.text) == ("chunked", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    assert _head((b"transfer-encoding", b"chunked")).text.count(b"chunked") == 1


def test_http_1_0_never_hears_of_chunks() -> None:
    head = _head(is_http_1_0=True, keeps_alive=False)
    assert head.framing == "until close"
    assert head.text == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_keeps_its_length_field(method: str, status: int) -> None:
    head = _head((b"content-length", b"7"), method=method, status=status)
    assert (head.framing, head.length) == ("none", 0)
    assert b"content-length: 7\r\n" in head.text
    assert b"transfer-encoding" not in _head(method=method, status=status).text


def test_who_says_close_means_it_and_says_it_once() -> None:
    head = _head((b"Connection", b"Close"), (b"content-length", b"0"))
    assert not head.keeps_alive
    assert head.text.lower().count(b"connection: close") == 1
    assert b"connection: close\r\n" in _head((b"content-length", b"0"), keeps_alive=False).text


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"\xe9", b"a\x00"])
def test_a_header_name_is_a_token(name: bytes) -> None:
    with pytest.raises(ValueError, match="token"):
        _head((name, b"x"))


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"\x00", b"\x7f"])
def test_a_header_value_cannot_end_its_line(value: bytes) -> None:
    with pytest.raises(ValueError, match="control character"):
        _head((b"location", value))


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=12)), max_size=6))
def test_as_many_lines_are_written_as_fields_were_given(fields: list[tuple[bytes, bytes]]) -> None:
    fields = [(name, value) for name, value in fields if name.lower() not in (b"connection",)]
    try:
        head = _head(*fields, (b"content-length", b"0"))
    except ValueError:
        return
    assert head.text.count(b"\n") == head.text.count(b"\r") == len(fields) + 3
