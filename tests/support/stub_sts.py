"""An STS that only knows AssumeRole, on loopback or in process: it remembers what was asked and answers as it is told."""

import contextlib
import http.server
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from daypass.client.session_cache import format_time
from daypass.protocol.http import Request, Response

_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE{number}</AccessKeyId><SecretAccessKey>secret/+{number}</SecretAccessKey>
<SessionToken>token{number}==</SessionToken><Expiration>{expiration}</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""
_REFUSAL = "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@dataclass
class StubSts:
    """Every call gives new credentials, for as long as was asked."""

    refusal: tuple[int, str, str] | None = None
    """Status, code and message of what it answers instead."""
    slowness: float = 0
    """Seconds before it answers."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The parameters of each call, in order."""
    signed_by: list[str] = field(default_factory=list)
    """The `Authorization` header of each."""
    urls: list[str] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def answer(self, request: Request) -> Response:
        """A `Send`."""
        body = request.body.decode()
        found = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        self.asked.append(found)
        self.urls.append(request.url)
        self.signed_by.append(dict(request.headers).get("Authorization", ""))
        time.sleep(self.slowness)
        if self.refusal is not None:
            status, code, message = self.refusal
            return Response(status, {}, _REFUSAL.format(code=code, message=message).encode())
        end = int(time.time()) + int(found["DurationSeconds"])
        text = _ANSWER.format(number=next(self.numbers), expiration=format_time(end))
        return Response(200, {}, text.encode())

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Serve on loopback; gives the address."""
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = stub.answer(Request("POST", self.path, tuple(self.headers.items()), body))
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *_args: object) -> None: ...  # noqa: A002 - the name it has there

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
