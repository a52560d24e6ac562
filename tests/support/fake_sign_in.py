"""A sign-in service in one object: honest about the protocol, obedient to the test about its answers.

The requests are read by `daypass.protocol`'s own parsers and the DPoP proof is really verified, so a client
that sends nonsense fails here. `answer` is a `Send`; `listening` puts the same object on a loopback port.
"""

import contextlib
import http.server
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.http import Request, Response
from daypass.protocol.oauth.authorization_request import AuthorizationRequest, parse_authorization_request
from daypass.protocol.oauth.authorization_response import build_code_redirect, build_error_redirect
from daypass.protocol.oauth.dpop import verify_dpop_proof
from daypass.protocol.oauth.errors import SignInError, TokenExpired
from daypass.protocol.oauth.id_token import build_id_token
from daypass.protocol.oauth.pkce import verify_code_verifier
from daypass.protocol.oauth.token_request import CodeGrant, parse_token_request
from daypass.protocol.oauth.token_response import TokenSet, build_error_body, build_token_response
from daypass.protocol.oauth.verification_code import build_verification_code
from daypass.secret import Secret

ACCOUNT = "111122223333"
STS_ANSWER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass
class FakeSignIn:
    """One service and what it remembers."""

    base_url: str = "https://signin.example.com"
    arn: str = f"arn:aws:iam::{ACCOUNT}:user/dev"
    clock: Callable[[], int] = lambda: int(time.time())
    ahead: int = 0
    """Seconds by which the Date header of `listening` is ahead of the true time."""
    refusal: SignInError | None = None
    """What the token endpoint answers instead of tokens."""
    retry_after: str = ""
    """What a refusal says in its Retry-After header."""
    broken: Exception | None = None
    """What every call raises: a network that is not there."""
    id_token: str | None = "built"
    """"built" for a true one, None for none, any other text as it is."""
    sts_status: int = 200
    sts_account: str = ACCOUNT
    metadata: bytes = b'{"s3_endpoint": "https://s3.example.com"}'
    requests: list[Request] = field(default_factory=list)
    _codes: dict[str, AuthorizationRequest] = field(default_factory=dict)
    _generation: int = 0

    @property
    def token_calls(self) -> int:
        """How often the token endpoint was asked."""
        return sum(request.url.endswith("/v1/token") for request in self.requests)

    def answer(self, request: Request) -> Response:
        """What the service says to one request."""
        self.requests.append(request)
        if self.broken is not None:
            raise self.broken
        path = urlsplit(request.url).path
        if path == "/.well-known/oauth-authorization-server":
            return Response(200, {}, self.metadata)
        if path == "/v1/token":
            try:
                return Response(200, {}, self._token(request))
            except SignInError as refusal:
                headers = {"x-amzn-errortype": refusal.error_type}
                if self.retry_after:
                    headers["retry-after"] = self.retry_after
                return Response(refusal.status, headers, build_error_body(refusal))
        body = STS_ANSWER.format(arn=self.arn, account=self.sts_account)
        return Response(self.sts_status, {}, body.encode())

    def approve(self, url: str) -> str:
        """The person says yes: where the browser goes."""
        request = self._read(url)
        code = secrets.token_urlsafe(24)
        self._codes[code] = request
        return build_code_redirect(request.redirect_uri, code=code, state=request.state)

    def deny(self, url: str) -> str:
        """The person says no: where the browser goes."""
        request = self._read(url)
        return build_error_redirect(request.redirect_uri, error="access_denied", state=request.state)

    def code_to_paste(self, url: str, *, state: str | None = None) -> str:
        """What the confirmation page shows after a yes."""
        request = self._read(url)
        code = secrets.token_urlsafe(24)
        self._codes[code] = request
        return build_verification_code(state=state or request.state, code=code)

    def _read(self, url: str) -> AuthorizationRequest:
        assert url.startswith(self.base_url + "/v1/authorize?")
        confirmation = frozenset({self.base_url + "/v1/sessions/confirmation"})
        return parse_authorization_request(urlsplit(url).query, confirmation_uris=confirmation)

    def _token(self, request: Request) -> bytes:
        headers = {name.lower(): value for name, value in request.headers}
        proof = verify_dpop_proof(
            [headers["dpop"]],
            method=request.method,
            accepted_urls=frozenset({self.base_url + "/v1/token"}),
            now=self.clock(),
            max_age=300,
            max_future=60,
        )
        assert proof.jkt
        grant = parse_token_request(headers["content-type"], request.body)
        if self.refusal is not None:
            raise self.refusal
        id_token = None
        if isinstance(grant, CodeGrant):
            asked = self._codes.pop(grant.code.reveal())
            verify_code_verifier(grant.code_verifier.reveal(), asked.code_challenge)
            assert (grant.client_id, grant.redirect_uri) == (asked.client_id, asked.redirect_uri)
            id_token = self._id_token(grant.client_id)
        elif grant.refresh_token.reveal() != f"refresh-{self._generation}":
            raise TokenExpired("an older generation")
        else:
            self._generation += 1
        return build_token_response(self._tokens(id_token), grant.style)

    def _id_token(self, client_id: str) -> str | None:
        if self.id_token != "built":
            return self.id_token
        key = ec.derive_private_key(0x1D, ec.SECP256R1())
        return build_id_token(
            key, key_id="k", issuer=self.base_url, subject=self.arn, audience=client_id, now=self.clock()
        )

    def _tokens(self, id_token: str | None) -> TokenSet:
        n = self._generation
        return TokenSet(
            access_key_id=f"ASIA{n}",
            secret_access_key=Secret(f"secret-{n}"),
            session_token=Secret(f"token-{n}"),
            expires_in=900,
            refresh_token=Secret(f"refresh-{n}"),
            id_token=id_token,
        )


@contextlib.contextmanager
def listening(fake: FakeSignIn) -> Iterator[FakeSignIn]:
    """The service on a loopback port until the block ends; `base_url` says where."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command, fake.base_url + self.path, tuple(self.headers.items()), self.rfile.read(length)
            )
            answer = fake.answer(request)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _do  # noqa: N815 - the base class's names

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The Date header."""
            return super().date_time_string(
                int((time.time() if timestamp is None else timestamp) + fake.ahead)
            )

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A broken service is what a test asked for."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    fake.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
