"""Where a request goes: bare ASGI by (method, path), one dictionary look-up for the exact ones.

No framework stands in front of the token endpoint, because starlette costs a third of its speed. Which routes there
are stands in `server/app.py`; nothing here looks at anything but method and path.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from daypass.server.web.failures import FailureForm

__all__ = ["AsgiApp", "Route", "Router", "Scope", "exact_routes"]

Scope = MutableMapping[str, Any]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class Route(NamedTuple):
    """Where a request goes, the word it is measured under, and how a bug there looks to the peer."""

    app: AsgiApp
    operation: str
    failure: FailureForm


Router = Callable[[Scope], Route]


def exact_routes(routes: Mapping[tuple[str, str], Route], otherwise: Router) -> Router:
    """Exact (method, path) first, then `otherwise`."""
    look_up = dict(routes).get

    def choose(scope: Scope) -> Route:
        return look_up((scope["method"], scope["path"])) or otherwise(scope)

    return choose
