"""Judgements without a machine: the clock's limits, SDK versions, certificates and their issuers."""

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from pathlib import Path

import pytest

from daypass.client.doctor.clock import judge_clock
from daypass.client.doctor.machine import name_place
from daypass.client.doctor.network import judge_sighting
from daypass.client.doctor.python_sdks import judge_versions
from daypass.client.doctor.sight import Sighting, look_at


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (0, "clock"),
        (60, "clock"),
        (-60, "clock"),
        (61, "clock_drift"),
        (-300, "clock_drift"),
        (301, "clock_skew"),
        (-301, "clock_skew"),
    ],
)
def test_the_clock_is_judged_by_what_servers_accept(ahead: int, code: str) -> None:
    """Five minutes either way are refused; more than one is worth a word."""
    assert judge_clock(ahead, "h").code == code


def test_the_direction_of_the_clock_is_said_from_here() -> None:
    """A server ahead of us means that we are behind."""
    assert judge_clock(420, "h").sentence.startswith("the clock is 7 min behind h")
    assert judge_clock(-61, "h").sentence == "the clock is 61 s ahead of h"


@pytest.mark.parametrize(
    ("versions", "codes"),
    [
        ({}, ["sdk_absent"]),
        ({"awscrt": "0.38"}, ["sdk_absent"]),
        ({"botocore": "1.40.99", "awscrt": "0.38"}, ["sdk_too_old"]),
        ({"botocore": "1.41.0", "awscrt": "0.38"}, ["sdk_ignores_region"]),
        ({"botocore": "1.43.127"}, ["sdk_ignores_region", "sdk_without_crt"]),
        ({"botocore": "1.44.0"}, ["sdk_without_crt"]),
        ({"botocore": "1.44.0", "awscrt": "0.38"}, ["sdk_ready"]),
        ({"botocore": "2.0", "awscrt": "0.38"}, ["sdk_ready"]),
        ({"botocore": "unknown"}, ["sdk_too_old"]),
        ({"botocore": "1.35.0", "hook": "waits"}, ["sdk_hooked"]),
        ({"hook": "waits"}, ["sdk_absent"]),
    ],
)
def test_a_botocore_is_judged_by_its_releases(versions: Mapping[str, str], codes: list[str]) -> None:
    """1.41 knows logins, 1.44 their region, and awscrt is needed always."""
    found = list(judge_versions(versions, "/py", "dev"))
    assert [each.code for each in found] == codes
    assert all(each.mend for each in found if each.severity == "warning")
    if "sdk_without_crt" in codes:
        assert found[-1].mend == "daypass configure bridge dev"


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"SSH_CONNECTION": "a b"}, "SSH"),
        ({"CODESPACES": "true"}, "Codespaces"),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, "WSL"),
        ({"CI": "true"}, "CI"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes"),
        ({"TERM": "dumb"}, "dumb terminal"),
    ],
)
def test_the_place_is_named_by_its_variables(environ: Mapping[str, str], place: str) -> None:
    """What a reader of the ticket must know first."""
    assert place in name_place(environ)
    assert place not in name_place({})


class _Late(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response_only(302)
        self.send_header("Date", formatdate(self.date_time, usegmt=True))
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    date_time = 0.0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def late_server(tmp_path: Path) -> Iterator[tuple[http.server.HTTPServer, Path]]:
    """One that redirects and believes it is 1970, over TLS by an authority nobody knows."""
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048"),
            *("-keyout", str(key), "-out", str(certificate)),
            *("-subj", "/O=Inspecting Proxy Ltd/CN=Box\x1b[31m 7", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    server = http.server.HTTPServer(("127.0.0.1", 0), _Late)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake is expected
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server, certificate
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_untrusted_certificate_is_named_by_its_issuer(
    late_server: tuple[http.server.HTTPServer, Path],
) -> None:
    """An inspecting proxy shows itself here; its name cannot move the cursor."""
    seen = look_at(f"https://127.0.0.1:{late_server[0].server_port}", {})
    assert (seen.fault, seen.issuer) == ("tls", "Inspecting Proxy Ltd")
    finding = judge_sighting("signin", seen)
    assert finding.code == "signin_tls"
    assert 'issued by "Inspecting Proxy Ltd"' in finding.sentence
    assert finding.mend.startswith("export AWS_CA_BUNDLE=")


def test_with_the_organisations_bundle_it_is_trusted_and_its_time_is_read(
    late_server: tuple[http.server.HTTPServer, Path],
) -> None:
    """A redirect is an answer, and not followed."""
    server, bundle = late_server
    seen = look_at(f"https://127.0.0.1:{server.server_port}", {"AWS_CA_BUNDLE": str(bundle)})
    assert seen.fault == ""
    assert seen.clock_ahead is not None
    assert judge_clock(seen.clock_ahead, seen.host).code == "clock_skew"


def test_a_proxys_password_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host is."""
    monkeypatch.setenv("http_proxy", "http://user:proxy-password@127.0.0.1:1")
    seen = look_at("http://signin.invalid", {})
    assert (seen.fault, seen.proxy) == ("refused", "127.0.0.1:1")
    assert "through the proxy 127.0.0.1:1 refuses" in judge_sighting("signin", seen).sentence


@pytest.mark.parametrize(
    "url", ["", "ftp://h", "http://", "http://[", "http://h:99999", "http://user:word@h", "h"]
)
def test_an_address_that_is_none_is_said(url: str) -> None:
    """And a password in it is not."""
    seen = look_at(url, {})
    assert seen.fault == "url"
    finding = judge_sighting("sts", seen)
    assert (finding.code, "word" in finding.sentence + finding.mend) == ("sts_url", False)


def test_a_name_that_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserved top level never resolves."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    finding = judge_sighting("signin", Sighting("https://signin.invalid", "dns"))
    assert (finding.code, finding.mend) == ("signin_dns", "nslookup signin.invalid")
