"""A credentials endpoint on this machine: what containers and IDEs ask instead of reading `~/.aws`.

It speaks the contract every AWS SDK knows (AWS SDKs reference guide, "Container credential provider"): a GET
with the consumer's token in `Authorization` is answered with credentials that still have time left. Laws: each
consumer has its own token and sees its own identity only; tokens are compared in constant time; nothing but
`GET /credentials` is answered; a failure is told in one sentence and never with a secret. It binds what it is
told to bind, which is loopback unless a person says otherwise.
"""

import hmac
import http.server
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from daypass.client.session_cache import CacheEntry, format_time
from daypass.client.stoppable_server import StoppableServer
from daypass.errors import DaypassError, NetworkError
from daypass.secret import Secret

__all__ = ["CREDENTIALS_PATH", "Consumer", "CredentialServer"]

CREDENTIALS_PATH = "/credentials"
_READ_PATIENCE = 10.0  # seconds a connection may take to send its request
_SHORTEST_TOKEN = 32


@dataclass(frozen=True, slots=True)
class Consumer:
    """One program, container or host that may ask, and what it gets."""

    name: str
    token: Secret = field(repr=False)
    """At least 32 characters."""
    supply: Callable[[], CacheEntry]
    """Credentials with time left. Raises DaypassError."""


class CredentialServer:
    """Serves from construction until `close`."""

    def __init__(self, consumers: Sequence[Consumer], *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises OSError when the address cannot be bound, ValueError for a token that could be guessed."""
        if any(len(consumer.token.reveal()) < _SHORTEST_TOKEN for consumer in consumers):
            raise ValueError("a token is too short")
        self._consumers = tuple(consumers)
        served = self

        class Handler(_CredentialHandler):
            owner = served

        self._server = _Server((host, port), Handler)
        self._server.start()

    @property
    def url(self) -> str:
        """What `AWS_CONTAINER_CREDENTIALS_FULL_URI` must say."""
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{shown}:{port}{CREDENTIALS_PATH}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    def find_consumer(self, authorization: str) -> Consumer | None:
        """Whose token this is. Every token is compared, so the time says nothing about which one fits."""
        found = None
        given = authorization.encode("utf-8", "surrogateescape")
        for consumer in self._consumers:
            if hmac.compare_digest(given, consumer.token.reveal().encode()):
                found = consumer
        return found

    def close(self) -> None:
        """Stop listening, at once."""
        self._server.stop()


class _Server(StoppableServer):
    allow_reuse_address = True
    request_queue_size = 64


class _CredentialHandler(http.server.BaseHTTPRequestHandler):
    owner: CredentialServer
    protocol_version = "HTTP/1.1"
    timeout = _READ_PATIENCE
    server_version = "daypass"
    sys_version = ""

    def do_GET(self) -> None:
        """The only method answered; anything else gets http.server's 501."""
        if self.path.partition("?")[0] != CREDENTIALS_PATH:
            self._answer(404, _refusal("NotFound", "only /credentials is served here"))
            return
        consumer = self.owner.find_consumer(self.headers.get("Authorization", ""))
        if consumer is None:
            self._answer(
                401, _refusal("Unauthorized", "the authorization token is missing or not known here")
            )
            return
        try:
            self._answer(200, _credentials(consumer.supply()))
        except NetworkError as problem:
            self._answer(503, _refusal(problem.code, problem.message))  # SDKs try a 5xx again
        except DaypassError as problem:
            self._answer(400, _refusal(problem.code, _in_one(problem)))

    def _answer(self, status: int, members: dict[str, str]) -> None:
        body = json.dumps(members).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the terminal belongs to the command that runs in it."""


def _credentials(entry: CacheEntry) -> dict[str, str]:
    """The members of the container credentials contract."""
    return {
        "AccessKeyId": entry.access_key_id,
        "SecretAccessKey": entry.secret_access_key.reveal(),
        "Token": entry.session_token.reveal(),
        "Expiration": format_time(entry.expires_at),
        "AccountId": entry.account_id,
    }


def _refusal(code: str, message: str) -> dict[str, str]:
    """SDKs show both members to the person."""
    return {"code": code, "message": message}


def _in_one(problem: DaypassError) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message
