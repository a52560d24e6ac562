"""DeleteObjects: many keys in one body, each of them authorised (S3 API reference, DeleteObjects).

The body is parsed with a parser that refuses any document type (so no entities), and the backend gets a
document written anew from what was parsed: what was authorised is what is deleted. One denied key denies the
whole request, before the backend hears of it.
"""

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import md5, sha256
from xml.parsers import expat

from daypass.protocol.aws.xml import escape_text
from daypass.server.gateway.answers import relay_answer
from daypass.server.gateway.authorize import Question, check_permissions
from daypass.server.gateway.backend import Backend
from daypass.server.gateway.connection import BackendConnections
from daypass.server.gateway.errors import EntityTooLarge, MalformedXml
from daypass.server.gateway.exchange import Exchange
from daypass.server.gateway.object_names import check_object_key, check_opaque_id
from daypass.server.gateway.operation import Permission, bypasses_governance, object_permission
from daypass.server.gateway.payload import verified_pieces
from daypass.server.gateway.resign import forwarded_headers, resign

__all__ = ["DoomedObject", "check_each", "delete_objects", "parse_delete"]

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_KEYS = 1000
_CONDITIONS = ("ETag", "LastModifiedTime", "Size")
_OBJECT_FIELDS = frozenset({"Key", "VersionId", *_CONDITIONS})
_REPLACED_HEADERS = frozenset({"content-md5", "x-amz-sdk-checksum-algorithm"})


@dataclass(slots=True)
class DoomedObject:
    """One `<Object>`: its fields by element name."""

    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Checked to be there by the parser."""
        return self.fields["Key"]


async def delete_objects(exchange: Exchange, *, backend: Backend, connections: BackendConnections) -> None:
    """Read, authorise, write anew, forward. Raises AwsError."""
    if exchange.payload.length > MAX_BODY_BYTES:
        raise EntityTooLarge("Your proposed upload exceeds the maximum allowed size")
    pieces = verified_pieces(exchange.payload, exchange.body.pieces(), exchange.proven.signing_key, {})
    objects, is_quiet = parse_delete(b"".join([piece async for piece in pieces]))
    await check_each(exchange.question, _permissions(exchange, objects))
    document = _write_delete(objects, is_quiet=is_quiet)
    headers = {
        name: value
        for name, value in forwarded_headers(exchange.request, None).items()
        if name not in _REPLACED_HEADERS and not name.startswith("x-amz-checksum-")
    }
    headers["content-md5"] = base64.b64encode(md5(document, usedforsecurity=False).digest()).decode()
    signed = resign(
        exchange.request,
        headers,
        backend=backend,
        now=exchange.question.now,
        payload_hash=sha256(document).hexdigest(),
    )
    response = await connections.send(signed, pieces=document)
    await relay_answer(response, exchange.send, exchange.body)


async def check_each(question: Question, permissions: Iterable[Permission]) -> None:
    """A thousand decisions, and others get their turn of the event loop between any two. Raises Denied."""
    for permission in permissions:
        check_permissions(question, (permission,))
        await asyncio.sleep(0)


def _permissions(exchange: Exchange, objects: list[DoomedObject]) -> list[Permission]:
    bucket = exchange.request.bucket
    permissions = []
    for doomed in objects:
        action = "s3:DeleteObjectVersion" if "VersionId" in doomed.fields else "s3:DeleteObject"
        permissions.append(object_permission(action, bucket, doomed.key))
        if bypasses_governance(exchange.request):
            permissions.append(object_permission("s3:BypassGovernanceRetention", bucket, doomed.key))
    return permissions


def parse_delete(document: bytes) -> tuple[list[DoomedObject], bool]:
    """The objects, and whether the answer shall be quiet. Raises MalformedXml and what a key may raise."""
    reader = _DeleteReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse_document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):  # the last two: encodings the parser cannot read
        raise _malformed() from None
    if not 1 <= len(reader.objects) <= MAX_KEYS:
        raise _malformed()
    for doomed in reader.objects:
        if "Key" not in doomed.fields:
            raise _malformed()
        check_object_key(doomed.key)
        if "VersionId" in doomed.fields:
            check_opaque_id(doomed.fields["VersionId"])
    return reader.objects, reader.is_quiet


def _malformed() -> MalformedXml:
    return MalformedXml(
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


class _DeleteReader:
    """Delete > Object* > fields, and Delete > Quiet. Anything else is refused."""

    def __init__(self) -> None:
        self.objects: list[DoomedObject] = []
        self.is_quiet = False
        self._path: list[str] = []
        self._text: list[str] = []

    def refuse_document_type(self, *_: object) -> None:
        raise _malformed()

    def start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text.clear()
        match self._path:
            case ["Delete"] | ["Delete", "Quiet"]:
                pass
            case ["Delete", "Object"]:
                self.objects.append(DoomedObject())
            case ["Delete", "Object", child] if (
                child in _OBJECT_FIELDS and child not in self.objects[-1].fields
            ):
                pass
            case _:
                raise _malformed()

    def text(self, text: str) -> None:
        self._text.append(text)

    def end(self, _: str) -> None:
        text = "".join(self._text)
        match self._path:
            case ["Delete", "Quiet"]:
                self.is_quiet = text.strip().lower() == "true"
            case ["Delete", "Object", child]:
                if text:
                    self.objects[-1].fields[child] = text
            case _ if text.strip():
                raise _malformed()
        self._path.pop()
        self._text.clear()


def _write_delete(objects: list[DoomedObject], *, is_quiet: bool) -> bytes:
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    ]
    for doomed in objects:
        fields = "".join(f"<{name}>{escape_text(text)}</{name}>" for name, text in doomed.fields.items())
        parts.append(f"<Object>{fields}</Object>")
    if is_quiet:
        parts.append("<Quiet>true</Quiet>")
    parts.append("</Delete>")
    return "".join(parts).encode()
