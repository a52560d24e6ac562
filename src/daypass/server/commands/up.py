"""`daypass up`: everything in one process and one folder, sample account included, until Ctrl-C.

    folder and lock → ports → store → keys and account → listeners → the NAME=value lines → READY

The order matters: a taken port or folder is told before anything is started, and the lines are printed only when all
of it answers. Shutting down goes the other way round. Loopback only; nothing here is for other people to reach.
"""

import argparse
import asyncio
import os
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from daypass.protocol.aws.sigv4 import Credentials
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.folder_lock import FolderLock
from daypass.server.adapters.key_ring_file import (
    new_master_key,
    read_key_ring_file,
    with_rsa_key,
    write_key_ring_file,
)
from daypass.server.adapters.log import set_up_logging
from daypass.server.adapters.private_file import make_private_folder, write_private_file
from daypass.server.adapters.seaweedfs import SeaweedFs
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import system_clock
from daypass.server.app import compose
from daypass.server.commands.listening import bind_listeners, own_s3_url, own_urls
from daypass.server.commands.sample_account import SampleAccount, ensure_sample_account
from daypass.server.commands.serving import (
    load_backend_keys,
    run_in_loop,
    serve_until,
    stop_signal,
)
from daypass.server.commands.terminal import say, write_value, write_word
from daypass.server.domain.key_ring import KeyRing
from daypass.server.settings import Settings, load_settings

__all__ = ["run"]

_SHUTDOWN_GRACE = 5
"""Seconds; a person is waiting for the prompt."""
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Identity providers on this machine may be asked: `up` is for trying things out, and reaches no further by it."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The command line of `daypass up`."""

    data_dir: Path
    port: int
    s3_port: int
    opens_browser: bool
    s3_backend: str
    s3_backend_credentials: str
    resets_passwords: bool


def run(argv: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code; raises DaypassError."""
    return run_in_loop(_up(_parse_options(argv)))


def _parse_options(argv: Sequence[str]) -> UpOptions:
    parser = argparse.ArgumentParser(
        "daypass up", description="start sign-in, STS, IAM and S3 on this machine", allow_abbrev=False
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=_default_data_dir(),
        help="where everything is kept (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=int, default=8085, help="sign-in, STS and IAM (default: %(default)s; 0: any)"
    )
    parser.add_argument(
        "--s3-port", type=int, default=8086, help="the S3 gateway (default: %(default)s; 0: any)"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the home page")
    parser.add_argument(
        "--s3-backend", default="", metavar="URL", help="use this S3 store instead of starting one"
    )
    parser.add_argument("--s3-backend-credentials", default="", metavar="FILE", help="its keys (mode 0600)")
    parser.add_argument(
        "--reset-passwords", action="store_true", help="make new sample passwords and show them"
    )
    words = parser.parse_args(argv)
    return UpOptions(
        data_dir=words.data_dir.absolute(),
        port=words.port,
        s3_port=words.s3_port,
        opens_browser=not words.no_browser,
        s3_backend=words.s3_backend,
        s3_backend_credentials=words.s3_backend_credentials,
        resets_passwords=words.reset_passwords,
    )


def _default_data_dir() -> Path:
    """XDG Base Directory Specification: $XDG_DATA_HOME, else ~/.local/share."""
    base = os.environ.get("DAYPASS_DATA_DIR")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "daypass"


async def _up(options: UpOptions) -> int:
    stop = stop_signal()
    async with AsyncExitStack() as cleanup:
        starting = asyncio.create_task(_start(options, stop, cleanup))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # told to stop while starting
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return 0
        serving, store = starting.result()
        watching = asyncio.create_task(_watch_store(store))
        await asyncio.wait([serving, stopping, watching], return_when=asyncio.FIRST_COMPLETED)
        failed = not stop.is_set()
        if watching.done() and store is not None:
            say(f"the S3 store ended unexpectedly; see {store.files.log_path}")
        watching.cancel()
        if not failed:
            say("stopping")
        stop.set()
        await serving
    if not failed:
        say("stopped; everything is kept")
    return 1 if failed else 0


async def _start(
    options: UpOptions, stop: asyncio.Event, cleanup: AsyncExitStack
) -> tuple[asyncio.Task[None], SeaweedFs | None]:
    """Start everything in order, registering how to undo each; print the lines. Returns the serving task and the store."""
    make_private_folder(options.data_dir)
    lock = FolderLock(options.data_dir / "daypass.lock")
    cleanup.callback(lock.release)
    settings = _load_settings(options)
    set_up_logging("warning" if settings.log_level == "info" else settings.log_level)
    sockets = bind_listeners(settings, hint="choose others: daypass up --port 9085 --s3-port 9086")
    for each in sockets:
        if each is not None:
            cleanup.callback(each.close)
    store, backend_keys = None, load_backend_keys(settings)
    if not options.s3_backend:
        store, backend_keys = _start_store(options.data_dir, cleanup)
    ring = _ensure_key_ring(settings)
    marker = options.data_dir / "passwords-shown"
    account = await _ensure_account(
        settings, with_new_passwords=options.resets_passwords or not marker.exists()
    )
    if store is not None:
        await store.wait_ready()
        settings = replace(settings, s3_backend=store.endpoint_url)
    settings = replace(settings, adopt_unowned_buckets_for_account=account.account_id)
    external_url, alternate_urls = own_urls(settings, sockets[0])
    s3_url = own_s3_url(settings, sockets[1])
    application = await compose(
        settings,
        ring,
        external_url=external_url,
        alternate_urls=alternate_urls,
        s3_url=s3_url,
        backend_keys=backend_keys,
    )
    started = asyncio.Event()
    serving = asyncio.create_task(serve_until(stop, application, settings, sockets=sockets, started=started))
    started_or_failed = asyncio.create_task(started.wait())
    await asyncio.wait([serving, started_or_failed], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        started_or_failed.cancel()
        serving.result()
    lock.describe(endpoint=external_url)
    if account.root_password:
        write_private_file(marker, "")
    _print_lines(account, external_url, s3_url, options.data_dir)
    if options.opens_browser and _has_screen():
        await asyncio.to_thread(webbrowser.open, external_url)
    return serving, store


def _load_settings(options: UpOptions) -> Settings:
    """The environment's settings, with what `up` decides itself on top."""
    flags: dict[str, str | bool] = {
        "listen": f"127.0.0.1:{options.port}",
        "s3_listen": f"127.0.0.1:{options.s3_port}",
        "external_url": "",
        "s3_external_url": "",
        "database_url": f"sqlite://{options.data_dir / 'daypass.db'}",
        "key_ring_file": str(options.data_dir / "key-ring.json"),
        "shutdown_grace": str(_SHUTDOWN_GRACE),
    }
    if "DAYPASS_ACCESS_LOG" not in os.environ:
        flags["access_log"] = False
    if options.s3_backend:
        flags["s3_backend"] = options.s3_backend
    if options.s3_backend_credentials:
        flags["s3_backend_credentials"] = str(Path(options.s3_backend_credentials).absolute())
    settings = load_settings(None, environment=os.environ, flags=flags, base_dir=options.data_dir)
    named = settings.internal_identity_providers
    settings = replace(settings, internal_identity_providers=tuple(dict.fromkeys((*named, *_LOOPBACK_HOSTS))))
    if not options.s3_backend:  # our own store; its address is known once it runs
        settings = replace(settings, s3_backend="http://127.0.0.1", s3_backend_credentials=None)
    return settings


def _start_store(data_dir: Path, cleanup: AsyncExitStack) -> tuple[SeaweedFs, Credentials]:
    store = SeaweedFs(data_dir / "s3")
    cleanup.push_async_callback(store.stop)
    store.start()
    access_key_id, secret_access_key = store.files.load_keys()
    return store, Credentials(access_key_id, secret_access_key, None)


def _ensure_key_ring(settings: Settings) -> KeyRing:
    assert settings.key_ring_file is not None
    if not settings.key_ring_file.exists():
        write_key_ring_file(settings.key_ring_file, KeyRing([new_master_key(now=system_clock())]))
    kept = read_key_ring_file(settings.key_ring_file)
    ring = with_rsa_key(kept)  # a folder from before there was one
    if ring is not kept:
        write_key_ring_file(settings.key_ring_file, ring)
    return ring


async def _ensure_account(settings: Settings, *, with_new_passwords: bool) -> SampleAccount:
    storage = await open_storage(settings.database_url)
    hasher = Argon2Hasher(threads=1, queue=4)
    try:
        await storage.migrate()
        return await ensure_sample_account(
            storage, hasher, now=system_clock(), with_new_passwords=with_new_passwords
        )
    finally:
        hasher.close()
        await storage.close()


async def _watch_store(store: SeaweedFs | None) -> None:
    """Return when our store has ended; never, when it is somebody else's."""
    while store is None or not store.has_ended():  # noqa: ASYNC110 - a child's end is no event of the loop
        await asyncio.sleep(0.5)


def _print_lines(account: SampleAccount, external_url: str, s3_url: str, data_dir: Path) -> None:
    say(f"sign-in, STS and IAM: {external_url}")
    say(f"S3: {s3_url}")
    say(f"data: {data_dir}")
    if account.root_password:
        say("these passwords are shown this once; `daypass up --reset-passwords` makes new ones")
    else:
        say("passwords are stored only hashed; `daypass up --reset-passwords` makes new ones")
    say(f"sign in from another terminal: daypass login --endpoint-url {external_url}")
    say("press Ctrl-C to stop")
    write_value("DAYPASS_ENDPOINT", external_url)
    write_value("DAYPASS_S3_ENDPOINT", s3_url)
    write_value("DAYPASS_ACCOUNT_ID", account.account_id)
    write_value("DAYPASS_ROOT_EMAIL", account.root_email)
    write_value("DAYPASS_ROOT_PASSWORD", account.root_password.reveal())
    write_value("DAYPASS_USER_NAME", account.user_name)
    write_value("DAYPASS_USER_PASSWORD", account.user_password.reveal())
    write_word("READY")


def _has_screen() -> bool:
    """A person sits at this terminal and a browser has somewhere to appear."""
    if not sys.stderr.isatty():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
