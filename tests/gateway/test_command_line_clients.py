"""Unmodified command-line clients, configured the way their manuals say: AWS CLI v1 and v2, rclone, s3cmd."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.aws_cli_v2 import aws_cli_v2

pytestmark = [pytest.mark.processes, pytest.mark.clients]

CONTENT = bytes(range(256)) * 80_000
"""20 MB: large enough for every client to upload in parts."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one large and one small file, and a home of its own."""
    (tmp_path / "files" / "deep er").mkdir(parents=True)
    (tmp_path / "files" / "large.bin").write_bytes(CONTENT)
    (tmp_path / "files" / "deep er" / "\u00fcml+aut%.txt").write_bytes(b"small")
    return tmp_path


def _run(command: list[str], folder: Path, **variables: str) -> str:
    path = os.environ["PATH"]
    environment = {"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables}
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def _same_files(one: Path, other: Path) -> bool:
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    return bool(names) and all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def _aws_cli(program: str, site: Any, folder: Path) -> Callable[..., str]:
    """Runs one command of alice's and returns what it printed."""
    credentials = site.credentials("alice")

    def aws(*words: str) -> str:
        return _run(
            [program, "--endpoint-url", site.gateway.endpoint_url, *words],
            folder,
            AWS_ACCESS_KEY_ID=credentials.access_key_id,
            AWS_SECRET_ACCESS_KEY=credentials.secret_access_key.reveal(),
            AWS_SESSION_TOKEN=credentials.session_token.reveal(),
            AWS_DEFAULT_REGION="eu-central-1",
        )

    return aws


@pytest.mark.parametrize(
    "program",
    [lambda: str(Path(sys.executable).parent / "aws"), aws_cli_v2],
    ids=["version 1", "version 2"],
)
def test_the_aws_cli_makes_fills_lists_reads_and_empties_a_bucket(
    program: Callable[[], str], site: Any, folder: Path, new_bucket_name: Any
) -> None:
    bucket = new_bucket_name()
    aws = _aws_cli(program(), site, folder)
    aws("s3", "mb", f"s3://{bucket}")
    assert bucket in aws("s3", "ls")
    aws("s3", "cp", "--recursive", "files", f"s3://{bucket}/up/")
    listing = aws("s3", "ls", "--recursive", f"s3://{bucket}/")
    assert "up/large.bin" in listing
    assert "up/deep er/\u00fcml+aut%.txt" in listing
    aws("s3", "sync", f"s3://{bucket}/up/", "down")
    assert _same_files(folder / "files", folder / "down")
    aws("s3", "mv", f"s3://{bucket}/up/large.bin", f"s3://{bucket}/moved.bin")
    aws("s3api", "head-object", "--bucket", bucket, "--key", "moved.bin")
    aws("s3", "rb", "--force", f"s3://{bucket}")
    assert bucket not in aws("s3", "ls")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_the_aws_cli_version_2_checks_every_checksum_both_ways(
    algorithm: str, site: Any, folder: Path, bucket: str
) -> None:
    """Uploads in parts and in one piece; the CLI verifies what it gets by the checksum the store kept."""
    aws = _aws_cli(aws_cli_v2(), site, folder)
    files = folder / "files"
    (files / "small").write_bytes(b"small")
    for name in ("small", "large.bin"):
        aws("s3", "cp", f"files/{name}", f"s3://{bucket}/{name}", "--checksum-algorithm", algorithm)
        aws("s3", "cp", f"s3://{bucket}/{name}", "got", "--checksum-mode", "ENABLED")
        assert (folder / "got").read_bytes() == (files / name).read_bytes()
    named = ("--bucket", bucket, "--key", "small", "--checksum-mode", "ENABLED")
    assert f'"Checksum{algorithm}"' in aws("s3api", "get-object", *named, "got")


def test_the_aws_cli_version_2_copies_pages_and_deletes_many(site: Any, folder: Path, bucket: str) -> None:
    aws = _aws_cli(aws_cli_v2(), site, folder)
    aws("s3", "sync", "files", f"s3://{bucket}/up")
    aws("s3", "cp", f"s3://{bucket}/up/large.bin", f"s3://{bucket}/copied in parts")
    aws("s3", "cp", f"s3://{bucket}/copied in parts", "got")
    assert (folder / "got").read_bytes() == CONTENT
    source = f"{bucket}/up/deep er/\u00fcml+aut%.txt"
    aws("s3api", "copy-object", "--bucket", bucket, "--key", "c", "--copy-source", source)
    pages = ("--bucket", bucket, "--page-size", "1", "--query", "Contents[].Key", "--output", "text")
    keys = aws("s3api", "list-objects-v2", *pages)
    assert all(key in keys for key in ("up/large.bin", "up/deep er/\u00fcml+aut%.txt", "copied in parts"))
    doomed = "Objects=[{Key=c},{Key=copied in parts},{Key=never there}]"
    checked = ("--checksum-algorithm", "CRC64NVME")
    assert "never there" in aws("s3api", "delete-objects", "--bucket", bucket, "--delete", doomed, *checked)
    assert aws("s3api", "list-objects-v2", *pages).count("up/") == 2


def test_rclone_copies_both_ways_checks_and_purges(site: Any, folder: Path, new_bucket_name: Any) -> None:
    credentials = site.credentials("alice")
    bucket = new_bucket_name()

    def rclone(*words: str) -> str:
        return _run(
            ["rclone", "--retries", "1", "--low-level-retries", "1", *words],
            folder,
            RCLONE_CONFIG_GATE_TYPE="s3",
            RCLONE_CONFIG_GATE_PROVIDER="Other",
            RCLONE_CONFIG_GATE_ENDPOINT=site.gateway.endpoint_url,
            RCLONE_CONFIG_GATE_ACCESS_KEY_ID=credentials.access_key_id,
            RCLONE_CONFIG_GATE_SECRET_ACCESS_KEY=credentials.secret_access_key.reveal(),
            RCLONE_CONFIG_GATE_SESSION_TOKEN=credentials.session_token.reveal(),
            RCLONE_CONFIG_GATE_UPLOAD_CUTOFF="6M",
        )

    rclone("mkdir", f"gate:{bucket}")
    rclone("copy", "files", f"gate:{bucket}/up")
    rclone("check", "--download", "files", f"gate:{bucket}/up")
    assert rclone("cat", f"gate:{bucket}/up/deep er/\u00fcml+aut%.txt") == "small"
    rclone("copy", f"gate:{bucket}/up", "down")
    assert _same_files(folder / "files", folder / "down")
    rclone("moveto", f"gate:{bucket}/up/large.bin", f"gate:{bucket}/moved.bin")
    assert "moved.bin" in rclone("lsf", f"gate:{bucket}")
    rclone("purge", f"gate:{bucket}")


def test_s3cmd_puts_gets_lists_and_deletes(site: Any, folder: Path, new_bucket_name: Any) -> None:
    credentials = site.credentials("alice")
    bucket = new_bucket_name()
    host = f"127.0.0.1:{site.gateway.port}"

    def s3cmd(*words: str) -> str:
        return _run(
            [
                "s3cmd",
                "--no-ssl",
                f"--host={host}",
                f"--host-bucket={host}",
                "--multipart-chunk-size-mb=5",
                f"--access_key={credentials.access_key_id}",
                f"--secret_key={credentials.secret_access_key.reveal()}",
                f"--access_token={credentials.session_token.reveal()}",
                "--no-progress",
                *words,
            ],
            folder,
        )

    s3cmd("mb", f"s3://{bucket}")
    s3cmd("put", "--recursive", "files/", f"s3://{bucket}/up/")
    assert f"s3://{bucket}/up/deep er/\u00fcml+aut%.txt" in s3cmd("ls", "--recursive", f"s3://{bucket}")
    (folder / "down").mkdir()
    s3cmd("get", "--recursive", f"s3://{bucket}/up/", "down/")
    assert _same_files(folder / "files", folder / "down")
    s3cmd("del", "--recursive", "--force", f"s3://{bucket}")
    s3cmd("rb", f"s3://{bucket}")
