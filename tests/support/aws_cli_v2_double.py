"""A wire-level double of AWS CLI v2's `aws login`, for a client no registry carries.

Every rule comes from the AWS Sign-In user guide and API reference, the CLI's published source (2.36) and its
wire, observed by running it: parameter order and encoding of the authorize URL, JSON with Python's default
spacing, the headers, one proof for all attempts of a call, three attempts on 500/502/503/504, the class of an
error from `x-amzn-ErrorType`, the cache file without `signInRegion`, the paste that drops `-` and `_` before
it is decoded. It is written apart from daypass's own client on purpose and shares no code with it.
"""

import base64
import hashlib
import http.server
import json
import secrets
import string
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
_VERIFIER = string.ascii_letters + string.digits + "-._~"


class CliError(Exception):
    """What the CLI prints, and the code it exits with."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class AwsCliV2:
    """One person's CLI."""

    endpoint: str
    cache_directory: Path
    attempts_seen: list[str] = field(default_factory=list)
    """The DPoP header of every attempt, to show that retries repeat it."""

    def begin(self, client_id: str, redirect_uri: str) -> tuple[str, str, str, ec.EllipticCurvePrivateKey]:
        """The authorize URL, state, verifier and key."""
        state = str(uuid.uuid4())
        verifier = "".join(secrets.choice(_VERIFIER) for _ in range(64))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()[:-1]
        query = urllib.parse.urlencode(
            {
                "response_type": "code",
                "client_id": client_id,
                "state": state,
                "code_challenge_method": "SHA-256",
                "scope": "openid",
                "redirect_uri": redirect_uri,
            },
            quote_via=lambda text, *_: urllib.parse.quote(text, safe="-._~"),
        )
        url = f"{self.endpoint}/v1/authorize?{query}&code_challenge={challenge}"
        return url, state, verifier, ec.generate_private_key(ec.SECP256R1())

    def login_same_device(self, open_browser: Any) -> str:
        """`aws login`: listens on every interface, answers any path, ends at code+state or error."""
        answer: dict[str, list[str]] = {}
        arrived = threading.Event()

        class Callback(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<html>done</html>")
                if ("code" in query and "state" in query) or "error" in query:
                    answer.update(query)
                    arrived.set()

            def log_message(self, *_: Any) -> None:
                pass

        listener = http.server.HTTPServer(("127.0.0.1", 0), Callback)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        redirect_uri = f"http://127.0.0.1:{listener.server_port}/oauth/callback"
        url, state, verifier, key = self.begin(SAME_DEVICE, redirect_uri)
        try:
            open_browser(url)
            if not arrived.wait(60):
                raise CliError("pending authorization expired", 255)
        finally:
            listener.shutdown()
            listener.server_close()
        if "error" in answer or answer["state"][0] != state:
            raise CliError("failed to retrieve an authorization code", 255)
        return self._redeem(SAME_DEVICE, answer["code"][0], verifier, redirect_uri, key)

    def login_cross_device(self, paste_for: Any) -> str:
        """`aws login --remote`: `paste_for(url)` returns what the person pastes."""
        redirect_uri = f"{self.endpoint}/v1/sessions/confirmation"
        url, state, verifier, key = self.begin(CROSS_DEVICE, redirect_uri)
        # CPython's base64 without validation drops every character outside the standard alphabet.
        inner = base64.b64decode(paste_for(url)).decode()
        fields = urllib.parse.parse_qs(inner)
        if fields["state"][0] != state:
            raise CliError("state mismatch", 255)
        return self._redeem(CROSS_DEVICE, fields["code"][0], verifier, redirect_uri, key)

    def _redeem(
        self, client_id: str, code: str, verifier: str, redirect_uri: str, key: ec.EllipticCurvePrivateKey
    ) -> str:
        body = {
            "clientId": client_id,
            "grantType": "authorization_code",
            "code": code,
            "codeVerifier": verifier,
            "redirectUri": redirect_uri,
        }
        tokens = self.create_token(body, key)
        for member in ("idToken", "refreshToken", "tokenType", "expiresIn", "accessToken"):
            if member not in tokens:
                raise CliError(f"'{member}'", 255)
        middle = tokens["idToken"].split(".")[1]
        session: str = json.loads(base64.urlsafe_b64decode(middle + "=="))["sub"]
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()
        self._write(
            session,
            {
                "accessToken": self._access_token(tokens, session.split(":")[4]),
                "tokenType": tokens["tokenType"],
                "clientId": client_id,
                "refreshToken": tokens["refreshToken"],
                "idToken": tokens["idToken"],
                "dpopKey": pem,
            },
        )
        return session

    def refresh(self, session: str) -> dict[str, Any]:
        """What the CLI does when 300 seconds or less are left; returns the new entry."""
        entry = json.loads(self.path(session).read_text())
        key = serialization.load_pem_private_key(entry["dpopKey"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        body = {
            "clientId": entry["clientId"],
            "refreshToken": entry["refreshToken"],
            "grantType": "refresh_token",
        }
        tokens = self.create_token(body, key)
        entry["refreshToken"] = tokens["refreshToken"]
        entry["accessToken"] = self._access_token(tokens, entry["accessToken"]["accountId"])
        self._write(session, entry)
        return dict(entry)

    def create_token(self, body: dict[str, str], key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        """CreateOAuth2Token with the CLI's headers, retries and error mapping."""
        proof = self.proof(key)
        data = json.dumps(body).encode()
        for attempt in (1, 2, 3):
            headers = {
                "Content-Type": "application/json",
                "DPoP": proof,
                "User-Agent": "aws-cli/2.36.7 md/command#login m/AA",
                "amz-sdk-invocation-id": str(uuid.uuid4()),
                "amz-sdk-request": f"attempt={attempt}",
                "Accept-Encoding": "identity",
            }
            self.attempts_seen.append(proof)
            request = urllib.request.Request(self.endpoint + "/v1/token", data, headers, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    parsed: dict[str, Any] = json.loads(answer.read())
                    return parsed
            except urllib.error.HTTPError as refusal:
                with refusal:
                    if refusal.code in (500, 502, 503, 504) and attempt < 3:
                        continue
                    raise self._error(refusal.headers, refusal.read()) from None
            except (urllib.error.URLError, ConnectionError):
                if attempt == 3:
                    raise
                time.sleep(1)
        raise AssertionError("unreachable")

    def _error(self, headers: Any, body: bytes) -> CliError:
        kind = (headers.get("x-amzn-ErrorType") or "").split(":")[0]
        content = json.loads(body)
        if kind == "AccessDeniedException":
            texts = {
                "TOKEN_EXPIRED": "Your session has expired. Please reauthenticate using 'aws login'.",
                "USER_CREDENTIALS_CHANGED": "Your password changed. Please reauthenticate.",
                "INSUFFICIENT_PERMISSIONS": "Insufficient permissions: signin:CreateOAuth2Token",
                "AUTHCODE_EXPIRED": "The authorization code has expired.",
            }
            if content["error"] in texts:
                return CliError(texts[content["error"]], 255)
        return CliError(f"An error occurred ({kind}): {content['message']} error: {content['error']}", 254)

    def proof(self, key: ec.EllipticCurvePrivateKey) -> str:
        """Member order and separators as the CLI writes them."""
        numbers = key.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "x": _segment(numbers.x.to_bytes(32, "big")),
            "y": _segment(numbers.y.to_bytes(32, "big")),
            "crv": "P-256",
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        claims = {
            "htm": "POST",
            "htu": self.endpoint + "/v1/token",
            "iat": int(time.time()),
            "jti": str(uuid.uuid4()),
        }
        parts = [_segment(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
        der = key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        return ".".join([*parts, _segment(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])

    def path(self, session: str) -> Path:
        return self.cache_directory / (hashlib.sha256(session.encode()).hexdigest() + ".json")

    def _write(self, session: str, entry: dict[str, Any]) -> None:
        """In place, without a lock, as the CLI does."""
        self.cache_directory.mkdir(parents=True, exist_ok=True)
        path = self.path(session)
        path.touch(mode=0o600)
        with path.open("w") as file:
            json.dump(entry, file)

    @staticmethod
    def _access_token(tokens: dict[str, Any], account_id: str) -> dict[str, str]:
        ends = datetime.fromtimestamp(time.time() + tokens["expiresIn"], UTC)
        return {
            **tokens["accessToken"],
            "accountId": account_id,
            "expiresAt": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
