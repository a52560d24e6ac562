"""The ListBuckets document, both ways (S3 API reference, ListBuckets). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from xml.parsers import expat

from daypass.protocol.aws.xml import escape_text
from daypass.server.gateway.errors import InvalidArgument
from daypass.server.gateway.object_names import is_bucket_name
from daypass.server.ports.storage import Bucket

__all__ = ["build_bucket_listing", "parse_bucket_names"]

_MAX_BUCKETS = 10_000


def build_bucket_listing(buckets: Sequence[Bucket], account_id: str, parameters: Mapping[str, str]) -> bytes:
    """`buckets` in name order. Honours prefix, bucket-region, max-buckets and continuation-token (a name)."""
    prefix = parameters.get("prefix", "")
    after = parameters.get("continuation-token", "")
    region = parameters.get("bucket-region")
    size = _read_size(parameters.get("max-buckets"))
    matching = [
        bucket
        for bucket in buckets
        if bucket.name.startswith(prefix) and bucket.name > after and region in (None, bucket.region)
    ]
    entries = "".join(
        f"<Bucket><Name>{escape_text(bucket.name)}</Name>"
        f"<CreationDate>{datetime.fromtimestamp(bucket.created_at, UTC):%Y-%m-%dT%H:%M:%S}.000Z</CreationDate>"
        f"<BucketRegion>{escape_text(bucket.region)}</BucketRegion></Bucket>"
        for bucket in matching[:size]
    )
    rest = ""
    if len(matching) > size:
        rest = f"<ContinuationToken>{escape_text(matching[size - 1].name)}</ContinuationToken>"
    if prefix:
        rest += f"<Prefix>{escape_text(prefix)}</Prefix>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Owner><ID>{account_id}</ID><DisplayName>{account_id}</DisplayName></Owner>"
        f"<Buckets>{entries}</Buckets>{rest}</ListAllMyBucketsResult>"
    ).encode()


def _read_size(text: str | None) -> int:
    if text is None:
        return _MAX_BUCKETS
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= _MAX_BUCKETS:
        raise InvalidArgument("max-buckets must be a number from 1 to 10000")
    return int(text)


def parse_bucket_names(document: bytes) -> Iterator[tuple[str, int]]:
    """Name and creation time (epoch seconds, 0 if unreadable) of each bucket; nothing from a broken document."""
    found: list[dict[str, str]] = []
    path: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        path.append(name.rpartition(" ")[2])
        if path[-1] == "Bucket":
            found.append({})

    def text(data: str) -> None:
        if len(path) > 1 and path[-2] == "Bucket":
            found[-1][path[-1]] = found[-1].get(path[-1], "") + data

    def end(_: str) -> None:
        path.pop()

    def refuse_document_type(*_: object) -> None:
        raise expat.ExpatError

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse_document_type
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two: encodings the parser cannot read
        return
    for fields in found:
        if is_bucket_name(fields.get("Name", "")):
            yield fields["Name"], _read_time(fields.get("CreationDate", ""))


def _read_time(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return 0
