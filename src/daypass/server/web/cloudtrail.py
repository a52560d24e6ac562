"""CloudTrail's one operation here, between JSON and its flow: members read and checked, records written out.

Shapes and limits are the service model's (CloudTrail API reference, "LookupEvents"; Smithy, "AWS JSON 1.1": times are
numbers of seconds). An event's `CloudTrailEvent` is the whole record, as text.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daypass.protocol.aws.cloudtrail_errors import (
    InvalidEventCategory,
    InvalidLookupAttributes,
    InvalidMaxResults,
    InvalidTimeRange,
    SerializationFailed,
)
from daypass.server.domain.audit_search import CALLER_ACCESS_KEY_ID, LoggedEvent
from daypass.server.domain.cloudtrail_identity import touched_resources, user_name
from daypass.server.domain.cloudtrail_record import cloudtrail_record, is_read_only
from daypass.server.domain.paging import Listing
from daypass.server.flows.lookup_events import LOOKUP_ATTRIBUTES, LookupQuestion

__all__ = ["TARGET", "answer_lookup", "read_lookup"]

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
"""What `X-Amz-Target` says."""

_MOST_RESULTS = 50
_LONGEST_VALUE = 2000
_LATEST = 2**53


class _Attribute(msgspec.Struct, frozen=True):
    AttributeKey: str
    AttributeValue: str


class _Request(msgspec.Struct, frozen=True):
    LookupAttributes: tuple[_Attribute, ...] | None = None
    StartTime: float | None = None
    EndTime: float | None = None
    EventCategory: str | None = None
    MaxResults: int | None = None
    NextToken: str | None = None


_decode: Callable[[bytes], _Request] = msgspec.json.Decoder(_Request).decode


def read_lookup(body: bytes) -> LookupQuestion | None:
    """The question; None for a category of which there never is an event. Raises an AwsError."""
    try:
        asked = _decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise SerializationFailed("The request's body is not the JSON of LookupEvents.") from None
    attribute, value = _read_attribute(asked.LookupAttributes or ())
    since = _read_time(asked.StartTime, math.ceil)
    until = _read_time(asked.EndTime, math.floor)
    if asked.StartTime is not None and asked.EndTime is not None and asked.StartTime > asked.EndTime:
        raise InvalidTimeRange("The start time is after the end time.")
    max_results = _MOST_RESULTS if asked.MaxResults is None else asked.MaxResults
    if not 1 <= max_results <= _MOST_RESULTS:
        raise InvalidMaxResults(f"MaxResults must be between 1 and {_MOST_RESULTS}.")
    if asked.EventCategory is not None:
        if asked.EventCategory != "insight":
            raise InvalidEventCategory("The event category must be insight, or left out.")
        return None
    return LookupQuestion(attribute, value, since or 0, until, max_results, asked.NextToken)


def _read_attribute(attributes: tuple[_Attribute, ...]) -> tuple[str, str]:
    if not attributes:
        return "", ""
    if len(attributes) > 1:
        raise InvalidLookupAttributes("Only one lookup attribute can be given.")
    only = next(iter(attributes))
    if only.AttributeKey not in LOOKUP_ATTRIBUTES:
        raise InvalidLookupAttributes("The attribute cannot be looked up by.")
    if not 1 <= len(only.AttributeValue) <= _LONGEST_VALUE or "\x00" in only.AttributeValue:
        raise InvalidLookupAttributes(f"The value must have 1 to {_LONGEST_VALUE} characters.")
    if only.AttributeKey == "ReadOnly" and only.AttributeValue not in ("true", "false"):
        raise InvalidLookupAttributes("The value of ReadOnly must be true or false.")
    return only.AttributeKey, only.AttributeValue


def _read_time(seconds: float | None, rounded: Callable[[float], int]) -> int | None:
    return None if seconds is None else rounded(min(max(seconds, 0), _LATEST))


def answer_lookup(found: Listing[LoggedEvent], *, region: str) -> dict[str, Any]:
    """The answer's members."""
    answer: dict[str, Any] = {"Events": [_event(each, region) for each in found.items]}
    return answer if found.marker is None else answer | {"NextToken": found.marker}


def _event(each: LoggedEvent, region: str) -> Mapping[str, Any]:
    event = each.event
    members = {
        "EventId": event.event_id,
        "EventName": event.event_name,
        "ReadOnly": "true" if is_read_only(event) else "false",
        "EventTime": event.event_time,
        "EventSource": event.event_source,
        "Resources": [
            {"ResourceType": kind, "ResourceName": name} for kind, name in touched_resources(event)
        ],
        "CloudTrailEvent": json.dumps(cloudtrail_record(event, region=region), separators=(",", ":")),
    }
    name, key_id = user_name(event.principal_arn), event.detail.get(CALLER_ACCESS_KEY_ID)
    if name:
        members["Username"] = name
    if key_id:
        members["AccessKeyId"] = str(key_id)
    return members
