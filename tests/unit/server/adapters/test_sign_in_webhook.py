"""Announcing new sessions to a real receiver: what it gets, and that its troubles are its own."""

import asyncio
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.adapters.sign_in_webhook import AnnouncedOrigins, SignInWebhook
from daypass.server.domain.session_origin import SessionBegan, SessionOrigin

KEY = Secret("sixteen letters!")
NOW = 1_900_000_000
LOG = logging.getLogger("daypass.test.webhook")
BEGAN = SessionBegan("terminal", "arn:aws:iam::111122223333:user/alice", "111122223333", True, "agent")
ORIGIN = SessionOrigin("s-1", "192.0.2.7", "aws-cli/2.33.1 os/linux", NOW + 900, BEGAN)


class Receiver:
    """Answers with the statuses it is given, the last one for ever; keeps what it got."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        left = list(statuses)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(204)
    yield receiver
    receiver.close()


class Origins:
    """A store that remembers."""

    def __init__(self) -> None:
        self.noted: list[SessionOrigin] = []

    async def note_origin(self, origin: SessionOrigin) -> None:
        self.noted.append(origin)

    async def load_origins(self, session_ids: Sequence[str]) -> Mapping[str, SessionOrigin]:
        return {each.session_id: each for each in self.noted if each.session_id in session_ids}


def webhook(url: str) -> SignInWebhook:
    return SignInWebhook(url, KEY, clock=lambda: NOW, log=LOG, pause=0.01)


async def test_a_new_session_is_noted_and_announced(receiver: Receiver) -> None:
    hook, store = webhook(receiver.url), Origins()
    origins = AnnouncedOrigins(store, hook)
    await origins.note_origin(ORIGIN)
    await hook.close()
    assert store.noted == [ORIGIN]
    assert await origins.load_origins(["s-1"]) == {"s-1": ORIGIN}
    [(_, body)] = receiver.got
    said: dict[str, Any] = json.loads(body)
    assert (said["kind"], said["principal_arn"]) == ("terminal", BEGAN.principal_arn)
    assert (said["source_ip"], said["program"]) == ("192.0.2.7", "AWS CLI 2.33.1 on Linux")
    assert (said["second_factor"], said["scope"]) == (True, "agent")


async def test_the_receiver_can_check_who_sent_it_and_when(receiver: Receiver) -> None:
    hook = webhook(receiver.url)
    hook.announce(ORIGIN)
    await hook.close()
    [(headers, body)] = receiver.got
    parts = dict(part.split("=", 1) for part in headers["X-Daypass-Signature"].split(","))
    expected = hmac.new(KEY.reveal().encode(), f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    assert parts == {"t": str(NOW), "v1": expected}


async def test_a_receiver_that_fails_is_asked_again() -> None:
    receiver = Receiver(503, 500, 200)
    hook = webhook(receiver.url)
    hook.announce(ORIGIN)
    await hook.close()
    receiver.close()
    assert len(receiver.got) == 3


async def test_after_three_attempts_it_is_lost_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(500)
    hook = webhook(receiver.url)
    with caplog.at_level("WARNING"):
        hook.announce(ORIGIN)
        await hook.close()
    receiver.close()
    assert len(receiver.got) == 3
    assert "HTTP 500" in caplog.text


async def test_a_receiver_that_is_away_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(200)
    receiver.close()
    hook, store = webhook(receiver.url), Origins()
    with caplog.at_level("WARNING"):
        await AnnouncedOrigins(store, hook).note_origin(ORIGIN)
        await hook.close()
    assert store.noted == [ORIGIN]
    assert "not announced" in caplog.text


async def test_a_redirect_is_not_followed() -> None:
    receiver = Receiver(302)
    hook = webhook(receiver.url)
    hook.announce(ORIGIN)
    await hook.close()
    receiver.close()
    assert len(receiver.got) == 3


async def test_nobody_waits_when_the_queue_is_full(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook = webhook(receiver.url)
    monkeypatch.setattr(hook, "_queue", asyncio.Queue(1))
    with caplog.at_level("WARNING"):
        for _ in range(3):
            hook.announce(ORIGIN)
    assert caplog.text.count("queue is full") == 2
    await hook.close()
    assert len(receiver.got) == 1


async def test_what_has_no_person_is_not_announced(receiver: Receiver) -> None:
    hook = webhook(receiver.url)
    hook.announce(SessionOrigin("s-1", "192.0.2.7", "", NOW))
    await hook.close()
    assert receiver.got == []


@pytest.mark.parametrize("url", ["http://example.com/hook", "ftp://127.0.0.1/", "https://", "nonsense"])
def test_an_address_that_would_tell_strangers_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        SignInWebhook(url, KEY, clock=lambda: NOW, log=LOG)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ConfigError):
        SignInWebhook("https://example.com/hook", Secret("short"), clock=lambda: NOW, log=LOG)


async def test_an_endless_answer_is_not_read() -> None:
    sent: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            try:
                while sum(sent) < 2**26:
                    sent.append(self.wfile.write(bytes(2**16)))
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook = webhook(f"http://127.0.0.1:{server.server_port}/hook")
    hook.announce(ORIGIN)
    await hook.close()
    server.shutdown()
    server.server_close()
    thread.join(10)
    assert sum(sent) < 2**26
