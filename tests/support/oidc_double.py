"""An OpenID Connect provider in this process, for what a well-behaved one never does; and where its browser returns.

Its happy path is proven by the same test functions as the real provider's (`support.oidc_op`).
"""

import contextlib
import json
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.oidc_forge import RSA, AnyKey, Forge, public_key, sign

Reply = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, dict[str, str]], Reply]


def json_reply(value: object, status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


class LoopbackServer:
    """HTTP on a free loopback port: every path has a function, every call is counted."""

    def __init__(self) -> None:
        self.routes: dict[str, Handler] = {}
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.changed = threading.Condition()
        outer = self

        class _Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._serve(self)

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urllib.parse.urlsplit(handler.path)
        fields = dict(urllib.parse.parse_qsl(parts.query))
        length = int(handler.headers.get("Content-Length") or 0)
        fields |= dict(urllib.parse.parse_qsl(handler.rfile.read(length).decode()))
        with self.changed:
            self.calls[parts.path] += 1
            self.bodies.append((parts.path, fields))
            self.headers.append(dict(handler.headers.items()))
            self.changed.notify_all()
        route = self.routes.get(parts.path)
        status, headers, body = route(parts.path, fields) if route else (404, {}, b"nothing here")
        with contextlib.suppress(OSError):
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)


class Callback(LoopbackServer):
    """Where the provider sends the browser back to, and its logout tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.redirect_uri = f"{self.url}/oidc/callback"
        self.logout_uri = f"{self.url}/oidc/logout"
        self.routes = {
            "/oidc/callback": lambda *_: (200, {}, b"back"),
            "/oidc/logout": lambda *_: (200, {}, b""),
        }

    def wait_logout_token(self) -> str:
        with self.changed:
            assert self.changed.wait_for(lambda: self.calls["/oidc/logout"] > 0, timeout=10)
            return next(fields["logout_token"] for path, fields in self.bodies if path == "/oidc/logout")


class OpDouble(LoopbackServer):
    """Discovery, keys, a login form and a token endpoint, all of which a test may replace."""

    def __init__(self, client_id: str = "client-1") -> None:
        super().__init__()
        self.issuer = self.url
        self.forge = Forge(self.issuer, client_id, now=int(time.time()))
        self.key: AnyKey = RSA
        self.key_id = "k1"
        self.keys: list[dict[str, object]] = [public_key(RSA)]
        self.document: dict[str, object] = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/authorize?tenant=one",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"],
        }
        self.id_claims: dict[str, object] = {}
        self._begun: dict[str, str] = {}
        self.routes = {
            "/.well-known/openid-configuration": lambda *_: json_reply(self.document),
            "/keys": lambda *_: json_reply({"keys": self.keys}),
            "/authorize": self._authorize,
            "/login": self._login,
            "/token": self._token,
        }

    def _authorize(self, _path: str, fields: dict[str, str]) -> Reply:
        self._begun = fields
        page = '<form method="post" action="/login"><input name="user"><input name="password"><button>Log in</button></form>'
        return 200, {"Content-Type": "text/html"}, page.encode()

    def _login(self, _path: str, fields: dict[str, str]) -> Reply:
        query = urllib.parse.urlencode({"code": "the-code", "state": self._begun["state"]})
        return 303, {"Location": f"{self._begun['redirect_uri']}?{query}"}, b""

    def _token(self, _path: str, fields: dict[str, str]) -> Reply:
        if fields.get("code") != "the-code":
            return json_reply({"error": "invalid_grant"}, 400)
        claims = self.forge.id_claims(nonce=self._begun.get("nonce", "the-nonce"), **self.id_claims)
        return json_reply({"id_token": sign(claims, self.key, kid=self.key_id), "access_token": "opaque"})


@contextlib.contextmanager
def running(server_type: type[OpDouble] | type[Callback]) -> Iterator[OpDouble | Callback]:
    server = server_type()
    try:
        yield server
    finally:
        server.close()
