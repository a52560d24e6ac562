"""Which operation a request is, and what its caller must be allowed to do for it.

Nothing is guessed: exactly one row of the table fits, every parameter is one the row knows, or the request
is refused. Each `Permission` names the bucket it touches, so that ownership is checked wherever policy is
(a copy has two). Condition keys: Service Authorization Reference, "Condition keys for Amazon S3".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import InvalidRequest
from daypass.server.gateway.copy_source import CopySource, parse_copy_source
from daypass.server.gateway.errors import InvalidArgument, MethodNotAllowed, NotImplementedHere
from daypass.server.gateway.object_names import check_opaque_id, check_position, check_prefix
from daypass.server.gateway.operation_table import MARKERS, ROWS, BodyKind, OperationRow, Target
from daypass.server.gateway.request import GatewayRequest

__all__ = ["Operation", "Permission", "bypasses_governance", "identify_operation", "object_permission"]

_COPY_NAMES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
_POSITIONS = ("marker", "start-after", "key-marker", "continuation-token")
_IDS = ("versionId", "uploadId", "version-id-marker", "upload-id-marker")
_CREATES_OBJECT = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_HEADER_ACTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "object": (
        ("x-amz-acl", "s3:PutObjectAcl"),
        ("x-amz-tagging", "s3:PutObjectTagging"),
        ("x-amz-object-lock-mode", "s3:PutObjectRetention"),
        ("x-amz-object-lock-retain-until-date", "s3:PutObjectRetention"),
        ("x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"),
    ),
    "bucket": (
        ("x-amz-acl", "s3:PutBucketAcl"),
        ("x-amz-object-ownership", "s3:PutBucketOwnershipControls"),
        ("x-amz-bucket-object-lock-enabled", "s3:PutBucketObjectLockConfiguration"),
    ),
}
"""Headers of a creation that do what another operation also does, and so need its action too."""
_CONDITION_HEADERS = (
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
)
_CONDITION_PARAMETERS = (
    ("prefix", "s3:prefix"),
    ("delimiter", "s3:delimiter"),
    ("max-keys", "s3:max-keys"),
    ("versionId", "s3:VersionId"),
)


@dataclass(frozen=True, slots=True)
class Permission:
    """One question to ownership and policy."""

    action: str
    bucket: str
    """Empty where no bucket is touched."""
    resource: str
    """ARN."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks for."""

    name: str
    target: Target
    body: BodyKind
    permissions: tuple[Permission, ...]
    """All must be allowed. Empty only for DeleteObjects, whose keys are in its body."""
    condition_values: Mapping[str, ConditionValue]
    copy_source: CopySource | None


def identify_operation(request: GatewayRequest) -> Operation:
    """Raises NotImplementedHere, MethodNotAllowed, InvalidRequest, InvalidArgument."""
    row = _find_row(request)
    _check_parameters(request, row)
    source = _copy_source(request, row)
    name = row.name if source is None else _COPY_NAMES[row.name]
    permissions = [*_row_permissions(request, row), *_header_permissions(request, name)]
    if source is not None:
        action = "s3:GetObjectVersion" if source.version_id else "s3:GetObject"
        permissions.append(object_permission(action, source.bucket, source.key))
    return Operation(
        name,
        row.target,
        "none" if source else row.body,
        tuple(permissions),
        _condition_values(request),
        source,
    )


def bypasses_governance(request: GatewayRequest) -> bool:
    """Whether the request wants to override a retention; an action of its own, on each object."""
    return request.headers.get("x-amz-bypass-governance-retention", "false").lower() != "false"


def object_permission(action: str, bucket: str, key: str) -> Permission:
    """The question about one object."""
    return Permission(action, bucket, f"arn:aws:s3:::{bucket}/{key}")


def _find_row(request: GatewayRequest) -> OperationRow:
    target: Target = "object" if request.key else "bucket" if request.bucket else "service"
    markers = MARKERS & request.parameters.keys()
    if len(markers) > 1:
        raise InvalidRequest("The request names more than one subresource")
    row = ROWS.get((request.method, target, next(iter(markers), "")))
    if row is not None:
        return row
    if not markers and request.method == "POST":
        raise NotImplementedHere("Form uploads are not supported: use PUT or a presigned URL")
    if not markers:
        raise MethodNotAllowed("The specified method is not allowed against this resource.")
    raise NotImplementedHere("This operation is not supported by this gateway")


def _check_parameters(request: GatewayRequest, row: OperationRow) -> None:
    for name, value in request.parameters.items():
        if name != row.marker and name not in row.parameters:
            raise NotImplementedHere("A query parameter is not supported by this gateway for this operation")
        if name == "prefix":
            check_prefix(value)
        if name in _POSITIONS:
            check_position(value)
        if name in _IDS and (value or name == row.marker):
            check_opaque_id(value)
    if row.marker == "list-type" and request.parameters["list-type"] != "2":
        raise InvalidArgument("Invalid List Type specified in Arguments")
    if row.name == "UploadPart" and "partNumber" not in request.parameters:
        raise InvalidArgument("This operation does not accept an upload id without a part number")


def _copy_source(request: GatewayRequest, row: OperationRow) -> CopySource | None:
    header = request.headers.get("x-amz-copy-source")
    if header is None:
        return None
    if row.name not in _COPY_NAMES:
        raise InvalidArgument("x-amz-copy-source is not supported for this operation")
    return parse_copy_source(header)


def _row_permissions(request: GatewayRequest, row: OperationRow) -> list[Permission]:
    actions = row.version_actions if request.parameters.get("versionId") else row.actions
    if row.target == "service":
        return [Permission(action, "", "arn:aws:s3:::*") for action in actions]
    if row.target == "bucket":
        return [Permission(action, request.bucket, f"arn:aws:s3:::{request.bucket}") for action in actions]
    return [object_permission(action, request.bucket, request.key) for action in actions]


def _header_permissions(request: GatewayRequest, name: str) -> list[Permission]:
    actions: dict[str, None] = {}
    target = "object" if name in _CREATES_OBJECT else "bucket" if name == "CreateBucket" else ""
    for header, action in _HEADER_ACTIONS.get(target, ()):
        if header in request.headers:
            actions[action] = None
    if target and any(header.startswith("x-amz-grant-") for header in request.headers):
        actions[_HEADER_ACTIONS[target][0][1]] = None
    if name != "DeleteObjects" and bypasses_governance(request):
        actions["s3:BypassGovernanceRetention"] = None
    resource = f"arn:aws:s3:::{request.bucket}" + (f"/{request.key}" if request.key else "")
    return [Permission(action, request.bucket, resource) for action in actions]


def _condition_values(request: GatewayRequest) -> dict[str, ConditionValue]:
    values: dict[str, ConditionValue] = {}
    for parameter, condition in _CONDITION_PARAMETERS:
        if parameter in request.parameters:
            values[condition] = request.parameters[parameter]
    for header in _CONDITION_HEADERS:
        if header in request.headers:
            values[f"s3:{header}"] = request.headers[header]
    if "x-amz-tagging" in request.headers:
        tags = parse_qsl(request.headers["x-amz-tagging"], keep_blank_values=True)
        values.update({f"s3:RequestObjectTag/{name}": value for name, value in tags})
        values["s3:RequestObjectTagKeys"] = tuple(name for name, _ in tags)
    return values
