"""The gateway alone in a process of its own, for tests that need real sockets and an honest memory reading.

Run as `python gateway_process.py config.json`; it prints `PORT=n` when it accepts. The configuration is
what `GatewayConfig` writes. Nothing but the composition differs from `daypass serve`.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["GatewayConfig", "RunningGateway", "run_gateway"]


@dataclass(frozen=True)
class GatewayConfig:
    """Everything the process needs; written to a file of the test's own folder."""

    database_url: str
    ring_key_hex: str
    backend_url: str
    backend_access_key_id: str
    backend_secret_access_key: str
    region: str = "us-east-1"
    adopt_unowned_buckets_for: str | None = None
    virtual_host_suffix: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    offers_relay: bool = True
    """False: as on a system without splice, every byte of an answer is read and written."""


@dataclass(frozen=True)
class RunningGateway:
    """Where it listens."""

    endpoint_url: str
    port: int
    process: "subprocess.Popen[str]"
    log_path: Path

    def resident_kib(self) -> int:
        """Memory in use now, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_kib(self) -> int:
        """The most memory it has ever used, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@contextlib.contextmanager
def run_gateway(config: GatewayConfig, folder: Path) -> Iterator[RunningGateway]:
    """Start it, wait for its port, stop it at the end. Its log is `gateway.log` in the folder."""
    path = folder / "gateway.json"
    path.write_text(json.dumps(asdict(config)))
    with (folder / "gateway.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(path)], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("PORT="):
            raise RuntimeError(f"the gateway did not start:\n{(folder / 'gateway.log').read_text()}")
        port = int(line.removeprefix("PORT="))
        scheme = "https" if config.tls_cert else "http"
        yield RunningGateway(f"{scheme}://127.0.0.1:{port}", port, process, folder / "gateway.log")
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


async def _serve(config: GatewayConfig) -> None:
    from daypass.protocol.aws.sigv4 import Credentials
    from daypass.secret import Secret
    from daypass.server.adapters.http_listener import HttpListener, ListenerLimits
    from daypass.server.adapters.metrics import PrometheusMetrics
    from daypass.server.adapters.principal_cache import PrincipalCache
    from daypass.server.adapters.sql import open_storage
    from daypass.server.adapters.system import system_clock
    from daypass.server.domain.key_ring import KeyRing, MasterKey
    from daypass.server.domain.managed_policies import SHIPPED_POLICIES
    from daypass.server.gateway.app import build_gateway_app
    from daypass.server.gateway.backend import Backend

    storage = await open_storage(config.database_url)
    await storage.migrate()
    backend_keys = Credentials(config.backend_access_key_id, Secret(config.backend_secret_access_key), None)
    app = build_gateway_app(
        storage=storage,
        ring=KeyRing([MasterKey("0badc0de", 0, bytes.fromhex(config.ring_key_hex))]),
        directory=PrincipalCache(storage, system_clock, SHIPPED_POLICIES),
        clock=system_clock,
        metrics=PrometheusMetrics(),
        log=logging.getLogger("gateway"),
        region=config.region,
        backend=Backend(config.backend_url, backend_keys),
        adopt_unowned_buckets_for=config.adopt_unowned_buckets_for,
        virtual_host_suffix=config.virtual_host_suffix,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    limits = ListenerLimits(keep_alive=75, shutdown_grace=5, max_header_bytes=65_536)
    tls_cert = Path(config.tls_cert) if config.tls_cert else None
    tls_key = Path(config.tls_key) if config.tls_key else None
    served = app if config.offers_relay else _without_extensions(app)
    server = HttpListener(served, listener, limits=limits, tls_cert=tls_cert, tls_key=tls_key)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    running = asyncio.create_task(server.run())
    await server.wait_started()
    print(f"PORT={listener.getsockname()[1]}", flush=True)
    await running
    await app.close()
    await storage.close()


def _without_extensions(app: Any) -> Any:
    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    return serve


if __name__ == "__main__":
    import uvloop

    logging.basicConfig(level=logging.INFO)
    uvloop.run(_serve(GatewayConfig(**json.loads(Path(sys.argv[1]).read_text()))))
