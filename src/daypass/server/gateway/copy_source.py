"""The x-amz-copy-source header: which object is read by a copy (S3 API reference, CopyObject).

It is decoded here once and written anew for the backend, so that what was authorised is what is copied.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from daypass.server.gateway.errors import InvalidArgument
from daypass.server.gateway.object_names import check_bucket_name, check_object_key, check_opaque_id

__all__ = ["CopySource", "parse_copy_source"]


@dataclass(frozen=True, slots=True)
class CopySource:
    """One object, or one version of it."""

    bucket: str
    key: str
    version_id: str
    """Empty for the current version."""

    def header_value(self) -> str:
        """The one spelling sent to the backend."""
        path = quote(f"/{self.bucket}/{self.key}", safe="/~")
        return f"{path}?versionId={quote(self.version_id, safe='~')}" if self.version_id else path


def parse_copy_source(header: str) -> CopySource:
    """Raises InvalidArgument, InvalidBucketName, KeyTooLong."""
    path, question, query = header.partition("?")
    version_id = ""
    if question:
        name, _, version_id = query.partition("=")
        if name != "versionId" or not version_id:
            raise InvalidArgument("x-amz-copy-source has an unknown parameter")
        check_opaque_id(_decode(version_id))
        version_id = _decode(version_id)
    bucket, _, key = _decode(path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise InvalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    check_bucket_name(bucket)
    check_object_key(key)
    return CopySource(bucket, key, version_id)


def _decode(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("x-amz-copy-source is not percent-encoded UTF-8") from None
