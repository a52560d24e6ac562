"""Unmodified boto3 and AWS CLI v1 as the admin tools of STS and IAM, against a real uvicorn on loopback."""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from daypass.protocol.aws.sigv4 import Credentials
from support.query_world import ACCOUNT, QueryWorld, ServedWorld, allow, open_query_world, policy_text, trust

pytestmark = pytest.mark.clients

SIGN_IN = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"


@dataclass(frozen=True)
class Served:
    """A world and where it listens."""

    world: QueryWorld
    endpoint: str

    def client(self, service: str, credentials: Credentials, **config: Any) -> Any:
        assert credentials.session_token is not None
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key.reveal(),
            aws_session_token=credentials.session_token.reveal(),
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    async def cli(self, credentials: Credentials, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`aws …` in a process of its own, with nothing but these credentials."""
        assert credentials.session_token is not None
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": credentials.session_token.reveal(),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }
        command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", self.endpoint, *arguments]
        return await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = await open_query_world(clock_starts_at=int(time.time()))
    async with ServedWorld(world) as endpoint:
        yield Served(world, endpoint)
    await world.storage.close()


async def _in_thread(call: Callable[..., Any], **parameters: Any) -> Any:
    return await asyncio.to_thread(call, **parameters)


async def test_boto3_makes_a_user_who_may_sign_in_and_a_role_she_assumes(served: Served) -> None:
    iam = served.client("iam", served.world.root)
    made = await _in_thread(iam.create_user, UserName="alice", Path="/team/")
    assert made["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/alice"
    assert made["User"]["CreateDate"].tzinfo is not None
    await _in_thread(iam.create_login_profile, UserName="alice", Password="correct horse battery")
    await _in_thread(iam.attach_user_policy, UserName="alice", PolicyArn=SIGN_IN)
    attached = await _in_thread(iam.list_attached_user_policies, UserName="alice")
    assert attached["AttachedPolicies"] == [
        {"PolicyName": "SignInLocalDevelopmentAccess", "PolicyArn": SIGN_IN}
    ]
    document = policy_text(trust({"AWS": made["User"]["Arn"]}))
    role = await _in_thread(iam.create_role, RoleName="reader", AssumeRolePolicyDocument=document)
    assert role["Role"]["AssumeRolePolicyDocument"] == json.loads(document), "boto3 decodes the document"
    policy = await _in_thread(
        iam.create_policy, PolicyName="Lists", PolicyDocument=policy_text(allow("iam:ListUsers"))
    )
    version = await _in_thread(iam.get_policy_version, PolicyArn=policy["Policy"]["Arn"], VersionId="v1")
    assert version["PolicyVersion"]["Document"]["Statement"][0]["Action"] == ["iam:ListUsers"]
    await _in_thread(iam.attach_role_policy, RoleName="reader", PolicyArn=policy["Policy"]["Arn"])

    alice = served.world.credentials(ACCOUNT, "user", made["User"]["Arn"], made["User"]["UserId"])
    assumed = await _in_thread(
        served.client("sts", alice).assume_role, RoleArn=role["Role"]["Arn"], RoleSessionName="work"
    )
    keys = assumed["Credentials"]
    assert 3500 < keys["Expiration"].timestamp() - time.time() <= 3600
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-west-2")
    identity = await _in_thread(session.client("sts", endpoint_url=served.endpoint).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/work"
    users = await _in_thread(session.client("iam", endpoint_url=served.endpoint).list_users)
    assert [user["UserName"] for user in users["Users"]] == ["alice"]


async def test_boto3_pages_through_our_markers(served: Served) -> None:
    for name in ("c", "a", "b"):
        await served.world.new_user(name)
    iam = served.client("iam", served.world.root)

    def collect() -> list[str]:
        pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1})
        return [user["UserName"] for page in pages for user in page["Users"]]

    assert await asyncio.to_thread(collect) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "operation, parameters, code, status",
    [
        ("get_user", {"UserName": "nobody"}, "NoSuchEntity", 404),
        ("create_user", {"UserName": "alice"}, "EntityAlreadyExists", 409),
        ("create_login_profile", {"UserName": "alice", "Password": "short"}, "PasswordPolicyViolation", 400),
        ("create_policy", {"PolicyName": "x", "PolicyDocument": "{}"}, "MalformedPolicyDocument", 400),
        ("create_user", {"UserName": "x", "Tags": [{"Key": "k", "Value": "v"}]}, "ValidationError", 400),
        ("list_groups", {}, "InvalidAction", 400),
    ],
)
async def test_boto3_reads_our_refusals(
    served: Served, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    await served.world.new_user("alice")
    iam = served.client("iam", served.world.root)
    with pytest.raises(ClientError) as refused:
        await _in_thread(getattr(iam, operation), **parameters)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refused.value.response["ResponseMetadata"]["RequestId"]


async def test_boto3_raises_the_modelled_exception_class(served: Served) -> None:
    iam = served.client("iam", served.world.root)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        await _in_thread(iam.get_role, RoleName="nobody")


async def test_an_expired_token_is_named_as_such(served: Served) -> None:
    root = served.world.root
    served.world.now += 900
    with pytest.raises(ClientError) as refused:
        await _in_thread(served.client("sts", root).get_caller_identity)
    assert refused.value.response["Error"]["Code"] == "ExpiredToken"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


async def test_a_presigned_identity_proof_of_botocore_is_served(served: Served) -> None:
    """Cluster and vault log-ins send a presigned GetCallerIdentity made by the SDK."""
    sts = served.client("sts", served.world.root)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")

    def fetch() -> str:
        with urllib.request.urlopen(url) as answer:
            assert answer.headers["Content-Type"] == "text/xml"
            text: str = answer.read().decode()
            return text

    assert f"<Account>{ACCOUNT}</Account>" in await asyncio.to_thread(fetch)


async def test_the_asymmetric_signature_is_accepted_too(served: Served) -> None:
    """The STS model lists SigV4a as its second authentication type, so an SDK may choose it."""
    alice = await served.world.new_user("alice")
    identity = await _in_thread(served.client("sts", alice, signature_version="v4a").get_caller_identity)
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"


async def test_the_sdk_s_own_role_provider_chains_through_us(served: Served, tmp_path: Path) -> None:
    """`role_arn` with `source_profile`, as people have it in their configuration."""
    alice = await served.world.new_user("alice")
    role = await served.world.new_role("reader", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}))
    assert alice.session_token is not None
    configuration = tmp_path / "config"
    configuration.write_text(
        f"[profile base]\naws_access_key_id={alice.access_key_id}\n"
        f"aws_secret_access_key={alice.secret_access_key.reveal()}\n"
        f"aws_session_token={alice.session_token.reveal()}\n"
        f"[profile reader]\nregion=us-east-1\nrole_arn={role}\nsource_profile=base\nrole_session_name=chain\n"
        f"services=here\n[services here]\nsts =\n  endpoint_url = {served.endpoint}\n"
    )

    def who() -> str:
        session = Session(profile="reader")
        session.set_config_variable("config_file", str(configuration))
        arn: str = session.create_client("sts").get_caller_identity()["Arn"]
        return arn

    assert await asyncio.to_thread(who) == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/chain"


async def test_the_aws_command_line_is_the_admin_tool(served: Served) -> None:
    root = served.world.root
    identity = await served.cli(root, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (identity.returncode, identity.stdout, identity.stderr) == (
        0,
        f"arn:aws:iam::{ACCOUNT}:root\n",
        "",
    )
    for arguments in (
        ("create-user", "--user-name", "alice"),
        ("create-login-profile", "--user-name", "alice", "--password", "correct horse battery"),
        ("attach-user-policy", "--user-name", "alice", "--policy-arn", SIGN_IN),
    ):
        done = await served.cli(root, "iam", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
    listed = await served.cli(root, "iam", "list-attached-user-policies", "--user-name", "alice")
    assert json.loads(listed.stdout)["AttachedPolicies"][0]["PolicyArn"] == SIGN_IN
    policies = await served.cli(root, "iam", "list-policies", "--query", "length(Policies)")
    assert policies.stdout.strip() == "8"
    refused = await served.cli(root, "iam", "delete-user", "--user-name", "alice")
    assert refused.returncode != 0
    assert "An error occurred (DeleteConflict) when calling the DeleteUser operation" in refused.stderr
