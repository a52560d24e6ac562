"""The body of DeleteObjects: parsed safely, refused unless it is exactly that."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError
from daypass.server.gateway.delete_objects import parse_delete
from daypass.server.gateway.errors import MalformedXml


def _objects(count: int) -> bytes:
    entries = b"".join(b"<Object><Key>k%d</Key></Object>" % number for number in range(count))
    return b"<Delete>" + entries + b"</Delete>"


def test_keys_versions_and_conditions_are_read() -> None:
    document = (
        b'<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<Quiet>true</Quiet><Object><Key>a&amp;b &#x3c;</Key><VersionId>v1</VersionId></Object>"
        b"<Object><Key><![CDATA[c]]>d</Key><ETag>e</ETag></Object></Delete>"
    )
    objects, is_quiet = parse_delete(document)
    assert [doomed.fields for doomed in objects] == [
        {"Key": "a&b <", "VersionId": "v1"},
        {"Key": "cd", "ETag": "e"},
    ]
    assert is_quiet


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<Delete/>",
        b"<Delete></Delete>",
        b"<Other><Object><Key>k</Key></Object></Other>",
        b"<Delete><Object></Object></Delete>",
        b"<Delete><Object><Key/></Object></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key>a<b/></Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key><Other>x</Other></Object></Delete>",
        b"<Delete>stray<Object><Key>a</Key></Object>text</Delete>",
        b"<Delete><Object><Key>a</Key></Object>",
        b"<Delete><Object><Key>a</Key></Object></Delete><Delete/>",
        b"<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>",
        b'<!DOCTYPE D [<!ENTITY e "k">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b'<!DOCTYPE D [<!ENTITY e SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b"<Delete><Object><Key>&undefined;</Key></Object></Delete>",
        _objects(1001),
    ],
)
def test_anything_else_is_malformed(document: bytes) -> None:
    with pytest.raises(MalformedXml):
        parse_delete(document)


def test_a_thousand_keys_are_read() -> None:
    assert len(parse_delete(_objects(1000))[0]) == 1000


@pytest.mark.parametrize("key", ["a/../b", "../x", "a//b", "/a", "a\\b", ".uploads/x"])
def test_a_key_that_the_backend_would_rewrite_is_refused_in_a_body_too(key: str) -> None:
    with pytest.raises(AwsError):
        parse_delete(b"<Delete><Object><Key>%s</Key></Object></Delete>" % key.encode())


def test_a_version_that_is_a_path_is_refused() -> None:
    with pytest.raises(AwsError):
        parse_delete(b"<Delete><Object><Key>k</Key><VersionId>../x</VersionId></Object></Delete>")


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.text(alphabet="<>/DeltObjcKy&;![]CDA ab", max_size=80).map(str.encode))
def test_no_body_raises_anything_but_a_refusal(document: bytes) -> None:
    for wrapped in (document, b"<Delete><Object><Key>" + document + b"</Key></Object></Delete>"):
        try:
            objects, _ = parse_delete(wrapped)
        except AwsError:
            continue
        assert objects
