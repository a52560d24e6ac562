"""A certificate that is not trusted: who issued it, why not, what helps, and that nothing was sent."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.certificate_issuer import read_issuer
from daypass.client.transport import send
from daypass.errors import UntrustedCertificate
from daypass.protocol.http import Request

NOW = dt.datetime.fromtimestamp(int(time.time()), dt.UTC)
DAY = dt.timedelta(days=1)
AUTHORITY_KEY = ec.derive_private_key(0xCA, ec.SECP256R1())
ISSUER = "Example Corp Inspection CA"


def _name(text: str, kind: x509.ObjectIdentifier = x509.NameOID.COMMON_NAME) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text)])


def certificate(
    name: x509.GeneralName,
    *,
    begins: dt.datetime = NOW - DAY,
    ends: dt.datetime = NOW + DAY,
    issuer: x509.Name | None = None,
) -> tuple[bytes, bytes]:
    """PEM of the certificate and its key, issued by the inspecting authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(_name("peer"))
        .issuer_name(_name(ISSUER) if issuer is None else issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(AUTHORITY_KEY, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def authority_file(folder: Path) -> Path:
    """The authority's own certificate, as an organisation hands it out."""
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(ISSUER))
        .issuer_name(_name(ISSUER))
        .public_key(AUTHORITY_KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(AUTHORITY_KEY, hashes.SHA256())
    )
    place = folder / "authority.pem"
    place.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return place


@dataclass
class TlsListener:
    """A TLS peer, or a proxy that opens the tunnel and is the peer itself; keeps what was said inside."""

    folder: Path
    is_proxy: bool = False
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    tunnels: list[bytes] = field(default_factory=list)
    context: ssl.SSLContext | None = None

    def show(self, pair: tuple[bytes, bytes]) -> None:
        place = self.folder / "pair.pem"
        place.write_bytes(pair[0] + pair[1])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(place)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection)
                except OSError:
                    continue

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        if self.is_proxy:
            self.tunnels.append(connection.recv(65_536).split(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        assert self.context is not None
        with self.context.wrap_socket(connection, server_side=True) as inside:
            said = inside.recv(65_536)
            if said:
                self.heard.append(said)
                inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TlsListener]:
    made = TlsListener(tmp_path)
    listener = socket.create_server(("127.0.0.1", 0))
    made.port = listener.getsockname()[1]
    thread = threading.Thread(target=made.serve, args=(listener,))
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(20)


HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    ("pair", "is_trusted", "why", "hint"),
    [
        (
            certificate(HERE),
            False,
            "is not trusted here",
            "set AWS_CA_BUNDLE to the file of your organisation's certificate authority",
        ),
        (
            certificate(HERE, begins=NOW - 2 * DAY, ends=NOW - DAY),
            True,
            "is not valid at the time this machine's clock shows",
            "date -u",
        ),
        (
            certificate(HERE, begins=NOW + DAY, ends=NOW + 2 * DAY),
            True,
            "is not valid at the time this machine's clock shows",
            "date -u",
        ),
        (certificate(x509.DNSName("other.example")), True, "is for another name", "daypass doctor"),
    ],
    ids=["unknown authority", "expired", "not yet valid", "another name"],
)
def test_each_cause_is_said_with_the_issuer_and_nothing_is_sent(
    peer: TlsListener,
    monkeypatch: pytest.MonkeyPatch,
    pair: tuple[bytes, bytes],
    is_trusted: bool,
    why: str,
    hint: str,
) -> None:
    peer.show(pair)
    if is_trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority_file(peer.folder)))
    with pytest.raises(UntrustedCertificate) as caught:
        send(Request("POST", f"https://127.0.0.1:{peer.port}/v1/token", (), b"a secret"))
    told = caught.value
    assert told.message == f'the certificate of 127.0.0.1:{peer.port} (issued by "{ISSUER}") {why}'
    assert (told.hint, told.code, told.exit_code) == (hint, "certificate", 5)
    assert peer.heard == []


def test_the_issuer_of_an_inspecting_proxy_is_named_and_its_authority_helps(
    peer: TlsListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.is_proxy = True
    peer.show(certificate(x509.DNSName("signin.example.com")))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{peer.port}")
    request = Request("POST", "https://signin.example.com/v1/token", (), b"a secret")
    with pytest.raises(UntrustedCertificate, match=ISSUER):
        send(request)
    assert peer.heard == []
    assert len(peer.tunnels) >= 2  # the request's, and the one that only looks
    assert {line.rpartition(b" ")[0] for line in peer.tunnels} == {b"CONNECT signin.example.com:443"}
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority_file(peer.folder)))
    assert send(request).body == b"fine"


@pytest.mark.parametrize(
    ("issuer", "read"),
    [
        (_name("Org only", x509.NameOID.ORGANIZATION_NAME), "Org only"),
        (_name("bad\x1b[31mname"), ""),
        (x509.Name([]), ""),
    ],
)
def test_an_issuers_name_is_shown_only_when_it_is_one(
    peer: TlsListener, issuer: x509.Name, read: str
) -> None:
    """It comes from a stranger, and ends on a terminal."""
    peer.show(certificate(HERE, issuer=issuer))
    assert read_issuer(f"https://127.0.0.1:{peer.port}/") == read


def test_no_peer_gives_no_name(unused_tcp_port: int) -> None:
    assert read_issuer(f"https://127.0.0.1:{unused_tcp_port}/") == ""
