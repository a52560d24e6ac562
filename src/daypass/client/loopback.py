"""The listener the browser comes back to (RFC 8252 §7.3), hardened.

Laws: it binds 127.0.0.1 and nothing else; it answers one exact path; `state` is compared in constant time
*before* anything is accepted (`login_answer.py`), so no stranger can end the login; the first genuine
answer wins and later ones are told so; and the page the person sees is the outcome of the *exchange*, not
of the redirect: the browser's request stays open until `finish` is called.
"""

import base64
import hashlib
import html
import http.server
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from daypass.client.login_answer import LoginAnswer
from daypass.client.stoppable_server import StoppableServer
from daypass.errors import ConfigError, DaypassError

__all__ = ["CALLBACK_PATH", "LoopbackListener", "Outcome"]

CALLBACK_PATH = "/oauth/callback"
_EXCHANGE_PATIENCE = 60.0  # seconds the browser's request waits for the exchange
_READ_PATIENCE = 10.0  # seconds a connection may take to send its request


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the page says in the end."""

    succeeded: bool
    title: str
    sentences: tuple[str, ...]


class LoopbackListener:
    """Listens from construction until `close`. `wait` gives the raw query of the genuine answer."""

    def __init__(self, state: str, *, port: int = 0, also_called: frozenset[str] = frozenset()) -> None:
        """`also_called`: further values of Host, for a port that something forwards under another name."""
        self._answer = LoginAnswer(state)
        self._also_called = also_called
        self._finished = threading.Event()
        self._shown = threading.Event()
        self._outcome = Outcome(False, "Sign-in did not finish", ("The terminal stopped waiting.",))
        listener = self

        class Handler(_CallbackHandler):
            owner = listener

        self._server = _bind(port, Handler)
        self._server.start()

    @property
    def redirect_uri(self) -> str:
        """`http://127.0.0.1:{port}/oauth/callback`."""
        return f"http://{self.authority}{CALLBACK_PATH}"

    @property
    def authority(self) -> str:
        """`127.0.0.1:{port}`: what a genuine request says in Host."""
        return f"127.0.0.1:{self._server.port}"

    def is_called(self, host: str | None) -> bool:
        """Whether a request's Host is one of ours."""
        return host == self.authority or host in self._also_called

    def wait(self, seconds: float, *, each_slice: Callable[[float], None] | None = None) -> str | None:
        """As `LoginAnswer.wait`."""
        return self._answer.wait(seconds, each_slice=each_slice)

    def fail(self, problem: DaypassError) -> None:
        """As `LoginAnswer.fail`."""
        self._shown.set()
        self._answer.fail(problem)

    def finish(self, outcome: Outcome) -> None:
        """Show the outcome to the waiting browser."""
        self._outcome = outcome
        self._finished.set()

    def close(self) -> None:
        """Stop listening; a browser still waiting gets its page first."""
        self._finished.set()
        if self._answer.is_here:
            self._shown.wait(_READ_PATIENCE)
        self._server.stop()

    def accept(self, raw_query: str) -> bool:
        """Whether this query answers our question; the first genuine one is kept."""
        return self._answer.accept(raw_query)

    def offer(self, raw_query: str) -> bool:
        """The same for an answer that no browser brought here, so none waits for a page."""
        accepted = self._answer.accept(raw_query)
        if accepted:
            self._shown.set()
        return accepted

    def outcome(self) -> Outcome:
        """Wait for the exchange and return what to show."""
        self._finished.wait(_EXCHANGE_PATIENCE)
        return self._outcome

    def mark_shown(self) -> None:
        """The genuine browser has its page, or is gone."""
        self._shown.set()


class _Server(StoppableServer):
    # Browsers open spare connections that never speak; only the genuine one is waited for (`close`).
    allow_reuse_address = False
    request_queue_size = 16


class _FixedPortServer(_Server):
    # The last login's closed connections may still hold the port (TIME_WAIT); a program that listens holds it all the
    # same. On Windows the option would let two programs listen, so there it stays off.
    allow_reuse_address = os.name != "nt"


def _bind(port: int, handler: type[http.server.BaseHTTPRequestHandler]) -> _Server:
    try:
        return (_FixedPortServer if port else _Server)(("127.0.0.1", port), handler)
    except OSError as problem:
        raise ConfigError(
            f"port {port} of this machine cannot be used: {(problem.strerror or 'no reason').lower()}",
            hint="daypass login --port N, with another number here and in the forwarding",
            detail=str(problem),
        ) from problem


class _CallbackHandler(http.server.BaseHTTPRequestHandler):
    owner: LoopbackListener
    timeout = _READ_PATIENCE
    server_version = "daypass"
    sys_version = ""

    def do_GET(self) -> None:
        """The only method answered; anything else gets http.server's 501."""
        path, _, query = self.path.partition("?")
        # A page of another origin may point here by a name of its own (DNS rebinding): Host must be ours.
        if path != CALLBACK_PATH or not self.owner.is_called(self.headers.get("Host")):
            self._page(
                404, Outcome(False, "Nothing here", ("This address only receives the answer to a sign-in.",))
            )
        elif self.owner.accept(query):
            try:
                outcome = self.owner.outcome()
                self._page(200 if outcome.succeeded else 400, outcome)
            finally:
                self.owner.mark_shown()
        else:
            self._page(
                400, Outcome(False, "Not this sign-in", ("The terminal is waiting for another answer.",))
            )

    def _page(self, status: int, outcome: Outcome) -> None:
        body = render(outcome).encode("utf-8")
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            (
                "Content-Security-Policy",
                f"default-src 'none'; style-src '{_STYLE_HASH}'; frame-ancestors 'none'",
            ),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the request line holds the code."""


_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;"
    "background:light-dark(#f6f7f9,#14161a);color:light-dark(#1c2127,#e8eaed)}"
    "main{max-width:30rem;margin:1.5rem;padding:2rem 2.25rem;border-radius:.9rem;"
    "background:light-dark(#fff,#1e2126);box-shadow:0 1px 3px #0003}"
    "h1{font-size:1.35rem;margin:0 0 .75rem}p{margin:.4rem 0;overflow-wrap:anywhere}"
    ".good h1::before{content:'\\2713\\00a0';color:light-dark(#177245,#5fd39b)}"
    ".bad h1::before{content:'\\2717\\00a0';color:light-dark(#b3261e,#ff8a80)}"
)


_STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def render(outcome: Outcome) -> str:
    """The whole page: no script, no outside asset, every text escaped."""
    paragraphs = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in outcome.sentences)
    role = "status" if outcome.succeeded else "alert"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(outcome.title)}</title><style>{_STYLE}</style></head>"
        f'<body><main class="{"good" if outcome.succeeded else "bad"}" role="{role}">'
        f"<h1>{html.escape(outcome.title)}</h1>{paragraphs}</main></body></html>"
    )
