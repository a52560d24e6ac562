"""`GetCallerIdentity`, verified by us, against moto_server, which verifies nothing, in one run.

Both servers are one process on core 0, started as their users start them; the generator runs on core 1: 32
keep-alive connections, a closed loop, every answer checked for 200 and for the caller's ARN. Requests are signed
beforehand, each with an agent text of its own so that no two have the same signature. Rounds alternate; medians
are compared.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench.load import Next, drive
from bench.our_server import run_our_server
from bench.processes import cpu_seconds, free_port, pinned, serving_pid, start, wait_for_http
from bench.rounds import Round, compare
from daypass.client.login import Fresh
from daypass.protocol.aws.canonical_request import WireRequest
from daypass.protocol.aws.sigv4 import Credentials, sign_request
from daypass.secret import Secret

__all__ = ["measure"]

CONNECTIONS = 32
OUR_REQUESTS = 8000
PEER_REQUESTS = 1500
ROUNDS = 3
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_BODY_HASH = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843"
"""SHA-256 of the body: STS clients sign it."""


def _signed_requests(port: int, credentials: Credentials, count: int) -> Iterator[bytes]:
    now = int(time.time())

    def one(number: int) -> bytes:
        headers = (
            ("Host", f"127.0.0.1:{port}"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("User-Agent", f"bench/{number}"),
            ("X-Amz-Meta-Number", str(number)),
        )
        signed = sign_request(
            credentials,
            WireRequest("POST", "/", "", headers),
            region="us-east-1",
            service="sts",
            now=now,
            payload_hash=_BODY_HASH,
            is_s3=False,
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed)
        return f"POST / HTTP/1.1\r\n{lines}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY

    return iter([one(number) for number in range(count)])


def _round(port: int, pid: int, credentials: Credentials, count: int) -> Round:
    requests = _signed_requests(port, credentials, count)

    def step(status: int, body: bytes) -> bytes | None:
        if status != 200 or b"<Arn>" not in body:
            raise RuntimeError(f"HTTP {status}: {body[:300]!r}")
        return next(requests, None)

    conversations: list[tuple[bytes, Next]] = [(next(requests), step) for _ in range(CONNECTIONS)]
    began = cpu_seconds(pid)
    result = uvloop.run(drive("127.0.0.1", port, conversations, seconds=60))
    return Round(result, (cpu_seconds(pid) - began) / result.requests * 1e6)


def measure() -> dict[str, object]:
    """Alternating rounds; ours verifies an IAM user's temporary credentials, moto's takes anything."""
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    peer_port = free_port()
    moto = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(peer_port)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            run_our_server(folder / "ours", core=0) as server,
            start(pinned(moto, 0), log=folder / "moto.log") as peer_process,
        ):
            wait_for_http(f"http://127.0.0.1:{peer_port}/")
            now = int(time.time())
            person = server.add_user("dev", "SignInLocalDevelopmentAccess", now=now)
            entry = server.logins(1, Fresh.draw(), person, now=now)[0]
            ours = Credentials(entry.access_key_id, entry.secret_access_key, entry.session_token)
            theirs = Credentials("AKIAIOSFODNN7EXAMPLE", Secret("anything"), None)
            sides = {
                "ours": (int(server.url.rsplit(":", 1)[1]), serving_pid(server.process.pid), ours),
                "moto_server, unverified": (peer_port, peer_process.pid, theirs),
            }
            rounds: dict[str, list[Round]] = {label: [] for label in sides}
            for number in range(ROUNDS + 1):
                for label, count in zip(sides, (OUR_REQUESTS, PEER_REQUESTS), strict=True):
                    found = _round(*sides[label], count)
                    if number:  # the first of each is the warm-up
                        rounds[label].append(found)
    return compare(rounds)
