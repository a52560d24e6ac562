"""The cookies. One is a random secret that makes this browser recognisable; the server keeps only its hash.
The other remembers which identity provider was used last: a convenience, no secret, and nothing is decided by it.

Over TLS the name has the `__Host-` prefix (RFC 6265bis §4.1.3.2): Secure, no Domain, Path=/ are then
enforced by the browser. Over plain HTTP, which is for loopback, the port is in the name, because cookies do
not tell ports apart. SameSite=Lax: a link from a terminal or a mail must arrive with the cookie.
"""

import base64
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from daypass.server.domain.browser import BROWSER_SECRET_LENGTH

__all__ = ["BrowserCookie", "ProviderCookie"]

_PROVIDER_DAYS = 180
_LONGEST_PROVIDER = 1024


class BrowserCookie:
    """Reads and writes the browser's secret."""

    def __init__(self, external_url: str, *, lifetime: int) -> None:
        parts = urlsplit(external_url)
        self._is_secure = parts.scheme == "https"
        self.name = "__Host-daypass" if self._is_secure else f"daypass-{parts.port or 80}"
        self._lifetime = lifetime

    def read(self, request: Request) -> bytes | None:
        """The secret, or None when there is none of our shape."""
        text = request.cookies.get(self.name, "")
        try:
            secret = base64.urlsafe_b64decode(text.encode("ascii") + b"=")
        except ValueError:
            return None
        return secret if len(secret) == BROWSER_SECRET_LENGTH else None

    def write(self, response: Response, secret: bytes) -> None:
        """Set the cookie; `lifetime` seconds, like the sessions it stands for."""
        response.set_cookie(
            self.name,
            base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii"),
            max_age=self._lifetime,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )


class ProviderCookie:
    """Reads and writes the ARN of the provider used last in this browser."""

    def __init__(self, external_url: str) -> None:
        parts = urlsplit(external_url)
        self._is_secure = parts.scheme == "https"
        name = "__Host-daypass" if self._is_secure else f"daypass-{parts.port or 80}"
        self.name = f"{name}-provider"

    def read(self, request: Request) -> str:
        """The ARN as the cookie says it, or empty: whoever uses it looks for it among what is offered."""
        text = request.cookies.get(self.name, "")
        if not 0 < len(text) <= _LONGEST_PROVIDER:
            return ""
        try:
            return base64.urlsafe_b64decode(text.encode("ascii") + b"==").decode("utf-8")
        except ValueError:
            return ""

    def write(self, response: Response, provider_arn: str) -> None:
        """Remember it for half a year."""
        response.set_cookie(
            self.name,
            base64.urlsafe_b64encode(provider_arn.encode()).rstrip(b"=").decode("ascii"),
            max_age=_PROVIDER_DAYS * 86_400,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )
