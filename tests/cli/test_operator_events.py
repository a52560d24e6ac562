"""What the operator does is in the audit log: accounts, their ceilings, keys; without passwords and without keys."""

import asyncio
import json
from pathlib import Path

import pytest

from daypass.server.__main__ import main
from daypass.server.adapters.key_ring_file import read_key_ring_file, write_key_ring_file
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.cloudtrail_record import cloudtrail_record
from daypass.server.domain.key_ring import KeyRing, MasterKey

ACCOUNT = "111122223333"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/daypass.db"


def _events(url: str) -> list[AuditEvent]:
    async def load() -> list[AuditEvent]:
        storage = await open_storage(url)
        try:
            return list(await storage.audit.list_events(account_id=None, since=0, limit=100))[::-1]
        finally:
            await storage.close()

    return asyncio.run(load())


def _make_account(url: str) -> None:
    words = [
        "--database-url",
        url,
        "--root-email",
        "r@example.com",
        "--account-id",
        ACCOUNT,
        "--alias",
        "first",
    ]
    assert main(["server", "account", "create", *words]) == 0


def test_a_new_account_is_an_event(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    _make_account(url)
    (event,) = _events(url)
    assert (event.event_source, event.event_name) == ("organizations.amazonaws.com", "CreateAccount")
    assert (event.account_id, event.caller.user_agent) == (ACCOUNT, "daypass server account create")
    assert event.detail == {"by": "operator", "accountName": "first", "email": "r@example.com"}
    password = capsys.readouterr().out.split("DAYPASS_ROOT_PASSWORD=")[1].strip()
    assert password not in repr(event)
    record = cloudtrail_record(event, region="us-east-1")
    assert record["userIdentity"] == {"type": "AWSService", "invokedBy": "daypass server"}


def test_a_service_control_policy_is_an_event_when_it_comes_and_when_it_goes(
    url: str, tmp_path: Path
) -> None:
    _make_account(url)
    file = tmp_path / "ceiling.json"
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    words = ["server", "account", "set-policy", ACCOUNT, "--name", "Ceiling", "--database-url", url]
    assert main([*words, "--file", str(file)]) == 0
    assert main([*words, "--remove"]) == 0
    put, removed = _events(url)[1:]
    assert (put.event_name, removed.event_name) == ("PutServiceControlPolicy", "DeleteServiceControlPolicy")
    assert put.detail == removed.detail == {"by": "operator", "policyName": "Ceiling"}
    assert put.account_id == removed.account_id == ACCOUNT


def test_a_key_rotation_is_an_event_that_names_keys_and_holds_none(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring_file = tmp_path / "ring.json"
    write_key_ring_file(ring_file, KeyRing([MasterKey("0a0b0c0d", 1, b"k" * 32)]))
    monkeypatch.setenv("DAYPASS_KEY_RING_FILE", str(ring_file))
    monkeypatch.setenv("DAYPASS_DATABASE_URL", url)
    assert main(["server", "rotate-keys"]) == 0
    (event,) = _events(url)
    ring = read_key_ring_file(ring_file)
    assert (event.event_name, event.detail["sealing_key"]) == ("RotateKeyRing", ring.current.key_id)
    assert all(key.material.hex() not in repr(event) for key in ring.keys)
