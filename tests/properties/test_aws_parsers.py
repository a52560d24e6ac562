"""No input makes a parser of the AWS wires raise anything but one of our refusals."""

import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.amz_date import parse_amz_date
from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.chunk_encoder import TrailerEncoder
from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.query import (
    STS_NAMESPACE,
    build_error_xml,
    build_response_xml,
    member_list,
    member_values,
    parse_query_parameters,
)
from daypass.protocol.aws.sigv4 import (
    S3_RULES,
    STS_RULES,
    Credentials,
    SigningKey,
    WireRequest,
    find_signature,
    sign_request,
    verify_signature,
)
from daypass.protocol.aws.sigv4_chunks import CHUNK_MODES, UNSIGNED_CHUNKS_WITH_TRAILER, ChunkDecoder
from daypass.secret import Secret

few = settings(max_examples=200, deadline=None)
wire_text = st.text(st.characters(max_codepoint=255), max_size=60)
SECRET = Secret("secret")
CREDENTIALS = Credentials("AKID", SECRET, None)

_signature_pieces = st.sampled_from(
    [
        "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "AWS ", "Credential=AKID/20260101/us-east-1/sts/aws4_request",
        "Credential=AKID/20260101/sts/aws4_request", "SignedHeaders=host;x-amz-date", "Signature=" + "0" * 64,
        "Signature=30" + "0" * 140, ", ", ",", " ", "=", "/", ";", "\x85", "%", "\xff",
    ]
)  # fmt: skip
authorization = st.lists(_signature_pieces | wire_text, max_size=9).map("".join)
header_name = st.sampled_from(
    [
        "Host",
        "Authorization",
        "X-Amz-Date",
        "x-amz-security-token",
        "Date",
        "x-amz-content-sha256",
        "x-amz-region-set",
    ]
)
header_value = authorization | st.sampled_from(
    ["20260101T000000Z", "Thu, 01 Jan 2026 00:00:00 GMT", "*", "h"]
)
query_piece = st.builds(
    "{}={}".format,
    st.sampled_from(
        [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-SignedHeaders",
            "X-Amz-Signature",
            "a",
        ]
    ),
    header_value
    | st.sampled_from(["60", "host", "AKID%2F20260101%2Fus-east-1%2Fsts%2Faws4_request", "0" * 64]),
)
requests = st.builds(
    WireRequest,
    method=st.sampled_from(["GET", "POST"]) | wire_text,
    raw_path=wire_text,
    raw_query=st.lists(query_piece | wire_text, max_size=8).map("&".join),
    headers=st.lists(st.tuples(header_name | wire_text, header_value | wire_text), max_size=8).map(tuple),
)


@few
@given(request=requests)
def test_a_stranger_never_signs_and_never_crashes_the_verifier(request: WireRequest) -> None:
    try:
        signature = find_signature(request)
    except AwsError:
        return
    for rules in (STS_RULES, S3_RULES):
        try:
            verify_signature(
                signature, request, SECRET, now=signature.signed_at, rules=rules, payload_hash="x"
            )
        except AwsError:
            continue
        raise AssertionError("an invented signature verified")


@few
@given(request=requests, is_s3=st.booleans())
def test_whatever_can_be_signed_verifies(request: WireRequest, is_s3: bool) -> None:
    plain = tuple(pair for pair in request.headers if pair[0].lower() in ("host", "date", "x-amz-region-set"))
    unique = tuple({name.lower(): (name, value) for name, value in (("Host", "h"), *plain)}.values())
    if "Amz" in request.raw_query or "%" in request.raw_query or "Signature" in request.raw_query:
        return
    bare = WireRequest("GET", request.raw_path, request.raw_query, unique)
    service = "s3" if is_s3 else "sts"
    sent = sign_request(
        CREDENTIALS, bare, region="r", service=service, now=1_767_225_600, payload_hash="p", is_s3=is_s3
    )
    signed = WireRequest(bare.method, bare.raw_path, bare.raw_query, sent)
    verify_signature(
        find_signature(signed),
        signed,
        SECRET,
        now=1_767_225_600,
        rules=S3_RULES if is_s3 else STS_RULES,
        payload_hash="p",
    )


@few
@given(text=st.text(max_size=24) | st.from_regex(r"[0-9]{8}T[0-9]{6}Z", fullmatch=True))
def test_a_date_is_a_date_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_amz_date(text), int)
    except AwsError:
        return


@few
@given(
    text=st.text(max_size=80)
    | st.lists(st.text(max_size=12), max_size=8).map(lambda p: ":".join(["arn", "aws", *p]))
)
def test_an_arn_parses_to_itself_or_is_refused(text: str) -> None:
    try:
        assert str(parse_arn(text)) == text
    except AwsError:
        return


@few
@given(
    body=st.binary(max_size=200)
    | st.text(max_size=200)
    | st.lists(st.sampled_from(["A.member.", "1", ".K", "=", "&", "%41", "+", "0"]), max_size=20).map("".join)
)
def test_parameters_are_read_or_refused(body: bytes | str) -> None:
    try:
        parameters = parse_query_parameters(body)
        member_list(parameters, "A")
    except AwsError:
        return
    try:
        member_values(parameters, "A")
    except AwsError:
        return


_KEY = SigningKey(b"k" * 32, "20260101/r/s3/aws4_request", "20260101T000000Z", "0" * 64, "AWS4-HMAC-SHA256")
_chunk_pieces = st.sampled_from(
    [b"0", b"5", b"\r\n", b"\n", b"hello", b";chunk-signature=" + b"0" * 64, b"a:b", b"ffffffffffffffff"]
)


@few
@given(
    mode=st.sampled_from(sorted(CHUNK_MODES)),
    length=st.integers(0, 20),
    pieces=st.lists(_chunk_pieces | st.binary(max_size=20), max_size=12),
)
def test_a_chunked_body_is_read_or_refused(mode: str, length: int, pieces: list[bytes]) -> None:
    decoder = ChunkDecoder(mode, decoded_length=length, signing_key=_KEY, trailer_names=["a"])
    payload = b""
    try:
        for piece in pieces:
            payload += b"".join(decoder.feed(piece))
        decoder.finish()
    except AwsError:
        assert len(payload) < length or length == 0
        return
    assert len(payload) == length


@few
@given(
    pieces=st.lists(st.binary(max_size=40), max_size=8),
    chunk_bytes=st.integers(1, 50),
    cuts=st.lists(st.integers(0, 400)),
)
def test_every_framed_stream_reads_back(pieces: list[bytes], chunk_bytes: int, cuts: list[int]) -> None:
    payload = b"".join(pieces)
    encoder = TrailerEncoder(len(payload), trailer_lengths={"a": 1}, chunk_bytes=chunk_bytes)
    body = b"".join(map(encoder.frame, pieces)) + encoder.finish({"a": "v"})
    assert len(body) == encoder.encoded_length
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    decoder = ChunkDecoder(
        UNSIGNED_CHUNKS_WITH_TRAILER, decoded_length=len(payload), signing_key=None, trailer_names=["a"]
    )
    read = b"".join(part for start, end in pairwise(edges) for part in decoder.feed(body[start:end]))
    assert (read, decoder.finish()) == (payload, {"a": "v"})


_values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["A", "B", "member"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@few
@given(value=_values, text=st.text(st.characters(exclude_categories=())))
def test_every_answer_is_well_formed_xml(value: object, text: str) -> None:
    ET.fromstring(build_response_xml("Op", STS_NAMESPACE, {"V": value, "T": text}, text))  # type: ignore[dict-item]  # any text
    ET.fromstring(build_error_xml(AwsError(text), text))
