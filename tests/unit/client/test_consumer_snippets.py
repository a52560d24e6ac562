"""What people copy: true for the place it is copied to, and without a token."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from daypass.client.consumer_snippets import ConsumerPlace, build_snippets, is_loopback


def _place(address: str, *, token_file: str = "/home/me/.aws/daypass/consumers/web.token") -> ConsumerPlace:
    shown = f"[{address}]" if ":" in address else address
    return ConsumerPlace(
        "web",
        f"http://{shown}:8911/credentials",
        address,
        8911,
        token_file,
        {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1/a$b"},
    )


def test_compose_joins_the_network_whose_gateway_serves() -> None:
    """An address SDKs accept, reached through a network of its own."""
    text = build_snippets(_place("169.254.170.2"))["docker_compose"]
    assert yaml.safe_load(text) == {
        "services": {
            "web": {
                "networks": ["daypass"],
                "environment": {
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2:8911/credentials",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/secrets/daypass-token",
                    "AWS_REGION": "eu-west-1",
                    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1/a$$b",
                },
                "volumes": [
                    {
                        "type": "bind",
                        "source": "/home/me/.aws/daypass/consumers/web.token",
                        "target": "/run/secrets/daypass-token",
                        "read_only": True,
                    }
                ],
            }
        },
        "networks": {"daypass": {"external": True}},
    }


def test_compose_shares_the_hosts_network_for_loopback() -> None:
    """Another network's loopback is another loopback."""
    found = yaml.safe_load(build_snippets(_place("127.0.0.1"))["docker_compose"])
    assert found["services"]["web"]["network_mode"] == "host"
    assert "networks" not in found


@pytest.mark.parametrize(("address", "network"), [("127.0.0.1", "host"), ("169.254.170.23", "daypass")])
def test_a_dev_container_gets_the_same(address: str, network: str) -> None:
    """devcontainer.json members."""
    found = json.loads(build_snippets(_place(address))["dev_container"])
    assert found["runArgs"] == [f"--network={network}"]
    assert found["mounts"] == [
        "source=/home/me/.aws/daypass/consumers/web.token,target=/run/secrets/daypass-token,type=bind,readonly"
    ]
    assert found["containerEnv"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == f"http://{address}:8911/credentials"


def test_ssh_asks_through_the_far_sides_loopback() -> None:
    """An IPv6 endpoint is bracketed in the forwarding; the far side sees 127.0.0.1."""
    lines = build_snippets(_place("fd00:ec2::23"))["ssh"].splitlines()
    assert lines[1] == "ssh -R 127.0.0.1:8911:[fd00:ec2::23]:8911 HOST"
    assert "export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:8911/credentials" in lines


def test_the_ssh_lines_really_run_in_a_shell(tmp_path: Path) -> None:
    """With `ssh HOST` as a shell in another home: the token arrives, private, and the variables name it."""
    token = tmp_path / "it's here" / "web.token"
    token.parent.mkdir()
    token.write_text("t" * 43)
    far = tmp_path / "far home"
    far.mkdir()
    copy, _, _, *exports = build_snippets(_place("127.0.0.1", token_file=str(token)))["ssh"].splitlines()
    stand_in = f'ssh() {{ (cd {shlex.quote(str(far))} && sh -c "$2"); }}\n{copy}\n'
    subprocess.run(["sh", "-ec", stand_in], check=True)
    arrived = far / ".aws" / "daypass" / "consumers" / "web.token"
    assert (arrived.read_text(), arrived.stat().st_mode & 0o777) == ("t" * 43, 0o600)
    shown = subprocess.run(
        ["sh", "-ec", "\n".join([*exports, 'printf %s "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"'])],
        env={"HOME": str(far), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == str(arrived)


@pytest.mark.parametrize(
    ("address", "near"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("169.254.170.2", False)]
)
def test_loopback_is_told_apart(address: str, near: bool) -> None:
    """The whole of 127.0.0.0/8 is this machine."""
    assert is_loopback(address) is near
