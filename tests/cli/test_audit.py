"""`daypass audit` where a transcript is too narrow: the account's answers, consent, git, modes, links."""

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws_account_double import DAY, AccountDouble, KnownKey, account_double
from support.running_server import DAYPASS, Terminal

KEY = "AKIAY34FZKBOKMUTVV7A"
SECRET = "abcdefghijABCDEFGHIJabcdefghij0123456789"
ALICE = "arn:aws:iam::609629065308:user/team/alice"


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    """A machine with one key in the credentials file."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    (folder / "credentials").chmod(0o600)
    return Terminal(tmp_path)


@pytest.fixture
def account() -> Iterator[AccountDouble]:
    with account_double({KEY: KnownKey(SECRET, ALICE)}) as double:
        yield double


def _audit(person: Terminal, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    ended = person.run(*DAYPASS, "audit", *words, **settings)
    assert SECRET not in ended.stdout + ended.stderr
    assert SECRET[:12] not in ended.stdout + ended.stderr
    return ended


def test_with_consent_the_account_says_owner_age_and_last_use(
    person: Terminal, account: AccountDouble
) -> None:
    """Last use is asked before the questions that are uses themselves; the secret never leaves."""
    account.keys[KEY].used_at = int(time.time()) - 200 * DAY
    ended = _audit(person, "--ask-account", "--json", AWS_ENDPOINT_URL=account.base_url)
    assert ended.returncode == 10, ended.stderr
    (key,) = json.loads(ended.stdout)["keys"]
    assert key["risk"] == "high"
    assert {reason["code"] for reason in key["reasons"]} == {"old", "unused"}
    assert key["account"]["arn"] == ALICE
    assert (key["account"]["status"], key["account"]["last_used_service"]) == ("Active", "s3")
    assert [action for _, action, _ in account.asked] == [
        "GetAccessKeyLastUsed",
        "ListAccessKeys",
        "GetCallerIdentity",
    ]
    assert {signer for signer, _, _ in account.asked} == {KEY}
    assert SECRET.encode() not in b"".join(account.raw)


def test_without_consent_nobody_is_asked(person: Terminal, account: AccountDouble) -> None:
    for words in ([], ["--json"], ["--no-input"]):
        ended = _audit(person, *words, AWS_ENDPOINT_URL=account.base_url)
        assert (ended.returncode, "[y/N]" in ended.stderr) == (10, False)
    assert account.raw == []


def test_a_key_that_may_ask_nothing_still_says_whose_it_is(person: Terminal, account: AccountDouble) -> None:
    account.keys[KEY].may = frozenset()
    ended = _audit(person, "--ask-account", AWS_ENDPOINT_URL=account.base_url)
    assert f"  owner {ALICE}\n  may not ask for its last use and age\n" in ended.stdout


def test_a_dead_key_is_a_low_risk_and_a_root_key_a_high_one(person: Terminal, account: AccountDouble) -> None:
    account.keys[KEY].status = "Inactive"
    ended = _audit(person, "--ask-account", AWS_ENDPOINT_URL=account.base_url)
    assert "not accepted in the aws partition; set AWS_REGION" in ended.stderr
    assert "does not accept" not in ended.stdout
    ended = _audit(person, "--ask-account", AWS_ENDPOINT_URL=account.base_url, AWS_REGION="us-east-1")
    assert "risk low\n" in ended.stdout
    assert "the account does not accept it any more" in ended.stdout
    account.keys[KEY] = KnownKey(SECRET, "arn:aws:iam::609629065308:root", created_at=int(time.time()))
    ended = _audit(person, "--ask-account", AWS_ENDPOINT_URL=account.base_url)
    assert "risk high\n" in ended.stdout
    assert "it is a key of the root user" in ended.stdout


def test_an_account_that_cannot_be_reached_hides_no_finding(person: Terminal, unused_tcp_port: int) -> None:
    ended = _audit(person, "--ask-account", AWS_ENDPOINT_URL=f"http://127.0.0.1:{unused_tcp_port}")
    assert ended.returncode == 10
    assert KEY in ended.stdout
    assert f"daypass: {KEY}: its account could not be asked: nothing answers" in ended.stderr


@pytest.mark.parametrize(("answer", "asked"), [(b"y\n", 3), (b"\n", 0)])
def test_a_person_at_a_terminal_is_asked_for_consent(
    person: Terminal, account: AccountDouble, answer: bytes, asked: int
) -> None:
    """No is the default."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*DAYPASS, "audit"],
        env={**person.environment, "AWS_ENDPOINT_URL": account.base_url},
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        told = b""
        while b"[y/N]" not in told:
            told += os.read(ours, 1000)
        os.write(ours, answer)
        assert process.stdout is not None
        assert KEY.encode() in process.stdout.read()
    os.close(ours)
    assert process.returncode == 10
    assert len(account.asked) == asked


def test_git_and_file_modes_are_seen_without_running_git(person: Terminal) -> None:
    """And the next step is then to switch the key off."""
    project = person.home / "project"
    project.mkdir()
    (project / ".env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    (project / ".env").chmod(0o644)
    (project / "untracked.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    for words in (["init", "-q"], ["add", ".env"], ["config", "core.fsmonitor", "touch ran;"]):
        subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)
    ended = _audit(person, "--folder", str(project), "--json")
    (key,) = json.loads(ended.stdout)["keys"]
    seen = {place["path"]: place for place in key["places"]}
    assert seen["~/project/.env"]["is_tracked_by_git"]
    assert seen["~/project/.env"]["is_readable_by_others"]
    assert not seen["~/project/untracked.env"]["is_tracked_by_git"]
    assert not seen["~/.aws/credentials"]["is_readable_by_others"]
    assert (key["risk"], key["next"]) == (
        "high",
        f"aws iam update-access-key --access-key-id {KEY} --status Inactive",
    )
    assert not (project / "ran").exists()


def test_links_binaries_pipes_and_tools_folders_are_left_alone(person: Terminal, tmp_path: Path) -> None:
    """Nothing outside the folder is read through a link, and nothing blocks."""
    outside = tmp_path / "outside.env"
    outside.write_text(f"A={KEY[:-1]}B\n")
    project = person.home / "project"
    (project / "node_modules").mkdir(parents=True)
    (project / "node_modules" / ".env").write_text(f"A={KEY[:-1]}C\n")
    (project / "link.env").symlink_to(outside)
    (project / "linked").symlink_to(tmp_path)
    (project / "binary.env").write_bytes(b"\0" + KEY[:-1].encode() + b"D")
    os.mkfifo(project / "pipe.env")
    ended = _audit(person, "--folder", str(project), "--json")
    document = json.loads(ended.stdout)
    assert [key["access_key_id"] for key in document["keys"]] == [KEY]
    assert (document["files_read"], document["notes"]) == (1, [])


def test_a_section_named_by_a_secret_does_not_show_it(person: Terminal) -> None:
    """Profile names come out of a file, where anything may stand."""
    (person.home / ".aws" / "credentials").write_text(f"[{SECRET}]\naws_access_key_id = {KEY}\n")
    ended = _audit(person)
    assert '(profile "****************")' in ended.stdout
    assert "next: daypass migrate ****************\n" in ended.stdout
    assert json.loads(_audit(person, "--json").stdout)["keys"][0]["places"][0]["profile"] == "*" * 16


def test_a_long_path_is_shown_whole(person: Terminal) -> None:
    """Though it looks like a long random text to who masks those."""
    project = person.home / "clients" / "averylongcompanyname" / "projects" / "interface"
    project.mkdir(parents=True)
    (project / ".env").write_text(f"A={KEY}\n")
    ended = _audit(person, "--folder", str(person.home / "clients"))
    assert "~/clients/averylongcompanyname/projects/interface/.env:1" in ended.stdout


def test_a_file_name_that_is_no_text_is_shown_as_far_as_it_is(person: Terminal) -> None:
    """Names are bytes on some systems."""
    name = os.fsencode(person.home) + b"/project/\xff\xfe.env"
    (person.home / "project").mkdir()
    with open(name, "w") as file:
        file.write(f"A={KEY}\n")
    assert "~/project/??.env:1" in _audit(person, "--folder", str(person.home / "project")).stdout
    _audit(person, "--folder", str(person.home / "project"), "--json")


def test_a_file_name_cannot_steer_the_terminal(person: Terminal) -> None:
    project = person.home / "pro\x1b[31mject"
    project.mkdir()
    (project / ".env").write_text(f"A={KEY}\n")
    ended = _audit(person, "--folder", str(project))
    assert "~/pro?[31mject/.env:1" in ended.stdout
    assert "\x1b" not in ended.stdout + ended.stderr
