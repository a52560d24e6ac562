"""What a person does with the unmodified AWS CLI version 2 after `aws login`: objects, people, roles, records, exports.

Its transfers are its own (the CRT library on demand, checksums in trailers); its profiles are those that daypass writes.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from daypass.client.credential_cache import cache_file_name
from support.aws_cli_v2 import CliV2, administrator
from support.running_server import RunningServer, new_terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]

ROLE = "reader-of-v2"
TWENTY_MIB = bytes(range(256)) * 81920


@pytest.fixture(scope="module")
def cli(server: RunningServer) -> Iterator[CliV2]:
    """Signed in by `aws login`: the sample user as `dev`, the root user as `root`; a bucket, and a role for `dev`."""
    with new_terminal() as person:
        cli = CliV2(person)
        cli.knows(server, "dev", "root")
        cli.signs_in(server.user, "--profile", "dev")
        cli.signs_in(server.root, "--profile", "root")
        cli.said("s3", "mb", "s3://of-v2", "--profile", "dev")
        yield cli


@pytest.fixture(scope="module")
def role_arn(server: RunningServer) -> str:
    iam = administrator(server)
    me = f"arn:aws:iam::{server.account_id}:user/developer"
    allow = {"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    return str(made["Role"]["Arn"])


def test_twenty_megabytes_up_by_one_transfer_client_and_down_by_the_other(cli: CliV2, tmp_path: Path) -> None:
    """Multipart with the checksum the CLI chooses; `preferred_transfer_client` says whose code moves the bytes."""
    original = tmp_path / "original"
    original.write_bytes(TWENTY_MIB)
    for name in ("classic", "crt"):
        own = f"[profile dev]\ns3 =\n  preferred_transfer_client = {name}\n"
        (tmp_path / name).write_text(cli.config.read_text().replace("[profile dev]\n", own))

    def s3(*words: str, by: str) -> str:
        return cli.said("s3", *words, AWS_PROFILE="dev", AWS_CONFIG_FILE=str(tmp_path / by))

    for up, down in (("classic", "crt"), ("crt", "classic")):
        copy = tmp_path / f"by-{up}"
        s3("cp", str(original), f"s3://of-v2/{up}", "--no-progress", by=up)
        s3("cp", f"s3://of-v2/{up}", str(copy), "--no-progress", by=down)
        assert copy.read_bytes() == TWENTY_MIB
        which = ("--bucket", "of-v2", "--key", up, "--checksum-mode", "ENABLED", "--profile", "dev")
        head = json.loads(cli.said("s3api", "head-object", *which))
        assert head["ETag"].endswith('-3"')
        assert (head["ChecksumType"], "ChecksumCRC64NVME" in head) == ("FULL_OBJECT", True)


def test_an_object_is_shown_lent_by_a_signed_address_and_removed(cli: CliV2) -> None:
    content = cli.config.read_text()
    cli.said("s3", "cp", str(cli.config), "s3://of-v2/config", "--profile", "dev")
    assert re.search(r" \d+ config\n", cli.said("s3", "ls", "s3://of-v2/", "--profile", "dev"))
    address = cli.said("s3", "presign", "s3://of-v2/config", "--profile", "dev").strip()
    with urllib.request.urlopen(address) as answer:
        assert answer.read().decode() == content
    cli.said("s3", "rm", "s3://of-v2/config", "--profile", "dev")
    assert "config" not in cli.said("s3", "ls", "s3://of-v2/", "--profile", "dev")


def test_credentials_are_exported_in_every_form(cli: CliV2) -> None:
    """Among them the one that `daypass credential-process` prints: the same, and the account beside it."""
    shapes = {
        "env": "export {}={}",
        "env-no-export": "{}={}",
        "powershell": '$Env:{}="{}"',
        "windows-cmd": "set {}={}",
        "fish": 'set -gx {} "{}"',
    }
    exported = json.loads(cli.said("configure", "export-credentials", "--profile", "dev"))
    ours = json.loads(cli.person.daypass("credential-process", "--profile", "dev").stdout)
    assert datetime.fromisoformat(ours.pop("Expiration")) == datetime.fromisoformat(exported["Expiration"])
    del ours["AccountId"]
    assert ours == {name: value for name, value in exported.items() if name != "Expiration"}
    for name, shape in shapes.items():
        lines = cli.said("configure", "export-credentials", "--profile", "dev", "--format", name)
        assert lines.splitlines()[0] == shape.format("AWS_ACCESS_KEY_ID", exported["AccessKeyId"])
        assert len(lines.split()) >= 4


def test_configure_list_names_the_login(cli: CliV2) -> None:
    rows = [line.split() for line in cli.said("configure", "list", "--profile", "dev").splitlines()]
    assert [row[4] for row in rows if row[0] in ("access_key", "secret_key")] == ["login", "login"]


def test_people_and_records_by_root_and_a_denial_in_the_servers_words(
    cli: CliV2, server: RunningServer
) -> None:
    """`aws iam`, `aws sts`, `aws cloudtrail`; waiters and paging are the CLI's own."""

    def root(*words: str) -> Any:
        return json.loads(cli.said(*words, "--profile", "root") or "null")

    root("iam", "create-user", "--user-name", "zoe", "--tags", "Key=team,Value=red")
    root("iam", "wait", "user-exists", "--user-name", "zoe")
    names = root("iam", "list-users", "--page-size", "1", "--query", "Users[].UserName")
    assert {"zoe", "developer"} <= set(names)
    key = root("iam", "create-access-key", "--user-name", "zoe")["AccessKey"]["AccessKeyId"]
    assert root("sts", "get-access-key-info", "--access-key-id", key) == {"Account": server.account_id}
    made = ("AttributeKey=EventName,AttributeValue=CreateUser", "--query", "Events[].Username")
    assert "root" in root("cloudtrail", "lookup-events", "--lookup-attributes", *made)
    refused = cli.run("iam", "list-users", "--profile", "dev")
    assert refused.returncode == 254
    assert "because no identity-based policy allows the iam:ListUsers action" in refused.stderr


def test_roles_over_the_login_in_both_forms(cli: CliV2, server: RunningServer, role_arn: str) -> None:
    """AWS's own (`source_profile`), which the CLI assumes itself, and the one that `daypass configure role` writes."""
    with cli.config.open("a") as config:
        own = "region = us-east-1\nservices = here\n"
        config.write(f"\n[profile native]\n{own}role_arn = {role_arn}\nsource_profile = dev\n")
    words = ("configure", "role", "ours", "--role-arn", role_arn, "--source-profile", "dev")
    done = cli.person.daypass(*words)
    assert done.returncode == 0, done.stderr
    for profile in ("native", "ours"):
        arn = json.loads(cli.said("sts", "get-caller-identity", "--profile", profile))["Arn"]
        assert arn.startswith(f"arn:aws:sts::{server.account_id}:assumed-role/{ROLE}/")
        refused = cli.run("s3", "mb", "s3://by-a-reader", "--profile", profile)
        assert (refused.returncode, "s3:CreateBucket" in refused.stderr) == (1, True)


def test_a_narrowed_login_is_read_and_renewed_and_stays_narrow(cli: CliV2, server: RunningServer) -> None:
    """`daypass narrow` of a login that `aws login` made: the CLI sees a login profile."""
    done = cli.person.daypass("narrow", "dev", "--as", "agent", "--read-only", "--json", "--no-input")
    assert done.returncode == 0, done.stderr
    session = f"arn:aws:iam::{server.account_id}:user/developer?scope=agent"
    path = cli.cache / cache_file_name(session)
    for expires_at in (None, "2020-01-01T00:00:00Z"):
        entry = json.loads(path.read_text())
        if expires_at:
            entry["accessToken"]["expiresAt"] = expires_at
            path.write_text(json.dumps(entry))
        assert "of-v2" in cli.said("s3", "ls", "--profile", "agent")
        renewed = json.loads(path.read_text())["refreshToken"] != entry["refreshToken"]
        assert renewed == (expires_at is not None)
        refused = cli.run("s3", "mb", "s3://by-an-agent", "--profile", "agent")
        assert "because no session policy allows the s3:CreateBucket action" in refused.stderr
