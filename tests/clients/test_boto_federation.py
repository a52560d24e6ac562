"""Unmodified boto3, botocore's own web identity provider and AWS CLI v1 turn a proof into credentials, unsigned."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from daypass.server.domain.identity_provider import OidcProvider, SamlProvider
from support.query_world import ACCOUNT, QueryWorld, ServedWorld, open_query_world, trust
from support.saml_forge import IDP, NOW, Draft, key, metadata
from support.token_provider import CLIENT_ID, ISSUER

pytestmark = pytest.mark.clients

OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/team"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"


@pytest.fixture
async def today() -> AsyncIterator[QueryWorld]:
    """A world at the real time, whose account trusts an OpenID Connect provider."""
    world = await open_query_world(clock_starts_at=int(time.time()))
    await world.storage.oidc_providers.create_oidc_provider(
        OidcProvider(ACCOUNT, ISSUER, (CLIENT_ID,), (), world.now)
    )
    yield world
    await world.storage.close()


def _unsigned(endpoint: str) -> Any:
    return boto3.client(
        "sts",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


async def test_boto3_assumes_a_role_with_a_token(today: QueryWorld) -> None:
    role = await today.new_role("web", trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"))
    deaf = await today.new_role("deaf", trust({"AWS": ACCOUNT}))
    token = today.provider.token()
    async with ServedWorld(today) as endpoint:

        def proof() -> None:
            sts = _unsigned(endpoint)
            asked = {"RoleSessionName": "ada", "WebIdentityToken": token, "DurationSeconds": 900}
            answer = sts.assume_role_with_web_identity(RoleArn=role, **asked)
            assert answer["SubjectFromWebIdentityToken"] == "ada-lovelace"
            assert (answer["Provider"], answer["Audience"]) == (ISSUER, CLIENT_ID)
            with pytest.raises(ClientError) as refused:
                sts.assume_role_with_web_identity(RoleArn=deaf, **asked)
            assert refused.value.response["Error"]["Code"] == "AccessDenied"
            with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
                sts.assume_role_with_web_identity(RoleArn=role, **asked | {"WebIdentityToken": "a.b.c"})
            keys = answer["Credentials"]
            session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            own = session.client("sts", endpoint_url=endpoint, region_name="eu-central-1")
            assert own.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]

        await asyncio.to_thread(proof)


async def test_botocore_s_web_identity_provider_finds_credentials_by_a_token_file(
    today: QueryWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a cluster: nothing but AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and where STS is."""
    role = await today.new_role("web", trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"))
    token_file = tmp_path / "token"
    token_file.write_text(today.provider.token(), "ascii")
    async with ServedWorld(today) as endpoint:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        environment = {
            "AWS_CONFIG_FILE": "/nonexistent/config",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file),
            "AWS_ROLE_ARN": role,
            "AWS_ROLE_SESSION_NAME": "pod",
            "AWS_ENDPOINT_URL_STS": endpoint,
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def proof() -> None:
            session = Session()
            identity = session.create_client("sts").get_caller_identity()
            assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/pod"
            credentials = session.get_credentials()
            assert credentials is not None
            assert credentials.method == "assume-role-with-web-identity"

        await asyncio.to_thread(proof)


async def test_the_aws_command_line_assumes_a_role_with_a_token(today: QueryWorld) -> None:
    role = await today.new_role("web", trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"))
    token = today.provider.token()
    async with ServedWorld(today) as endpoint:
        done = await asyncio.to_thread(
            subprocess.run,
            [
                *(sys.executable, "-m", "awscli", "sts", "assume-role-with-web-identity"),
                *("--role-arn", role, "--role-session-name", "ada", "--web-identity-token", token),
                *("--endpoint-url", endpoint, "--region", "us-east-1", "--output", "json"),
            ],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AssumedRoleUser"]["Arn"].endswith("assumed-role/web/ada")


async def test_boto3_assumes_a_role_with_an_assertion() -> None:
    world = await open_query_world(clock_starts_at=NOW)
    await world.storage.saml_providers.create_saml_provider(
        SamlProvider(
            account_id=ACCOUNT,
            name="Example",
            provider_uuid="SAMLAAAABBBBCCCCDDDD",
            metadata_document=metadata(key("idp")),
            entity_id=IDP,
            created_at=NOW,
            valid_until=NOW + 86_400,
            sealed_service_key=world.ring.seal("saml-key", key("ours").private_der),
            service_certificate=key("ours").bare,
        )
    )
    role = await world.new_role("reader", trust({"Federated": SAML}, "sts:*"))
    draft = Draft(
        attributes={
            ATTRIBUTES + "Role": [f"{role},{SAML}"],
            ATTRIBUTES + "RoleSessionName": ["ada"],
            ATTRIBUTES + "PrincipalTag:team": ["blue"],
        }
    )
    async with ServedWorld(world) as endpoint:

        def proof() -> None:
            sts = _unsigned(endpoint)
            answer = sts.assume_role_with_saml(
                RoleArn=role, PrincipalArn=SAML, SAMLAssertion=draft.field(), DurationSeconds=900
            )
            assert (answer["Subject"], answer["SubjectType"]) == ("ada@example.com", "persistent")
            assert answer["Issuer"] == IDP
            assert 0 < answer["PackedPolicySize"] <= 100
            assert answer["Credentials"]["Expiration"].timestamp() == NOW + 900

        await asyncio.to_thread(proof)
    await world.storage.close()
