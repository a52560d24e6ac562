"""What every page handler uses: the browser behind a request, the request in hand, and the way out.

No decision is made here. A `Visit` is one HTTP request seen as the pages see it.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daypass.secret import Secret
from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.domain.browser import BROWSER_SECRET_LENGTH, browser_hash
from daypass.server.domain.password_policy import MINIMUM_PASSWORD_LENGTH
from daypass.server.domain.pending_authorization import (
    PendingAuthorization,
    RedirectTicket,
    open_pending,
    seal_ticket,
)
from daypass.server.web.cookies import BrowserCookie, ProviderCookie
from daypass.server.web.forms import LARGEST_FORM, CsrfGuard, read_form
from daypass.server.web.rendering import Renderer, protect
from daypass.server.web.sign_in_parts import SignInParts

__all__ = ["PageTools", "Visit"]

_TICKET_LIFETIME = 60


@dataclass(slots=True)
class Visit:
    """One request of one browser."""

    now: int
    caller: Caller
    secret: bytes = field(repr=False)
    """The browser's cookie secret; fresh when it brought none."""
    is_new: bool
    """Whether the cookie must be set with the answer."""
    form: dict[str, str] = field(repr=False)
    request: str
    """The sealed pending authorization, or empty when nobody waits in a terminal."""
    pending: PendingAuthorization | None

    provider_arn: str
    """The identity provider used last here, as a cookie says; empty for none."""

    @property
    def browser_hash(self) -> bytes:
        """How storage knows this browser."""
        return browser_hash(self.secret)


class PageTools:
    """Built once by `build_pages_app`."""

    def __init__(self, parts: SignInParts) -> None:
        self.parts = parts
        self._cookie = BrowserCookie(parts.external_url, lifetime=parts.lifetimes.sign_in_session)
        self._csrf = CsrfGuard(parts.ring, parts.own_urls)
        self.provider_cookie = ProviderCookie(parts.external_url)
        self.renderer = Renderer()

    async def visit(self, request: Request, *, largest: int = LARGEST_FORM) -> Visit:
        """Read a request. A POST must be a form of ours, of at most `largest` bytes. Raises FormRefused, PendingExpired."""
        secret = self._cookie.read(request)
        form: dict[str, str] = {}
        if request.method == "POST":
            form = await read_form(request, largest=largest)
            self._csrf.check(request, form, secret)
        sealed = form.get("request", "") or request.query_params.get("request", "")
        now = self.parts.clock()
        return Visit(
            now=now,
            caller=request.scope[CALLER_KEY],
            secret=secret or self.parts.randomness.token_bytes(BROWSER_SECRET_LENGTH),
            is_new=secret is None,
            form=form,
            request=sealed,
            pending=open_pending(self.parts.ring, sealed, now=now) if sealed else None,
            provider_arn=self.provider_cookie.read(request),
        )

    def page(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page with its forms armed for this browser."""
        response = self.renderer.page(
            template,
            status=status,
            redirect_uri=visit.pending.redirect_uri if visit.pending is not None else None,
            csrf=self._csrf.issue(visit.secret),
            request=visit.request,
            pending=visit.pending,
            query=f"?{urlencode({'request': visit.request})}" if visit.request else "",
            **values,
        )
        return self._with_cookie(visit, response)

    async def password_hint(self, visit: Visit) -> str:
        """What makes the form's new password easy to guess; empty when nothing does, or the person insists."""
        password = visit.form.get("password", "")
        if len(password) < MINIMUM_PASSWORD_LENGTH or visit.form.get("anyway"):
            return ""
        return await self.parts.judge.hint(Secret(password), about=["daypass"])

    def go(self, visit: Visit, path: str) -> Response:
        """303 to one of our pages, with the pending request."""
        query = f"?{urlencode({'request': visit.request})}" if visit.request else ""
        return self._with_cookie(visit, protect(RedirectResponse(path + query, status_code=303)))

    def go_out(self, visit: Visit, location: str) -> Response:
        """303 to an identity provider, from a link of ours."""
        return self._with_cookie(visit, protect(RedirectResponse(location, status_code=303)))

    def leave(self, visit: Visit, location: str) -> Response:
        """303 to our own ticket page, which makes the redirect to the terminal."""
        ticket = RedirectTicket(location, visit.browser_hash, visit.now + _TICKET_LIFETIME)
        sealed = seal_ticket(self.parts.ring, ticket)
        response = RedirectResponse(f"/signin/continue?{urlencode({'ticket': sealed})}", status_code=303)
        return self._with_cookie(visit, protect(response))

    def _with_cookie(self, visit: Visit, response: Response) -> Response:
        if visit.is_new:
            self._cookie.write(response, visit.secret)
        return response
