"""S3's own refusals, and S3's words for refusals it shares with the other AWS wires.

Codes, statuses and texts are those of the S3 API reference, "Error responses". How one becomes an
answer is in `answers.py`.
"""

from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    ExpiredToken,
    IncompleteSignature,
    InvalidClientTokenId,
    MissingAuthenticationToken,
)

__all__ = [
    "BackendUnreachable",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "ContentHashMismatch",
    "EntityTooLarge",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidUri",
    "KeyTooLong",
    "MalformedPolicy",
    "MalformedXml",
    "MethodNotAllowed",
    "MissingContentLength",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NotImplementedHere",
    "ServiceUnavailable",
    "in_s3_words",
]


class NoSuchBucket(AwsError):
    """There is no bucket of this name."""

    code = "NoSuchBucket"
    status = 404


class NoSuchBucketPolicy(AwsError):
    """The bucket has no policy."""

    code = "NoSuchBucketPolicy"
    status = 404


class MalformedPolicy(AwsError):
    """The bucket policy does not hold the grammar, or speaks of something else than its bucket."""

    code = "MalformedPolicy"


class BucketAlreadyExists(AwsError):
    """Another account owns the name."""

    code = "BucketAlreadyExists"
    status = 409


class BucketAlreadyOwnedByYou(AwsError):
    """The caller's account owns the name."""

    code = "BucketAlreadyOwnedByYou"
    status = 409


class InvalidBucketName(AwsError):
    """The name breaks the bucket naming rules."""

    code = "InvalidBucketName"


class InvalidUri(AwsError):
    """The path is not percent-encoded UTF-8."""

    code = "InvalidURI"


class KeyTooLong(AwsError):
    """An object key has at most 1024 bytes."""

    code = "KeyTooLongError"


class InvalidArgument(AwsError):
    """A parameter or header has an impossible value."""

    code = "InvalidArgument"


class MalformedXml(AwsError):
    """The body is not the document the operation takes."""

    code = "MalformedXML"


class MethodNotAllowed(AwsError):
    """The method means nothing on this resource."""

    code = "MethodNotAllowed"
    status = 405


class NotImplementedHere(AwsError):
    """The operation, parameter or header is not one this gateway passes on."""

    code = "NotImplemented"
    status = 501


class MissingContentLength(AwsError):
    """The body's length must be declared."""

    code = "MissingContentLength"
    status = 411


class EntityTooLarge(AwsError):
    """The body is longer than the operation takes."""

    code = "EntityTooLarge"


class ContentHashMismatch(AwsError):
    """The body is not the one whose hash was signed."""

    code = "XAmzContentSHA256Mismatch"


class BadDigest(AwsError):
    """The body is not the one whose checksum was sent."""

    code = "BadDigest"


class InvalidAccessKeyId(AwsError):
    """The access key id is not one of ours."""

    code = "InvalidAccessKeyId"
    status = 403


class InvalidToken(AwsError):
    """The session token is not one of ours."""

    code = "InvalidToken"


class ExpiredS3Token(AwsError):
    """S3 answers 400 where STS answers 403."""

    code = "ExpiredToken"


class AuthorizationHeaderMalformed(AwsError):
    """The signature's parts are malformed."""

    code = "AuthorizationHeaderMalformed"


class ServiceUnavailable(AwsError):
    """The backend or the database cannot be reached; try again."""

    code = "ServiceUnavailable"
    status = 503
    fault = "Receiver"


class BackendUnreachable(ServiceUnavailable):
    """No connection was made, so the backend certainly did nothing."""


def in_s3_words(error: AwsError, *, has_session_token: bool) -> AwsError:
    """The same refusal under the code S3 gives it. Message, hint and detail stay."""
    match error:
        case MissingAuthenticationToken():
            renamed: AwsError = AccessDenied("Access Denied: the request is not signed", detail=error.detail)
        case ExpiredToken():
            renamed = ExpiredS3Token("The provided token has expired.", detail=error.detail)
        case InvalidClientTokenId() if has_session_token:
            renamed = InvalidToken(
                "The provided token is malformed or otherwise invalid.", detail=error.detail
            )
        case InvalidClientTokenId():
            renamed = InvalidAccessKeyId(
                "The AWS Access Key Id you provided does not exist in our records.", detail=error.detail
            )
        case IncompleteSignature():
            renamed = AuthorizationHeaderMalformed(error.message, detail=error.detail)
        case _:
            return error
    return renamed
