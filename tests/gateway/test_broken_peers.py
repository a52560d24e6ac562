"""What the backend is told, and what happens when one side breaks off: a scripted backend on a plain socket."""

import http.client
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.gateway_process import run_gateway
from support.raw_s3 import RawS3, frame_unsigned, hex_hash
from support.scripted_backend import ScriptedBackend

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def backend() -> Iterator[ScriptedBackend]:
    """One for the module."""
    scripted = ScriptedBackend()
    yield scripted
    scripted.stop()


@pytest.fixture(scope="module")
def raw(site: Any, backend: ScriptedBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawS3]:
    """Alice at a gateway in front of the scripted backend."""
    config = replace(site.config, backend_url=f"http://127.0.0.1:{backend.port}")
    folder: Path = tmp_path_factory.mktemp("scripted")
    with run_gateway(config, folder) as gateway:
        yield RawS3(gateway.port, site.credentials("alice"))


@pytest.fixture
def target(site: Any, bucket: str, backend: ScriptedBackend) -> str:
    """An object path in a bucket that the table gives to alice's account."""
    for left_over in (backend.heads, backend.outcomes):
        while not left_over.empty():
            left_over.get()
    return f"/{bucket}/k"


def _answer_empty(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_the_backend_sees_its_own_credentials_and_none_of_the_callers(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    backend.script = _answer_empty
    headers = [("Range", "bytes=0-1"), ("If-Match", '"e"'), ("x-amz-meta-a", "b c"), ("X-Custom", "no")]
    headers.append(("x-amz-expected-bucket-owner", "111122223333"))
    assert raw.ask("GET", target + "?versionId=7&x-id=GetObject", headers=headers).status == 200
    head = backend.heads.get(timeout=20).decode()
    assert head.startswith(f"GET {target}?versionId=7 HTTP/1.1\r\n")
    assert raw.credentials.access_key_id not in head
    assert raw.credentials.session_token.reveal() not in head
    lower = head.lower()
    assert lower.count("authorization:") == 1
    for kept in ("range: bytes=0-1", 'if-match: "e"', "x-amz-meta-a: b c"):
        assert kept in lower
    for dropped in (
        "x-amz-security-token",
        "x-amz-expected-bucket-owner",
        "x-custom",
        "accept:",
        "accept-encoding",
        "user-agent",
    ):
        assert dropped not in lower


def test_a_presigned_signature_does_not_reach_the_backend(
    site: Any, raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    backend.script = _answer_empty
    bucket = target.split("/")[1]
    s3 = site.client("alice", signature_version="s3v4")
    params = {"Bucket": bucket, "Key": "k", "ResponseContentType": "text/x"}
    url = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
    path = url.partition(str(site.gateway.port))[2]
    assert raw.send("GET", path, [("Host", f"127.0.0.1:{site.gateway.port}")], b"").status == 200
    line = backend.heads.get(timeout=20).decode().splitlines()[0]
    assert line == f"GET {target}?response-content-type=text%2Fx HTTP/1.1"


def test_a_key_is_written_anew_in_one_spelling(raw: RawS3, backend: ScriptedBackend, target: str) -> None:
    backend.script = _answer_empty
    assert raw.ask("GET", target + "%7E%2bplus+%C3%BC%2Fx").status == 200
    assert backend.heads.get(timeout=20).startswith(f"GET {target}~%2Bplus%2B%C3%BC/x HTTP/1.1".encode())


def test_the_last_bytes_of_a_false_body_are_never_sent(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def count(connection: socket.socket, head: bytes) -> None:
        received = len(head.partition(b"\r\n\r\n")[2])
        while piece := connection.recv(65_536):
            received += len(piece)
        backend.outcomes.put(received)

    backend.script = count
    body = b"x" * 3_000_000
    assert raw.ask("PUT", target, body=body, payload_hash="0" * 64).code == "XAmzContentSHA256Mismatch"
    assert b"content-length: 3000000" in backend.heads.get(timeout=20).lower()
    assert backend.outcomes.get(timeout=20) < 3_000_000
    mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    head = [("x-amz-decoded-content-length", "3000000"), ("x-amz-trailer", "x-amz-checksum-crc32")]
    framed = frame_unsigned([body], {"x-amz-checksum-crc32": "AAAAAA=="})
    assert raw.ask("PUT", target, body=framed, payload_hash=mode, headers=head).code == "BadDigest"
    length = int(
        backend.heads.get(timeout=20).lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
    )
    assert length > 3_000_000
    assert backend.outcomes.get(timeout=20) < 3_000_000


def test_an_answer_cut_by_the_backend_is_cut_for_the_client(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def cut(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)

    def cut_chunked(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" + b"x" * 500)

    for script in (cut, cut_chunked):
        backend.script = script
        with pytest.raises(http.client.IncompleteRead):
            raw.ask("GET", target)


def test_a_backend_that_hangs_up_or_talks_nonsense_is_503(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def nonsense(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"SMTP 220 hello\r\n\r\n")

    for script in (lambda _connection, _head: None, nonsense):
        backend.script = script
        answer = raw.ask("PUT", target, body=b"x" * 10)
        assert (answer.status, answer.code) == (503, "ServiceUnavailable")


def test_a_client_that_leaves_ends_the_backends_work(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def stall(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nx")
        try:
            backend.outcomes.put(connection.recv(1))
        except OSError as failure:
            backend.outcomes.put(failure)

    backend.script = stall
    with socket.create_connection(("127.0.0.1", raw.port), timeout=20) as client:
        lines = [f"GET {target} HTTP/1.1", *(f"{n}: {v}" for n, v in raw.sign("GET", target))]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        received = b""
        while not received.endswith(b"\r\n\r\nx"):
            received += client.recv(65_536)
    outcome = backend.outcomes.get(timeout=20)
    assert outcome == b"" or isinstance(outcome, ConnectionError)


def test_hop_by_hop_headers_and_the_servers_name_stay_behind(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def answer(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nServer: Store/1\r\nKeep-Alive: timeout=5\r\nX-Amz-Version-Id: 7\r\n"
            b"Seaweed-X-Amz-Owner: gateway\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        )

    backend.script = answer
    got = raw.ask("GET", target)
    assert got.body == b"ok"
    assert got.headers["x-amz-version-id"] == "7"
    assert not {"server", "keep-alive", "seaweed-x-amz-owner"} & got.headers.keys()


def test_many_deletions_are_rewritten_before_they_are_forwarded(
    raw: RawS3, backend: ScriptedBackend, target: str
) -> None:
    def keep(connection: socket.socket, head: bytes) -> None:
        length = int(head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < length:
            body += connection.recv(65_536)
        backend.outcomes.put(body)
        _answer_empty(connection, head)

    backend.script = keep
    body = b"<!-- c --><Delete><Object><Key>a&#38;b</Key></Object><Quiet>TRUE</Quiet></Delete>"
    bucket = "/" + target.split("/")[1]
    assert raw.ask("POST", bucket + "?delete", body=body).status == 200
    sent = backend.outcomes.get(timeout=20)
    assert b"<Object><Key>a&amp;b</Key></Object><Quiet>true</Quiet></Delete>" in sent
    assert b"<!--" not in sent
    assert hex_hash(sent).encode() in backend.heads.get(timeout=20).partition(b"\r\n\r\n")[0]
