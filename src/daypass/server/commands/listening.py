"""Which sockets the server listens on, and what the server is called on them.

The external URL comes from the settings; only on loopback may the bound address stand in for it. Kept apart from
`serving.py` because the parent of `serve` needs this and nothing of the application.
"""

import socket

from daypass.server.adapters.bound_socket import bind
from daypass.server.settings import Address, Settings
from daypass.server.settings.rules import is_loopback_host

__all__ = ["bind_listeners", "own_s3_url", "own_urls"]


def bind_listeners(settings: Settings, *, hint: str = "") -> tuple[socket.socket, socket.socket | None]:
    """The sign-in listener and, when there is a gateway, its own. Raises ConfigError for a taken port."""
    sign_in = _bind(settings.listen, hint)
    return sign_in, _bind(settings.s3_listen, hint) if settings.serves_gateway else None


def own_urls(settings: Settings, listener: socket.socket) -> tuple[str, frozenset[str]]:
    """The external URL and the alternates. On loopback `localhost` and `127.0.0.1` name the same server."""
    alternates = frozenset(settings.alternate_urls)
    if settings.external_url:
        return settings.external_url, alternates - {settings.external_url}
    scheme = "https" if settings.serves_tls else "http"
    bound = Address(*listener.getsockname()[:2])
    external = f"{scheme}://{bound}"
    return external, (alternates | {f"{scheme}://localhost:{bound.port}"}) - {external}


def own_s3_url(settings: Settings, listener: socket.socket | None) -> str:
    """How clients reach the gateway, or empty: no gateway, or an address that says nothing about its name."""
    if settings.s3_external_url or listener is None:
        return settings.s3_external_url if listener is not None else ""
    bound = Address(*listener.getsockname()[:2])
    if not is_loopback_host(bound.host):
        return ""
    return f"{'https' if settings.serves_tls else 'http'}://{bound}"


def _bind(address: Address, hint: str) -> socket.socket:
    return bind(address.host, address.port, hint=hint)
