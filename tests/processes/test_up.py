"""`daypass up` as a person meets it: real processes, a real store, a real S3 client."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from daypass.secret import Secret
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.sql import open_storage
from daypass.server.ports.password_hasher import PasswordMismatch
from support.own_credentials import root_credentials

pytestmark = pytest.mark.processes

NAMES = [
    "DAYPASS_ENDPOINT",
    "DAYPASS_S3_ENDPOINT",
    "DAYPASS_ACCOUNT_ID",
    "DAYPASS_ROOT_EMAIL",
    "DAYPASS_ROOT_PASSWORD",
    "DAYPASS_USER_NAME",
    "DAYPASS_USER_PASSWORD",
]
RUN = ("up", "--no-browser", "--port", "0", "--s3-port", "0", "--data-dir")


def _client(service: str, running: Any, data_dir: Path) -> Any:
    endpoint = running.values["DAYPASS_S3_ENDPOINT"] if service == "s3" else running.endpoint
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
        **root_credentials(data_dir / "key-ring.json", running.values["DAYPASS_ACCOUNT_ID"]),
    )


def _store_pid(data_dir: Path) -> int:
    return int((data_dir / "s3" / "weed.pid").read_text())


async def _matches(data_dir: Path, values: dict[str, str]) -> tuple[bool, bool]:
    """Whether root's and the user's printed passwords are the stored ones."""
    storage = await open_storage(f"sqlite://{data_dir / 'daypass.db'}")
    hasher = Argon2Hasher(threads=1, queue=1)

    async def verify(password_hash: str, password: str) -> bool:
        try:
            await hasher.verify(password_hash, Secret(password))
        except PasswordMismatch:
            return False
        return True

    try:
        account = await storage.accounts.load_account(values["DAYPASS_ACCOUNT_ID"])
        assert account is not None
        user = await storage.users.load_user(account.account_id, values["DAYPASS_USER_NAME"])
        assert user is not None
        profile = await storage.users.load_login_profile(account.account_id, user.user_id)
        assert profile is not None
        return (
            await verify(account.root_password_hash, values["DAYPASS_ROOT_PASSWORD"]),
            await verify(profile.password_hash, values["DAYPASS_USER_PASSWORD"]),
        )
    finally:
        hasher.close()
        await storage.close()


def test_it_prints_its_lines_last_serves_everything_and_ends_with_nothing_left(
    start_daypass: Any, tmp_path: Path, is_alive: Callable[[int], bool]
) -> None:
    data_dir = tmp_path / "data"
    running = start_daypass(*RUN, str(data_dir))
    assert [line.partition("=")[0] for line in running.lines] == [*NAMES, "READY"]
    assert running.values["DAYPASS_ROOT_EMAIL"] == "root@daypass.example"
    assert running.values["DAYPASS_USER_NAME"] == "developer"
    assert len(running.values["DAYPASS_ACCOUNT_ID"]) == 12
    assert running.values["DAYPASS_ACCOUNT_ID"][0] != "0"
    assert [running.get(path) for path in ("/healthz", "/readyz", "/metrics", "/.well-known/jwks.json")] == [
        200
    ] * 4
    identity = _client("sts", running, data_dir).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{running.values['DAYPASS_ACCOUNT_ID']}:root"
    users = _client("iam", running, data_dir).list_users()["Users"]
    assert [user["UserName"] for user in users] == ["developer"]
    s3 = _client("s3", running, data_dir)
    s3.create_bucket(Bucket="first-bucket")
    s3.put_object(Bucket="first-bucket", Key="hello", Body=b"world")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["first-bucket"]
    store = _store_pid(data_dir)
    assert running.stop(signal.SIGINT) == 0
    assert not is_alive(store)
    assert not (data_dir / "s3" / "weed.pid").exists()


def test_everything_secret_is_for_its_owner_only_and_passwords_are_nowhere_in_clear(
    start_daypass: Any, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    running = start_daypass(*RUN, str(data_dir))
    values = running.values
    assert running.stop() == 0
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    for name in ("key-ring.json", "s3/identities.json", "s3/security.toml"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600
    files = [path for path in data_dir.rglob("*") if path.is_file()] + [running.error_path]
    for password in (values["DAYPASS_ROOT_PASSWORD"], values["DAYPASS_USER_PASSWORD"]):
        assert password
        assert not [path for path in files if password.encode() in path.read_bytes()]
    assert asyncio.run(_matches(data_dir, values)) == (True, True)


def test_a_second_start_keeps_everything_and_shows_passwords_only_when_asked_for_new_ones(
    start_daypass: Any, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    first = start_daypass(*RUN, str(data_dir))
    first.stop()
    second = start_daypass(*RUN, str(data_dir))
    second.stop()
    same = ("DAYPASS_ACCOUNT_ID", "DAYPASS_ROOT_EMAIL", "DAYPASS_USER_NAME")
    assert [second.values[name] for name in same] == [first.values[name] for name in same]
    assert (second.values["DAYPASS_ROOT_PASSWORD"], second.values["DAYPASS_USER_PASSWORD"]) == ("", "")
    assert "--reset-passwords" in second.errors()
    assert asyncio.run(_matches(data_dir, first.values)) == (True, True)
    third = start_daypass(*RUN, str(data_dir), "--reset-passwords")
    third.stop()
    assert asyncio.run(_matches(data_dir, first.values)) == (False, False)
    assert asyncio.run(_matches(data_dir, third.values)) == (True, True)


def test_when_it_is_killed_the_store_dies_too_and_the_next_start_has_lost_nothing(
    start_daypass: Any, tmp_path: Path, is_alive: Callable[[int], bool], until: Callable[..., None]
) -> None:
    data_dir = tmp_path / "data"
    first = start_daypass(*RUN, str(data_dir))
    s3 = _client("s3", first, data_dir)
    s3.create_bucket(Bucket="kept-bucket")
    bodies = {f"object-{number}": os.urandom(1000 * number) for number in range(1, 6)}
    for key, body in bodies.items():
        s3.put_object(Bucket="kept-bucket", Key=key, Body=body)
    store = _store_pid(data_dir)
    first.process.kill()
    first.process.wait()
    until(lambda: not is_alive(store))
    second = start_daypass(*RUN, str(data_dir))
    s3 = _client("s3", second, data_dir)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept-bucket"]
    assert {key: s3.get_object(Bucket="kept-bucket", Key=key)["Body"].read() for key in bodies} == bodies
    assert second.values["DAYPASS_ACCOUNT_ID"] == first.values["DAYPASS_ACCOUNT_ID"]


def test_a_second_one_on_the_same_folder_is_refused_with_who_holds_it(
    start_daypass: Any, run_daypass: Any, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    running = start_daypass(*RUN, str(data_dir))
    refused = run_daypass(*RUN, str(data_dir))
    assert refused.returncode == 2
    assert f"in use by process {running.process.pid} ({running.endpoint})" in refused.stderr
    assert refused.stdout == ""
    assert running.get("/readyz") == 200


def test_a_taken_port_is_told_before_anything_is_started(run_daypass: Any, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run_daypass("up", "--no-browser", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}: address already in use" in refused.stderr
    assert "hint: " in refused.stderr
    assert not (tmp_path / "data" / "s3").exists()


def test_a_store_that_ends_ends_everything_with_words(start_daypass: Any, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    running = start_daypass(*RUN, str(data_dir))
    os.kill(_store_pid(data_dir), signal.SIGKILL)
    assert running.process.wait(30) == 1
    assert "the S3 store ended unexpectedly" in running.errors()


def test_told_to_stop_while_starting_it_leaves_nothing_behind(
    start_daypass: Any, tmp_path: Path, is_alive: Callable[[int], bool], until: Callable[..., None]
) -> None:
    data_dir = tmp_path / "data"
    running = start_daypass(*RUN, str(data_dir), waits=False)
    until(lambda: (data_dir / "s3" / "weed.pid").exists())
    store = _store_pid(data_dir)
    assert running.stop() == 0
    assert not is_alive(store)


def test_an_existing_store_is_used_instead_with_its_keys_from_a_file(
    start_daypass: Any, tmp_path: Path
) -> None:
    owner = start_daypass(*RUN, str(tmp_path / "owner"))
    ports = (tmp_path / "owner" / "s3" / "ports.json").read_text()
    port = ports.split('"s3.port": ')[1].split(",")[0]
    identities = (tmp_path / "owner" / "s3" / "identities.json").read_text()
    access_key_id = identities.split('"accessKey": "')[1].split('"')[0]
    secret_access_key = identities.split('"secretKey": "')[1].split('"')[0]
    keys = tmp_path / "keys"
    keys.write_text(
        f"[default]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}\n"
    )
    keys.chmod(0o600)
    _client("s3", owner, tmp_path / "owner").create_bucket(Bucket="already-there")
    other = start_daypass(
        *RUN,
        str(tmp_path / "other"),
        "--s3-backend",
        f"http://127.0.0.1:{port}",
        "--s3-backend-credentials",
        str(keys),
    )
    assert not (tmp_path / "other" / "s3").exists()
    names = [bucket["Name"] for bucket in _client("s3", other, tmp_path / "other").list_buckets()["Buckets"]]
    assert names == ["already-there"]


def test_short_credentials_are_an_ordinary_setting(start_daypass: Any, tmp_path: Path) -> None:
    running = start_daypass(
        *RUN, str(tmp_path / "data"), environment={"DAYPASS_CREDENTIALS_LIFETIME": "0"}, waits=False
    )
    assert running.process.wait(30) == 2
    assert "credentials_lifetime must be 1 to 900 seconds" in running.errors()


def test_help_lists_every_command(run_daypass: Any) -> None:
    shown: subprocess.CompletedProcess[str] = run_daypass("--help")
    assert shown.returncode == 0
    for words in (
        "login",
        "logout",
        "status",
        "credential-process",
        "up",
        "serve",
        "server init",
        "server rotate-keys",
    ):
        assert words in shown.stdout
    assert run_daypass("lgin").returncode == 2
    assert "hint: daypass login" in run_daypass("lgin").stderr
    assert run_daypass("server", "destroy").returncode == 2
    assert run_daypass("--version").stdout.startswith("daypass ")
