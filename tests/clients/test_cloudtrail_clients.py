"""Unmodified boto3 and `aws cloudtrail lookup-events` against a server on loopback: shapes, paging, times, refusals."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from daypass.protocol.aws.sigv4 import Credentials
from support.query_world import ACCOUNT, QueryWorld, ServedWorld, open_query_world

pytestmark = pytest.mark.clients


@pytest.fixture
async def served() -> AsyncIterator[tuple[QueryWorld, str]]:
    """Three users were made, one a second."""
    world = await open_query_world(clock_starts_at=int(time.time()) - 10)
    for name in ("alice", "bob", "carol"):
        await world.new_user(name)
        world.now += 1
    world.now = int(time.time())
    async with ServedWorld(world) as endpoint:
        yield world, endpoint
    await world.storage.close()


def _client(endpoint: str, credentials: Credentials) -> Any:
    assert credentials.session_token is not None
    return boto3.client(
        "cloudtrail",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal(),
        aws_session_token=credentials.session_token.reveal(),
        config=Config(retries={"total_max_attempts": 1}),
    )


async def _aws(endpoint: str, credentials: Credentials, *words: str) -> subprocess.CompletedProcess[str]:
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
    command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", endpoint, "cloudtrail", *words]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


async def test_boto3_pages_through_events_and_reads_their_times(served: tuple[QueryWorld, str]) -> None:
    world, endpoint = served
    client = _client(endpoint, world.root)

    def walk() -> list[dict[str, Any]]:
        pages = client.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}],
            StartTime=datetime.fromtimestamp(world.now - 60, tz=UTC),
            PaginationConfig={"PageSize": 1},
        )
        return [event for page in pages for event in page["Events"]]

    events = await asyncio.to_thread(walk)
    assert [event["Resources"] for event in events] == [
        [{"ResourceType": "AWS::IAM::User", "ResourceName": name}] for name in ("carol", "bob", "alice")
    ]
    newest = events[0]
    record = json.loads(newest["CloudTrailEvent"])
    assert newest["EventTime"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") == record["eventTime"]
    assert (newest["Username"], newest["ReadOnly"], record["eventID"]) == ("root", "false", newest["EventId"])


async def test_boto3_raises_the_model_s_own_exceptions(served: tuple[QueryWorld, str]) -> None:
    world, endpoint = served
    client = _client(endpoint, world.root)
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        await asyncio.to_thread(client.lookup_events, NextToken="x")
    with pytest.raises(client.exceptions.InvalidTimeRangeException):
        await asyncio.to_thread(client.lookup_events, StartTime=2, EndTime=1)
    nobody = await world.new_user("dave")
    with pytest.raises(ClientError) as denied:
        await asyncio.to_thread(_client(endpoint, nobody).lookup_events)
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert denied.value.response["Error"]["Message"].startswith(f"User: arn:aws:iam::{ACCOUNT}:user/dave")


async def test_aws_cloudtrail_lookup_events_as_it_is_typed(served: tuple[QueryWorld, str]) -> None:
    world, endpoint = served
    done = await _aws(
        endpoint,
        world.root,
        "lookup-events",
        "--lookup-attributes",
        "AttributeKey=ResourceName,AttributeValue=bob",
        "--max-results",
        "5",
    )
    assert (done.returncode, done.stderr) == (0, "")
    (event,) = json.loads(done.stdout)["Events"]
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["userName"] == "bob"
    whole = await _aws(endpoint, world.root, "lookup-events", "--query", "length(Events)")
    assert whole.stdout.strip() == "3"


async def test_the_command_line_says_the_refusal(served: tuple[QueryWorld, str]) -> None:
    world, endpoint = served
    nobody = await world.new_user("erin")
    done = await _aws(endpoint, nobody, "lookup-events")
    assert done.returncode != 0
    assert "(AccessDeniedException) when calling the LookupEvents operation" in done.stderr
