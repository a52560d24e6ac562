"""Many at once: 32 of our processes make one token call; 64 foreign clients without a lock all get one answer."""

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daypass.protocol.oauth.dpop import build_dpop_proof
from support.postgres import running_postgres
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal
from support.serving import ROOT, age_cache, prepare, serve

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("refresh")]

FOREIGN_WRITER = """
import os, sys, time
# An SDK that rewrites the entry in place, without our lock: truncate, write in pieces, again and again.
while not os.path.exists(sys.argv[2]):
    with open(sys.argv[1], "r+") as file:
        text = file.read()
        file.seek(0); file.truncate()
        for start in range(0, len(text), 200):
            file.write(text[start:start + 200]); file.flush()
    time.sleep(0.002)
"""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with new_terminal() as made:
        yield made


def token_calls(server: RunningServer) -> dict[str, int]:
    """How many token calls the server answered, by outcome (its own metrics)."""
    with urllib.request.urlopen(server.endpoint + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'daypass_events_total\{event="token",outcome="([^"]+)"\} ([0-9.]+)', text)
    return {outcome: int(float(count)) for outcome, count in found}


def test_32_processes_cross_one_refresh_with_one_token_call(
    tmp_path: Path, unused_tcp_port: int, terminal: Terminal
) -> None:
    """No error, one call, one answer, while a foreign program rewrites the file in place."""
    with serve(prepare(tmp_path / "server", unused_tcp_port)) as server:
        terminal.login(server, ROOT, "--profile", "dev")
        entry = age_cache(terminal)
        stop = tmp_path / "stop"
        writer = subprocess.Popen([sys.executable, "-c", FOREIGN_WRITER, str(entry), str(stop)])
        command = [*DAYPASS, "credential-process", "--profile", "dev"]
        try:
            processes = [
                subprocess.Popen(
                    command,
                    env=terminal.environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for _ in range(32)
            ]
            answers = [process.communicate(timeout=120) for process in processes]
        finally:
            stop.touch()
            writer.wait(20)
        assert [error for _, error in answers if error] == []
        assert [process.returncode for process in processes] == [0] * 32
        keys = {json.loads(out)["AccessKeyId"] for out, _ in answers}
        assert len(keys) == 1
        assert token_calls(server) == {"ok": 2}, "one for the login's code, one for the refresh"


def _foreign_refresh(endpoint: str, entry: dict[str, object]) -> tuple[int, dict[str, object]]:
    """One refresh as the AWS CLI sends it: no lock, its own proof, JSON with Python's spacing."""
    key = load_pem_private_key(str(entry["dpopKey"]).encode(), None)
    url = endpoint + "/v1/token"
    body = {
        "clientId": entry["clientId"],
        "refreshToken": entry["refreshToken"],
        "grantType": "refresh_token",
    }
    proof = build_dpop_proof(key, url=url, now=int(time.time()), jti=str(uuid.uuid4()))  # type: ignore[arg-type]  # a key from a PEM
    headers = {"Content-Type": "application/json", "DPoP": proof, "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_64_foreign_clients_share_one_refresh_over_several_workers(
    tmp_path: Path, unused_tcp_port: int, terminal: Terminal, engine: str
) -> None:
    """All get the same successor and credentials; nobody is logged out; the successor still works."""
    with _database(engine) as url:
        prepared = prepare(tmp_path / "server", unused_tcp_port, database_url=url)
        with serve(prepared, "--workers", "3") as server:
            terminal.login(server, ROOT, "--profile", "dev")
            entry = json.loads(age_cache(terminal).read_text())
            together = threading.Barrier(64)

            def one(_: int) -> tuple[int, dict[str, object]]:
                together.wait()
                return _foreign_refresh(server.endpoint, entry)

            with ThreadPoolExecutor(64) as pool:
                answers = list(pool.map(one, range(64)))
            assert {status for status, _ in answers} == {200}
            assert len({str(answer["refreshToken"]) for _, answer in answers}) == 1
            assert len({json.dumps(answer["accessToken"], sort_keys=True) for _, answer in answers}) == 1
            assert answers[0][1]["refreshToken"] != entry["refreshToken"]
            entry["refreshToken"] = answers[0][1]["refreshToken"]
            assert _foreign_refresh(server.endpoint, entry)[0] == 200


@contextlib.contextmanager
def _database(engine: str) -> Iterator[str]:
    """A database URL of the engine; empty for SQLite beside the settings."""
    if engine == "sqlite":
        yield ""
        return
    with running_postgres() as server:
        yield server.create_database("daypass")
