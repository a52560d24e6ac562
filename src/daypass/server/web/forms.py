"""Forms: reading them within bounds, and proof that they were sent from our own pages (CSRF).

Each form holds a MAC over the browser cookie's secret, so it is good for one browser, and for nobody who
cannot read that browser's pages. On top, Fetch Metadata and Origin must not name another site (OWASP
Cross-Site Request Forgery Prevention Cheat Sheet). Our pages send no referrer, and then browsers write
`Origin: null` on a form's navigation (Fetch Standard, "append a request Origin header"): `null` alone is no
proof of anything, so it is let through to the MAC.
"""

import hmac
from urllib.parse import parse_qsl

from starlette.requests import Request

from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["LARGEST_FORM", "CsrfGuard", "FormRefused", "read_form"]

LARGEST_FORM = 32_768
"""Bytes. A pending request with the longest redirect URI stays below 5 KB."""
_MOST_FIELDS = 20
_MEDIA_TYPE = "application/x-www-form-urlencoded"


class FormRefused(Exception):
    """The form is not one of ours, or not from this browser. `status` is the HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def read_form(request: Request, *, largest: int = LARGEST_FORM) -> dict[str, str]:
    """The fields, last one wins. Raises FormRefused for another media type, too many bytes (`largest`) or bad text."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise FormRefused(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise FormRefused(413)
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise FormRefused(400) from None
    if any("\0" in text for _, text in fields):  # not every database can look for it
        raise FormRefused(400)
    return dict(fields)


class CsrfGuard:
    """Makes and checks the proof in each form."""

    def __init__(self, ring: KeyRing, own_urls: frozenset[str]) -> None:
        self._ring = ring
        self._own_urls = own_urls

    def issue(self, browser_secret: bytes) -> str:
        """The value for the hidden field `csrf`."""
        return self._mac(browser_secret, self._ring.current.key_id)

    def check(self, request: Request, form: dict[str, str], browser_secret: bytes | None) -> None:
        """Raises FormRefused."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin", "null")
        if site not in (None, "same-origin") or (origin != "null" and origin not in self._own_urls):
            raise FormRefused(403)
        given = form.get("csrf", "")
        if browser_secret is None:
            raise FormRefused(403)
        try:
            expected = self._mac(browser_secret, given[:8])
        except SealBroken:
            raise FormRefused(403) from None
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise FormRefused(403)

    def _mac(self, browser_secret: bytes, key_id: str) -> str:
        return key_id + self._ring.derive("csrf", browser_secret, key_id=key_id).hex()
