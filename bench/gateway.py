"""One object of 1 GiB, PUT and GET, through our gateway and straight to the same SeaweedFS, in one run.

The client is the same in both cases: one connection, blocks of 1 MiB, our own signer, `UNSIGNED-PAYLOAD`. The
gateway is one process on core 0 and verifies, decides and signs anew; the store runs where the system puts it.
Its resident memory is watched while the object passes: it must not depend on the object's size. Its processor time is
taken too, which neighbours on the machine change little.
"""

import asyncio
import contextlib
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.our_server import run_our_server
from bench.processes import cpu_seconds, resident_kib, serving_pid
from daypass.client.login import Fresh
from daypass.protocol.aws.canonical_request import WireRequest
from daypass.protocol.aws.sigv4 import Credentials, sign_request
from daypass.server.adapters.seaweedfs import SeaweedFs

__all__ = ["measure"]

MIB = 1 << 20
OBJECT_MIB = 1024
ROUNDS = 3
_PATH = "/bench-bucket/object"


class _Place:
    """One S3 endpoint and the keys for it."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._host = urlsplit(url).netloc
        self._credentials = credentials

    def put(self, path: str, mebibytes: int) -> float:
        """MiB per second of one upload."""
        block = os.urandom(MIB)
        return self._timed("PUT", path, mebibytes, body=(block for _ in range(mebibytes)))

    def get(self, path: str, mebibytes: int) -> float:
        """MiB per second of one download; the length is checked."""
        return self._timed("GET", path, mebibytes)

    def _timed(self, method: str, path: str, mebibytes: int, *, body: Iterator[bytes] | None = None) -> float:
        headers = (("Host", self._host), *((("Content-Length", str(mebibytes * MIB)),) if body else ()))
        signed = sign_request(
            self._credentials,
            WireRequest(method, path, "", headers),
            region="us-east-1",
            service="s3",
            now=int(time.time()),
            payload_hash="UNSIGNED-PAYLOAD",
            is_s3=True,
        )
        connection = http.client.HTTPConnection(self._host, timeout=300)
        began = time.perf_counter()
        connection.request(method, path, body, dict(signed))
        answer = connection.getresponse()
        length = 0
        while block := answer.read(MIB):
            length += len(block)
        seconds = time.perf_counter() - began
        connection.close()
        if answer.status != 200 or (method == "GET" and length != mebibytes * MIB):
            raise RuntimeError(f"{method} {path}: HTTP {answer.status}, {length} bytes")
        return mebibytes / seconds

    def create_bucket(self, path: str) -> None:
        """An empty PUT."""
        self._timed("PUT", path, 0, body=iter(()))


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[Callable[[], int]]:
    """Within the block, the largest resident size of the process in KiB, looked at 20 times a second."""
    largest = [resident_kib(pid)]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            largest[0] = max(largest[0], resident_kib(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: largest[0]
    finally:
        ended.set()
        watcher.join()


@contextlib.contextmanager
def _store(folder: Path) -> Iterator[SeaweedFs]:
    """The store `daypass up` would start."""
    store = SeaweedFs(folder)
    store.start()
    try:
        asyncio.run(store.wait_ready())
        yield store
    finally:
        asyncio.run(store.stop())


def measure(mebibytes: int = OBJECT_MIB) -> dict[str, object]:
    """MiB/s of both ways, their ratio, and the gateway's memory before and at its largest."""
    with tempfile.TemporaryDirectory() as name, _store(Path(name) / "store") as store:
        folder = Path(name)
        access_key_id, secret_key = store.files.load_keys()
        keys = folder / "keys.json"
        keys.write_text(
            json.dumps({"access_key_id": access_key_id, "secret_access_key": secret_key.reveal()})
        )
        keys.chmod(0o600)
        with run_our_server(
            folder / "ours", core=0, s3_backend=store.endpoint_url, s3_credentials=keys
        ) as server:
            entry = server.logins(1, Fresh.draw(), server.root(), now=int(time.time()))[0]
            caller = Credentials(entry.access_key_id, entry.secret_access_key, entry.session_token)
            through = _Place(server.s3_url, caller)
            straight = _Place(store.endpoint_url, Credentials(access_key_id, secret_key, None))
            through.create_bucket("/bench-bucket")
            pid = serving_pid(server.process.pid)
            through.put(_PATH, 1)
            before = resident_kib(pid)
            found: dict[str, list[float]] = {}
            with _watched(pid) as largest:
                for _ in range(ROUNDS):
                    for label, place, path in (
                        ("gateway", through, _PATH),
                        ("SeaweedFS", straight, _PATH + "-2"),
                    ):
                        for method, transfer in (("PUT", place.put), ("GET", place.get)):
                            began = cpu_seconds(pid)
                            found.setdefault(f"{label} {method}", []).append(transfer(path, mebibytes))
                            spent = (cpu_seconds(pid) - began) * 1024 / mebibytes
                            found.setdefault(f"{label} {method}, CPU", []).append(spent)
                most = largest()
    medians = {label: statistics.median(values) for label, values in found.items()}
    speeds = ("gateway PUT", "gateway GET", "SeaweedFS PUT", "SeaweedFS GET")
    return {
        **{f"{label}, MiB/s": round(medians[label]) for label in speeds},
        "ratio PUT": round(medians["gateway PUT"] / medians["SeaweedFS PUT"], 2),
        "ratio GET": round(medians["gateway GET"] / medians["SeaweedFS GET"], 2),
        "gateway PUT, CPU seconds per GiB": round(medians["gateway PUT, CPU"], 2),
        "gateway GET, CPU seconds per GiB": round(medians["gateway GET, CPU"], 2),
        "gateway before, MiB": round(before / 1024, 1),
        "gateway at most, MiB": round(most / 1024, 1),
    }
