"""The hardened listener (RFC 8252 §7.3, §8.3): strangers are ignored, the outcome is the exchange's."""

import http.client
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from daypass.client.loopback import LoopbackListener, Outcome

STATE = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
GOOD = Outcome(True, "Signed in", ("You are dev & co <x>.",))


@pytest.fixture
def listener() -> Iterator[LoopbackListener]:
    made = LoopbackListener(STATE)
    yield made
    made.finish(GOOD)
    made.close()


def _get(
    listener: LoopbackListener, target: str, *, method: str = "GET", host: str | None = None
) -> tuple[int, str]:
    parts = urlsplit(listener.redirect_uri)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, target, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_it_listens_on_loopback_only(listener: LoopbackListener) -> None:
    """The socket itself is bound to 127.0.0.1, not to every interface."""
    assert listener.redirect_uri.startswith("http://127.0.0.1:")
    assert listener._server.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/favicon.ico",
        f"/oauth/callback/?code=x&state={STATE}",
        f"/other?code=x&state={STATE}",
        "/oauth/callback",
        "/oauth/callback?code=x",
        "/oauth/callback?code=x&state=wrong",
        f"/oauth/callback?code=x&state={STATE}&state={STATE}",
        "/oauth/callback?error=access_denied",
        "/oauth/callback?error=access_denied&state=wrong",
        f"/oauth/callback?state={STATE}",
        "/oauth/callback?" + "&".join(f"a{n}=1" for n in range(50)),
    ],
)
def test_a_stranger_can_neither_end_nor_answer_the_login(listener: LoopbackListener, target: str) -> None:
    """State is compared before anything else, also before `error`."""
    status, _ = _get(listener, target)
    assert status in (400, 404)
    assert listener.wait(0) is None


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_only_get_is_answered(listener: LoopbackListener, method: str) -> None:
    """501 for every other method."""
    status, _ = _get(listener, f"/oauth/callback?code=x&state={STATE}", method=method)
    assert status == 501
    assert listener.wait(0) is None


def test_a_foreign_host_header_is_refused(listener: LoopbackListener) -> None:
    """A rebound DNS name must not reach the listener."""
    status, _ = _get(listener, f"/oauth/callback?code=x&state={STATE}", host="evil.example")
    assert status == 404
    assert listener.wait(0) is None


def test_a_forwarders_name_is_ours_when_it_was_told_and_no_other() -> None:
    made = LoopbackListener(STATE, also_called=frozenset({"space-8401.app.github.dev"}))
    try:
        target = f"/oauth/callback?code=x&state={STATE}"
        assert _get(made, target, host="other-8401.app.github.dev")[0] == 404
        made.finish(GOOD)
        assert _get(made, target, host="space-8401.app.github.dev")[0] == 200
    finally:
        made.close()


def test_the_page_waits_for_the_exchange_and_shows_its_outcome(listener: LoopbackListener) -> None:
    """No success before the tokens are there; every text is escaped."""
    pages: list[tuple[int, str]] = []
    browser = threading.Thread(
        target=lambda: pages.append(_get(listener, f"/oauth/callback?code=abc&state={STATE}"))
    )
    browser.start()
    assert listener.wait(5) == f"code=abc&state={STATE}"
    assert pages == []
    listener.finish(GOOD)
    browser.join(5)
    status, page = pages[0]
    assert status == 200
    assert "<h1>Signed in</h1>" in page
    assert "You are dev &amp; co &lt;x&gt;." in page


def test_a_failed_exchange_shows_failure(listener: LoopbackListener) -> None:
    """The browser and the terminal say the same."""
    pages: list[tuple[int, str]] = []
    browser = threading.Thread(
        target=lambda: pages.append(_get(listener, f"/oauth/callback?code=abc&state={STATE}"))
    )
    browser.start()
    assert listener.wait(5)
    listener.finish(Outcome(False, "Sign-in failed", ("The code was used too late.",)))
    browser.join(5)
    assert pages[0][0] == 400
    assert 'role="alert"' in pages[0][1]
    assert "Signed in" not in pages[0][1]


def test_the_first_genuine_answer_wins(listener: LoopbackListener) -> None:
    """A second one with the right state changes nothing."""
    listener.finish(GOOD)
    assert _get(listener, f"/oauth/callback?code=first&state={STATE}")[0] == 200
    assert _get(listener, f"/oauth/callback?code=second&state={STATE}")[0] == 400
    assert listener.wait(0) == f"code=first&state={STATE}"


def test_a_silent_connection_does_not_delay_the_genuine_answer_or_the_end() -> None:
    """Browsers open spare sockets that never speak."""
    listener = LoopbackListener(STATE)
    parts = urlsplit(listener.redirect_uri)
    with socket.create_connection((parts.hostname or "", parts.port or 0)):
        listener.finish(GOOD)
        assert _get(listener, f"/oauth/callback?code=x&state={STATE}")[0] == 200
        closing = threading.Thread(target=listener.close)
        closing.start()
        closing.join(3)
        assert not closing.is_alive()


def test_headers_forbid_caching_framing_and_referrers(listener: LoopbackListener) -> None:
    """The URL holds a code."""
    listener.finish(GOOD)
    parts = urlsplit(listener.redirect_uri)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", f"/oauth/callback?code=x&state={STATE}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
