"""Putting a composed application on its listeners, until told to stop. What `up` and each worker of `serve` share.

Order at the end: stop accepting, let running requests finish, stop the background work, close the database.
"""

import asyncio
import configparser
import contextlib
import gc
import json
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from daypass.errors import ConfigError
from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.adapters.http_listener import HttpListener, ListenerLimits
from daypass.server.adapters.private_file import read_private_file
from daypass.server.app import Application
from daypass.server.settings import Settings

__all__ = ["load_backend_keys", "run_in_loop", "serve_until", "stop_signal"]

_T = TypeVar("_T")

_YOUNG_OBJECTS = 10_000
"""Before the collector looks for cycles. Some requests' worth live at any time; at the default of 700 it walks those again and again."""


def run_in_loop(main: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end on uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set. Call it in the main thread's loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    return stop


def load_backend_keys(settings: Settings) -> Credentials | None:
    """The gateway's keys for the store: the named file, else the environment's; None without a gateway. Raises ConfigError."""
    if not settings.serves_gateway:
        return None
    if settings.s3_backend_credentials is None:
        return Credentials(settings.s3_backend_access_key_id, settings.s3_backend_secret_access_key, None)
    path = settings.s3_backend_credentials
    text = read_private_file(path)
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        document = json.loads(text)
        return Credentials(str(document["access_key_id"]), Secret(str(document["secret_access_key"])), None)
    parser = configparser.RawConfigParser(default_section="", strict=False)
    with contextlib.suppress(configparser.Error):
        # Lines as in an environment file have no section; they are the default's.
        parser.read_string(text if text.lstrip().startswith("[") else f"[default]\n{text}")
    key_id = parser.get("default", "aws_access_key_id", fallback="")
    secret = parser.get("default", "aws_secret_access_key", fallback="")
    if not key_id or not secret:
        raise ConfigError(
            f"{path} holds no keys for the store",
            hint='write {"access_key_id": "…", "secret_access_key": "…"} or an AWS credentials file with a [default] section',
        )
    return Credentials(key_id, Secret(secret), None)


async def serve_until(
    stop: asyncio.Event,
    application: Application,
    settings: Settings,
    *,
    sockets: tuple[socket.socket, socket.socket | None],
    started: asyncio.Event,
) -> None:
    """Accept on both sockets, set `started`, and drain when `stop` is set. Closes the sockets and the application."""
    limits = ListenerLimits(settings.keep_alive, settings.shutdown_grace, settings.max_header_bytes)
    apps = [(application.sign_in, sockets[0])]
    if application.gateway is not None and sockets[1] is not None:
        apps.append((application.gateway, sockets[1]))
    listeners = [
        HttpListener(app, listener, limits=limits, tls_cert=settings.tls_cert, tls_key=settings.tls_key)
        for app, listener in apps
    ]
    gc.freeze()  # what the start built lives as long as the process: the collector need not walk it again and again
    gc.set_threshold(_YOUNG_OBJECTS)
    running = [asyncio.create_task(listener.run()) for listener in listeners]
    upkeep = [
        asyncio.create_task(application.purge_forever()),
        asyncio.create_task(application.seal_forever()),
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        for listener in listeners:
            await listener.wait_started()
        started.set()
        await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        for listener in listeners:
            listener.stop()
        results = await asyncio.gather(*running, return_exceptions=True)
        for each in upkeep:
            each.cancel()
        await asyncio.gather(*upkeep, return_exceptions=True)
        await application.close()
    for result in results:
        if isinstance(result, BaseException):
            raise result
