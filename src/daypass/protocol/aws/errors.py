"""The refusals of the STS, IAM and S3 wires: one class per code of the AWS references.

`AwsError` carries what every wire needs: the code word, the HTTP status, and whose fault it is. The
words are AWS's (STS and IAM "Common Errors" and each operation's error list; S3 "Error Responses").
How a refusal becomes XML is the business of `server/web/errors.py` and of the gateway.
"""

from daypass.errors import DaypassError

__all__ = [
    "AccessDenied",
    "AwsError",
    "ConcurrentModification",
    "DeleteConflict",
    "EntityAlreadyExists",
    "ExpiredIdentityToken",
    "ExpiredToken",
    "FeatureDisabled",
    "FeatureEnabled",
    "IDPCommunicationError",
    "IDPRejectedClaim",
    "IncompleteBody",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidAuthenticationCode",
    "InvalidAuthorizationMessage",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidInput",
    "InvalidRequest",
    "InvalidUserType",
    "JwtPayloadSizeExceeded",
    "LimitExceeded",
    "MalformedPolicyDocument",
    "MalformedQueryString",
    "MalformedTrailer",
    "MissingAuthenticationToken",
    "NoSuchEntity",
    "OutboundFederationDisabled",
    "PackedPolicyTooLarge",
    "PasswordPolicyViolation",
    "ReportGenerationLimitExceeded",
    "RequestEntityTooLarge",
    "RequestTimeTooSkewed",
    "SessionDurationEscalation",
    "SignatureDoesNotMatch",
    "Throttling",
    "UnmodifiableEntity",
    "UnsupportedSignature",
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


class InvalidRequest(AwsError):
    """S3's word for a request whose headers do not fit together."""

    code = "InvalidRequest"


class UnsupportedSignature(InvalidRequest):
    """The request is signed by Signature Version 2; the message names the client's setting."""


class IncompleteBody(AwsError):
    """The body ended early, is longer than declared, or is framed wrongly (S3)."""

    code = "IncompleteBody"


class MalformedTrailer(AwsError):
    """The trailing fields of a chunked body are not well-formed or not the declared ones (S3)."""

    code = "MalformedTrailerError"


class RequestEntityTooLarge(AwsError):
    """The request is longer than any legitimate one."""

    code = "RequestEntityTooLarge"
    status = 413


class MalformedQueryString(AwsError):
    """The Query-protocol parameters are not form-encoded UTF-8 (STS and IAM, Common Errors)."""

    code = "MalformedQueryString"
    status = 404


class InvalidAction(AwsError):
    """There is no such operation here."""

    code = "InvalidAction"


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


class ConcurrentModification(AwsError):
    """Somebody else changed the same thing between our reading and our writing it (IAM)."""

    code = "ConcurrentModification"
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


class InvalidUserType(AwsError):
    """The operation is for IAM users only."""

    code = "InvalidUserType"


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


class InvalidAuthorizationMessage(AwsError):
    """The text is not an encoded message of this account, or its time is over (STS)."""

    code = "InvalidAuthorizationMessageException"


class InvalidIdentityToken(AwsError):
    """An identity provider's token or assertion does not hold (STS reference, "AssumeRoleWithSAML", Errors)."""

    code = "InvalidIdentityToken"


class ExpiredIdentityToken(AwsError):
    """An identity provider's token or assertion is past its time; the wire word differs from `ExpiredToken`."""

    code = "ExpiredTokenException"


class IDPRejectedClaim(AwsError):
    """The identity provider said no, or its claim can no longer be used."""

    code = "IDPRejectedClaim"
    status = 403


class IDPCommunicationError(AwsError):
    """The identity provider could not be reached or did not answer sensibly; worth trying again."""

    code = "IDPCommunicationError"


class PackedPolicyTooLarge(AwsError):
    """Session tags take more room than a session token has."""

    code = "PackedPolicyTooLarge"


class InvalidAuthenticationCode(AwsError):
    """The two one-time codes are not two in a row of this device (IAM)."""

    code = "InvalidAuthenticationCode"
    status = 403


class FeatureEnabled(AwsError):
    """The account's outbound identity federation is on already (IAM)."""

    code = "FeatureEnabled"
    status = 409


class FeatureDisabled(AwsError):
    """The account's outbound identity federation is off (IAM)."""

    code = "FeatureDisabled"
    status = 404


class OutboundFederationDisabled(AwsError):
    """The account's outbound identity federation is off (STS, "GetWebIdentityToken")."""

    code = "OutboundWebIdentityFederationDisabledException"
    status = 403


class SessionDurationEscalation(AwsError):
    """A web identity token would outlive the credentials it was asked for with (STS, "GetWebIdentityToken")."""

    code = "SessionDurationEscalationException"
    status = 403


class JwtPayloadSizeExceeded(AwsError):
    """A web identity token would be longer than one may be (STS, "GetWebIdentityToken")."""

    code = "JWTPayloadSizeExceededException"


class ReportGenerationLimitExceeded(AwsError):
    """The account has more users than a credential report may have (IAM)."""

    code = "ReportGenerationLimitExceeded"
    status = 409
