"""Listening sockets, bound before anything else starts: a taken port is told at once and costs nothing."""

import socket

from daypass.errors import ConfigError

__all__ = ["bind"]

_BACKLOG = 2048


def bind(host: str, port: int, *, hint: str) -> socket.socket:
    """A listening TCP socket. Raises ConfigError when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as failure:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host} port {port}: {(failure.strerror or str(failure)).lower()}", hint=hint
        ) from failure
    listener.setblocking(False)
    return listener
