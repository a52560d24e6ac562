"""The refusals of the STS, IAM and S3 wires: one class per code of the AWS references.

`AwsError` carries what every wire needs: the code word, the HTTP status, and whose fault it is. The
words are AWS's (STS and IAM "Common Errors" and each operation's error list; S3 "Error Responses").
How a refusal becomes XML is the business of `server/web/errors.py` and of the gateway.
"""

from daypass.errors import DaypassError

__all__ = [
    "AccessDenied",
    "AwsError",
    "DeleteConflict",
    "EntityAlreadyExists",
    "ExpiredToken",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidInput",
    "LimitExceeded",
    "MalformedPolicyDocument",
    "MissingAuthenticationToken",
    "MissingParameter",
    "NoSuchEntity",
    "PasswordPolicyViolation",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "Throttling",
    "UnmodifiableEntity",
    "ValidationError",
]


class AwsError(DaypassError):
    """A refusal in an AWS Query or S3 answer."""

    code = "InternalFailure"
    """The wire word in `<Code>`."""
    status = 400
    """HTTP status."""
    fault = "Sender"
    """`<Type>`: Sender or Receiver."""


class AccessDenied(AwsError):
    """Policy does not allow the action."""

    code = "AccessDenied"
    status = 403


class ExpiredToken(AwsError):
    """The session token's life is over."""

    code = "ExpiredToken"
    status = 403


class InvalidClientTokenId(AwsError):
    """The access key id or session token is not one of ours."""

    code = "InvalidClientTokenId"
    status = 403


class SignatureDoesNotMatch(AwsError):
    """The signature is not the one these credentials make for this request."""

    code = "SignatureDoesNotMatch"
    status = 403


class RequestTimeTooSkewed(AwsError):
    """S3's word for a request signed too far from now."""

    code = "RequestTimeTooSkewed"
    status = 403


class MissingAuthenticationToken(AwsError):
    """The request carries no signature."""

    code = "MissingAuthenticationToken"
    status = 403


class IncompleteSignature(AwsError):
    """The signature's parts are malformed, duplicated or missing."""

    code = "IncompleteSignature"


class InvalidAction(AwsError):
    """There is no such operation here."""

    code = "InvalidAction"


class MissingParameter(AwsError):
    """A required parameter is absent."""

    code = "MissingParameter"


class ValidationError(AwsError):
    """A parameter does not satisfy its constraint."""

    code = "ValidationError"


class MalformedPolicyDocument(AwsError):
    """The policy text is not a policy; the message names the position."""

    code = "MalformedPolicyDocument"


class NoSuchEntity(AwsError):
    """The thing named does not exist."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(AwsError):
    """The name is taken."""

    code = "EntityAlreadyExists"
    status = 409


class DeleteConflict(AwsError):
    """Something is still attached."""

    code = "DeleteConflict"
    status = 409


class LimitExceeded(AwsError):
    """An account limit is reached."""

    code = "LimitExceeded"
    status = 409


class InvalidInput(AwsError):
    """An input value is out of range (IAM)."""

    code = "InvalidInput"


class UnmodifiableEntity(AwsError):
    """The entity is AWS's, not the account's."""

    code = "UnmodifiableEntity"


class PasswordPolicyViolation(AwsError):
    """The password is too weak."""

    code = "PasswordPolicyViolation"


class Throttling(AwsError):
    """Too many requests."""

    code = "Throttling"


class InternalFailure(AwsError):
    """A fault of ours."""

    status = 500
    fault = "Receiver"
