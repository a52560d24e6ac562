"""Every S3 operation the gateway passes on, and the IAM actions each one needs. Data only.

What is not a row here is refused: an unknown subresource or parameter never reaches the backend. Sources:
S3 API reference (operations) and Service Authorization Reference, "Actions, resources, and condition keys
for Amazon S3" (actions). Left out on purpose: writes that make the backend write elsewhere (replication, logging,
notification). Bucket policies are ours (`bucket_policies.py`).
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MARKERS", "ROWS", "BodyKind", "OperationRow", "Target"]

Target = Literal["service", "bucket", "object"]
BodyKind = Literal["none", "document", "object"]
"""`document`: a small XML text; `object`: of any length."""


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation."""

    method: str
    target: Target
    marker: str
    """The query parameter that selects the operation, or empty."""
    name: str
    actions: tuple[str, ...]
    """IAM actions, each on the target's ARN; all must be allowed."""
    version_actions: tuple[str, ...]
    """The actions instead, when a versionId is given; empty when it takes none."""
    parameters: frozenset[str]
    """Query parameters it may have beside the marker."""
    body: BodyKind


def _row(
    method: str,
    target: Target,
    marker: str,
    name: str,
    actions: str,
    *,
    versions: str = "",
    parameters: str = "",
    body: BodyKind = "none",
) -> OperationRow:
    allowed = frozenset(parameters.split()) | ({"versionId"} if versions else set())
    return OperationRow(
        method, target, marker, name, _qualify(actions), _qualify(versions), frozenset(allowed), body
    )


def _qualify(actions: str) -> tuple[str, ...]:
    return tuple(f"s3:{action}" for action in actions.split())


_LISTING = "prefix delimiter encoding-type"
_RESPONSE = (
    "response-cache-control response-content-disposition response-content-encoding"
    " response-content-language response-content-type response-expires"
)
_READ = f"partNumber {_RESPONSE}"

_SERVICE_ROWS = (
    _row(
        "GET", "service", "", "ListBuckets", "ListAllMyBuckets",
        parameters="prefix max-buckets continuation-token bucket-region",
    ),
)  # fmt: skip

_BUCKET_ROWS = (
    _row("PUT", "bucket", "", "CreateBucket", "CreateBucket", body="document"),
    _row("DELETE", "bucket", "", "DeleteBucket", "DeleteBucket"),
    _row("HEAD", "bucket", "", "HeadBucket", "ListBucket"),
    _row("GET", "bucket", "", "ListObjects", "ListBucket", parameters=f"{_LISTING} marker max-keys"),
    _row(
        "GET", "bucket", "list-type", "ListObjectsV2", "ListBucket",
        parameters=f"{_LISTING} continuation-token start-after max-keys fetch-owner",
    ),
    _row(
        "GET", "bucket", "versions", "ListObjectVersions", "ListBucketVersions",
        parameters=f"{_LISTING} key-marker version-id-marker max-keys",
    ),
    _row(
        "GET", "bucket", "uploads", "ListMultipartUploads", "ListBucketMultipartUploads",
        parameters=f"{_LISTING} key-marker upload-id-marker max-uploads",
    ),
    _row("POST", "bucket", "delete", "DeleteObjects", "", body="document"),
    _row("GET", "bucket", "location", "GetBucketLocation", "GetBucketLocation"),
    _row("GET", "bucket", "acl", "GetBucketAcl", "GetBucketAcl"),
    _row("PUT", "bucket", "acl", "PutBucketAcl", "PutBucketAcl", body="document"),
    _row("GET", "bucket", "cors", "GetBucketCors", "GetBucketCORS"),
    _row("PUT", "bucket", "cors", "PutBucketCors", "PutBucketCORS", body="document"),
    _row("DELETE", "bucket", "cors", "DeleteBucketCors", "PutBucketCORS"),
    _row("GET", "bucket", "lifecycle", "GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    _row(
        "PUT", "bucket", "lifecycle", "PutBucketLifecycleConfiguration", "PutLifecycleConfiguration",
        body="document",
    ),
    _row("DELETE", "bucket", "lifecycle", "DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    _row("GET", "bucket", "versioning", "GetBucketVersioning", "GetBucketVersioning"),
    _row("PUT", "bucket", "versioning", "PutBucketVersioning", "PutBucketVersioning", body="document"),
    _row("GET", "bucket", "encryption", "GetBucketEncryption", "GetEncryptionConfiguration"),
    _row("PUT", "bucket", "encryption", "PutBucketEncryption", "PutEncryptionConfiguration", body="document"),
    _row("DELETE", "bucket", "encryption", "DeleteBucketEncryption", "PutEncryptionConfiguration"),
    _row("GET", "bucket", "tagging", "GetBucketTagging", "GetBucketTagging"),
    _row("PUT", "bucket", "tagging", "PutBucketTagging", "PutBucketTagging", body="document"),
    _row("DELETE", "bucket", "tagging", "DeleteBucketTagging", "PutBucketTagging"),
    _row("GET", "bucket", "object-lock", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    _row(
        "PUT", "bucket", "object-lock", "PutObjectLockConfiguration", "PutBucketObjectLockConfiguration",
        body="document",
    ),
    _row("GET", "bucket", "ownershipControls", "GetBucketOwnershipControls", "GetBucketOwnershipControls"),
    _row(
        "PUT", "bucket", "ownershipControls", "PutBucketOwnershipControls", "PutBucketOwnershipControls",
        body="document",
    ),
    _row(
        "DELETE", "bucket", "ownershipControls", "DeleteBucketOwnershipControls", "PutBucketOwnershipControls"
    ),
    _row("GET", "bucket", "publicAccessBlock", "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    _row(
        "PUT", "bucket", "publicAccessBlock", "PutPublicAccessBlock", "PutBucketPublicAccessBlock",
        body="document",
    ),
    _row("DELETE", "bucket", "publicAccessBlock", "DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    _row("GET", "bucket", "policy", "GetBucketPolicy", "GetBucketPolicy"),
    _row("PUT", "bucket", "policy", "PutBucketPolicy", "PutBucketPolicy", body="document"),
    _row("DELETE", "bucket", "policy", "DeleteBucketPolicy", "DeleteBucketPolicy"),
    _row("GET", "bucket", "policyStatus", "GetBucketPolicyStatus", "GetBucketPolicyStatus"),
    _row("GET", "bucket", "accelerate", "GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    _row("GET", "bucket", "logging", "GetBucketLogging", "GetBucketLogging"),
    _row("GET", "bucket", "notification", "GetBucketNotificationConfiguration", "GetBucketNotification"),
    _row("GET", "bucket", "replication", "GetBucketReplication", "GetReplicationConfiguration"),
    _row("GET", "bucket", "requestPayment", "GetBucketRequestPayment", "GetBucketRequestPayment"),
    _row("GET", "bucket", "website", "GetBucketWebsite", "GetBucketWebsite"),
)  # fmt: skip

_OBJECT_ROWS = (
    _row("GET", "object", "", "GetObject", "GetObject", versions="GetObjectVersion", parameters=_READ),
    _row("HEAD", "object", "", "HeadObject", "GetObject", versions="GetObjectVersion", parameters=_READ),
    _row("PUT", "object", "", "PutObject", "PutObject", body="object"),
    _row("DELETE", "object", "", "DeleteObject", "DeleteObject", versions="DeleteObjectVersion"),
    _row(
        "GET", "object", "attributes", "GetObjectAttributes", "GetObject GetObjectAttributes",
        versions="GetObjectVersion GetObjectVersionAttributes",
    ),
    _row("POST", "object", "uploads", "CreateMultipartUpload", "PutObject"),
    _row("PUT", "object", "uploadId", "UploadPart", "PutObject", parameters="partNumber", body="object"),
    _row("POST", "object", "uploadId", "CompleteMultipartUpload", "PutObject", body="document"),
    _row("DELETE", "object", "uploadId", "AbortMultipartUpload", "AbortMultipartUpload"),
    _row(
        "GET", "object", "uploadId", "ListParts", "ListMultipartUploadParts",
        parameters="max-parts part-number-marker encoding-type",
    ),
    _row("GET", "object", "acl", "GetObjectAcl", "GetObjectAcl", versions="GetObjectVersionAcl"),
    _row(
        "PUT", "object", "acl", "PutObjectAcl", "PutObjectAcl", versions="PutObjectVersionAcl", body="document"
    ),
    _row("GET", "object", "tagging", "GetObjectTagging", "GetObjectTagging", versions="GetObjectVersionTagging"),
    _row(
        "PUT", "object", "tagging", "PutObjectTagging", "PutObjectTagging",
        versions="PutObjectVersionTagging", body="document",
    ),
    _row(
        "DELETE", "object", "tagging", "DeleteObjectTagging", "DeleteObjectTagging",
        versions="DeleteObjectVersionTagging",
    ),
    _row("GET", "object", "retention", "GetObjectRetention", "GetObjectRetention", versions="GetObjectRetention"),
    _row(
        "PUT", "object", "retention", "PutObjectRetention", "PutObjectRetention",
        versions="PutObjectRetention", body="document",
    ),
    _row("GET", "object", "legal-hold", "GetObjectLegalHold", "GetObjectLegalHold", versions="GetObjectLegalHold"),
    _row(
        "PUT", "object", "legal-hold", "PutObjectLegalHold", "PutObjectLegalHold",
        versions="PutObjectLegalHold", body="document",
    ),
)  # fmt: skip

ROWS = {(row.method, row.target, row.marker): row for row in (*_SERVICE_ROWS, *_BUCKET_ROWS, *_OBJECT_ROWS)}
MARKERS = frozenset(row.marker for row in ROWS.values() if row.marker)
