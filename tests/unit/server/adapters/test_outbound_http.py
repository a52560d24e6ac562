"""The one way out: where it may go, how long and how much it takes. Every refusal is IDPCommunicationError."""

import asyncio
import contextlib
import datetime as dt
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import IDPCommunicationError
from daypass.server.adapters.outbound_addresses import check_address, parse_url
from daypass.server.adapters.outbound_http import MAX_BODY, OutboundHttp
from support.oidc_double import LoopbackServer

INTERNAL = ("127.0.0.1",)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    made = LoopbackServer()
    yield made
    made.close()


@pytest.fixture
async def http() -> AsyncIterator[OutboundHttp]:
    made = OutboundHttp(internal_hosts=INTERNAL)
    yield made
    await made.close()


@pytest.fixture
def raw_peer() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Start a peer that talks raw bytes; ends with the test."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(talk: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            try:
                peer, _ = listener.accept()
                with peer:
                    talk(peer)
            except OSError:
                pass  # the other side left, as it should

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(timeout=5)


REFUSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "ff0e::1", "nonsense", "",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address) -> None:
    """IANA special-purpose registries; addresses that carry another one inside."""
    with pytest.raises(IDPCommunicationError):
        check_address(address, internal=False, tls=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::1"])
def test_a_public_address_is_called_over_tls_only(address) -> None:
    check_address(address, internal=False, tls=True)
    for internal in (False, True):
        with pytest.raises(IDPCommunicationError):
            check_address(address, internal=internal, tls=False)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "100.64.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd00::1"]
)
def test_an_internal_host_may_be_private_or_loopback(address) -> None:
    check_address(address, internal=True, tls=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1",
        "::",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_even_an_internal_host_is_never_cloud_metadata(address) -> None:
    with pytest.raises(IDPCommunicationError):
        check_address(address, internal=True, tls=True)


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00::1", "8.8.8.8"])
def test_plain_http_is_for_internal_loopback_only(address) -> None:
    check_address("127.0.0.1", internal=True, tls=False)
    with pytest.raises(IDPCommunicationError):
        check_address(address, internal=True, tls=False)
    with pytest.raises(IDPCommunicationError):
        check_address("127.0.0.1", internal=False, tls=False)


@pytest.mark.parametrize(
    "url",
    [
        "", "idp.example", "ftp://idp.example/", "file:///etc/passwd", "https://", "https://u:p@idp.example/",
        "https://idp.example/#x", "https://idp.example\\@evil.example/", "https://idp.example:0/", "https://idp.example:99999/",
        "https://idp.example/a b", "https://idp.example/\r\nX: y", "https://idpé.example/", "https://[::1", "https://[fe80::1%25x]/",
        "https://a..b:x/", "https://" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(url) -> None:
    with pytest.raises(IDPCommunicationError):
        parse_url(url)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__))
def test_no_url_raises_anything_but_our_error(url: str) -> None:
    with contextlib.suppress(IDPCommunicationError):
        assert parse_url(url).host


async def test_http_to_a_host_nobody_named_is_refused_without_a_call(server) -> None:
    for hosts in ((), ("idp.internal",), (f"127.0.0.1:{server.port + 1}",)):
        asked: list[str] = []
        http = OutboundHttp(
            internal_hosts=hosts, resolve=lambda host, _, asked=asked: asked.append(host) or [host]
        )
        with pytest.raises(IDPCommunicationError):
            await http.get(server.url + "/x")
        await http.close()
        assert not asked
    assert not server.calls


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:{port}"])
async def test_an_internal_host_may_be_named_with_or_without_its_port(server, entry) -> None:
    server.routes["/x"] = lambda *_: (200, {}, b"{}")
    http = OutboundHttp(internal_hosts=[entry.format(port=server.port)])
    assert (await http.get(server.url + "/x")).body == b"{}"
    await http.close()


async def test_a_public_name_that_resolves_to_the_inside_is_refused() -> None:
    """One bad address among good ones is enough, and the second answer of a rebinding resolver is never asked for."""
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", "169.254.169.254"]

    http = OutboundHttp(resolve=resolve)
    with pytest.raises(IDPCommunicationError) as refusal:
        await http.get("https://idp.example/x")
    assert asked == ["idp.example"]
    assert "169.254.169.254" in refusal.value.detail
    assert "169.254" not in refusal.value.message
    await http.close()


async def test_the_connection_goes_to_the_checked_address_under_the_name(server) -> None:
    """`idp.internal` resolves nowhere but here: what was checked is what is called."""
    server.routes["/x"] = lambda *_: (200, {}, b"{}")
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    http = OutboundHttp(internal_hosts=["idp.internal"], resolve=resolve)
    assert (await http.get(f"http://idp.internal:{server.port}/x?q=1")).status == 200
    assert asked == [("idp.internal", server.port)]
    assert server.headers[0]["Host"] == f"idp.internal:{server.port}"
    await http.close()


async def test_a_second_address_is_tried_when_the_first_does_not_answer(server) -> None:
    server.routes["/x"] = lambda *_: (200, {}, b"{}")
    http = OutboundHttp(internal_hosts=["idp.internal"], resolve=lambda *_: ["127.0.0.77", "127.0.0.1"])
    assert (await http.get(f"http://idp.internal:{server.port}/x")).status == 200
    await http.close()


async def test_proxies_of_the_environment_are_not_used(server, http, monkeypatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.routes["/x"] = lambda *_: (200, {}, b"{}")
    assert (await http.get(server.url + "/x")).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(server, http, status) -> None:
    server.routes["/x"] = lambda *_: (status, {"Location": f"{server.url}/inside"}, b"")
    with pytest.raises(IDPCommunicationError):
        await http.get(server.url + "/x")
    assert "/inside" not in server.calls


async def test_a_form_is_posted_as_a_form(server, http) -> None:
    server.routes["/token"] = lambda *_: (400, {}, b"no")
    answer = await http.post_form(
        server.url + "/token", {"code": "a&b", "é": "ü"}, {"Authorization": "Basic x"}
    )
    assert (answer.status, answer.body) == (400, b"no")
    assert server.bodies == [("/token", {"code": "a&b", "é": "ü"})]
    assert server.headers[0]["Authorization"] == "Basic x"
    assert server.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


async def test_a_body_is_read_up_to_the_cap_and_not_a_byte_further(server, http) -> None:
    server.routes["/full"] = lambda *_: (200, {}, b"x" * MAX_BODY)
    server.routes["/over"] = lambda *_: (200, {}, b"x" * (MAX_BODY + 1))
    assert len((await http.get(server.url + "/full")).body) == MAX_BODY
    with pytest.raises(IDPCommunicationError):
        await http.get(server.url + "/over")


async def test_the_cap_counts_what_comes_out_of_compression(server, http) -> None:
    zipped = {"Content-Encoding": "gzip"}
    server.routes["/small"] = lambda *_: (200, zipped, gzip.compress(b"{}"))
    server.routes["/bomb"] = lambda *_: (200, zipped, gzip.compress(b"\0" * (64 << 20)))
    server.routes["/twice"] = lambda *_: (
        200,
        {"Content-Encoding": "gzip, gzip"},
        gzip.compress(gzip.compress(b"\0" * (64 << 20))),
    )
    server.routes["/broken"] = lambda *_: (200, zipped, b"no gzip at all")
    assert (await http.get(server.url + "/small")).body == b"{}"
    for path in ("/bomb", "/twice", "/broken"):
        with pytest.raises(IDPCommunicationError):
            await http.get(server.url + path)


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", b"HTTP/1.1 999999 X\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\x16\x03\x01", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500],
)  # fmt: skip
async def test_a_peer_that_does_not_speak_http_is_a_failure_of_ours_by_name(raw_peer, http, answer) -> None:
    def talk(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(answer)

    with pytest.raises(IDPCommunicationError):
        await http.get(f"http://127.0.0.1:{raw_peer(talk)}/x")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_peer_that_drips_bytes_keeps_neither_caller_nor_thread(raw_peer, scheme) -> None:
    """Each byte comes within any read's patience; the whole never does. Over https the handshake drips."""
    ended = threading.Event()

    def drip(peer: socket.socket) -> None:
        try:
            peer.recv(65536)
            if scheme == "https":
                peer.sendall(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xf0")  # a long server hello begins
            while True:
                peer.sendall(b"H")
                ended.wait(0.02)
        except OSError:
            ended.set()
            raise

    http = OutboundHttp(internal_hosts=INTERNAL, deadline=0.3)
    begun = time.monotonic()
    with pytest.raises(IDPCommunicationError):
        await http.get(f"{scheme}://127.0.0.1:{raw_peer(drip)}/x")
    assert time.monotonic() - begun < 2
    assert await asyncio.to_thread(ended.wait, 3)
    await http.close()


async def test_a_peer_that_says_nothing_is_left(raw_peer) -> None:
    left = threading.Event()

    def listen(peer: socket.socket) -> None:
        while peer.recv(65536):
            pass
        left.set()

    http = OutboundHttp(internal_hosts=INTERNAL, deadline=0.3)
    with pytest.raises(IDPCommunicationError):
        await http.get(f"http://127.0.0.1:{raw_peer(listen)}/x")
    assert await asyncio.to_thread(left.wait, 3)
    await http.close()


async def test_more_calls_than_may_wait_are_refused_at_once(server) -> None:
    release = threading.Event()

    def hold(*_: object) -> tuple[int, dict[str, str], bytes]:
        release.wait(10)
        return 200, {}, b"{}"

    server.routes["/x"] = hold
    http = OutboundHttp(internal_hosts=INTERNAL)
    calls = [asyncio.create_task(http.get(server.url + "/x")) for _ in range(36)]
    await asyncio.sleep(0)
    with pytest.raises(IDPCommunicationError, match="could not be reached"):
        await http.get(server.url + "/x")
    release.set()
    assert [answer.status for answer in await asyncio.gather(*calls)] == [200] * 36
    await http.close()


async def test_after_close_there_is_no_call(server, http) -> None:
    await http.close()
    with pytest.raises(IDPCommunicationError):
        await http.get(server.url + "/x")
    assert not server.calls


async def test_a_host_that_does_not_resolve_is_a_failure_of_ours_by_name() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    for made in (OutboundHttp(resolve=resolve), OutboundHttp(resolve=lambda *_: [])):
        with pytest.raises(IDPCommunicationError):
            await made.get("https://idp.example/x")
        await made.close()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for one host name: (certificate, key) in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365 * 80))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    paths[1].write_bytes(private)
    return paths


@pytest.mark.parametrize(("name", "trusts", "holds"), [
    ("idp.internal", True, True),
    ("other.internal", True, False),
    ("idp.internal", False, False),
])  # fmt: skip
async def test_tls_is_verified_against_the_name_that_was_asked_for(
    raw_peer, tmp_path, name, trusts, holds
) -> None:
    """A right name and a trusted authority; a wrong name; nobody we trust."""
    cert, key = certificate(tmp_path, name)
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.sni_callback = lambda _socket, asked, _context: names.append(asked)

    def talk(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    trust = ssl.create_default_context(cafile=str(cert) if trusts else None)
    http = OutboundHttp(internal_hosts=["idp.internal"], tls=trust, resolve=lambda *_: ["127.0.0.1"])
    url = f"https://idp.internal:{raw_peer(talk)}/x"
    if holds:
        assert (await http.get(url)).body == b"{}"
    else:
        with pytest.raises(IDPCommunicationError) as refusal:
            await http.get(url)
        assert "SSL" in refusal.value.detail
    assert names == ["idp.internal"]
    await http.close()
