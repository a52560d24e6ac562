"""`POST /v1/token`, refresh grant with DPoP: ours against node-oidc-provider with rotation, in one run.

Both servers are one process on core 0; the generator runs on core 1: 32 keep-alive connections, a closed
loop, proofs made beforehand with one P-256 key and unique ids, every answer checked for 200, every next
request carrying the token of the last answer. Ours has everything on: policy of an IAM user, audit rows,
metrics, the access log. Rounds alternate; medians are compared.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec

from bench.load import Next, Result, drive
from bench.our_server import OurServer, refresh_body, run_our_server
from bench.processes import free_port, pinned, resident_kib, start, wait_for_line
from daypass.client.login import Fresh
from daypass.client.session_cache import CacheEntry
from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.dpop import build_dpop_proof

__all__ = ["measure", "memory"]

CONNECTIONS = 32
ROUND_REQUESTS = 6000
ROUNDS = 3
PEER = Path(__file__).parent / "peers" / "oidc_provider.mjs"


def _proofs(key: ec.EllipticCurvePrivateKey, url: str, count: int) -> Iterator[str]:
    now = int(time.time())
    return iter([build_dpop_proof(key, url=url, now=now, jti=str(uuid.uuid4())) for _ in range(count)])


def _request(port: int, path: str, content_type: str, proof: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {content_type}\r\n"
        f"DPoP: {proof}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _round(
    port: int, make: Callable[[str, str], bytes], tokens: list[str], member: str, proofs: Iterator[str]
) -> Result:
    """One round over every connection; `tokens` holds each connection's newest token afterwards."""

    def conversation(slot: int) -> tuple[bytes, Next]:
        def step(status: int, body: bytes) -> bytes | None:
            if status != 200:
                raise RuntimeError(f"HTTP {status}: {body[:300]!r}")
            tokens[slot] = json.loads(body)[member]
            proof = next(proofs, None)
            return make(tokens[slot], proof) if proof else None

        return make(tokens[slot], next(proofs)), step

    return uvloop.run(drive("127.0.0.1", port, [conversation(n) for n in range(CONNECTIONS)], seconds=60))


class _Ours:
    def __init__(self, server: OurServer, key: ec.EllipticCurvePrivateKey, entries: list[CacheEntry]) -> None:
        self.port = int(server.url.rsplit(":", 1)[1])
        self.key, self.url, self.entry = key, server.url + "/v1/token", entries[0]
        self.tokens = [entry.refresh_token.reveal() for entry in entries]
        self.pid = _serving_pid(server.process.pid)

    def round(self, requests: int) -> Result:
        return _round(
            self.port, self._make, self.tokens, "refreshToken", _proofs(self.key, self.url, requests)
        )

    def _make(self, token: str, proof: str) -> bytes:
        return _request(self.port, "/v1/token", "application/json", proof, refresh_body(self.entry, token))


class _Peer:
    def __init__(self, port: int, key: ec.EllipticCurvePrivateKey, told: dict[str, object], pid: int) -> None:
        self.port, self.key, self.url, self.pid = port, key, str(told["url"]), pid
        tokens = told["refresh_tokens"]
        assert isinstance(tokens, list)
        self.tokens: list[str] = tokens

    def round(self, requests: int) -> Result:
        return _round(
            self.port, self._make, self.tokens, "refresh_token", _proofs(self.key, self.url, requests)
        )

    def _make(self, token: str, proof: str) -> bytes:
        fields = {"grant_type": "refresh_token", "client_id": "terminal", "refresh_token": token}
        body = urllib.parse.urlencode(fields).encode()
        return _request(self.port, "/token", "application/x-www-form-urlencoded", proof, body)


def _serving_pid(pid: int) -> int:
    """The process that serves: the child of taskset or of the supervisor, if there is one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _serving_pid(int(children[0])) if children else pid


def _seeded(server: OurServer, key: Fresh) -> _Ours:
    now = int(time.time())
    person = server.add_user("dev", "SignInLocalDevelopmentAccess", now=now)
    return _Ours(server, key.key, server.logins(CONNECTIONS, key, person, now=now))


def _stats(results: list[Result]) -> dict[str, object]:
    return {
        "requests per second": round(statistics.median(result.per_second for result in results)),
        "p50, ms": round(statistics.median(result.percentile(0.5) for result in results), 1),
        "p99, ms": round(statistics.median(result.percentile(0.99) for result in results), 1),
    }


def measure(database_url: str = "") -> dict[str, object]:
    """Alternating rounds; `database_url` chooses our engine (SQLite when empty)."""
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    fresh = Fresh.draw()
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        node = pinned(
            ["node", str(PEER), str(port), thumbprint(public_jwk(fresh.key.public_key())), str(CONNECTIONS)],
            0,
        )
        with (
            run_our_server(folder / "ours", core=0, database_url=database_url) as server,
            start(node, log=folder / "peer.log") as peer_process,
        ):
            told = json.loads(wait_for_line(peer_process, r"READY (.*)").group(1))
            ours, peer = _seeded(server, fresh), _Peer(port, fresh.key, told, peer_process.pid)
            for side in (ours, peer):
                side.round(2000)  # warm-up
            results: dict[str, list[Result]] = {"ours": [], "peer": []}
            for _ in range(ROUNDS):
                results["ours"].append(ours.round(ROUND_REQUESTS))
                results["peer"].append(peer.round(ROUND_REQUESTS // 2))
            memory = {
                "ours, MiB": resident_kib(ours.pid) // 1024,
                "peer, MiB": resident_kib(peer.pid) // 1024,
            }
    ratio = statistics.median(
        a.per_second / b.per_second for a, b in zip(results["ours"], results["peer"], strict=True)
    )
    return {
        "ours": _stats(results["ours"]),
        "node-oidc-provider, rotation": _stats(results["peer"]),
        "ratio": round(ratio, 2),
        "memory": memory,
        "node": subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=True
        ).stdout.strip(),
    }


def memory(requests: int = 100_000) -> dict[str, object]:
    """Resident memory of one worker along 100,000 refreshes (limit 90 MB, flat)."""
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    with tempfile.TemporaryDirectory() as name, run_our_server(Path(name), core=0) as server:
        ours = _seeded(server, Fresh.draw())
        seen = {}
        step = requests // 5
        for done in range(step, requests + 1, step):
            ours.round(step)
            seen[f"after {done}, MiB"] = round(resident_kib(ours.pid) / 1024, 1)
    return seen
