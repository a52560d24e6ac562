"""`daypass logout` against a service of one's own: the session ends there, or it is said that it did not."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from daypass.protocol.oauth.dpop import verify_dpop_proof
from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, cache_path, save_session


class _Service:
    """Answers every POST with `status` and keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service.asked.append((self.path, parse_qs(body), self.headers["DPoP"]))
                self.send_response(service.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service() -> Iterator[_Service]:
    service = _Service()
    yield service
    service.close()


def _signed_in(home: Path, *services: _Service | None) -> Terminal:
    text = ""
    for number, service in enumerate(services):
        name = f"p{number}"
        save_session(home, name, 900)
        text += f"[profile {name}]\nlogin_session = {arn_of(name)}\n"
        if service is not None:
            text += f"services = s{number}\n[services s{number}]\nsignin =\n  endpoint_url = {service.url}\n"
    (home / ".aws" / "config").write_text(text)
    return Terminal(home)


def test_the_refresh_token_is_revoked_with_a_proof_of_its_key(service: _Service, tmp_path: Path) -> None:
    """RFC 7009 §2.1 as a form, RFC 9449 in the header; then the file goes."""
    done = _signed_in(tmp_path, service).run(*DAYPASS, "logout", "--profile", "p0")
    assert done.returncode == 0, done.stderr
    ((path, form, proof),) = service.asked
    assert path == "/v1/revoke"
    assert form["token"] == ["refresh-of-p0"]
    verify_dpop_proof(
        [proof],
        method="POST",
        accepted_urls=frozenset({f"{service.url}/v1/revoke"}),
        now=int(time.time()),
        max_age=60,
        max_future=5,
    )
    assert not cache_path(tmp_path, "p0").exists()


def test_what_the_service_did_not_confirm_is_said_and_forgotten_here_all_the_same(
    service: _Service, tmp_path: Path
) -> None:
    """Exit code 5; nothing is left that could renew."""
    service.status = 404
    done = _signed_in(tmp_path, service).run(*DAYPASS, "logout", "--profile", "p0")
    assert done.returncode == 5
    assert "not revoked at the service, where it ends by itself after 12 hours at most" in done.stderr
    assert not cache_path(tmp_path, "p0").exists()


def test_all_revokes_each_session_at_its_own_service(service: _Service, tmp_path: Path) -> None:
    """AWS's own sessions are forgotten without a call."""
    done = _signed_in(tmp_path, service, None, service).run(*DAYPASS, "logout", "--all")
    assert done.returncode == 0, done.stderr
    assert sorted(form["token"][0] for _, form, _ in service.asked) == ["refresh-of-p0", "refresh-of-p2"]
    assert not any(cache_path(tmp_path, name).exists() for name in ("p0", "p1", "p2"))
