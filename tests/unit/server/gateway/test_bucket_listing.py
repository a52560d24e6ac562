"""The ListBuckets document, written from the table and read from a store."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.gateway.bucket_listing import build_bucket_listing, parse_bucket_names
from daypass.server.gateway.errors import InvalidArgument
from daypass.server.ports.storage import Bucket

BUCKETS = [Bucket(name, "111122223333", 1_700_000_000) for name in ("alpha", "beta-1", "beta-2")]


def names(**parameters: str) -> list[str]:
    """What is listed, in order."""
    document = build_bucket_listing(
        BUCKETS, "111122223333", {name.replace("_", "-"): value for name, value in parameters.items()}
    )
    return [name for name, _ in parse_bucket_names(document)]


def test_what_is_written_is_read_again() -> None:
    document = build_bucket_listing(BUCKETS, "111122223333", {})
    assert list(parse_bucket_names(document)) == [(bucket.name, 1_700_000_000) for bucket in BUCKETS]
    assert b"<Owner><ID>111122223333</ID>" in document
    assert b"<CreationDate>2023-11-14T22:13:20.000Z</CreationDate>" in document


def test_prefix_region_and_pages() -> None:
    assert names(prefix="beta") == ["beta-1", "beta-2"]
    assert names(bucket_region="us-east-1") == ["alpha", "beta-1", "beta-2"]
    assert names(bucket_region="elsewhere") == []
    assert names(max_buckets="2") == ["alpha", "beta-1"]
    assert names(continuation_token="beta-1") == ["beta-2"]
    assert b"<ContinuationToken>beta-1</" in build_bucket_listing(BUCKETS, "1", {"max-buckets": "2"})
    assert b"ContinuationToken" not in build_bucket_listing(BUCKETS, "1", {"max-buckets": "3"})


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "10001", "1e3", "\u0663"])
def test_a_page_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(InvalidArgument):
        names(max_buckets=size)


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_a_stores_broken_listing_names_nothing(document: bytes) -> None:
    assert list(parse_bucket_names(document)) == []
    entity = b'<!DOCTYPE a [<!ENTITY e "x">]><a><Bucket><Name>abc</Name></Bucket></a>'
    assert list(parse_bucket_names(entity)) == []
    for encoding in (b"no-such", b"utf-7", b"big5"):
        assert list(parse_bucket_names(b'<?xml version="1.0" encoding="%s"?><a/>' % encoding)) == []
