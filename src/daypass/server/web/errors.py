"""Errors become HTTP here, once per wire format: the token endpoint's JSON, and pages.

Token endpoint: status, `x-amzn-ErrorType` and `{"error", "message"}`, because AWS clients branch on class and
word (Sign-In API reference, CreateOAuth2Token, Errors). Pages: a sentence for a person; what went wrong inside
stays in the log.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.oauth.errors import DisplayedError, SignInError
from daypass.protocol.oauth.token_response import build_error_body
from daypass.server.domain.pending_authorization import PendingExpired
from daypass.server.web.forms import FormRefused
from daypass.server.web.rendering import Renderer

__all__ = ["NO_STORE", "page_error_handlers", "token_error_answer"]

NO_STORE = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)


def token_error_answer(error: SignInError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of a refusal."""
    body = build_error_body(error)
    headers = [
        *NO_STORE,
        (b"x-amzn-errortype", error.error_type.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    if error.retry_after:
        headers.append((b"retry-after", str(error.retry_after).encode("ascii")))
    return error.status, headers, body


def page_error_handlers(renderer: Renderer) -> dict[Any, Any]:
    """Starlette's table from exception to page."""

    async def expired(_request: Request, _error: Exception) -> Response:
        return renderer.page("expired.html", status=400)

    async def displayed(_request: Request, error: Exception) -> Response:
        assert isinstance(error, DisplayedError)
        return renderer.page(
            "problem.html", status=400, title="This sign-in link does not work", text=error.message
        )

    async def form_refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, FormRefused)
        return renderer.page(
            "problem.html",
            status=error.status,
            title="This form could not be accepted",
            text="it was not sent from a page of this sign-in service in this browser, or it is too old",
        )

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        page = renderer.page(
            "problem.html",
            status=error.status_code,
            title="There is nothing here",
            text="this address is not one of the sign-in service's pages",
        )
        page.headers.update(error.headers or {})
        return page

    return {
        PendingExpired: expired,
        DisplayedError: displayed,
        FormRefused: form_refused,
        HTTPException: http,
    }
