"""The pages: `GET /v1/authorize`, `/signin…`, `/v1/sessions/confirmation`, `GET /`, `/static/*`."""

from starlette.applications import Starlette

from daypass.server.web.sign_in_parts import SignInParts

__all__ = ["build_pages_app"]


def build_pages_app(parts: SignInParts) -> Starlette:
    """A Starlette app for every page. Reads `scope["daypass.caller"]`."""
    raise NotImplementedError(parts)
