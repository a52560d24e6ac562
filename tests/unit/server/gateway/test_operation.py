"""Which operation a request is, and the permissions it needs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError
from daypass.server.gateway.operation import identify_operation
from daypass.server.gateway.operation_table import ROWS
from daypass.server.gateway.request import GatewayRequest


def ask(method: str, target: str, headers: dict[str, str] | None = None) -> GatewayRequest:
    """`target` is `bucket/key?name=value&name`, decoded."""
    path, _, query = target.partition("?")
    bucket, _, key = path.partition("/")
    parameters = dict(piece.partition("=")[::2] for piece in query.split("&") if piece)
    return GatewayRequest(method, bucket, key, parameters, headers or {})


BUCKET, OBJECT = "arn:aws:s3:::b", "arn:aws:s3:::b/k"


@pytest.mark.parametrize(
    "method,target,name,permissions",
    [
        ("GET", "", "ListBuckets", [("s3:ListAllMyBuckets", "arn:aws:s3:::*")]),
        ("PUT", "b", "CreateBucket", [("s3:CreateBucket", BUCKET)]),
        ("DELETE", "b", "DeleteBucket", [("s3:DeleteBucket", BUCKET)]),
        ("HEAD", "b", "HeadBucket", [("s3:ListBucket", BUCKET)]),
        ("GET", "b", "ListObjects", [("s3:ListBucket", BUCKET)]),
        ("GET", "b?list-type=2", "ListObjectsV2", [("s3:ListBucket", BUCKET)]),
        ("GET", "b?versions", "ListObjectVersions", [("s3:ListBucketVersions", BUCKET)]),
        ("GET", "b?uploads", "ListMultipartUploads", [("s3:ListBucketMultipartUploads", BUCKET)]),
        ("GET", "b?location", "GetBucketLocation", [("s3:GetBucketLocation", BUCKET)]),
        ("PUT", "b?acl", "PutBucketAcl", [("s3:PutBucketAcl", BUCKET)]),
        ("PUT", "b?cors", "PutBucketCors", [("s3:PutBucketCORS", BUCKET)]),
        ("DELETE", "b?lifecycle", "DeleteBucketLifecycle", [("s3:PutLifecycleConfiguration", BUCKET)]),
        ("PUT", "b?versioning", "PutBucketVersioning", [("s3:PutBucketVersioning", BUCKET)]),
        ("PUT", "b?encryption", "PutBucketEncryption", [("s3:PutEncryptionConfiguration", BUCKET)]),
        ("POST", "b?delete", "DeleteObjects", []),
        ("GET", "b/k", "GetObject", [("s3:GetObject", OBJECT)]),
        ("GET", "b/k?versionId=1", "GetObject", [("s3:GetObjectVersion", OBJECT)]),
        ("GET", "b/k?versionId=", "GetObject", [("s3:GetObject", OBJECT)]),
        ("HEAD", "b/k", "HeadObject", [("s3:GetObject", OBJECT)]),
        ("PUT", "b/k", "PutObject", [("s3:PutObject", OBJECT)]),
        ("DELETE", "b/k", "DeleteObject", [("s3:DeleteObject", OBJECT)]),
        ("DELETE", "b/k?versionId=1", "DeleteObject", [("s3:DeleteObjectVersion", OBJECT)]),
        ("POST", "b/k?uploads", "CreateMultipartUpload", [("s3:PutObject", OBJECT)]),
        ("PUT", "b/k?uploadId=1&partNumber=1", "UploadPart", [("s3:PutObject", OBJECT)]),
        ("POST", "b/k?uploadId=1", "CompleteMultipartUpload", [("s3:PutObject", OBJECT)]),
        ("DELETE", "b/k?uploadId=1", "AbortMultipartUpload", [("s3:AbortMultipartUpload", OBJECT)]),
        ("GET", "b/k?uploadId=1", "ListParts", [("s3:ListMultipartUploadParts", OBJECT)]),
        ("GET", "b/k?tagging", "GetObjectTagging", [("s3:GetObjectTagging", OBJECT)]),
        ("PUT", "b/k?tagging&versionId=1", "PutObjectTagging", [("s3:PutObjectVersionTagging", OBJECT)]),
        ("GET", "b/k?acl", "GetObjectAcl", [("s3:GetObjectAcl", OBJECT)]),
        (
            "GET", "b/k?attributes", "GetObjectAttributes",
            [("s3:GetObject", OBJECT), ("s3:GetObjectAttributes", OBJECT)],
        ),
    ],
)  # fmt: skip
def test_each_request_is_one_operation_with_its_actions(
    method: str, target: str, name: str, permissions: list[tuple[str, str]]
) -> None:
    operation = identify_operation(ask(method, target))
    assert operation.name == name
    assert [(each.action, each.resource) for each in operation.permissions] == permissions


def test_only_deleting_many_objects_leaves_its_permissions_to_its_body() -> None:
    assert [row.name for row in ROWS.values() if not row.actions] == ["DeleteObjects"]


def test_every_row_is_identified_as_itself_and_asks_for_something() -> None:
    needed = {"list-type": "list-type=2", "uploadId": "uploadId=1&partNumber=1"}
    for (method, target, marker), row in ROWS.items():
        path = {"service": "", "bucket": "b", "object": "b/k"}[target]
        query = needed.get(marker, marker) if row.name == "UploadPart" else marker
        query = {"list-type": "list-type=2", "uploadId": "uploadId=1"}.get(query, query)
        operation = identify_operation(ask(method, f"{path}?{query}"))
        assert operation.name == row.name
        assert bool(operation.permissions) == (row.name != "DeleteObjects")


def test_a_copy_asks_about_its_source_too() -> None:
    headers = {"x-amz-copy-source": "/other/a%2Fb?versionId=7"}
    operation = identify_operation(ask("PUT", "b/k", headers))
    assert operation.name == "CopyObject"
    assert operation.body == "none"
    assert [(each.action, each.bucket, each.resource) for each in operation.permissions] == [
        ("s3:PutObject", "b", OBJECT),
        ("s3:GetObjectVersion", "other", "arn:aws:s3:::other/a/b"),
    ]
    part = identify_operation(ask("PUT", "b/k?uploadId=1&partNumber=1", {"x-amz-copy-source": "other/a"}))
    assert part.name == "UploadPartCopy"
    assert ("s3:GetObject", "other") in [(each.action, each.bucket) for each in part.permissions]


@pytest.mark.parametrize(
    "method,target", [("GET", "b/k"), ("PUT", "b"), ("DELETE", "b/k"), ("PUT", "b/k?acl")]
)
def test_a_copy_source_where_none_belongs_is_refused(method: str, target: str) -> None:
    with pytest.raises(AwsError):
        identify_operation(ask(method, target, {"x-amz-copy-source": "other/a"}))


@pytest.mark.parametrize(
    "target,headers,action",
    [
        ("b/k", {"x-amz-acl": "private"}, "s3:PutObjectAcl"),
        ("b/k", {"x-amz-grant-read": "id=1"}, "s3:PutObjectAcl"),
        ("b/k", {"x-amz-tagging": "a=1"}, "s3:PutObjectTagging"),
        ("b/k", {"x-amz-object-lock-mode": "GOVERNANCE"}, "s3:PutObjectRetention"),
        ("b/k", {"x-amz-object-lock-retain-until-date": "2030"}, "s3:PutObjectRetention"),
        ("b/k", {"x-amz-object-lock-legal-hold": "ON"}, "s3:PutObjectLegalHold"),
        ("b/k", {"x-amz-bypass-governance-retention": "true"}, "s3:BypassGovernanceRetention"),
        ("b", {"x-amz-acl": "public-read"}, "s3:PutBucketAcl"),
        ("b", {"x-amz-grant-full-control": "id=1"}, "s3:PutBucketAcl"),
        ("b", {"x-amz-object-ownership": "ObjectWriter"}, "s3:PutBucketOwnershipControls"),
        ("b", {"x-amz-bucket-object-lock-enabled": "true"}, "s3:PutBucketObjectLockConfiguration"),
    ],
)
def test_a_header_that_does_more_needs_more(target: str, headers: dict[str, str], action: str) -> None:
    assert action in [each.action for each in identify_operation(ask("PUT", target, headers)).permissions]


def test_the_condition_keys_of_a_request() -> None:
    operation = identify_operation(ask("GET", "b?list-type=2&prefix=p/&delimiter=/&max-keys=5"))
    assert operation.condition_values == {"s3:prefix": "p/", "s3:delimiter": "/", "s3:max-keys": "5"}
    headers = {"x-amz-tagging": "a=1&b=2", "x-amz-storage-class": "STANDARD", "x-amz-content-sha256": "U"}
    assert identify_operation(ask("PUT", "b/k", headers)).condition_values == {
        "s3:RequestObjectTag/a": "1",
        "s3:RequestObjectTag/b": "2",
        "s3:RequestObjectTagKeys": ("a", "b"),
        "s3:x-amz-storage-class": "STANDARD",
        "s3:x-amz-content-sha256": "U",
    }


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"]),
    st.sampled_from(["", "b", "b/k"]),
    st.dictionaries(
        st.sampled_from([*sorted({row.marker for row in ROWS.values()}), "x"]) | st.text(), st.text()
    ),
    st.dictionaries(
        st.sampled_from(["x-amz-copy-source", "x-amz-tagging"]), st.text(st.characters(max_codepoint=255))
    ),
)
def test_no_request_raises_anything_but_a_refusal(
    method: str, path: str, parameters: dict[str, str], headers: dict[str, str]
) -> None:
    bucket, _, key = path.partition("/")
    try:
        operation = identify_operation(GatewayRequest(method, bucket, key, parameters, headers))
    except AwsError:
        return
    assert operation.permissions or operation.name == "DeleteObjects"
