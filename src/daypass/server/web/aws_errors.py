"""How a refusal becomes a Query answer: the one place for the STS and IAM wires.

(STS and IAM references, "Common Errors"; AWS Query Protocol: `Error` stands inside `ErrorResponse`,
because clients look for it in a wrapper.)
"""

from daypass.protocol.aws.errors import AwsError, InternalFailure
from daypass.protocol.aws.query import build_error_xml

__all__ = ["StorageFailure", "build_query_refusal"]


class StorageFailure(InternalFailure):
    """The database did not answer; the peer may try again."""

    code = "ServiceUnavailable"
    status = 503


def build_query_refusal(error: AwsError, *, request_id: str, namespace: str) -> tuple[int, bytes]:
    """Status and XML. The message goes to the peer, the detail never."""
    return error.status, build_error_xml(error, request_id, namespace=namespace)
