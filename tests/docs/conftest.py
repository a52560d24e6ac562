"""Where how-to pages are done: for the client one `daypass up` with its roles and a person's machine; for all, the AWS CLI."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from support.page_people import policy
from support.running_server import RunningServer, Terminal, new_terminal, run_up
from support.warm_aws import warm_aws


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all pages."""
    with run_up(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def iam(server: RunningServer) -> Iterator[Any]:
    """IAM as the root user, for what an administrator did before the page begins."""
    with new_terminal() as root:
        root.login(server, server.root, "--profile", "root")
        found = json.loads(root.daypass("credential-process", "--profile", "root").stdout)
        yield boto3.client(
            "iam",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )


@pytest.fixture(scope="session")
def roles(server: RunningServer, iam: Any) -> None:
    """Roles that trust the account, and a user who may take them."""
    trust = {"Effect": "Allow", "Principal": {"AWS": server.account_id}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    for name in ("Deploy", "Audit", "Locked", "Reader"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with_code = {**trust, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    iam.update_assume_role_policy(RoleName="Locked", PolicyDocument=policy(with_code))
    iam.put_user_policy(UserName="developer", PolicyName="roles", PolicyDocument=policy(may))


@pytest.fixture
def person(tmp_path: Path, server: RunningServer) -> Terminal:
    """A person's machine; `dev` and `prod` are known as profiles of the server, and nobody is signed in."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    places = "".join(
        f"{name} =\n  endpoint_url = {server.endpoint}\n" for name in ("signin", "sts", "iam")
    ) + (f"s3 =\n  endpoint_url = {server.s3_endpoint}\n")
    profiles = "".join(f"[profile {name}]\nregion = eu-west-1\nservices = here\n" for name in ("dev", "prod"))
    (home / ".aws" / "config").write_text(f"{profiles}[services here]\n{places}")
    return Terminal(home)


@pytest.fixture(scope="session")
def aws_program() -> Iterator[Path]:
    with warm_aws() as program:
        yield program


@pytest.fixture
def quick_aws(aws_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages type `aws` many times: each is a fork of one process that has imported it."""
    monkeypatch.setenv("PAGE_PROGRAMS", str(aws_program.parent))
