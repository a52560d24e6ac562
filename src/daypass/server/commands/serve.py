"""`daypass serve`: the server from a settings file, the environment and flags, in as many workers as it is told.

The parent checks the settings, binds the sockets and supervises (`supervisor.py`); requests are served by workers
(`worker.py`). Every setting is a flag of the same name. Flags reach the workers as environment variables, so that a
reload reads the file again and the flags still win.
"""

import argparse
import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from daypass.server.adapters.log import set_up_logging
from daypass.server.commands.listening import bind_listeners, own_urls
from daypass.server.commands.supervisor import Supervisor, WorkerCommand
from daypass.server.commands.terminal import say, write_value, write_word
from daypass.server.settings import Address, Settings, load_settings

__all__ = ["add_settings_flags", "chosen_flags", "run"]


_MEMORY_TUNABLES = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "2"}
"""glibc (mallopt(3)): Argon2id's 19 MiB go back to the system after a sign-in instead of staying in a thread's arena."""


def run(argv: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code; raises ConfigError."""
    parser = argparse.ArgumentParser("daypass serve", description="run the server", allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    add_settings_flags(parser)
    words = parser.parse_args(argv)
    config = words.config.absolute() if words.config else None
    flags = chosen_flags(words)
    settings = load_settings(config, environment=os.environ, flags=flags)
    set_up_logging(settings.log_level)
    sockets = bind_listeners(settings, hint="choose another: daypass serve --listen HOST:PORT")
    metrics_dir = tempfile.mkdtemp(prefix="daypass-metrics-")
    try:
        command = _worker_command(config, flags, settings, sockets, metrics_dir)
        return asyncio.run(_supervise(command, settings, sockets))
    finally:
        shutil.rmtree(metrics_dir, ignore_errors=True)


def add_settings_flags(parser: argparse.ArgumentParser) -> None:
    """One flag per setting, but none for secrets: a command line is visible to every user of the machine."""
    group = parser.add_argument_group(
        "settings", "each may also stand in the file, or in the environment as DAYPASS_NAME"
    )
    for each in fields(Settings):
        if each.metadata["only_environment"]:
            continue
        flag = f"--{each.name.replace('_', '-')}"
        described = each.metadata["why"].replace("%", "%%")
        if each.type is bool and each.default is False:
            group.add_argument(
                flag, dest=f"setting_{each.name}", action="store_true", default=None, help=described
            )
        else:
            metavar = (each.metadata["unit"] or "value").upper()
            group.add_argument(flag, dest=f"setting_{each.name}", metavar=metavar, help=described)


def chosen_flags(words: argparse.Namespace) -> dict[str, str]:
    """The settings that were given, as text; relative paths become absolute where they were typed."""
    chosen: dict[str, str] = {}
    for each in fields(Settings):
        value = getattr(words, f"setting_{each.name}", None)
        if value is None:
            continue
        is_path = each.type == Path | None and value
        chosen[each.name] = (
            str(Path(value).expanduser().absolute())
            if is_path
            else str(value).lower()
            if value is True
            else value
        )
    return chosen


def _worker_command(
    config: Path | None,
    flags: dict[str, str],
    settings: Settings,
    sockets: tuple[socket.socket, socket.socket | None],
    metrics_dir: str,
) -> WorkerCommand:
    environment = {**_MEMORY_TUNABLES, **os.environ}
    environment.update({f"DAYPASS_{name.upper()}": value for name, value in flags.items()})
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if settings.workers > 1:  # a single worker keeps its numbers to itself, which is cheaper
        environment["PROMETHEUS_MULTIPROC_DIR"] = metrics_dir
    arguments = ["--socket", str(sockets[0].fileno())]
    if config is not None:
        arguments += ["--config", str(config)]
    if sockets[1] is not None:
        arguments += ["--s3-socket", str(sockets[1].fileno())]
    inherited = tuple(each.fileno() for each in sockets if each is not None)
    return WorkerCommand(tuple(arguments), environment, inherited, settings.shutdown_grace + 5)


async def _supervise(
    command: WorkerCommand, settings: Settings, sockets: tuple[socket.socket, socket.socket | None]
) -> int:
    def announce() -> None:
        external_url, _ = own_urls(settings, sockets[0])
        count = settings.workers
        say(f"serving {external_url} on {settings.listen} with {count} worker{'s' if count > 1 else ''}")
        write_value("DAYPASS_ENDPOINT", external_url)
        if sockets[1] is not None:
            scheme = "https" if settings.serves_tls else "http"
            write_value("DAYPASS_S3_ENDPOINT", f"{scheme}://{Address(*sockets[1].getsockname()[:2])}")
        write_word("READY")

    def refuse() -> None:
        for each in sockets:
            if each is not None:
                each.close()

    return await Supervisor(command, settings.workers).run(on_ready=announce, on_stop=refuse)
