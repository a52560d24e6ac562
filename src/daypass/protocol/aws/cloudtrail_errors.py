"""The refusals of CloudTrail's wire and of JSON 1.1: one class per code.

(CloudTrail API reference, "LookupEvents", Errors; "Common Errors"; Smithy, "AWS JSON 1.1 protocol".)
"""

from daypass.protocol.aws.errors import AwsError

__all__ = [
    "InvalidEventCategory",
    "InvalidLookupAttributes",
    "InvalidMaxResults",
    "InvalidNextToken",
    "InvalidTimeRange",
    "SerializationFailed",
    "UnknownOperation",
]


class InvalidLookupAttributes(AwsError):
    """An attribute that cannot be looked up by, more than one, or a value of no length or too much."""

    code = "InvalidLookupAttributesException"


class InvalidTimeRange(AwsError):
    """The start lies behind the end."""

    code = "InvalidTimeRangeException"


class InvalidMaxResults(AwsError):
    """Not a number from 1 to 50."""

    code = "InvalidMaxResultsException"


class InvalidNextToken(AwsError):
    """A token of another question, another account, or none of ours."""

    code = "InvalidNextTokenException"


class InvalidEventCategory(AwsError):
    """A category CloudTrail does not have."""

    code = "InvalidEventCategoryException"


class UnknownOperation(AwsError):
    """The target names no operation this server has."""

    code = "UnknownOperationException"


class SerializationFailed(AwsError):
    """The body is not the JSON of the operation's input."""

    code = "SerializationException"
