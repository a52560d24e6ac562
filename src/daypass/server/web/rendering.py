"""Templates become responses here, and every page gets the same protective headers.

Content Security Policy without anything inline; no framing, no sniffing, no referrer, no caching
(OWASP Secure Headers). `form-action` names, besides ourselves, only the redirect target of the request
in hand, because browsers apply it to redirects that follow a form.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

__all__ = ["Renderer", "protect"]

_HERE = Path(__file__).parent
_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class Renderer:
    """The templates of `templates/`, escaped, strict about what they are given."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["breakable"] = _breakable

    def page(
        self, template: str, *, status: int = 200, redirect_uri: str | None = None, **values: object
    ) -> Response:
        """One page. `redirect_uri` is where a form on it may finally lead."""
        html = self._templates.get_template(template).render(**values)
        return protect(HTMLResponse(html, status_code=status), redirect_uri=redirect_uri)


def protect(response: Response, *, redirect_uri: str | None = None) -> Response:
    """The response with the headers of every page."""
    response.headers.update(_HEADERS)
    policy = _POLICY
    if redirect_uri is not None:
        target = urlsplit(redirect_uri)
        policy += f" {target.scheme}://{target.netloc}"
    response.headers["Content-Security-Policy"] = policy
    return response


def _breakable(text: str) -> Markup:
    """The escaped text; a line may break behind `/` and `:`, so that ARNs do not break inside a name."""
    return Markup("").join(
        escape(piece) + Markup("<wbr>") if piece in ("/", ":") else escape(piece)
        for piece in re.split("([/:])", text)
    )
