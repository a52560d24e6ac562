"""`POST /v1/token`, refresh grant with DPoP: ours against node-oidc-provider with rotation, in one run.

Both servers are one process on core 0; the generator runs on core 1: 32 keep-alive connections, a closed
loop, proofs made beforehand with one P-256 key and unique ids, every answer checked for 200, every next
request carrying the token of the last answer. Ours has everything on: policy of an IAM user, audit rows,
metrics, the access log. Rounds alternate; medians are compared.
"""

import json
import os
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec

from bench.load import Next, drive
from bench.our_server import OurServer, refresh_body, run_our_server
from bench.processes import (
    cpu_seconds,
    free_port,
    pinned,
    resident_kib,
    serving_pid,
    start,
    wait_for_line,
)
from bench.rounds import Round, compare
from daypass.client.login import Fresh
from daypass.client.session_cache import CacheEntry
from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.dpop import build_dpop_proof

__all__ = ["measure", "memory"]

CONNECTIONS = 32
ROUND_REQUESTS = 6000
ROUNDS = 3
PEER_NAME = "node-oidc-provider, rotation"
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


class _Side:
    """One server under load."""

    member: str
    """Where its answer carries the next refresh token."""

    def __init__(
        self, port: int, key: ec.EllipticCurvePrivateKey, url: str, tokens: list[str], pid: int
    ) -> None:
        self.port, self.key, self.url, self.pid = port, key, url, pid
        self.tokens = tokens
        """Each connection's newest token."""

    def make(self, token: str, proof: str) -> bytes:
        raise NotImplementedError

    def round(self, requests: int) -> Round:
        """One round over every connection."""
        proofs = _proofs(self.key, self.url, requests)
        began = cpu_seconds(self.pid)
        conversations = [self._conversation(slot, proofs) for slot in range(CONNECTIONS)]
        result = uvloop.run(drive("127.0.0.1", self.port, conversations, seconds=60))
        return Round(result, (cpu_seconds(self.pid) - began) / result.requests * 1e6)

    def _conversation(self, slot: int, proofs: Iterator[str]) -> tuple[bytes, Next]:
        def step(status: int, body: bytes) -> bytes | None:
            if status != 200:
                raise RuntimeError(f"HTTP {status}: {body[:300]!r}")
            self.tokens[slot] = json.loads(body)[self.member]
            proof = next(proofs, None)
            return self.make(self.tokens[slot], proof) if proof else None

        return self.make(self.tokens[slot], next(proofs)), step


class _Ours(_Side):
    member = "refreshToken"

    def __init__(self, server: OurServer, key: ec.EllipticCurvePrivateKey, entries: list[CacheEntry]) -> None:
        port = int(server.url.rsplit(":", 1)[1])
        tokens = [entry.refresh_token.reveal() for entry in entries]
        super().__init__(port, key, server.url + "/v1/token", tokens, serving_pid(server.process.pid))
        self.entry = entries[0]

    def make(self, token: str, proof: str) -> bytes:
        return _request(self.port, "/v1/token", "application/json", proof, refresh_body(self.entry, token))


class _Peer(_Side):
    member = "refresh_token"

    def make(self, token: str, proof: str) -> bytes:
        fields = {"grant_type": "refresh_token", "client_id": "terminal", "refresh_token": token}
        body = urllib.parse.urlencode(fields).encode()
        return _request(self.port, "/token", "application/x-www-form-urlencoded", proof, body)


def _seeded(server: OurServer, key: Fresh) -> _Ours:
    now = int(time.time())
    person = server.add_user("dev", "SignInLocalDevelopmentAccess", now=now)
    return _Ours(server, key.key, server.logins(CONNECTIONS, key, person, now=now))


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
            ours = _seeded(server, fresh)
            peer = _Peer(port, fresh.key, told["url"], told["refresh_tokens"], serving_pid(peer_process.pid))
            for side in (ours, peer):
                side.round(2000)  # warm-up
            results: dict[str, list[Round]] = {"ours": [], PEER_NAME: []}
            for _ in range(ROUNDS):
                results["ours"].append(ours.round(ROUND_REQUESTS))
                results[PEER_NAME].append(peer.round(ROUND_REQUESTS // 2))
            memory = {
                "ours, MiB": resident_kib(ours.pid) // 1024,
                "node-oidc-provider, MiB": resident_kib(peer.pid) // 1024,
            }
    return {
        **compare(results),
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
        seen: dict[str, object] = {}
        step = requests // 5
        for done in range(step, requests + 1, step):
            ours.round(step)
            seen[f"after {done}, MiB"] = round(resident_kib(ours.pid) / 1024, 1)
    return seen
