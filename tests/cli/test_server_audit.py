"""`daypass server audit`, word for word: filters, JSON, following until interrupted, and the verdict on the chain."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daypass.server.__main__ import main
from daypass.server.adapters.audit_head_file import AuditHeadFile, audit_head_path
from daypass.server.adapters.key_ring_file import build_key_ring_text, write_key_ring_file
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.audit_head import Head
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.flows.seal_audit_log import seal_audit_log
from daypass.server.settings import load_settings

ACCOUNT = "111122223333"
NOW = 1_900_000_000
KEY = MasterKey("0a0b0c0d", 1, b"k" * 32)
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
CALLER = Caller("req", "192.0.2.7", "aws-cli", True)

_Run = Callable[..., tuple[int, str, str]]

EVENTS = [
    AuditEvent(
        "e1", NOW, "signin.amazonaws.com", "ConsoleLogin", ACCOUNT, ALICE, CALLER, "", {"MFAUsed": "Yes"}
    ),
    AuditEvent(
        "e2",
        NOW + 1,
        "iam.amazonaws.com",
        "CreateUser",
        ACCOUNT,
        ALICE,
        CALLER,
        "AccessDenied",
        {
            "userName": "bob\x1b[2J",
            "reason": "no statement\nallows it",
            "caller_access_key_id": "AKIAEXAMPLE",
        },
    ),
    AuditEvent(
        "e3",
        NOW + 2,
        "iam.amazonaws.com",
        "CreateOpenIDConnectProvider",
        ACCOUNT,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/a-very-long-session-name",
        Caller("req", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "x", True),
        "",
        {"userName": "u" * 64},
    ),
    AuditEvent("e4", NOW + 3, "signin.amazonaws.com", "ConsoleLogin", "", "", CALLER, "mismatch", {}),
]


async def _fill(url: str, *, seal: bool = True, events: list[AuditEvent] = EVENTS) -> None:
    storage = await open_storage(url)
    await storage.migrate()
    for event in events:
        await storage.audit.append(event)
    if seal:
        await seal_audit_log(storage.audit_blocks, KeyRing([KEY]), now=NOW)
    await storage.close()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DAYPASS_KEY_RING", build_key_ring_text(KeyRing([KEY])))
    return f"sqlite://{tmp_path}/daypass.db"


@pytest.fixture
def audit(url: str, capsys: pytest.CaptureFixture[str]) -> _Run:
    asyncio.run(_fill(url))

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["server", "audit", "--database-url", url, *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_events_are_lines_oldest_first_and_no_line_is_wide_or_moves_the_cursor(audit: _Run) -> None:
    code, out, err = audit()
    assert (code, err) == (0, "")
    assert out == (
        "2030-03-17T17:46:40Z  111122223333  alice            192.0.2.7        ConsoleLogin\n"
        "2030-03-17T17:46:41Z  111122223333  alice            192.0.2.7        CreateUser bob?[2J\n"
        "    refused: AccessDenied: no statement?allows it\n"
        "2030-03-17T17:46:42Z  111122223333  a-very-long-se…  2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff  Create…\n"
        "2030-03-17T17:46:43Z  -             -                192.0.2.7        ConsoleLogin\n"
        "    refused: mismatch\n"
    )
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limit", "1"], ["e4"]),
        (["--account", ACCOUNT], ["e1", "e2", "e3"]),
        (["--event", "ConsoleLogin"], ["e1", "e4"]),
        (["--principal", "alice"], ["e1", "e2"]),
        (["--principal", ALICE], ["e1", "e2"]),
        (["--access-key", "AKIAEXAMPLE"], ["e2"]),
        (["--source", "192.0.2.7", "--errors"], ["e2", "e4"]),
        (["--since", "2030-03-17T17:46:42Z"], ["e3", "e4"]),
        (["--until", "2030-03-17T17:46:41"], ["e1", "e2"]),
        (["--until", "1h"], []),
    ],
)
def test_json_is_one_record_of_cloudtrail_to_a_line_and_filters_hold(
    audit: _Run, words: list[str], expected: list[str]
) -> None:
    code, out, _ = audit("--json", *words)
    records = [json.loads(line) for line in out.splitlines()]
    assert (code, [record["eventID"] for record in records]) == (0, expected)
    assert all(record["eventVersion"] == "1.11" for record in records)
    assert out.isascii()


def test_the_head_that_the_server_kept_is_looked_for_without_being_told(
    audit: _Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the key ring, where that is a file; also when the whole log was replaced by a shorter one that is whole."""
    ring, ring_file = KeyRing([KEY]), tmp_path / "key-ring.json"
    head_file = AuditHeadFile(audit_head_path(ring_file), ring)
    head_file.save(Head(9, bytes(32)))
    assert audit("--verify")[0] == 0, "the ring is not a file here"
    write_key_ring_file(ring_file, ring)
    monkeypatch.delenv("DAYPASS_KEY_RING")
    monkeypatch.setenv("DAYPASS_KEY_RING_FILE", str(ring_file))
    code, out, _ = audit("--verify")
    assert code == 1
    assert "block 9, whose digest this server kept, was removed" in out
    head_file.path.unlink()
    assert audit("--verify")[0] == 0


def test_a_whole_chain_says_so_and_its_head_is_found_again(audit: _Run) -> None:
    code, out, _ = audit("--verify")
    lines = out.splitlines()
    assert (code, lines[0]) == (0, "whole: 1 block for 4 events; 0 newer events not sealed yet")
    head = lines[1].removeprefix("head: ")
    assert audit("--verify", "--head", head)[0] == 0
    code, out, _ = audit("--verify", "--json")
    assert json.loads(out) == {
        "whole": True,
        "blocks": 1,
        "events": 4,
        "unsealed_events": 0,
        "head": head,
        "breaks": [],
    }


def test_a_broken_chain_says_where_and_the_exit_code_is_not_zero(audit: _Run, url: str) -> None:
    asyncio.run(_tamper(url))
    code, out, _ = audit("--verify")
    assert code == 1
    assert out.splitlines()[:2] == [
        "broken: 1 block for 4 events; 0 newer events not sealed yet",
        "  block 1 (events 1–4): an event was altered",
    ]
    code, out, _ = audit("--verify", "--json")
    assert (code, json.loads(out)["breaks"]) == (
        1,
        [{"block": 1, "first_number": 1, "last_number": 4, "reason": "an event was altered"}],
    )


def test_another_key_ring_does_not_find_the_chain_whole(audit: _Run, monkeypatch: pytest.MonkeyPatch) -> None:
    other = KeyRing([MasterKey("0a0b0c0d", 1, b"o" * 32)])
    monkeypatch.setenv("DAYPASS_KEY_RING", build_key_ring_text(other))
    code, out, _ = audit("--verify")
    assert code == 1
    assert "it was altered, or not made by this server" in out


async def _tamper(url: str) -> None:
    storage = await open_storage(url)
    await storage.engine.execute("DROP TRIGGER audit_events_never_change")
    await storage.engine.execute("UPDATE audit_events SET principal_arn = '' WHERE event_id = 'e2'")
    await storage.close()


@pytest.mark.parametrize(
    "words",
    [
        ["--since", "yesterday"],
        ["--until", "2030-13-01"],
        ["--limit", "0"],
        ["--head", "1:00"],
        ["--verify", "--head", "1:00"],
        ["--verify", "--head", "x:" + "0" * 64],
        ["--verify", "--head", "0:" + "0" * 64],
    ],
)
def test_words_that_mean_nothing_are_refused(audit: _Run, words: list[str]) -> None:
    code, out, err = audit(*words)
    assert (code, out) == (2, "")
    assert "[usage]" in err


def test_following_prints_each_new_event_once_and_ends_when_interrupted(url: str) -> None:
    asyncio.run(_fill(url, seal=False, events=EVENTS[:2]))
    command = [sys.executable, "-m", "daypass.server", "server", "audit", "--database-url", url]
    words = ["--follow", "--json", "--limit", "1", "--principal", "alice"]
    with subprocess.Popen(
        [*command, *words],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
        # A shell that runs tests in the background ignores SIGINT, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["eventID"] == "e2"
        asyncio.run(_fill(url, seal=False, events=EVENTS[2:]))
        asyncio.run(_fill(url, seal=False, events=EVENTS[:1]))
        assert json.loads(process.stdout.readline())["eventID"] == "e1"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
        assert process.wait(timeout=20) == 130


def test_a_reader_who_has_enough_is_no_failure(url: str) -> None:
    asyncio.run(_fill(url, seal=False, events=EVENTS * 500))
    command = [sys.executable, "-m", "daypass.server", "server", "audit", "--database-url", url]
    with subprocess.Popen(
        [*command, "--limit", "2000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=20)) == (b"", 0)


def test_the_settings_name_the_region_of_the_records(audit: _Run) -> None:
    _, out, _ = audit("--json", "--limit", "1")
    settings = load_settings(None, environment={}, flags={})
    assert json.loads(out)["awsRegion"] == settings.region
