"""When a long body may be lent out as its connection, and when it must be read."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from daypass.server.gateway.connection import take_rest

MIB = 1 << 20


class _Response(SimpleNamespace):
    """What is asked of the client library's answer: 10 MiB announced, 100 bytes read."""


@pytest.fixture
def response() -> Iterator[Any]:
    """Of a store without TLS."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        known = {"socket": ours}
        pauses: list[str] = []
        yield _Response(
            connection=SimpleNamespace(
                transport=SimpleNamespace(get_extra_info=known.get),
                protocol=SimpleNamespace(pause_reading=lambda: pauses.append("paused")),
            ),
            content=SimpleNamespace(total_bytes=100, read_nowait=lambda: b"a" * 100),
            content_length=10 * MIB,
            headers={},
            known=known,
            pauses=pauses,
        )


def test_the_rest_of_a_long_body_is_lent_out_and_no_longer_read(response: Any) -> None:
    rest = take_rest(response)
    assert rest is not None
    with rest.source:
        assert (rest.begun, rest.length) == (b"a" * 100, 10 * MIB - 100)
        assert rest.source.fileno() != response.known["socket"].fileno()
    assert response.pauses == ["paused"]


@pytest.mark.parametrize(
    "change",
    [
        lambda response: response.known.update(sslcontext=object()),
        lambda response: response.headers.update({"Transfer-Encoding": "chunked"}),
        lambda response: setattr(response, "content_length", None),
        lambda response: setattr(response, "content_length", MIB),
        lambda response: setattr(response, "connection", None),
        lambda response: setattr(response.connection, "transport", None),
    ],
    ids=["TLS", "chunks", "no length", "a short rest", "all read", "a lost connection"],
)
def test_anything_else_is_read(response: Any, change: Any) -> None:
    change(response)
    assert take_rest(response) is None
    assert not response.pauses
