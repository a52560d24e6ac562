"""LookupEvents over JSON 1.1: whose events, each attribute, pages, limits, and every refusal in the wire's form."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.errors import StorageError
from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import Credentials, WireRequest, sign_request
from daypass.server.domain.audit_search import EventFilter
from daypass.server.flows import lookup_events as lookup_flow
from daypass.server.web.cloudtrail import TARGET, read_lookup
from support.query_world import ACCOUNT, NOW, QueryWorld, allow, open_query_world, trust

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()


async def _send(
    world: QueryWorld,
    credentials: Credentials,
    body: bytes,
    *,
    service: str = "cloudtrail",
    target: str | None = TARGET,
    signed_body: bytes | None = None,
) -> tuple[int, dict[str, Any]]:
    headers: tuple[tuple[str, str], ...] = (
        ("Host", "127.0.0.1:1"),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", target or "x"),
    )
    signed = sign_request(
        credentials,
        WireRequest("POST", "/", "", headers),
        region="us-east-1",
        service=service,
        now=world.now,
        payload_hash=sha256(body if signed_body is None else signed_body).hexdigest(),
        is_s3=False,
    )
    answer = await world.send("POST", "", signed, body)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    return answer.status, json.loads(answer.text)


async def _lookup(world: QueryWorld, credentials: Credentials, **members: Any) -> dict[str, Any]:
    status, answer = await _send(world, credentials, json.dumps(members).encode())
    assert status == 200, answer
    return answer


async def _refusal(world: QueryWorld, credentials: Credentials, **members: Any) -> str:
    status, answer = await _send(world, credentials, json.dumps(members).encode())
    assert (status, sorted(answer)) == (400, ["__type", "message"])
    return str(answer["__type"])


def _names(answer: dict[str, Any]) -> list[str]:
    return [event["EventName"] for event in answer["Events"]]


def _by(key: str, value: str) -> list[dict[str, str]]:
    return [{"AttributeKey": key, "AttributeValue": value}]


@pytest.fixture
async def log(world: QueryWorld) -> QueryWorld:
    """Alice is made, a role too, and Alice is denied; the other account makes a user of its own."""
    alice = await world.new_user("alice")
    world.now += 1
    await world.new_role("reader", trust({"AWS": ALICE}))
    world.now += 1
    assert (await world.call(alice, "iam", "ListUsers")).code == "AccessDenied"
    assert (await world.call(world.other_root, "iam", "CreateUser", UserName="theirs")).status == 200
    return world


async def test_events_of_the_own_account_newest_first_each_with_its_whole_record(log: QueryWorld) -> None:
    answer = await _lookup(log, log.root)
    assert _names(answer) == ["ListUsers", "CreateRole", "CreateUser"]
    assert "NextToken" not in answer
    denied, made, _ = answer["Events"]
    record = json.loads(denied["CloudTrailEvent"])
    assert (record["errorCode"], record["recipientAccountId"]) == ("AccessDenied", ACCOUNT)
    assert denied["EventTime"] == NOW + 2
    assert (denied["Username"], denied["ReadOnly"]) == ("alice", "true")
    assert denied["AccessKeyId"] == record["userIdentity"]["accessKeyId"]
    assert made["Resources"] == [{"ResourceType": "AWS::IAM::Role", "ResourceName": "reader"}]
    assert _names(await _lookup(log, log.other_root)) == ["CreateUser"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("EventName", "CreateUser", ["CreateUser"]),
        ("EventName", "createuser", []),
        ("EventSource", "iam.amazonaws.com", ["ListUsers", "CreateRole", "CreateUser"]),
        ("EventSource", "sts.amazonaws.com", []),
        ("ReadOnly", "true", ["ListUsers"]),
        ("ReadOnly", "false", ["CreateRole", "CreateUser"]),
        ("Username", "alice", ["ListUsers"]),
        ("Username", "root", ["CreateRole", "CreateUser"]),
        ("Username", ALICE, []),
        ("ResourceType", "AWS::IAM::User", ["CreateUser"]),
        ("ResourceName", "reader", ["CreateRole"]),
        ("EventId", "nobody", []),
        ("AccessKeyId", "AKIANOBODY", []),
    ],
)
async def test_each_attribute_finds_its_events(
    log: QueryWorld, key: str, value: str, expected: list[str]
) -> None:
    assert _names(await _lookup(log, log.root, LookupAttributes=_by(key, value))) == expected


async def test_an_event_is_found_by_its_id_and_by_the_key_that_signed(log: QueryWorld) -> None:
    event = (await _lookup(log, log.root))["Events"][0]
    assert _names(await _lookup(log, log.root, LookupAttributes=_by("EventId", event["EventId"]))) == [
        "ListUsers"
    ]
    found = await _lookup(log, log.root, LookupAttributes=_by("AccessKeyId", event["AccessKeyId"]))
    assert _names(found) == ["ListUsers"]
    assert (await _lookup(log, log.other_root, LookupAttributes=_by("EventId", event["EventId"])))[
        "Events"
    ] == []


async def test_times_bound_the_look_inclusively(log: QueryWorld) -> None:
    assert _names(await _lookup(log, log.root, StartTime=NOW + 1, EndTime=NOW + 1)) == ["CreateRole"]
    assert _names(await _lookup(log, log.root, StartTime=NOW + 0.5)) == ["ListUsers", "CreateRole"]
    assert _names(await _lookup(log, log.root, EndTime=NOW + 0.5)) == ["CreateUser"]


@pytest.mark.parametrize("attributes", [[], _by("ReadOnly", "false")])
async def test_pages_continue_where_the_last_one_ended(
    log: QueryWorld, attributes: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup_flow, "_SLICES", 1)
    monkeypatch.setattr(lookup_flow, "_SLICE_EVENTS", 1)
    found, token, pages = [], None, 0
    while True:
        members = {"LookupAttributes": attributes, "MaxResults": 1} | ({"NextToken": token} if token else {})
        answer = await _lookup(log, log.root, **members)
        found += _names(answer)
        pages += 1
        token = answer.get("NextToken")
        if token is None:
            break
    assert found == (
        ["ListUsers", "CreateRole", "CreateUser"] if not attributes else ["CreateRole", "CreateUser"]
    )
    assert pages >= 3


async def test_a_token_is_of_one_question_and_one_account(log: QueryWorld) -> None:
    token = (await _lookup(log, log.root, MaxResults=1))["NextToken"]
    refused = "InvalidNextTokenException"
    assert await _refusal(log, log.other_root, MaxResults=1, NextToken=token) == refused
    assert await _refusal(log, log.root, NextToken=token, StartTime=1) == refused
    assert await _refusal(log, log.root, NextToken=token[:-1]) == refused
    assert await _refusal(log, log.root, NextToken="") == refused


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ({"EventCategory": "other"}, "InvalidEventCategoryException"),
        ({"LookupAttributes": _by("EventName", "a") * 2}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("Nothing", "a")}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("EventName", "")}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("EventName", "a" * 2001)}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("EventName", "\x00")}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": _by("ReadOnly", "yes")}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "SerializationException"),
        ({"StartTime": "yesterday"}, "SerializationException"),
        ({"StartTime": True}, "SerializationException"),
    ],
)
async def test_what_the_model_does_not_allow_is_refused_by_its_word(
    world: QueryWorld, members: dict[str, Any], code: str
) -> None:
    assert await _refusal(world, world.root, **members) == code


async def test_there_are_no_insights(log: QueryWorld) -> None:
    assert await _lookup(log, log.root, EventCategory="insight") == {"Events": []}


async def test_a_caller_without_permission_is_denied_and_that_is_an_event(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    assert await _refusal(world, alice) == "AccessDeniedException"
    page = await world.storage.audit.search_events(EventFilter(only_errors=True), behind=None, limit=5)
    (event,) = (each.event for each in page.events)
    assert (event.event_source, event.event_name) == ("cloudtrail.amazonaws.com", "LookupEvents")
    assert (event.account_id, event.principal_arn, event.error_code) == (ACCOUNT, ALICE, "AccessDenied")


@pytest.mark.parametrize(
    "policy", [allow("cloudtrail:LookupEvents"), "arn:aws:iam::aws:policy/ReadOnlyAccess"]
)
async def test_a_caller_with_permission_reads(world: QueryWorld, policy: Any) -> None:
    bob = await world.new_user("bob", policy)
    assert "CreateUser" in _names(await _lookup(world, bob))


async def test_the_signature_is_demanded_for_this_service_and_this_body(world: QueryWorld) -> None:
    status, answer = await _send(world, world.root, b"{}", signed_body=b"{ }")
    assert (status, answer["__type"]) == (400, "InvalidSignatureException")
    status, answer = await _send(world, world.root, b"{}", service="sts")
    assert (status, answer["__type"]) == (400, "InvalidSignatureException")
    headers = (("Host", "h"), ("X-Amz-Target", TARGET))
    unsigned = await world.send("POST", "", headers, b"{}")
    assert json.loads(unsigned.text)["__type"] == "MissingAuthenticationTokenException"
    as_query = await world.post(world.root, "cloudtrail", b"Action=GetCallerIdentity&Version=2011-06-15")
    assert as_query.code == "SignatureDoesNotMatch"


async def test_another_target_is_unknown_and_a_body_too_large_is_refused(world: QueryWorld) -> None:
    status, answer = await _send(world, world.root, b"{}", target="CloudTrail_20131101.CreateTrail")
    assert (status, answer["__type"]) == (400, "UnknownOperationException")
    status, answer = await _send(world, world.root, b" " * 300_000)
    assert (status, answer["__type"]) == (400, "RequestEntityTooLargeException")


async def test_a_database_that_is_away_is_503(world: QueryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise StorageError("secret detail")

    monkeypatch.setattr(type(world.storage.audit), "search_events", fail)
    status, answer = await _send(world, world.root, b"{}")
    assert (status, answer["__type"]) == (503, "ServiceUnavailableException")
    assert "secret detail" not in str(answer)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "LookupAttributes",
                        "StartTime",
                        "EndTime",
                        "EventCategory",
                        "MaxResults",
                        "NextToken",
                        "AttributeKey",
                        "AttributeValue",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_makes_reading_raise_anything_but_a_refusal(body: bytes) -> None:
    try:
        question = read_lookup(body)
    except AwsError:
        return
    assert question is None or 1 <= question.max_results <= 50
