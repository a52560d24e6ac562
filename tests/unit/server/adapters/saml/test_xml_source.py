"""Nothing but plain, bounded UTF-8 XML gets in: no document type, no entity, no file, no network."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from daypass.server.adapters.saml import xml_source
from daypass.server.adapters.saml.refusals import Unreadable
from daypass.server.adapters.saml.xml_source import RESPONSE_BYTES, decode_base64, new_parser, parse_xml
from support.saml_forge import Draft

DOCTYPE = "the document has a document type"
MALFORMED = "the document is not well-formed XML in UTF-8"
LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (LAUGHS + b"]><l>&j;</l>", DOCTYPE),
        (LAUGHS + b"]><l x='&j;'/>", DOCTYPE),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", DOCTYPE),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>", DOCTYPE),
        (b"<!DOCTYPE a><a/>", DOCTYPE),
        ("<!DOCTYPE a><a/>".encode("utf-16"), MALFORMED),
        ("<!DOCTYPE a><a/>".encode("utf-16-le"), MALFORMED),
        (b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE a+AD4-<a/>", MALFORMED),
        (b"<a>&x;</a>", MALFORMED),
        (b"<a>\xff</a>", MALFORMED),
        (b"<a>\x00</a>", MALFORMED),
        (b"<a><b></a>", MALFORMED),
        (b"<a x:y='1'/>", MALFORMED),
        (b"<a/><a/>", MALFORMED),
        (b"", MALFORMED),
        (b"<!--x-->", MALFORMED),
        (b"<a>" * 300 + b"</a>" * 300, MALFORMED),
        (b"<a>" + b"x" * 100 + b"</a>", "the document is too large"),
    ],
)
def test_a_document_that_is_not_plain_is_refused(document: bytes, reason: str) -> None:
    limit = 100 if reason == "the document is too large" else RESPONSE_BYTES
    with pytest.raises(Unreadable) as refused:
        parse_xml(document, limit=limit)
    assert str(refused.value) == reason


def test_a_declared_encoding_does_not_change_how_bytes_are_read() -> None:
    document = "<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode()
    assert parse_xml(document, limit=1000).text == "é"


def test_the_parser_by_itself_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the look for a document type taken away, no request is made and no entity is put in."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(xml_source, "_FORBIDDEN", ())
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = f"http://127.0.0.1:{server.server_port}"
        for document in (
            f"<!DOCTYPE a SYSTEM '{place}/a.dtd'><a/>",
            f"<!DOCTYPE a [<!ENTITY x SYSTEM '{place}/x'>]><a>&x;</a>",
            f"<!DOCTYPE a [<!ENTITY % x SYSTEM '{place}/p'> %x;]><a/>",
            "<!DOCTYPE a [<!ENTITY x 'put in'>]><a>&x;</a>",
        ):
            root = parse_xml(document.encode(), limit=1000)
            assert "put in" not in "".join(root.itertext())
        server.shutdown()
        thread.join()
    assert asked == []
    assert new_parser().resolvers is not None


def test_a_response_of_the_largest_size_is_read_and_one_byte_more_is_not(judge, refusal) -> None:
    document = Draft().xml()
    judge(document + b" " * (RESPONSE_BYTES - len(document)))
    reason = "the document is too large"
    assert refusal(document + b" " * (RESPONSE_BYTES - len(document) + 1)) == ("InvalidIdentityToken", reason)
    assert refusal("A" * (RESPONSE_BYTES * 2 + 1)) == ("InvalidIdentityToken", "the message is too large")


@pytest.mark.parametrize("field", ["%", "AAA", "é", "\ud800", "AAAA=AAAA", "-_"])
def test_a_field_that_is_not_base64_is_refused(field: str, refusal) -> None:
    assert refusal(field) == ("InvalidIdentityToken", "the message is not base64")


def test_line_breaks_in_a_field_are_read_over(judge) -> None:
    field = base64.encodebytes(Draft().xml()).decode().replace("\n", "\r\n")
    assert judge(field).subject == "ada@example.com"
    assert decode_base64(" Q Q = = \t", limit=10) == b"A"
