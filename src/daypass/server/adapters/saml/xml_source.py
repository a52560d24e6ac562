"""Text becomes XML here and nowhere else: UTF-8, no document type, no entities, no network, bounded.

A document type is refused before the parser sees it, because entity references in attribute values are expanded
while parsing (CVE-2003-1564 and its kin). UTF-8 is the only encoding, so nothing can hide from that look: bytes of
another encoding are not well-formed here. Comments and processing instructions inside a value are refused by
`text_of`, because readers disagree about what such a value is (CVE-2017-11427 and its kin).
"""

import base64
import binascii
import re

from lxml import etree

from daypass.server.adapters.saml.refusals import Unreadable

__all__ = ["RESPONSE_BYTES", "Element", "decode_base64", "parse_xml", "serialize", "text_of"]

Element = etree._Element

RESPONSE_BYTES = 256 * 1024
"""A response with 5 000 group memberships is smaller; AssumeRoleWithSAML takes 100 000 characters of base64."""

_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")


def parse_xml(document: bytes, *, limit: int) -> Element:
    """The root element of a document of at most `limit` bytes. Raises Unreadable."""
    if len(document) > limit:
        raise Unreadable("the document is too large")
    if any(mark in document for mark in _FORBIDDEN):
        raise Unreadable("the document has a document type")
    try:
        root = etree.fromstring(document, new_parser())
    except (etree.LxmlError, ValueError):
        raise Unreadable("the document is not well-formed XML in UTF-8") from None
    if root is None:
        raise Unreadable("the document is empty")
    return root


def new_parser() -> etree.XMLParser:
    """A parser that opens nothing, resolves nothing, and keeps libxml2's limits on size and depth."""
    return etree.XMLParser(
        encoding="utf-8",
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        resolve_entities=False,
        huge_tree=False,
        recover=False,
    )


def serialize(element: Element) -> bytes:
    """An element and the namespaces in scope as a document of its own, without what follows it."""
    return bytes(etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False))


def text_of(element: Element) -> str:
    """The element's text. Raises Unreadable when anything but text is inside."""
    if len(element):
        raise Unreadable("a value has something other than text inside")
    return element.text or ""


def decode_base64(text: str, *, limit: int) -> bytes:
    """Base64 with line breaks, as form fields and XML carry it; at most `limit` bytes. Raises Unreadable."""
    if len(text) > limit * 2:
        raise Unreadable("the message is too large")
    try:
        return base64.b64decode(re.sub(r"[ \t\r\n]+", "", text).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Unreadable("the message is not base64") from None
