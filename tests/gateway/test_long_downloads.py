"""Long answers, both ways they can take: spliced from the store's connection to the client's, or read and written.

Whatever a client can see must be the same; only the connection to the store tells which way it was.
"""

import contextlib
import hashlib
import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.gateway_process import RunningGateway, run_gateway
from support.raw_s3 import RawS3, crc32_base64
from support.scripted_backend import ScriptedBackend

MIB = 1024 * 1024
READERS = 12
CONTENT = hashlib.shake_256(b"content").digest(9 * MIB + 12_345)
WAYS = pytest.mark.parametrize("is_spliced", [True, False], ids=["spliced", "read"], indirect=True)
pytestmark = [pytest.mark.processes, WAYS]


@pytest.fixture(scope="module")
def backend() -> Iterator[ScriptedBackend]:
    """One for the module."""
    scripted = ScriptedBackend()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="module")
def is_spliced(request: pytest.FixtureRequest) -> bool:
    """The way."""
    return bool(request.param)


@pytest.fixture(scope="module")
def raw(site: Any, is_spliced: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawS3]:
    """Alice at a gateway in front of the real store."""
    folder: Path = tmp_path_factory.mktemp("long")
    with run_gateway(replace(site.config, offers_relay=is_spliced), folder) as gateway:
        yield RawS3(gateway.port, site.credentials("alice"))


@pytest.fixture
def scripted(
    site: Any, is_spliced: bool, backend: ScriptedBackend, tmp_path: Path
) -> Iterator[tuple[RawS3, RunningGateway]]:
    """Alice at a gateway in front of the scripted store, and that gateway."""
    for left_over in (backend.heads, backend.outcomes):
        while not left_over.empty():
            left_over.get()
    config = replace(site.config, backend_url=f"http://127.0.0.1:{backend.port}", offers_relay=is_spliced)
    with run_gateway(config, tmp_path) as gateway:
        yield RawS3(gateway.port, site.credentials("alice")), gateway


def _open(raw: RawS3, target: str) -> socket.socket:
    """A connection on which the object was asked for."""
    connection = socket.create_connection(("127.0.0.1", raw.port), timeout=20)
    connection.sendall(_head(raw, target))
    return connection


def _head(raw: RawS3, target: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in raw.sign("GET", target))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _read_all(connection: socket.socket) -> bytes:
    parts = []
    while piece := connection.recv(MIB):
        parts.append(piece)
    return b"".join(parts)


def _read_body(connection: socket.socket, length: int) -> bytes:
    """So much of it, after the rest of the head."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1)
    body = bytearray()
    while len(body) < length:
        piece = connection.recv(min(MIB, length - len(body)))
        assert piece, "it ended too early"
        body += piece
    return bytes(body)


def test_an_object_arrives_whole_with_its_headers(raw: RawS3, bucket: str) -> None:
    headers = [
        ("x-amz-meta-a", "b"),
        ("Content-Type", "text/x"),
        ("x-amz-checksum-crc32", crc32_base64(CONTENT)),
    ]
    assert raw.ask("PUT", f"/{bucket}/whole", body=CONTENT, headers=headers).status == 200
    answer = raw.ask("GET", f"/{bucket}/whole", headers=[("x-amz-checksum-mode", "ENABLED")])
    assert answer.body == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == f'"{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"'
    assert answer.headers["x-amz-checksum-crc32"] == crc32_base64(CONTENT)
    assert (answer.headers["x-amz-meta-a"], answer.headers["content-type"]) == ("b", "text/x")


def test_a_long_range_arrives_and_what_has_no_body_has_none(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/range"
    assert raw.ask("PUT", target, body=CONTENT).status == 200
    part = raw.ask("GET", target, headers=[("Range", f"bytes=77-{6 * MIB}")])
    assert (part.status, part.body) == (206, CONTENT[77 : 6 * MIB + 1])
    assert part.headers["content-range"] == f"bytes 77-{6 * MIB}/{len(CONTENT)}"
    head = raw.ask("HEAD", target)
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(CONTENT)), b"")
    unchanged = raw.ask("GET", target, headers=[("If-None-Match", head.headers["etag"])])
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_a_connection_serves_on_after_long_answers(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/again"
    assert raw.ask("PUT", target, body=CONTENT).status == 200
    connection = http.client.HTTPConnection("127.0.0.1", raw.port, timeout=60)
    for suffix in ("", "", "-none", ""):
        connection.request("GET", target + suffix, headers=dict(raw.sign("GET", target + suffix)))
        answer = connection.getresponse()
        body = answer.read()
        assert (answer.status, body == CONTENT) == ((404, False) if suffix else (200, True))
        assert answer.getheader("connection") is None
    connection.close()


def test_requests_sent_ahead_are_answered_after_a_long_answer(raw: RawS3, bucket: str) -> None:
    target = f"/{bucket}/ahead"
    assert raw.ask("PUT", target, body=CONTENT).status == 200
    last = _head(raw, target).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with _open(raw, target) as connection:
        connection.sendall(_head(raw, target) + last)
        answers = _read_all(connection).split(b"HTTP/1.1 200 ")
    assert [answer.partition(b"\r\n\r\n")[2] == CONTENT for answer in answers[1:]] == [True] * 3


def test_readers_that_stop_cost_little_and_can_go_on(
    site: Any, bucket: str, tmp_path: Path, is_spliced: bool
) -> None:
    content = CONTENT[:MIB] * 64
    site.client("alice").put_object(Bucket=bucket, Key="slow", Body=content)
    with run_gateway(replace(site.config, offers_relay=is_spliced), tmp_path) as gateway:
        raw = RawS3(gateway.port, site.credentials("alice"))
        assert raw.ask("GET", f"/{bucket}/slow", headers=[("Range", f"bytes=0-{3 * MIB}")]).status == 206
        before = gateway.resident_kib()
        with contextlib.ExitStack() as readers:
            first, *_ = [readers.enter_context(_open(raw, f"/{bucket}/slow")) for _ in range(READERS)]
            assert raw.ask("HEAD", f"/{bucket}/slow").status == 200
            time.sleep(0.5)  # as far as it gets
            per_reader = (gateway.resident_kib() - before) / READERS
            assert per_reader < (512 if is_spliced else 4096)
            assert _read_body(first, len(content)) == content


def test_an_answer_the_store_cuts_is_cut_for_the_client(
    scripted: tuple[RawS3, RunningGateway], backend: ScriptedBackend, bucket: str
) -> None:
    raw, gateway = scripted

    def cut(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT))
        connection.sendall(CONTENT[: 5 * MIB])

    def reset(connection: socket.socket, head: bytes) -> None:
        cut(connection, head)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    for script in (cut, reset):
        backend.script = script
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            raw.ask("GET", f"/{bucket}/k")
    log = Path(gateway.log_path).read_text()
    assert log.count("backend broke off during GetObject") == 2


def test_an_answer_in_chunks_arrives_whole(
    scripted: tuple[RawS3, RunningGateway], backend: ScriptedBackend, bucket: str
) -> None:
    def chunked(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(CONTENT), MIB):
            piece = CONTENT[at : at + MIB]
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    backend.script = chunked
    assert scripted[0].ask("GET", f"/{bucket}/k").body == CONTENT


def test_a_connection_to_the_store_is_never_used_half_read(
    scripted: tuple[RawS3, RunningGateway], backend: ScriptedBackend, bucket: str, is_spliced: bool
) -> None:
    """A client leaves in the middle: the store's connection ends. After a whole answer that was read it may go on."""

    def pour(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        try:
            while True:
                connection.sendall(CONTENT)
        except OSError as failure:
            backend.outcomes.put(failure)

    def whole(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT)
        connection.settimeout(1)
        try:
            backend.outcomes.put(connection.recv(1))
        except OSError as failure:
            backend.outcomes.put(failure)

    backend.script = pour
    with _open(scripted[0], f"/{bucket}/k") as client:
        left = 8 * MIB
        while left > 0:
            left -= len(client.recv(MIB))
    assert isinstance(backend.outcomes.get(timeout=20), ConnectionError)
    backend.script = whole
    assert scripted[0].ask("GET", f"/{bucket}/k").body == CONTENT
    outcome = backend.outcomes.get(timeout=20)
    assert outcome == b"" if is_spliced else isinstance(outcome, TimeoutError)


def test_a_stopping_gateway_lets_a_long_answer_end(
    scripted: tuple[RawS3, RunningGateway], backend: ScriptedBackend, bucket: str
) -> None:
    raw, gateway = scripted
    halfway = 4 * MIB

    def in_two_halves(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT))
        connection.sendall(CONTENT[:halfway])
        backend.outcomes.get(timeout=20)
        connection.sendall(CONTENT[halfway:])

    backend.script = in_two_halves
    with _open(raw, f"/{bucket}/k") as client:
        begun = _read_body(client, halfway)
        os.kill(gateway.process.pid, signal.SIGTERM)
        _wait_until_refused(raw.port)
        backend.outcomes.put("go on")
        assert begun + _read_all(client) == CONTENT
    assert gateway.process.wait(timeout=20) == 0


def test_a_stopping_gateway_cuts_an_answer_that_never_ends(
    scripted: tuple[RawS3, RunningGateway], backend: ScriptedBackend, bucket: str
) -> None:
    raw, gateway = scripted

    def stall(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT))
        connection.sendall(CONTENT[: 2 * MIB])
        backend.outcomes.put(connection.recv(1))

    backend.script = stall
    with _open(raw, f"/{bucket}/k") as client:
        os.kill(gateway.process.pid, signal.SIGTERM)
        assert len(_read_all(client).partition(b"\r\n\r\n")[2]) <= 2 * MIB
    assert backend.outcomes.get(timeout=20) == b""
    gateway.process.wait(timeout=20)


def _wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return
    raise AssertionError("it still accepts")
