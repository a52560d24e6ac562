"""Records of CloudTrail: members and values per kind of event and of caller, and no row that cannot be rendered."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.cloudtrail_identity import touched_resources, user_name
from daypass.server.domain.cloudtrail_record import cloudtrail_record
from daypass.server.domain.cloudtrail_times import read_moment, time_text

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
CALLER = Caller("request-1", "192.0.2.7", "aws-cli/1.44", True)


def _event(
    name: str = "CreateUser",
    *,
    source: str = "iam.amazonaws.com",
    principal: str = USER,
    account_id: str = ACCOUNT,
    error_code: str = "",
    **detail: str | int | bool,
) -> AuditEvent:
    return AuditEvent(
        "event-1", 1_900_000_000, source, name, account_id, principal, CALLER, error_code, detail
    )


def _record(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return cloudtrail_record(_event(*args, **kwargs), region="eu-central-1")


def test_an_administrative_call_is_a_whole_record() -> None:
    assert _record(
        userName="bob",
        caller_access_key_id="ASIAEXAMPLE",
        caller_principal_id="AIDAEXAMPLE",
        caller_since=1_900_000_000 - 60,
        caller_mfa=True,
    ) == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": USER,
            "accountId": ACCOUNT,
            "userName": "alice",
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "attributes": {"creationDate": "2030-03-17T17:45:40Z", "mfaAuthenticated": "true"}
            },
        },
        "eventTime": "2030-03-17T17:46:40Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/1.44",
        "requestParameters": {"userName": "bob"},
        "responseElements": None,
        "requestID": "request-1",
        "eventID": "event-1",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_a_denied_call_has_the_wire_word() -> None:
    record = _record("ListUsers", error_code="AccessDenied")
    assert (record["errorCode"], record["readOnly"]) == ("AccessDenied", True)


def test_an_assumed_role_says_what_was_asked_and_answered() -> None:
    record = _record(
        "AssumeRole",
        source="sts.amazonaws.com",
        roleArn="arn:aws:iam::111122223333:role/R",
        roleSessionName="work",
        accessKeyId="ASIANEW",
        assumedRoleArn="arn:aws:sts::111122223333:assumed-role/R/work",
        expiresAt=5,
    )
    assert record["requestParameters"] == {
        "roleArn": "arn:aws:iam::111122223333:role/R",
        "roleSessionName": "work",
    }
    assert record["responseElements"] == {
        "accessKeyId": "ASIANEW",
        "assumedRoleArn": "arn:aws:sts::111122223333:assumed-role/R/work",
        "expiresAt": 5,
    }
    assert record["readOnly"] is True


def test_a_sign_in_is_a_console_event_with_its_second_factor() -> None:
    record = _record("ConsoleLogin", source="signin.amazonaws.com", MFAUsed="Yes")
    assert record["eventType"] == "AwsConsoleSignIn"
    assert record["responseElements"] == {"ConsoleLogin": "Success"}
    assert record["additionalEventData"] == {"MFAUsed": "Yes", "MobileVersion": "No"}
    assert "errorMessage" not in record


def test_a_failed_sign_in_says_what_alarms_look_for_and_hides_the_name_of_nobody() -> None:
    record = _record(
        "ConsoleLogin", source="signin.amazonaws.com", principal="", account_id="", error_code="mismatch"
    )
    assert record["errorMessage"] == "Failed authentication"
    assert record["responseElements"] == {"ConsoleLogin": "Failure"}
    assert record["additionalEventData"]["reason"] == "mismatch"
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    assert "recipientAccountId" not in record


def test_the_oauth_events_keep_their_parameters_as_cloudtrail_does() -> None:
    asked = {"client_id": "c", "redirect_uri": "r", "scope": "openid", "code_challenge_method": "SHA-256"}
    record = _record("AuthorizeOAuth2Access", source="signin.amazonaws.com", **asked, decision="allowed")
    assert record["requestParameters"] == asked
    assert record["responseElements"] is None
    assert record["additionalEventData"] == {"decision": "allowed", "success": "true"}
    assert (record["readOnly"], record["eventType"]) == (True, "AwsApiCall")
    refused = _record(
        "CreateOAuth2Token", source="signin.amazonaws.com", error_code="TOKEN_EXPIRED", reason="over"
    )
    assert (refused["errorCode"], refused["errorMessage"]) == ("TOKEN_EXPIRED", "over")
    assert refused["additionalEventData"] == {"success": "false"}


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", {"type": "Root", "principalId": ACCOUNT, "accountId": ACCOUNT}),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/R/work",
            {
                "type": "AssumedRole",
                "principalId": "AROA:work",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROA",
                        "arn": f"arn:aws:iam::{ACCOUNT}:role/R",
                        "accountId": ACCOUNT,
                        "userName": "R",
                    }
                },
            },
        ),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/bob", {"type": "FederatedUser"}),
        (
            f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp",
            {"type": "SAMLUser", "userName": "ada", "identityProvider": "idp"},
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:oidc-provider/op.example",
            {"type": "WebIdentityUser", "userName": "ada", "principalId": "op.example:ada"},
        ),
        ("nonsense", {"type": "Unknown", "arn": "nonsense"}),
    ],
)
def test_the_kind_of_caller_follows_from_the_arn(arn: str, expected: dict[str, Any]) -> None:
    record = _record(
        principal=arn, caller_principal_id="AROA:work", identity_provider="idp", idp_subject="ada"
    )
    identity = record["userIdentity"]
    assert {name: identity.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "category"),
    [("GetObject", "Data"), ("CreateBucket", "Management"), ("ListBuckets", "Management")],
)
def test_objects_are_data_and_buckets_are_management(name: str, category: str) -> None:
    record = _record(name, source="s3.amazonaws.com", error_code="AccessDenied")
    assert (record["eventCategory"], record["managementEvent"]) == (category, category == "Management")


def test_resources_are_named_once() -> None:
    event = _event(userName="bob", policyArn="p", accessKeyId="AKIA", path="/")
    assert touched_resources(event) == [
        ("AWS::IAM::User", "bob"),
        ("AWS::IAM::Policy", "p"),
        ("AWS::IAM::AccessKey", "AKIA"),
    ]


def test_user_names_are_the_last_part() -> None:
    assert [user_name(arn) for arn in (USER, f"arn:aws:iam::{ACCOUNT}:root", "")] == ["alice", "root", ""]


_texts = st.text(max_size=40) | st.sampled_from(
    ["arn:aws:sts::1:assumed-role/R/s", "arn:::::", "arn:aws:iam::1:saml-provider/x", "ConsoleLogin"]
)
_events = st.builds(
    AuditEvent,
    event_id=_texts,
    event_time=st.integers(min_value=-(2**63), max_value=2**63 - 1),
    event_source=_texts | st.sampled_from(["signin.amazonaws.com", "sts.amazonaws.com", "s3.amazonaws.com"]),
    event_name=_texts,
    account_id=_texts,
    principal_arn=_texts,
    caller=st.builds(Caller, _texts, _texts, _texts, st.booleans()),
    error_code=_texts,
    detail=st.dictionaries(
        _texts
        | st.sampled_from(
            ["caller_since", "caller_mfa", "caller_principal_id", "reason", "idp_subject", "accessKeyId"]
        ),
        _texts | st.integers(min_value=-(2**63), max_value=2**63 - 1) | st.booleans(),
        max_size=6,
    ),
)


@settings(max_examples=200, deadline=None)
@given(_events)
def test_no_row_is_beyond_rendering(event: AuditEvent) -> None:
    record = cloudtrail_record(event, region="r")
    assert json.loads(json.dumps(record))["eventID"] == event.event_id
    assert all(isinstance(kind, str) for kind, _ in touched_resources(event))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 1000 - 90),
        ("2m", 1000 - 120),
        ("3d", 0),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T00:01:00", 60),
        ("1970-01-01T01:01:00+01:00", 60),
        ("1970-01-02", 86_400),
        ("1969-01-02", 0),
    ],
)
def test_moments_are_read(text: str, expected: int) -> None:
    assert read_moment(text, now=1000) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"[0-9]{0,11}[smhdw]?", fullmatch=True))
def test_a_moment_is_read_or_is_a_value_error(text: str) -> None:
    try:
        assert read_moment(text, now=1000) >= 0
    except ValueError:
        return


@pytest.mark.parametrize("seconds", [-1, 2**62])
def test_times_stay_within_the_calendar(seconds: int) -> None:
    assert len(time_text(seconds)) == 20
