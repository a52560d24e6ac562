"""A proxy on loopback that keeps each request as it came: to compare what two clients send, header by header."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """One request; header names as they were spelt, in their order."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        (value,) = (value for found, value in self.headers if found.lower() == name.lower())
        return value


@dataclass
class RecordingProxy:
    """Where it listens, and what came. `backend_port` is where the server listens, which knows itself by `url`."""

    url: str
    backend_port: int
    requests: list[Recorded] = field(default_factory=list)

    def taken(self, path: str) -> list[Recorded]:
        """The requests for this path since the last time."""
        found = [each for each in self.requests if each.target.split("?")[0] == path]
        self.requests.clear()
        return found


@contextlib.contextmanager
def recording_proxy(backend_port: int) -> Iterator[RecordingProxy]:
    """Until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.requests.append(Recorded(self.command, self.path, self.headers.items(), body))
            connection = http.client.HTTPConnection("127.0.0.1", backend_port, timeout=60)
            try:
                connection.request(self.command, self.path, body or None, dict(self.headers.items()))
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # as the server's own end of it would look
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_POST = do_GET  # noqa: N815 # the name that the library calls

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    proxy = RecordingProxy(f"http://127.0.0.1:{listener.server_port}", backend_port)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
