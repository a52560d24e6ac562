"""STS and IAM on loopback for synchronous clients: boto3 and the AWS CLI of either version, as any account's root or user."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from support.loop_thread import LoopThread
from support.query_world import ACCOUNT, OTHER_ACCOUNT, QueryWorld, ServedWorld, open_query_world

AWS_CLI_V1 = str(Path(sys.executable).parent / "aws")

__all__ = ["ACCOUNT", "AWS_CLI_V1", "OTHER_ACCOUNT", "Organisation"]


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class Organisation:
    """Two accounts and where they are administered. Use as a context manager. `program` is the `aws` to run."""

    def __init__(self, program: str = AWS_CLI_V1) -> None:
        self.program = program

    def __enter__(self) -> Self:
        self.loop = LoopThread()
        self.world: QueryWorld = self.loop.run(open_query_world(clock_starts_at=int(time.time())))
        self._served = ServedWorld(self.world)
        self.endpoint = self.loop.run(self._served.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.run(self._served.__aexit__())
        self.loop.run(self.world.storage.close())
        self.loop.close()

    def client(self, service: str, credentials: Credentials) -> Any:
        """An unmodified SDK client."""
        token = credentials.session_token
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key.reveal(),
            aws_session_token=None if token is None else token.reveal(),
            config=Config(retries={"total_max_attempts": 1}),
        )

    @property
    def iam(self) -> Any:
        """IAM as the first account's root."""
        return self.client("iam", self.world.root)

    def user_key(self, user_name: str) -> Credentials:
        """A new long-term key of a user of the first account."""
        made = self.iam.create_access_key(UserName=user_name)["AccessKey"]
        return Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]), None)

    def assume(self, credentials: Credentials, role_arn: str, **more: Any) -> Credentials:
        """The role's session."""
        assumed = self.client("sts", credentials).assume_role(
            RoleArn=role_arn, RoleSessionName="work", **more
        )
        return temporary(assumed["Credentials"])

    def aws(self, credentials: Credentials, *arguments: str) -> Told:
        """`aws …` in a process of its own, with nothing but these credentials and an empty home."""
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }
        if credentials.session_token is not None:
            environment["AWS_SESSION_TOKEN"] = credentials.session_token.reveal()
        command = [self.program, "--endpoint-url", self.endpoint, *arguments]
        with tempfile.TemporaryDirectory() as home:
            environment["HOME"] = home
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
        return Told(done.returncode, done.stdout, done.stderr)


def temporary(keys: dict[str, Any]) -> Credentials:
    """The credentials in an STS answer."""
    return Credentials(keys["AccessKeyId"], Secret(keys["SecretAccessKey"]), Secret(keys["SessionToken"]))
