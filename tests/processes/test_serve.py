"""`daypass serve` as an operator meets it: workers that die, keys that rotate, TLS, and refusals before anything runs."""

import datetime as dt
import http.client
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.own_credentials import root_credentials
from support.postgres import PostgresServer, running_postgres

pytestmark = pytest.mark.processes


@pytest.fixture
def prepared(run_daypass: Any, tmp_path: Path) -> Path:
    """A settings file made by `server init`, listening on any port; the account id stands in `account`."""
    config = tmp_path / "server" / "daypass.toml"
    made = run_daypass(
        *("server", "init", "--config", str(config), "--root-email", "Root@Example.com"),
        *("--listen", "127.0.0.1:0", "--root-password-stdin"),
        text="correct horse battery staple\n",
    )
    assert made.returncode == 0, made.stderr
    values = dict(line.split("=", 1) for line in made.stdout.splitlines())
    assert values["DAYPASS_ROOT_EMAIL"] == "root@example.com"
    assert set(values) == {"DAYPASS_ACCOUNT_ID", "DAYPASS_ROOT_EMAIL"}
    assert config.stat().st_mode & 0o077 == 0, "its database_url may carry a password"
    (config.parent / "account").write_text(values["DAYPASS_ACCOUNT_ID"])
    return config


def _call_sts(running: Any, config: Path, credentials: dict[str, str] | None = None) -> str:
    account_id = (config.parent / "account").read_text()
    client = boto3.client(
        "sts",
        endpoint_url=running.endpoint,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
        **(credentials or root_credentials(config.parent / "key-ring.json", account_id)),
    )
    return str(client.get_caller_identity()["Account"])


def test_init_prepares_a_server_once_and_serve_runs_it(
    start_daypass: Any, run_daypass: Any, prepared: Path
) -> None:
    running = start_daypass("serve", "--config", str(prepared))
    assert (running.get("/healthz"), running.get("/readyz")) == (200, 200)
    assert _call_sts(running, prepared) == (prepared.parent / "account").read_text()
    assert running.stop() == 0
    before = prepared.read_bytes()
    again = run_daypass("server", "init", "--config", str(prepared), "--root-email", "other@example.com")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert prepared.read_bytes() == before
    assert "up to date" in run_daypass("server", "upgrade", "--config", str(prepared)).stderr


def test_init_refuses_a_short_password_before_it_writes_anything(run_daypass: Any, tmp_path: Path) -> None:
    refused = run_daypass(
        *(
            "server",
            "init",
            "--config",
            str(tmp_path / "x" / "daypass.toml"),
            "--root-email",
            "r@example.com",
        ),
        "--root-password-stdin",
        text="short\n",
    )
    assert refused.returncode == 2
    assert "minimum length" in refused.stderr
    assert not (tmp_path / "x").exists()


def test_init_shows_a_made_password_once_and_keeps_it_nowhere(run_daypass: Any, tmp_path: Path) -> None:
    made = run_daypass(
        "server", "init", "--config", str(tmp_path / "x" / "daypass.toml"), "--root-email", "r@example.com"
    )
    password = dict(line.split("=", 1) for line in made.stdout.splitlines())["DAYPASS_ROOT_PASSWORD"]
    assert len(password) == 24
    assert password not in made.stderr
    for path in (tmp_path / "x").iterdir():
        assert password.encode() not in path.read_bytes()


def test_a_worker_that_dies_is_replaced(
    start_daypass: Any, prepared: Path, children_of: Any, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared), "--workers", "2")
    before = children_of(running.process.pid)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until(
        lambda: (
            len(children_of(running.process.pid)) == 2 and before[0] not in children_of(running.process.pid)
        )
    )
    until(lambda: running.get("/readyz") == 200)
    assert "a worker died" in running.errors()


def test_a_reload_takes_the_new_key_and_old_credentials_keep_working(
    start_daypass: Any, run_daypass: Any, prepared: Path, children_of: Any, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared), "--workers", "2")
    account_id = (prepared.parent / "account").read_text()
    old = root_credentials(prepared.parent / "key-ring.json", account_id)
    before = set(children_of(running.process.pid))
    rotated = run_daypass("server", "rotate-keys", "--config", str(prepared))
    assert rotated.returncode == 0
    new = root_credentials(prepared.parent / "key-ring.json", account_id)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "reloaded" in running.errors())
    after = set(children_of(running.process.pid))
    assert len(after) == 2
    assert not after & before
    assert _call_sts(running, prepared, old) == _call_sts(running, prepared, new) == account_id
    published = json.loads(running.text("/.well-known/jwks.json"))["keys"]
    kinds = ["ES256", "ES256", "ES384", "ES384", "RS256", "RS256"]
    assert [key["alg"] for key in published] == kinds, "two of each kind"
    assert not {"d", "p", "q", "dp", "dq", "qi"} & {name for key in published for name in key}


def test_a_reload_with_broken_settings_keeps_the_old_workers(
    start_daypass: Any, prepared: Path, children_of: Any, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared))
    before = children_of(running.process.pid)
    prepared.write_text("workers = nonsense")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "nothing was reloaded" in running.errors())
    assert children_of(running.process.pid) == before
    assert running.get("/readyz") == 200


def test_workers_end_when_their_parent_is_killed(
    start_daypass: Any, prepared: Path, children_of: Any, is_alive: Any, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared), "--workers", "2")
    workers = children_of(running.process.pid)
    running.process.kill()
    running.process.wait()
    until(lambda: not any(is_alive(worker) for worker in workers))


def test_metrics_are_the_sum_over_all_workers(start_daypass: Any, prepared: Path) -> None:
    running = start_daypass("serve", "--config", str(prepared), "--workers", "2")
    for _ in range(40):  # each on a new connection, so that both workers get some
        assert running.get("/healthz") == 200
    counted = {
        float(value)
        for _ in range(10)
        for value in re.findall(
            r'daypass_events_total\{event="http.healthz",outcome="2xx"\} (\S+)', running.text("/metrics")
        )
    }
    assert counted == {40.0}


def test_a_request_that_runs_when_told_to_stop_is_answered(
    start_daypass: Any, prepared: Path, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared))
    host, port = urlsplit(running.endpoint).netloc.split(":")
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
        until(lambda: running.get("/healthz") == 200)
        running.process.send_signal(signal.SIGTERM)
        until(lambda: _is_refused(host, int(port)))
        connection.sendall(body[5:])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 403")
    assert running.process.wait(20) == 0


def _is_refused(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        try:
            probe.connect((host, port))
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--key-ring-file", "/nowhere/ring.json"), "there is no key ring at /nowhere/ring.json"),
        (("--database-url", "sqlite:///nowhere/at/all.db"), "database"),
        (("--listen", "0.0.0.0:0", "--external-url", "http://signin.example"), "plain http"),
        (("--listen", "0.0.0.0:0"), "external_url must be set"),
        (("--workers", "0"), "workers must be 1 to 64"),
        (("--i-understand",), "unrecognized arguments"),
    ],
)
def test_what_cannot_work_is_told_and_ends(
    start_daypass: Any, prepared: Path, change: tuple[str, ...], words: str
) -> None:
    running = start_daypass("serve", "--config", str(prepared), *change, waits=False)
    assert running.process.wait(60) == 2
    assert words in running.errors()


def test_the_key_ring_may_come_from_the_environment_or_a_command(start_daypass: Any, prepared: Path) -> None:
    text = (prepared.parent / "key-ring.json").read_text()
    credentials = root_credentials(
        prepared.parent / "key-ring.json", (prepared.parent / "account").read_text()
    )
    away = prepared.parent.parent / "kept-elsewhere.json"
    (prepared.parent / "key-ring.json").rename(away)
    by_environment = start_daypass("serve", "--config", str(prepared), environment={"DAYPASS_KEY_RING": text})
    assert _call_sts(by_environment, prepared, credentials)
    by_command = start_daypass("serve", "--config", str(prepared), "--key-ring-command", f"cat {away}")
    assert _call_sts(by_command, prepared, credentials)


def test_answers_carry_the_right_date_and_no_server_and_huge_heads_are_refused(
    start_daypass: Any, prepared: Path
) -> None:
    running = start_daypass("serve", "--config", str(prepared))
    connection = http.client.HTTPConnection(urlsplit(running.endpoint).netloc, timeout=10)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    sent = dt.datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)  # noqa: TID251 - compared with the server's
    assert abs((now - sent).total_seconds()) < 5
    assert answer.headers["server"] is None
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    connection.request("GET", "/healthz", headers={"x-large": "x" * 40_000})
    assert connection.getresponse().status == 400
    connection.close()


def test_access_lines_are_json_without_query_strings(
    start_daypass: Any, prepared: Path, until: Callable[..., None]
) -> None:
    running = start_daypass("serve", "--config", str(prepared))
    running.get("/v1/authorize?state=the-secret-state")
    until(lambda: "/v1/authorize" in running.errors())
    assert "the-secret-state" not in running.errors()
    lines = [json.loads(line) for line in running.errors().splitlines() if line.startswith("{")]
    (access,) = [line for line in lines if line.get("path") == "/v1/authorize"]
    assert (access["method"], access["source_ip"], access["logger"]) == ("GET", "127.0.0.1", "daypass.access")


def test_tls_ends_in_the_workers(start_daypass: Any, prepared: Path) -> None:
    certificate, private_key = _self_signed(prepared.parent)
    running = start_daypass(
        "serve", "--config", str(prepared), "--tls-cert", str(certificate), "--tls-key", str(private_key)
    )
    assert running.endpoint.startswith("https://127.0.0.1:")
    context = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection(urlsplit(running.endpoint).netloc, context=context, timeout=10)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a certificate for the length of a test
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "tls.pem", folder / "tls.key"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.mark.postgres
def test_the_same_server_runs_on_postgresql(
    start_daypass: Any, run_daypass: Any, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database("serve")
    config = tmp_path / "daypass.toml"
    made = run_daypass(
        *("server", "init", "--config", str(config), "--root-email", "r@example.com"),
        *("--listen", "127.0.0.1:0", "--database-url", url, "--account-id", "111122223333"),
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "account").write_text("111122223333")
    running = start_daypass("serve", "--config", str(config), "--workers", "2")
    assert running.get("/readyz") == 200
    assert _call_sts(running, config) == "111122223333"
    assert running.stop() == 0
