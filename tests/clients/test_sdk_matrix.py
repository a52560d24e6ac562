"""Unmodified outside clients after a login: identity, buckets, twenty megabytes both ways, a presigned address.

Nothing is set but the profile (`AWS_PROFILE`); endpoints and credentials come from the files that
`daypass login` wrote. There is no access key anywhere on the person's disk.
"""

import json
import sys
import urllib.request
from pathlib import Path

import pytest

from support.aws_cli_v2 import aws_cli_v2
from support.running_server import DAYPASS, RunningServer, Terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("up")]

HERE = Path(__file__).parent
AWS = str(Path(sys.executable).parent / "aws")


@pytest.fixture
def signed_in(server: RunningServer, terminal: Terminal) -> Terminal:
    """The sample user, signed in through the pages, with a bucket made by the AWS CLI."""
    terminal.login(server, server.user, "--profile", "dev")
    return terminal


def _make_bucket(terminal: Terminal, name: str) -> None:
    made = terminal.run(AWS, "s3", "mb", f"s3://{name}", AWS_PROFILE="dev")
    assert made.returncode == 0, made.stderr


def _check(seen: dict[str, object], server: RunningServer, bucket: str) -> None:
    assert seen["arn"] == f"arn:aws:iam::{server.account_id}:user/developer"
    assert seen["account"] == server.account_id
    assert bucket in seen["buckets"]  # type: ignore[operator]  # a JSON value
    assert seen["sameBytes"] is True
    assert seen["presigned"] is True


def test_no_access_key_is_on_disk_after_a_login(server: RunningServer, signed_in: Terminal) -> None:
    """Only the login cache holds credentials, and they are temporary."""
    files = [path for path in signed_in.home.rglob("*") if path.is_file()]
    assert not [path for path in files if "AKIA" in path.read_text(errors="replace")]
    assert not (signed_in.home / ".aws" / "credentials").exists()
    assert [path.parent.name for path in files if "ASIA" in path.read_text(errors="replace")] == ["cache"]


def test_boto3_with_crt_through_its_own_login_provider(server: RunningServer, signed_in: Terminal) -> None:
    """botocore's provider reads the profile and the cache we wrote."""
    _make_bucket(signed_in, "proof-boto")
    run = signed_in.run(sys.executable, str(HERE / "boto_proof.py"), "proof-boto", "0", AWS_PROFILE="dev")
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["provider"] == "login"
    _check(seen, server, "proof-boto")


def test_the_javascript_sdk(server: RunningServer, signed_in: Terminal) -> None:
    """@aws-sdk/client-sts and client-s3 with the default chain, and the login provider by name."""
    _make_bucket(signed_in, "proof-js")
    run = signed_in.run("node", str(HERE / "js" / "proof.mjs"), "proof-js", "0", AWS_PROFILE="dev")
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["direct"] == "ASIA"
    _check(seen, server, "proof-js")


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_aws_cli(server: RunningServer, signed_in: Terminal, tmp_path: Path, version: str) -> None:
    """`aws sts`, `aws s3 ls`, `cp` both ways, `presign`."""
    program, bucket = {"1": AWS, "2": aws_cli_v2()}[version], f"proof-cli-{version}"
    _make_bucket(signed_in, bucket)
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_bytes(bytes(range(256)) * 81920)

    def aws(*arguments: str) -> str:
        run = signed_in.run(program, *arguments, AWS_PROFILE="dev")
        assert run.returncode == 0, run.stderr
        return run.stdout

    identity = json.loads(aws("sts", "get-caller-identity"))
    assert identity["Arn"] == f"arn:aws:iam::{server.account_id}:user/developer"
    assert bucket in aws("s3", "ls")
    aws("s3", "cp", str(original), f"s3://{bucket}/cli/twenty-megabytes")
    aws("s3", "cp", f"s3://{bucket}/cli/twenty-megabytes", str(copy))
    assert copy.read_bytes() == original.read_bytes()
    url = aws("s3", "presign", f"s3://{bucket}/cli/twenty-megabytes").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == original.read_bytes()


def test_rclone_through_a_credential_process(
    server: RunningServer, signed_in: Terminal, tmp_path: Path
) -> None:
    """A client that knows nothing of logins asks `daypass credential-process` for its credentials."""
    _make_bucket(signed_in, "proof-rclone")
    config = signed_in.home / ".aws" / "config"
    bridge = f"\n[profile bridge]\ncredential_process = {sys.executable} -m daypass credential-process --profile dev\n"
    config.write_text(config.read_text() + bridge)
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "twenty-megabytes").write_bytes(bytes(range(256)) * 81920)
    settings = {
        "AWS_PROFILE": "bridge",
        "AWS_SDK_LOAD_CONFIG": "1",
        "RCLONE_CONFIG": str(tmp_path / "none"),
        "RCLONE_CONFIG_DP_TYPE": "s3",
        "RCLONE_CONFIG_DP_PROVIDER": "Other",
        "RCLONE_CONFIG_DP_ENV_AUTH": "true",
        "RCLONE_CONFIG_DP_PROFILE": "bridge",
        "RCLONE_CONFIG_DP_ENDPOINT": server.s3_endpoint,
        "RCLONE_CONFIG_DP_REGION": "us-east-1",
    }

    def rclone(*arguments: str) -> str:
        run = signed_in.run("rclone", *arguments, **settings)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert "proof-rclone" in rclone("lsd", "dp:")
    rclone("copy", str(source), "dp:proof-rclone/r")
    rclone("copy", "dp:proof-rclone/r", str(target))
    assert (target / "twenty-megabytes").read_bytes() == (source / "twenty-megabytes").read_bytes()
    url = rclone("link", "--expire", "60s", "dp:proof-rclone/r/twenty-megabytes").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == (source / "twenty-megabytes").read_bytes()


@pytest.mark.parametrize("client", ["boto", "js"])
def test_credentials_renew_themselves_across_expiry(
    short_lived_server: RunningServer, terminal: Terminal, client: str
) -> None:
    """Credentials of eight seconds: the SDK's own provider refreshes at our server, three generations long."""
    terminal.login(short_lived_server, short_lived_server.user, "--profile", "dev")
    _make_bucket(terminal, f"renew-{client}")
    program = (
        [sys.executable, str(HERE / "boto_proof.py")]
        if client == "boto"
        else ["node", str(HERE / "js" / "proof.mjs")]
    )
    run = terminal.run(*program, f"renew-{client}", "2", AWS_PROFILE="dev")
    assert run.returncode == 0, run.stderr
    keys = json.loads(run.stdout)["keys"]
    assert len(set(keys)) == 3, keys


def test_after_a_sign_out_a_kept_copy_of_the_session_renews_nothing(
    server: RunningServer, signed_in: Terminal
) -> None:
    """The chain ends at the server, so a backup, another machine or a thief has the last minutes and no more."""
    (path,) = (signed_in.home / ".aws" / "login" / "cache").glob("*.json")
    copy = json.loads(path.read_text())
    out = signed_in.run(*DAYPASS, "logout", "--profile", "dev")
    assert (out.returncode, path.exists()) == (0, False), out.stderr
    assert "not revoked" not in out.stderr
    copy["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(copy))
    path.chmod(0o600)
    asked = signed_in.run(*DAYPASS, "credential-process", "--profile", "dev")
    assert (asked.returncode, asked.stdout) == (4, "")
    assert "has ended" in asked.stderr
