"""Bucket names, object keys and listing prefixes: which ones exist for this gateway.

The law: what policy was asked about is exactly what the backend touches. Filer-backed stores rewrite
paths (`a//b`, `a\\b` and `/a/b` all reach `a/b`), and keep their own bookkeeping under reserved names, so a
key that such a store would rewrite, or that names its bookkeeping, is refused rather than passed on.
Rules of names: S3 user guide, "Bucket naming rules" and "Naming Amazon S3 objects".
"""

import re

from daypass.server.gateway.errors import InvalidArgument, InvalidBucketName, KeyTooLong

__all__ = [
    "check_bucket_name",
    "check_object_key",
    "check_opaque_id",
    "check_position",
    "check_prefix",
    "is_bucket_name",
]

MAX_KEY_BYTES = 1024

_is_bucket_name = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]").fullmatch
_is_ip_address = re.compile(r"[0-9]+(\.[0-9]+){3}").fullmatch
_has_control = re.compile(r"[\x00-\x1f\x7f]").search
_is_opaque_id = re.compile(r"[A-Za-z0-9._~+=\-]{1,1024}").fullmatch
_RESERVED_FIRST_SEGMENTS = frozenset({".uploads"})
_RESERVED_SUFFIX = ".versions"


def is_bucket_name(name: str) -> bool:
    """Whether the name follows the bucket naming rules."""
    return bool(_is_bucket_name(name)) and ".." not in name and not _is_ip_address(name)


def check_bucket_name(name: str) -> None:
    """Raises InvalidBucketName."""
    if not is_bucket_name(name):
        raise InvalidBucketName("The specified bucket is not valid.")


def check_object_key(key: str) -> None:
    """Raises KeyTooLong, or InvalidArgument for a key that the backend would rewrite or keeps for itself.

    A trailing slash is a key of its own (a folder marker) and passes.
    """
    if len(key.encode()) > MAX_KEY_BYTES:
        raise KeyTooLong("Your key is too long.")
    _check_segments(key)


def check_prefix(prefix: str) -> None:
    """The same for the beginning of a key: a listing must not reach what the prefix does not say."""
    if len(prefix.encode()) > MAX_KEY_BYTES:
        raise KeyTooLong("Your prefix is too long.")
    if prefix:
        _check_segments(prefix)


def check_position(text: str) -> None:
    """Where a listing goes on: a key, or a token of the backend's, but never a way out of the bucket."""
    segments = text.replace("\\", "/").split("/")
    if len(text) > 4 * MAX_KEY_BYTES or _has_control(text) or "." in segments or ".." in segments:
        raise InvalidArgument("The marker or continuation token is not valid.")


def check_opaque_id(text: str) -> None:
    """A version or upload id: an id, never a path. Raises InvalidArgument."""
    if not _is_opaque_id(text) or set(text) == {"."} or ".." in text:
        raise InvalidArgument("Invalid version or upload id specified")


def _check_segments(key: str) -> None:
    if _has_control(key):
        raise InvalidArgument("Object keys with control characters are not supported.")
    if "\\" in key:
        raise InvalidArgument("Object keys with a backslash are not supported.")
    segments = key.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise InvalidArgument("Object keys with empty, '.' or '..' path segments are not supported.")
    if segments[0] in _RESERVED_FIRST_SEGMENTS or any(
        segment.endswith(_RESERVED_SUFFIX) for segment in segments
    ):
        raise InvalidArgument("This object key is reserved.")
