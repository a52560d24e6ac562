"""Large bodies: memory stays flat both ways in every mode, and the gateway keeps up with its store.

The throughput is measured against the store itself in the same run, alternating, medians compared; run
with `-s` to see the numbers.
"""

import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from support.raw_s3 import RawS3, SignedChunks, crc32_base64, hex_hash

pytestmark = pytest.mark.processes

MIB = 1024 * 1024
SIZE = 256 * MIB
BLOCK = bytes(range(256)) * (MIB // 256)
MAX_GROWTH_KIB = 40 * 1024
MIN_RATIO = 0.3
"""Of the store's own throughput, on a machine that may be busy: client, gateway and store share two cores."""
MAX_CPU_SECONDS_PER_GIB = {"PUT": 3.5, "GET": 1.0}
"""What the gateway itself spends, which a busy machine changes little: about 1.8 writing, and 0.4 reading because it
does not read (1.2 if it did)."""
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


def _blocks() -> Iterator[bytes]:
    for _ in range(SIZE // MIB):
        yield BLOCK


def _send(
    port: int, target: str, headers: list[tuple[str, str]], blocks: Iterator[bytes], length: int
) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.putrequest("PUT", target, skip_host=True, skip_accept_encoding=True)
        for name, value in [*headers, ("Content-Length", str(length))]:
            connection.putheader(name, value)
        connection.endheaders()
        for block in blocks:
            connection.send(block)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def put_unsigned(raw: RawS3, target: str) -> None:
    """256 MiB, UNSIGNED-PAYLOAD."""
    headers = raw.sign("PUT", target, payload_hash="UNSIGNED-PAYLOAD")
    assert _send(raw.port, target, headers, _blocks(), SIZE) == 200


def put_hashed(raw: RawS3, target: str, payload_hash: str) -> None:
    """256 MiB whose hash is signed."""
    headers = raw.sign("PUT", target, payload_hash=payload_hash)
    assert _send(raw.port, target, headers, _blocks(), SIZE) == 200


def put_signed_chunks(raw: RawS3, target: str) -> None:
    """256 MiB in signed chunks of 1 MiB."""
    headers = raw.sign(
        "PUT",
        target,
        payload_hash=SIGNED,
        headers=[("x-amz-decoded-content-length", str(SIZE)), ("Content-Encoding", "aws-chunked")],
    )
    chain = SignedChunks(raw.credentials, headers)

    def framed() -> Iterator[bytes]:
        for block in _blocks():
            yield chain.chunk(block)
        yield chain.chunk(b"") + b"\r\n"

    overhead = len(f"{MIB:x};chunk-signature=\r\n\r\n") + 64
    end = len("0;chunk-signature=\r\n\r\n") + 64
    assert _send(raw.port, target, headers, framed(), SIZE + SIZE // MIB * overhead + end) == 200


def put_unsigned_trailer(raw: RawS3, target: str, checksum: str) -> None:
    """256 MiB in unsigned chunks with a trailing checksum, as current SDKs send."""
    mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    head = [("x-amz-decoded-content-length", str(SIZE)), ("x-amz-trailer", "x-amz-checksum-crc32")]
    headers = raw.sign("PUT", target, payload_hash=mode, headers=[*head, ("Content-Encoding", "aws-chunked")])
    end = f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()

    def framed() -> Iterator[bytes]:
        for block in _blocks():
            yield b"%x\r\n" % MIB + block + b"\r\n"
        yield end

    length = SIZE + SIZE // MIB * len(f"{MIB:x}\r\n\r\n") + len(end)
    assert _send(raw.port, target, headers, framed(), length) == 200


def get(raw: RawS3, target: str) -> None:
    """256 MiB back."""
    connection = http.client.HTTPConnection("127.0.0.1", raw.port, timeout=120)
    try:
        connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
        for name, value in raw.sign("GET", target):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        buffer = memoryview(bytearray(MIB))
        received = 0
        while count := response.readinto(buffer):
            received += count
        assert received == SIZE
    finally:
        connection.close()


@pytest.fixture(scope="module")
def content_hash() -> str:
    """Of the 256 MiB."""
    return hex_hash(BLOCK * (SIZE // MIB))


@pytest.fixture(scope="module")
def checksum() -> str:
    """CRC32 of the 256 MiB."""
    return crc32_base64(BLOCK * (SIZE // MIB))


def test_memory_stays_flat_in_every_mode(site: Any, bucket: str, content_hash: str, checksum: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    raw.ask("PUT", f"/{bucket}/warm", body=BLOCK)
    raw.ask("GET", f"/{bucket}/warm")
    before = site.gateway.resident_kib()
    put_unsigned(raw, f"/{bucket}/big")
    put_hashed(raw, f"/{bucket}/big", content_hash)
    put_signed_chunks(raw, f"/{bucket}/big")
    put_unsigned_trailer(raw, f"/{bucket}/big", checksum)
    get(raw, f"/{bucket}/big")
    assert site.gateway.peak_kib() - before < MAX_GROWTH_KIB


def test_a_reader_that_stops_reading_does_not_fill_the_gateway(site: Any, bucket: str) -> None:
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    put_unsigned(raw, f"/{bucket}/slow")
    before = site.gateway.resident_kib()
    connections = []
    for _ in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", raw.port, timeout=120)
        connection.putrequest("GET", f"/{bucket}/slow", skip_host=True, skip_accept_encoding=True)
        for name, value in raw.sign("GET", f"/{bucket}/slow"):
            connection.putheader(name, value)
        connection.endheaders()
        connections.append((connection, connection.getresponse()))
    assert raw.ask("HEAD", f"/{bucket}/slow").status == 200
    assert site.gateway.resident_kib() - before < MAX_GROWTH_KIB
    for connection, response in connections:
        response.close()
        connection.close()


def test_throughput_keeps_up_with_the_store(site: Any, bucket: str, content_hash: str) -> None:
    through = RawS3(site.gateway.port, site.credentials("alice"))
    store = site.store
    keys = Credentials(store.access_key_id, Secret(store.secret_access_key), None)
    direct = RawS3(int(store.endpoint_url.rpartition(":")[2]), keys)
    target = f"/{bucket}/throughput"
    seconds: dict[str, list[float]] = {}
    cpu_seconds: dict[str, list[float]] = {}
    for name, run, turns in (("PUT", _put_both_ways(content_hash), 2), ("GET", get, 5)):
        for _ in range(turns):
            for way, raw in (("direct", direct), ("through", through)):
                began, cpu_began = time.perf_counter(), site.gateway.cpu_seconds()
                run(raw, target)
                seconds.setdefault(f"{name} {way}", []).append(time.perf_counter() - began)
                cpu_seconds.setdefault(f"{name} {way}", []).append(site.gateway.cpu_seconds() - cpu_began)
    for name in ("PUT", "GET"):
        took = statistics.median(seconds[f"{name} through"])
        ratio = statistics.median(seconds[f"{name} direct"]) / took
        cpu = statistics.median(cpu_seconds[f"{name} through"]) * 1024 * MIB / SIZE
        print(f"{name}: {SIZE / MIB / took:.0f} MiB/s, {ratio:.0%} of the store's own, {cpu:.2f} CPU s/GiB")
        assert cpu <= MAX_CPU_SECONDS_PER_GIB[name], name
        assert ratio >= MIN_RATIO, name


def _put_both_ways(content_hash: str) -> Callable[[RawS3, str], None]:
    return lambda raw, target: put_hashed(raw, target, content_hash)
