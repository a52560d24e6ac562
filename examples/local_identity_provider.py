"""A small OpenID Connect provider for the tutorial: one company, two people, one client, all on this machine.

It shows what any provider does (OpenID Connect Core 1.0: discovery, authorization code, PKCE, ID token) and no more.
Not for anything real: passwords are in this file, keys are new at each start, and nothing is kept. It needs only what
`daypass[server]` has installed.

    python examples/local_identity_provider.py --redirect-uri http://127.0.0.1:8085/oidc/callback
"""

import argparse
import base64
import hashlib
import html
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "daypass"
PEOPLE = {
    "ada": ("analytical", {"email": "ada@company.example", "groups": ["developers"]}),
    "grace": ("compiler", {"email": "grace@company.example", "groups": ["operators"]}),
}
"""User name to (password, claims)."""
LOG_IN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Local company</title><h1>Local company</h1>
<p role="alert">{error}</p><form method="post"><label for="user">User name</label><input id="user" name="user">
<label for="password">Password</label><input id="password" name="password" type="password">
<button>Log in</button></form></html>"""


class Provider:
    """What the provider knows: its name, its key, and the codes that wait to be redeemed."""

    def __init__(self, issuer: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self.redirect_uri = redirect_uri
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self.codes: dict[str, tuple[str, dict[str, str]]] = {}

    def documents(self) -> dict[str, dict[str, object]]:
        """Path to what a GET finds there."""
        discovery: dict[str, object] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        keys = {"keys": [self.key.as_dict(private=False)]}
        return {"/.well-known/openid-configuration": discovery, "/keys": keys}

    def is_good(self, asked: dict[str, str]) -> bool:
        """Whether an authorization request is one for our client, with PKCE."""
        names = ("client_id", "redirect_uri", "response_type", "code_challenge_method")
        expected = (CLIENT_ID, self.redirect_uri, "code", "S256")
        return tuple(asked.get(name) for name in names) == expected and bool(asked.get("code_challenge"))

    def grant(self, user: str, asked: dict[str, str]) -> str:
        """Where the browser goes with a new code."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = (user, asked)
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    def redeem(self, form: dict[str, str]) -> dict[str, object] | None:
        """The answer of the token endpoint, once per code."""
        user, asked = self.codes.pop(form.get("code", ""), ("", {}))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not user or not secrets.compare_digest(challenge, asked["code_challenge"]):
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "sub": user, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked.get("nonce", ""), **PEOPLE[user][1]}
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": token}


def handler_for(provider: Provider) -> type[BaseHTTPRequestHandler]:
    """HTTP around a provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            document = provider.documents().get(parts.path)
            if document is not None:
                self.answer(200, json.dumps(document), "application/json")
            elif parts.path == "/authorize" and provider.is_good(first_values(parts.query)):
                self.answer(200, LOG_IN.format(error=""))
            else:
                self.answer(400, "<h1>Not a request of the registered client</h1>")

        def do_POST(self) -> None:
            form = first_values(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            parts = urlsplit(self.path)
            asked = first_values(parts.query)
            if parts.path == "/token":
                token = provider.redeem(form)
                told = token or {"error": "invalid_grant"}
                self.answer(200 if token else 400, json.dumps(told), "application/json")
            elif parts.path == "/authorize" and provider.is_good(asked):
                password = PEOPLE.get(form.get("user", ""), ("",))[0]
                if password and secrets.compare_digest(password.encode(), form.get("password", "").encode()):
                    self.answer(303, "", location=provider.grant(form["user"], asked))
                else:
                    self.answer(200, LOG_IN.format(error=html.escape("Wrong user name or password")))
            else:
                self.answer(400, "<h1>Not a request of the registered client</h1>")

        def answer(self, status: int, text: str, media_type: str = "text/html", location: str = "") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: paths hold codes."""

    return Handler


def first_values(text: str) -> dict[str, str]:
    """The parameters of a query or a form."""
    return {name: values[0] for name, values in parse_qs(text).items()}


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="an OpenID Connect provider for the tutorial")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--redirect-uri", required=True, help="the server's /oidc/callback")
    words = parser.parse_args()
    issuer = f"http://127.0.0.1:{words.port}"
    server = ThreadingHTTPServer(("127.0.0.1", words.port), handler_for(Provider(issuer, words.redirect_uri)))
    sys.stdout.write(f"ISSUER={issuer}\nCLIENT_ID={CLIENT_ID}\nREADY\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")


if __name__ == "__main__":
    main()
