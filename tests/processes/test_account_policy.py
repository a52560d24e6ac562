"""`daypass server account set-policy`: the operator's ceiling, checked before it is written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from daypass.server.adapters.sql import open_storage
from daypass.server.domain.account_settings import ServiceControlPolicy

pytestmark = pytest.mark.processes

ACCOUNT_ID = "111122223333"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}


def _account(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daypass", "server", "account", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite://{tmp_path}/daypass.db"
    made = _account(
        "create", "--database-url", url, "--root-email", "r@example.com", "--account-id", ACCOUNT_ID
    )
    assert made.returncode == 0, made.stderr
    return url


def _set(
    url: str, tmp_path: Path, policy: object, *, name: str = "Ceiling"
) -> "subprocess.CompletedProcess[str]":
    file = tmp_path / "policy.json"
    file.write_text(policy if isinstance(policy, str) else json.dumps(policy))
    return _account("set-policy", ACCOUNT_ID, "--name", name, "--file", str(file), "--database-url", url)


async def _policies(url: str) -> list[ServiceControlPolicy]:
    storage = await open_storage(url)
    policies = await storage.account_settings.list_service_control_policies(ACCOUNT_ID)
    await storage.close()
    return list(policies)


async def test_a_policy_is_put_replaced_and_taken_away(url: str, tmp_path: Path) -> None:
    for policy in (DENY, ALLOW):
        done = _set(url, tmp_path, policy)
        assert done.returncode == 0, done.stderr
        assert ("every request" in done.stderr) is (policy is DENY)
        (kept,) = await _policies(url)
        assert (kept.policy_name, json.loads(kept.document)) == ("Ceiling", policy)
    remove = ("set-policy", ACCOUNT_ID, "--name", "Ceiling", "--remove", "--database-url", url)
    assert _account(*remove).returncode == 0
    assert await _policies(url) == []
    again = _account(*remove)
    assert again.returncode != 0
    assert "no service control policy of this name" in again.stderr


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("not json", "Ceiling"),
        (json.dumps(ALLOW).replace("Allow", "Maybe"), "Ceiling"),
        (json.dumps(ALLOW), "a/b"),
    ],
)
async def test_what_is_not_a_policy_or_has_no_name_is_not_written(
    url: str, tmp_path: Path, text: str, name: str
) -> None:
    refused = _set(url, tmp_path, text, name=name)
    assert (refused.returncode, await _policies(url)) == (2, [])


def test_an_account_that_is_not_there_is_refused(url: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(ALLOW))
    for account_id, word in (("999999999999", "does not exist"), ("root", "twelve digits")):
        words = ("set-policy", account_id, "--name", "x", "--file", str(file), "--database-url", url)
        refused = _account(*words)
        assert refused.returncode != 0
        assert word in refused.stderr
