"""A server's audit log on a real server: sealed when it ends, found whole by the command, read by `cloudtrail lookup-events`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from support.own_credentials import root_credentials

pytestmark = pytest.mark.processes


def _daypass(*words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daypass", *words]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


def test_what_happened_is_sealed_when_the_server_ends(start_daypass: Any, tmp_path: Path) -> None:
    config = tmp_path / "server" / "daypass.toml"
    made = _daypass(
        *("server", "init", "--config", str(config), "--root-email", "root@example.com"),
        *("--listen", "127.0.0.1:0", "--root-password-stdin"),
        typed="correct horse battery staple\n",
    )
    account_id = made.stdout.split("DAYPASS_ACCOUNT_ID=")[1].splitlines()[0]
    running = start_daypass("serve", "--config", str(config), "--workers", "2")
    keys = root_credentials(config.parent / "key-ring.json", account_id)

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=running.endpoint,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}),
            **keys,
        )

    client("iam").create_user(UserName="bob")
    (seen,) = client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "bob"}]
    )["Events"]
    assert seen["EventName"] == "CreateUser"
    assert running.stop() == 0
    verified = _daypass("server", "audit", "--verify", "--json", "--config", str(config))
    report = json.loads(verified.stdout)
    assert (verified.returncode, report["whole"], report["unsealed_events"]) == (0, True, 0)
    assert report["events"] == 2
    assert report["head"].partition(":")[2] in running.errors(), "the server's log has the head"
    shown = _daypass("server", "audit", "--config", str(config))
    assert [line.split()[2:] for line in shown.stdout.splitlines()] == [
        ["operator", "-", "CreateAccount"],
        ["root", "127.0.0.1", "CreateUser", "bob"],
    ]
