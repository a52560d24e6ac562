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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daypass.protocol.aws.sigv4 import Credentials
from support.query_world import ACCOUNT, QueryWorld, ServedWorld, allow, open_query_world, policy_text, trust
from support.saml_forge import make_key, metadata

pytestmark = pytest.mark.clients

SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/realms/staff"
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
        ("create_user", {"UserName": "x", "Tags": [{"Key": "aws:k", "Value": "v"}]}, "InvalidInput", 400),
        ("create_saml_provider", {"Name": "x", "SAMLMetadataDocument": "x" * 1000}, "InvalidInput", 400),
        ("get_saml_provider", {"SAMLProviderArn": SAML}, "NoSuchEntity", 404),
        ("delete_saml_provider", {"SAMLProviderArn": SAML}, "NoSuchEntity", 404),
        ("create_open_id_connect_provider", {"Url": "http://idp.example.com"}, "InvalidInput", 400),
        ("create_open_id_connect_provider", {"Url": "https://idp.example.com?x=1"}, "InvalidInput", 400),
        (
            "create_open_id_connect_provider",
            {"Url": "https://idp.example.com", "ClientIDList": [f"c{n}" for n in range(101)]},
            "LimitExceeded",
            409,
        ),
        (
            "create_open_id_connect_provider",
            {"Url": "https://idp.example.com", "ThumbprintList": [f"{n}" * 40 for n in range(6)]},
            "InvalidInput",
            400,
        ),
        (
            "create_open_id_connect_provider",
            {"Url": "https://idp.example.com", "Tags": [{"Key": "aws:a", "Value": ""}]},
            "InvalidInput",
            400,
        ),
        (
            "create_open_id_connect_provider",
            {
                "Url": "https://idp.example.com",
                "Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}],
            },
            "InvalidInput",
            400,
        ),
        (
            "tag_role",
            {"RoleName": "nobody", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
            "ValidationError",
            400,
        ),
        ("update_role", {"RoleName": "nobody", "MaxSessionDuration": 3600}, "NoSuchEntity", 404),
        ("list_instance_profiles", {}, "InvalidAction", 400),
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


async def test_boto3_makes_tags_and_deletes_identity_providers(served: Served) -> None:
    iam = served.client("iam", served.world.root)
    document = metadata(make_key("idp", end=10 * 365 * 86_400))
    tags = [{"Key": "Cost Center", "Value": "7 + 8"}, {"Key": "Team", "Value": ""}]
    made = await _in_thread(
        iam.create_saml_provider, Name="Example", SAMLMetadataDocument=document, Tags=tags
    )
    assert (made["SAMLProviderArn"], made["Tags"]) == (SAML, tags)
    got = await _in_thread(iam.get_saml_provider, SAMLProviderArn=SAML)
    assert got["SAMLMetadataDocument"] == document, "not a character is lost"
    assert got["ValidUntil"].tzinfo is not None
    listed = await _in_thread(iam.list_saml_providers)
    assert [entry["Arn"] for entry in listed["SAMLProviderList"]] == [SAML]
    await _in_thread(iam.untag_saml_provider, SAMLProviderArn=SAML, TagKeys=["Team"])
    assert (await _in_thread(iam.list_saml_provider_tags, SAMLProviderArn=SAML))["Tags"] == tags[:1]
    await _in_thread(iam.delete_saml_provider, SAMLProviderArn=SAML)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        await _in_thread(iam.get_saml_provider, SAMLProviderArn=SAML)

    url = "https://idp.example.com/realms/staff"
    opened = await _in_thread(
        iam.create_open_id_connect_provider, Url=url, ClientIDList=["a", "b"], ThumbprintList=["a" * 40]
    )
    assert opened["OpenIDConnectProviderArn"] == OIDC
    await _in_thread(
        iam.add_client_id_to_open_id_connect_provider, OpenIDConnectProviderArn=OIDC, ClientID="c"
    )
    await _in_thread(
        iam.remove_client_id_from_open_id_connect_provider, OpenIDConnectProviderArn=OIDC, ClientID="a"
    )
    await _in_thread(
        iam.update_open_id_connect_provider_thumbprint, OpenIDConnectProviderArn=OIDC, ThumbprintList=[]
    )
    shown = await _in_thread(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=OIDC)
    assert (shown["Url"], shown["ClientIDList"], shown["ThumbprintList"]) == (
        "idp.example.com/realms/staff",
        ["b", "c"],
        [],
    )
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        await _in_thread(iam.create_open_id_connect_provider, Url=url)
    for _ in range(2):
        await _in_thread(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=OIDC)


async def test_boto3_changes_and_tags_a_role(served: Served) -> None:
    iam = served.client("iam", served.world.root)
    tags = [{"Key": "Team", "Value": "blue"}]
    made = await _in_thread(
        iam.create_role,
        RoleName="staff",
        AssumeRolePolicyDocument=policy_text(trust({"Federated": SAML}, "sts:AssumeRoleWithSAML")),
        Tags=tags,
    )
    assert made["Role"]["Tags"] == tags
    await _in_thread(iam.update_role, RoleName="staff", MaxSessionDuration=43200)
    await _in_thread(iam.update_role_description, RoleName="staff", Description="the staff")
    other = policy_text(trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"))
    await _in_thread(iam.update_assume_role_policy, RoleName="staff", PolicyDocument=other)
    await _in_thread(iam.tag_role, RoleName="staff", Tags=[{"Key": "more", "Value": "1"}])
    await _in_thread(iam.untag_role, RoleName="staff", TagKeys=["team"])
    role = (await _in_thread(iam.get_role, RoleName="staff"))["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(other)
    assert (role["MaxSessionDuration"], role["Description"]) == (43200, "the staff")
    assert role["Tags"] == [{"Key": "more", "Value": "1"}]
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        await _in_thread(iam.update_assume_role_policy, RoleName="staff", PolicyDocument="{}")


async def test_the_aws_command_line_sets_federation_up(served: Served, tmp_path: Path) -> None:
    """As docs/how-to/administer-with-aws-iam.md shows it."""
    (tmp_path / "idp.xml").write_text(metadata(make_key("idp", end=10 * 365 * 86_400)))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "trust.json").write_text(
        policy_text(
            trust({"Federated": SAML}, "sts:AssumeRoleWithSAML"), trust({"Federated": SAML}, "sts:TagSession")
        )
    )
    root = served.world.root
    commands: tuple[tuple[str, ...], ...] = (
        (
            "create-saml-provider",
            "--name",
            "Example",
            "--saml-metadata-document",
            f"file://{tmp_path}/idp.xml",
            "--tags",
            "Key=Team,Value=blue",
        ),
        (
            "update-saml-provider",
            "--saml-provider-arn",
            SAML,
            "--assertion-encryption-mode",
            "Required",
            "--add-private-key",
            f"file://{tmp_path}/key.pem",
        ),
        ("tag-saml-provider", "--saml-provider-arn", SAML, "--tags", "Key=Env,Value=prod"),
        (
            "create-open-id-connect-provider",
            "--url",
            "https://idp.example.com/realms/staff",
            "--client-id-list",
            "daypass",
            "--tags",
            "Key=Team,Value=blue",
        ),
        (
            "add-client-id-to-open-id-connect-provider",
            "--open-id-connect-provider-arn",
            OIDC,
            "--client-id",
            "ci",
        ),
        (
            "create-role",
            "--role-name",
            "staff",
            "--assume-role-policy-document",
            f"file://{tmp_path}/trust.json",
            "--max-session-duration",
            "7200",
            "--tags",
            "Key=Team,Value=blue",
        ),
        ("update-role", "--role-name", "staff", "--description", "the staff"),
        (
            "update-assume-role-policy",
            "--role-name",
            "staff",
            "--policy-document",
            f"file://{tmp_path}/trust.json",
        ),
        ("tag-role", "--role-name", "staff", "--tags", "Key=Env,Value=prod"),
        ("untag-role", "--role-name", "staff", "--tag-keys", "Team"),
    )
    for arguments in commands:
        done = await served.cli(root, "iam", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
    shown = json.loads(
        (await served.cli(root, "iam", "get-saml-provider", "--saml-provider-arn", SAML)).stdout
    )
    assert shown["AssertionEncryptionMode"] == "Required"
    assert len(shown["PrivateKeyList"]) == 1
    listed = await served.cli(root, "iam", "list-role-tags", "--role-name", "staff", "--query", "Tags")
    assert json.loads(listed.stdout) == [{"Key": "Env", "Value": "prod"}]
    refusals: tuple[tuple[tuple[str, ...], str], ...] = (
        (("create-saml-provider", "--name", "Two", "--saml-metadata-document", "x" * 1000), "InvalidInput"),
        (("create-open-id-connect-provider", "--url", "http://idp.example.com"), "InvalidInput"),
        (("tag-role", "--role-name", "nobody", "--tags", "Key=a,Value=b"), "NoSuchEntity"),
    )
    for arguments, code in refusals:
        refused = await served.cli(root, "iam", *arguments)
        assert f"An error occurred ({code})" in refused.stderr, refused.stderr
