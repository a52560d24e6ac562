"""The wire on real sockets: what is tried again, what is said, what is never done."""

import http.server
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daypass._version import __version__
from daypass.client import transport
from daypass.client.transport import check_answers, send, user_agent
from daypass.errors import NetworkError, UntrustedCertificate
from daypass.protocol.http import Request
from daypass.server.domain.session_origin import describe_program


@dataclass
class Peer:
    """A loopback HTTP server that answers what it is told and keeps what it got."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    got: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _server(peer: Peer) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            peer.got.append((self.command, self.path, body, headers))
            status, answer_headers, answer = peer.answers.pop(0) if peer.answers else (200, {}, b"fine")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **answer_headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _do  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Broken handshakes are what these tests make."""

    server = Server(("127.0.0.1", 0), Handler)
    peer.port = server.server_port
    return server


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    server = _server(made)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting is recorded, not done."""
    waited: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", waited.append)
    return waited


def test_an_answer_is_read_whole_with_lower_case_header_names(peer: Peer) -> None:
    peer.answers = [(403, {"X-Amzn-ErrorType": "AccessDeniedException"}, b'{"error": "X"}')]
    answer = send(Request("POST", peer.url + "/v1/token", (("DPoP", "p"),), b"{}"))
    assert (answer.status, answer.body) == (403, b'{"error": "X"}')
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert [(method, path, body) for method, path, body, _ in peer.got] == [("POST", "/v1/token", b"{}")]
    assert peer.got[0][3]["dpop"] == "p"


def test_a_request_says_which_program_asks(peer: Peer) -> None:
    send(Request("GET", peer.url))
    assert peer.got[0][3]["user-agent"] == user_agent(sys.platform)


@pytest.mark.parametrize(
    ("platform", "system"), [("linux", "Linux"), ("darwin", "macOS"), ("win32", "Windows")]
)
def test_the_program_is_named_in_words_that_the_pages_know(platform: str, system: str) -> None:
    assert describe_program(user_agent(platform)) == f"daypass {__version__} on {system}"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_of_the_server_is_tried_three_times_with_the_same_bytes(
    peer: Peer, pauses: list[float], status: int
) -> None:
    """The DPoP proof repeats too, so the server can tell a retry from a replay by another."""
    peer.answers = [(status, {}, b"")] * 5
    answer = send(Request("POST", peer.url + "/v1/token", (("DPoP", "one"),), b"same"))
    assert answer.status == status
    assert [(body, headers["dpop"]) for _, _, body, headers in peer.got] == [(b"same", "one")] * 3
    assert pauses == [0.3, 1.0]


@pytest.mark.parametrize(("asked", "waited"), [("2", [2, 2]), ("0", [0.3, 1.0]), ("soon", [0.3, 1.0])])
def test_the_next_attempt_is_not_made_sooner_than_the_server_asks(
    peer: Peer, pauses: list[float], asked: str, waited: list[float]
) -> None:
    peer.answers = [(503, {"Retry-After": asked}, b"")] * 3
    assert send(Request("GET", peer.url + "/")).status == 503
    assert pauses == waited


def test_a_server_that_asks_for_minutes_is_not_asked_again_by_the_same_call(
    peer: Peer, pauses: list[float]
) -> None:
    peer.answers = [(503, {"Retry-After": "120"}, b"")]
    assert send(Request("GET", peer.url + "/")).headers["retry-after"] == "120"
    assert (len(peer.got), pauses) == (1, [])


def test_a_later_success_is_the_answer(peer: Peer) -> None:
    peer.answers = [(503, {}, b""), (200, {}, b"now")]
    assert send(Request("GET", peer.url + "/")).body == b"now"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 501])
def test_a_refusal_is_not_tried_again(peer: Peer, status: int) -> None:
    peer.answers = [(status, {}, b"")]
    assert send(Request("GET", peer.url + "/")).status == status
    assert len(peer.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(peer: Peer, status: int) -> None:
    """A token request must not carry its secrets to an address a stranger chose."""
    peer.answers = [(status, {"Location": peer.url + "/elsewhere"}, b"")]
    assert send(Request("POST", peer.url + "/v1/token", (), b"secret")).status == status
    assert [path for _, path, _, _ in peer.got] == ["/v1/token"]


def test_a_refused_connection_names_the_host_and_a_command(unused_tcp_port: int, pauses: list[float]) -> None:
    with pytest.raises(NetworkError) as caught:
        send(Request("GET", f"http://127.0.0.1:{unused_tcp_port}/v1"))
    assert caught.value.message == f"nothing answers at 127.0.0.1:{unused_tcp_port}"
    assert caught.value.hint == f"curl -I http://127.0.0.1:{unused_tcp_port}/v1"
    assert pauses == [0.3, 1.0]


def test_silence_is_said_as_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that accepts and never speaks."""
    monkeypatch.setattr(transport, "_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        authority = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NetworkError) as caught:
            send(Request("GET", f"http://{authority}/"))
    assert caught.value.message == f"{authority} did not answer in time"


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_breaks_off_is_a_network_error(peer: Peer, status: int) -> None:
    peer.answers = [(status, {"Content-Length": "100"}, b"half")] * 3
    with pytest.raises(NetworkError, match="broke off the connection"):
        send(Request("GET", peer.url + "/"))
    assert len(peer.got) == 3


def test_what_is_not_http_is_a_network_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"220 mail ready\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(NetworkError):
            send(Request("GET", f"http://127.0.0.1:{server.getsockname()[1]}/"))
        thread.join()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x"])
def test_other_schemes_are_refused_at_once(url: str, pauses: list[float]) -> None:
    """urllib would open them."""
    with pytest.raises(NetworkError, match="only http and https"):
        send(Request("GET", url))
    assert pauses == []


def test_a_proxy_is_never_asked_for_this_machine(
    peer: Peer, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_tcp_port}")
    assert send(Request("GET", peer.url + "/")).body == b"fine"


def test_a_proxy_is_asked_for_other_machines(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's own settings, as every other tool here."""
    monkeypatch.setenv("http_proxy", peer.url)
    assert send(Request("GET", "http://signin.example.com/v1")).body == b"fine"
    assert peer.got[0][1] == "http://signin.example.com/v1"


@dataclass
class TlsPeer:
    """An HTTPS server whose certificate nobody here trusts, and the certificate's file."""

    peer: Peer
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.peer.port}/"


@pytest.fixture
def tls_peer(tmp_path: Path) -> Iterator[TlsPeer]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    peer = Peer()
    server = _server(peer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield TlsPeer(peer, certificate)
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_untrusted_certificate_names_the_setting_that_helps(
    tls_peer: TlsPeer, pauses: list[float]
) -> None:
    """And never the one that switches verification off. Asking again would not help, so nobody waits."""
    with pytest.raises(NetworkError) as caught:
        send(Request("POST", tls_peer.url, (), b"secret"))
    told = f"{caught.value.message} {caught.value.hint}".lower()
    assert "aws_ca_bundle" in told
    assert "certificate" in told
    for word in ("no-verify", "insecure", "disable", "skip"):
        assert word not in told
    assert tls_peer.peer.got == []
    assert pauses == []


def test_a_bundle_with_the_authority_makes_it_trusted(
    tls_peer: TlsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tls_peer.certificate))
    assert send(Request("GET", tls_peer.url)).body == b"fine"


@pytest.mark.parametrize("content", [None, "", "no certificate"], ids=["missing", "empty", "text"])
def test_a_bundle_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, pauses: list[float]
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with pytest.raises(NetworkError, match="AWS_CA_BUNDLE") as caught:
        send(Request("GET", "https://127.0.0.1:1/"))
    assert caught.value.hint == f"ls -l {bundle}"
    assert pauses == []


@pytest.mark.parametrize("status", [200, 302, 404, 429, 500, 503])
def test_a_look_lets_every_http_answer_pass_and_asks_once(
    peer: Peer, pauses: list[float], status: int
) -> None:
    """Also one whose body never comes."""
    peer.answers = [(status, {"Content-Length": "100"}, b"")]
    check_answers(peer.url + "/there")
    assert [(method, path) for method, path, _body, _headers in peer.got] == [("GET", "/there")]
    assert pauses == []


def test_a_look_at_nothing_is_one_attempt(unused_tcp_port: int, pauses: list[float]) -> None:
    with pytest.raises(NetworkError, match=r"nothing answers at 127\.0\.0\.1"):
        check_answers(f"http://127.0.0.1:{unused_tcp_port}/")
    assert pauses == []


def test_a_look_at_a_silent_server_ends_by_its_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is the look's, far below that of other calls."""
    assert transport._LOOK == 5.0
    monkeypatch.setattr(transport, "_LOOK", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NetworkError, match="did not answer in time"),
    ):
        check_answers(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_a_look_verifies_the_certificate(tls_peer: TlsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UntrustedCertificate):
        check_answers(tls_peer.url)
    assert tls_peer.peer.got == []
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tls_peer.certificate))
    check_answers(tls_peer.url)


def test_a_look_goes_through_the_proxy(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", peer.url)
    monkeypatch.delenv("no_proxy", raising=False)
    check_answers("http://signin.example.com/")
    assert [got[1] for got in peer.got] == ["http://signin.example.com/"]


def test_a_look_for_a_name_that_is_not_found_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_words: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(NetworkError, match=r"signin\.example\.com could not be reached"):
        check_answers("https://signin.example.com/")
