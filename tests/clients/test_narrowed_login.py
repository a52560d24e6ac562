"""A narrowed login against a whole server: unmodified clients can do less with it, and it ends when it should.

Every denial is the server's, and names a session policy; nothing on the person's machine is trusted with it.
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from daypass.client.credential_cache import cache_file_name
from support.file_keyring import keyring_environment
from support.running_server import RunningServer, Terminal, new_terminal, run_up

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("narrow")]

AWS = str(Path(sys.executable).parent / "aws")
HERE = Path(__file__).parent
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRY = """
import boto3, sys
from botocore.exceptions import ClientError
session = boto3.Session(profile_name=sys.argv[1]) if sys.argv[1] else boto3.Session()
s3 = session.client("s3")
print("lists", "present" in [each["Name"] for each in s3.list_buckets()["Buckets"]])
for what in (
    lambda: s3.create_bucket(Bucket="made-by-an-agent"),
    lambda: s3.put_object(Bucket="present", Key="k", Body=b"x"),
    lambda: s3.delete_object(Bucket="present", Key="here"),
):
    try:
        print("done", what()["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as refusal:
        print(refusal.response["Error"]["Code"], "session policy" in refusal.response["Error"]["Message"])
"""
DENIED = ["lists True", *["AccessDenied True"] * 3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_up(tmp_path_factory.mktemp("narrow") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def full_bucket(server: RunningServer) -> str:
    """What the sample user made with everything they may."""
    with new_terminal() as person:
        person.login(server, server.user, "--profile", "dev")
        program = (
            "import boto3; s = boto3.Session(profile_name='dev').client('s3')\n"
            "s.create_bucket(Bucket='present'); s.put_object(Bucket='present', Key='here', Body=b'x')"
        )
        done = person.run(sys.executable, "-c", program)
        assert done.returncode == 0, done.stderr
    return "present"


@pytest.fixture
def person(server: RunningServer, full_bucket: str, terminal: Terminal) -> Terminal:
    """Signed in as `dev`."""
    terminal.login(server, server.user, "--profile", "dev")
    return terminal


def _narrow(person: Terminal, *words: str, code: int = 0) -> Any:
    done = person.daypass("narrow", "dev", "--as", "agent", "--json", "--no-input", *words)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def _entry_path(person: Terminal, server: RunningServer, name: str = "agent") -> Path:
    session = f"arn:aws:iam::{server.account_id}:user/developer" + (f"?scope={name}" if name else "")
    return person.home / ".aws" / "login" / "cache" / cache_file_name(session)


def _own_page(person: Terminal, server: RunningServer) -> str:
    """What the person sees at the server, where they are signed in already."""
    person.browser.open(server.endpoint + "/")
    links = [address for _, address in person.browser.page.links if "/account/" in address]
    if links:
        person.browser.open(links[0])
    return person.browser.html


def _lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _refresh(person: Terminal, path: Path) -> "subprocess.CompletedProcess[str]":
    """Credentials that are about to end, so that the next use asks the server."""
    entry = json.loads(path.read_text())
    entry["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(entry))
    return person.daypass("credential-process", "--profile", "agent")


def test_boto3_and_the_aws_cli_may_list_and_nothing_else(person: Terminal) -> None:
    _narrow(person, "--read-only")
    assert _lines(person.run(sys.executable, "-c", TRY, "agent")) == DENIED
    assert "present" in "\n".join(_lines(person.run(AWS, "s3", "ls", "--profile", "agent")))
    refused = person.run(AWS, "s3", "mb", "s3://made-by-an-agent", "--profile", "agent")
    assert refused.returncode == 1
    assert "no session policy allows the s3:CreateBucket action" in refused.stderr


def test_the_root_user_s_agent_may_look_at_people_and_make_none(
    server: RunningServer, terminal: Terminal
) -> None:
    terminal.login(server, server.root, "--profile", "dev")
    _narrow(terminal, "--read-only")
    listed = terminal.run(AWS, "iam", "list-users", "--profile", "agent")
    assert "developer" in "\n".join(_lines(listed))
    for words in (
        ("create-user", "--user-name", "mallory"),
        ("delete-user", "--user-name", "developer"),
        ("create-access-key", "--user-name", "developer"),
    ):
        refused = terminal.run(AWS, "iam", *words, "--profile", "agent")
        assert refused.returncode in (254, 255)
        assert "because no session policy allows the iam:" in refused.stderr


def test_a_policy_file_is_the_ceiling(person: Terminal, tmp_path: Path) -> None:
    """One bucket may be listed; that its person may write into it changes nothing."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::present"},
        ],
    }
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy, indent=4))
    receipt = _narrow(person, "--policy-file", str(file))
    compact = json.dumps(policy, separators=(",", ":"))
    assert receipt["scope"]["policy_sha256"] == hashlib.sha256(compact.encode()).hexdigest()
    assert "here" in "\n".join(_lines(person.run(AWS, "s3", "ls", "s3://present", "--profile", "agent")))
    refused = person.run(AWS, "s3", "cp", "s3://present/here", "-", "--profile", "agent")
    assert refused.returncode == 1
    widened = person.run(AWS, "s3", "ls", "s3://present", "--profile", "dev")
    assert widened.returncode == 0, widened.stderr


def test_the_javascript_sdk_reads_it_natively(server: RunningServer, person: Terminal) -> None:
    """From the cache, and with credentials that have ended, which it renews by itself."""
    _narrow(person, "--read-only")
    path = _entry_path(person, server)
    program = ["node", str(HERE / "js" / "who.mjs"), "ask"]
    for seconds in (None, "2020-01-01T00:00:00Z"):
        entry = json.loads(path.read_text())
        before = entry["refreshToken"]
        if seconds is not None:
            entry["accessToken"]["expiresAt"] = seconds
            path.write_text(json.dumps(entry))
        done = person.run(*program, AWS_PROFILE="agent")
        assert "user/developer" in "\n".join(_lines(done))
        after = json.loads(path.read_text())["refreshToken"]
        assert (after != before) == (seconds is not None)
    assert _lines(person.run(sys.executable, "-c", TRY, "agent")) == DENIED


@pytest.mark.parametrize("sdk", ["Go v2", "Rust"])
def test_the_go_and_rust_sdks_renew_it_natively(server: RunningServer, person: Terminal, sdk: str) -> None:
    """What they read is behind the gateway, which lets nobody else in."""
    channel = json.dumps(
        {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}, "repodata_version": 1}
    )
    program = (
        "import boto3, sys; boto3.Session(profile_name='dev').client('s3').put_object("
        "Bucket='present', Key='channel/noarch/repodata.json', Body=sys.argv[1].encode())"
    )
    assert _lines(person.run(sys.executable, "-c", program, channel)) == []
    _narrow(person, "--read-only")
    path = _entry_path(person, server)
    entry = json.loads(path.read_text())
    entry["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(entry))
    remote = (
        f":s3,provider=Other,env_auth=true,region=us-east-1,endpoint='{server.s3_endpoint}':present/channel"
    )
    command = {
        "Go v2": ["rclone", "--config", "", "--retries", "1", "lsf", remote],
        "Rust": [sys.executable, str(HERE / "sdks" / "rust.py"), "present"],
    }[sdk]
    seen = _lines(person.run(*command, AWS_PROFILE="agent"))
    assert seen == {"Go v2": ["noarch/"], "Rust": ['{"seen": []}']}[sdk]
    assert json.loads(path.read_text())["refreshToken"] != entry["refreshToken"]
    assert _lines(person.run(sys.executable, "-c", TRY, "agent")) == DENIED


def test_botocore_renews_it_by_itself_and_the_scope_stays(server: RunningServer, person: Terminal) -> None:
    """botocore's own provider, with awscrt; then ours."""
    _narrow(person, "--read-only")
    path = _entry_path(person, server)
    entry = json.loads(path.read_text())
    entry["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(entry))
    assert _lines(person.run(sys.executable, "-c", TRY, "agent")) == DENIED
    assert json.loads(path.read_text())["refreshToken"] != entry["refreshToken"]
    assert _refresh(person, path).returncode == 0
    assert _lines(person.run(sys.executable, "-c", TRY, "agent")) == DENIED


def test_exec_gives_it_to_a_program_that_knows_no_logins(person: Terminal) -> None:
    _narrow(person, "--read-only")
    done = person.daypass("exec", "--profile", "agent", "--", sys.executable, "-c", TRY, "")
    assert _lines(done) == DENIED
    assert done.stderr == ""


def test_exec_read_only_makes_one_for_a_command_and_ends_it(server: RunningServer, person: Terminal) -> None:
    """Nothing of it is kept in a file, and what the command could have carried away is worth nothing after it."""
    cache = person.home / ".aws" / "login" / "cache"
    before = (person.home / ".aws" / "config").read_text(), sorted(cache.glob("*.json"))
    keep = "import boto3; c = boto3.Session().get_credentials().get_frozen_credentials(); print(*c[:3])"
    done = person.daypass(
        *("exec", "--profile", "dev", "--read-only", "--"),
        *(sys.executable, "-c", f"{TRY.replace('sys.argv[1]', repr(''))}\n{keep}"),
    )
    *tried, credentials = _lines(done)
    assert (tried, done.stderr) == (DENIED, "")
    assert ((person.home / ".aws" / "config").read_text(), sorted(cache.glob("*.json"))) == before
    key, secret, token = credentials.split()
    carried = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
    who = [AWS, "sts", "get-caller-identity", "--endpoint-url", server.endpoint, "--region", "us-east-1"]
    deadline = time.monotonic() + 20
    while person.run(*who, **carried).returncode == 0:
        assert time.monotonic() < deadline, "the credentials outlive the command"


def test_exec_read_only_gives_the_command_s_exit_code(person: Terminal) -> None:
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    assert person.daypass("exec", "--profile", "dev", "--read-only", "--", *command).returncode == 7


def test_it_is_ended_alone(server: RunningServer, person: Terminal) -> None:
    _narrow(person, "--read-only")
    copy = _entry_path(person, server).read_text()
    done = person.daypass("logout", "--profile", "agent", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["sessions"]
    assert (row["profiles"], row["revoked"]) == (["agent"], True)
    assert '"dev" goes on' in done.stderr
    _entry_path(person, server).write_text(copy)
    _entry_path(person, server).chmod(0o600)
    refused = _refresh(person, _entry_path(person, server))
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr.splitlines() == [
        'daypass: the session of profile "agent" has ended [signin_needed]',
        "hint: daypass narrow dev --as agent",
    ]
    assert person.daypass("receipt", "dev").returncode == 0


@pytest.mark.parametrize("is_replaced", [False, True])
def test_it_ends_with_its_parent(server: RunningServer, person: Terminal, is_replaced: bool) -> None:
    """Also where the parent signed in anew meanwhile: its profile is what a person sees."""
    _narrow(person, "--read-only")
    if is_replaced:
        person.login(server, server.user, "--profile", "dev")
    path = _entry_path(person, server)
    copy = path.read_text()
    done = person.daypass("logout", "--profile", "dev", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["sessions"]
    assert [(row["profiles"], row["revoked"]) for row in rows] == [(["dev"], True), (["agent"], True)]
    assert 'daypass: the narrowed login of profile "agent" ended with it' in done.stderr.splitlines()
    assert not path.exists()
    path.write_text(copy)
    path.chmod(0o600)
    assert _refresh(person, path).returncode == 4


def test_making_it_anew_uses_its_words_again_and_ends_the_one_before(
    server: RunningServer, person: Terminal
) -> None:
    first = _narrow(person, "--read-only", "--duration", "15m", "--name", "helper")
    path = _entry_path(person, server, "helper")
    copy = path.read_text()
    second = _narrow(person)
    assert second["scope"] == first["scope"]
    assert second["session_key"] != first["session_key"]
    left = json.loads(person.daypass("status", "--profile", "agent", "--json").stdout)[0]
    assert 800 < left["session_seconds_left"] <= 900
    path.write_text(copy)
    path.chmod(0o600)
    assert _refresh(person, path).returncode == 4, "the first one lives on"


def test_another_name_takes_the_former_login_away(server: RunningServer, person: Terminal) -> None:
    _narrow(person, "--read-only", "--name", "one")
    copy = _entry_path(person, server, "one").read_text()
    _narrow(person, "--name", "two")
    assert not _entry_path(person, server, "one").exists()
    path = _entry_path(person, server, "two")
    path.write_text(copy)
    path.chmod(0o600)
    assert _refresh(person, path).returncode == 4


def test_the_receipt_says_what_the_person_s_own_page_says(server: RunningServer, person: Terminal) -> None:
    receipt = _narrow(person, "--read-only")
    shown = json.loads(person.daypass("receipt", "agent", "--json").stdout)
    shown["confirmed_at"] = receipt["confirmed_at"]
    assert shown == receipt
    assert receipt["identity"] == f"arn:aws:iam::{server.account_id}:user/developer"
    assert receipt["confirmed_by"] == server.endpoint
    page = _own_page(person, server)
    assert "narrowed: agent" in page
    assert "to ReadOnlyAccess" in page
    assert f"key {receipt['session_key'][:12]}…" in page


def test_the_receipt_holds_no_secret(server: RunningServer, person: Terminal) -> None:
    done = person.daypass("narrow", "dev", "--as", "agent", "--read-only")
    told = done.stdout + done.stderr + person.daypass("receipt", "agent").stdout
    entry = json.loads(_entry_path(person, server).read_text())
    held = [*entry["accessToken"].values(), entry["refreshToken"], entry["idToken"], entry["dpopKey"]]
    for secret in held:
        if secret not in (server.account_id, entry["accessToken"]["expiresAt"]):
            assert secret not in told
    assert re.search(r"^  policy     arn:aws:iam::aws:policy/ReadOnlyAccess$", told, re.MULTILINE)


def test_eight_at_once_are_eight_logins(server: RunningServer, person: Terminal) -> None:
    names = [f"agent-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(
                lambda name: person.daypass("narrow", "dev", "--as", name, "--read-only", "--json"), names
            )
        )
    assert [each.returncode for each in done] == [0] * 8, [each.stderr for each in done]
    assert len({json.loads(each.stdout)["session_key"] for each in done}) == 8
    rows = json.loads(person.daypass("status", "--json").stdout)
    assert {row["profile"] for row in rows if row["state"] == "valid"} == {"dev", *names}


def test_eight_of_one_name_leave_one(server: RunningServer, person: Terminal) -> None:
    """Each takes the place of one before it and ends that one."""
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: _narrow(person, "--read-only"), range(8)))
    keys = {receipt["session_key"] for receipt in done}
    kept = json.loads(person.daypass("receipt", "agent", "--json").stdout)["session_key"]
    assert len(keys) == 8
    assert kept in keys
    page = _own_page(person, server)
    assert [key for key in keys if f"key {key[:12]}…" in page] == [kept]


def test_a_vault_s_narrowed_login_is_in_the_vault(
    server: RunningServer, full_bucket: str, terminal: Terminal
) -> None:
    keyring = keyring_environment(terminal.home / "keyring")
    terminal.login(server, server.user, "--profile", "dev")
    moved = terminal.daypass("configure", "storage", "dev", "vault", **keyring)
    assert moved.returncode == 0, moved.stderr
    done = terminal.daypass("narrow", "dev", "--as", "agent", "--read-only", **keyring)
    assert done.returncode == 0, done.stderr
    cache = terminal.home / ".aws" / "login" / "cache"
    assert (len(list(cache.glob("*.vault"))), list(cache.glob("*.json"))) == (2, [])
    tried = terminal.run(sys.executable, "-c", TRY, "agent", **keyring)
    assert _lines(tried) == DENIED
    done = terminal.daypass("narrow", "dev", "--as", "agent", "--storage", "file", **keyring)
    assert done.returncode == 0, done.stderr
    assert (len(list(cache.glob("*.vault"))), len(list(cache.glob("*.json")))) == (1, 1)
    assert _lines(terminal.run(sys.executable, "-c", TRY, "agent")) == DENIED


def test_what_the_server_does_not_know_is_refused_and_nothing_is_written(
    server: RunningServer, person: Terminal
) -> None:
    config = person.home / ".aws" / "config"
    before = config.read_text()
    told = _narrow(person, "--policy-arn", "arn:aws:iam::aws:policy/Nothing", code=3)
    assert "does not exist" in told
    assert told.rstrip().endswith("[login_denied]")
    assert config.read_text() == before
    assert not _entry_path(person, server).exists()


def test_a_session_that_was_ended_elsewhere_cannot_be_narrowed(
    server: RunningServer, person: Terminal
) -> None:
    path = _entry_path(person, server, "")
    copy = path.read_text()
    assert person.daypass("logout", "--profile", "dev").returncode == 0
    path.write_text(copy)
    path.chmod(0o600)
    told = _narrow(person, "--read-only", code=4)
    assert told.splitlines() == [
        'daypass: the session of profile "dev" has ended [signin_needed]',
        "hint: daypass login --profile dev",
    ]


def test_exec_says_how_to_go_on_before_a_short_login_ends(server: RunningServer, person: Terminal) -> None:
    _narrow(person, "--read-only", "--duration", "300")
    done = person.daypass("exec", "--profile", "agent", "--min-ttl", "10m", "--", "true")
    assert done.returncode == 9
    assert done.stderr.splitlines()[-1] == "hint: daypass narrow dev --as agent"
    assert json.loads(person.daypass("status", "--profile", "agent", "--json").stdout)[0][
        "session_ends_at"
    ] <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
