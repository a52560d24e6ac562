"""The Query protocol: flat parameters in, XML out, nothing ambiguous accepted, nothing illegal sent."""

import xml.etree.ElementTree as ET

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import QueryParser, RestXMLParser
from botocore.serialize import QuerySerializer

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.errors import (
    AccessDenied,
    InternalFailure,
    MalformedQueryString,
    NoSuchEntity,
    RequestEntityTooLarge,
    ValidationError,
)
from daypass.protocol.aws.query import (
    IAM_NAMESPACE,
    STS_NAMESPACE,
    build_error_xml,
    build_response_xml,
    build_s3_error_xml,
    member_list,
    member_values,
    parse_query_parameters,
)
from daypass.protocol.aws.xml import escape_text, format_timestamp


def test_a_form_body_and_a_query_string_read_the_same() -> None:
    expected = {"Action": "GetCallerIdentity", "Version": "2011-06-15", "N": "a b+ሴ&=", "E": "", "F": ""}
    text = "Action=GetCallerIdentity&Version=2011-06-15&N=a+b%2B%e1%88%B4%26%3D&E=&F"
    assert parse_query_parameters(text) == expected
    assert parse_query_parameters(text.encode()) == expected
    assert parse_query_parameters(text.encode() + b"\r\n") == expected
    assert parse_query_parameters("") == {}


@pytest.mark.parametrize("text", ["A=1&A=1", "A=1&%41=2", "a+b=1&a%20b=2", "A&A"])
def test_a_repeated_parameter_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="more than once"):
        parse_query_parameters(text)


@pytest.mark.parametrize("text", ["A=%", "A=%4", "A=%zz", "%=1", "A=%ff", "A=%c3%28"])
def test_bad_encoding_is_refused(text: str) -> None:
    with pytest.raises(MalformedQueryString):
        parse_query_parameters(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(MalformedQueryString):
        parse_query_parameters(b"A=\xff")


def test_a_request_beyond_any_legitimate_size_is_refused() -> None:
    assert parse_query_parameters(b"A=" + b"x" * (262_144 - 2))["A"]
    with pytest.raises(RequestEntityTooLarge):
        parse_query_parameters(b"A=" + b"x" * (262_144 - 1))
    with pytest.raises(RequestEntityTooLarge):
        parse_query_parameters(b"&" * 2000)


def test_lists_are_read_by_index() -> None:
    parameters = {
        "Tags.member.2.Key": "b",
        "Tags.member.1.Key": "a",
        "Tags.member.1.Value": "",
        "Tags.member.10.Key": "c",
        "TagsX.member.1.Key": "other",
        "TransitiveTagKeys.member.2": "y",
        "TransitiveTagKeys.member.1": "x",
        "Empty": "",
    }
    assert member_list(parameters, "Tags") == [{"Key": "a", "Value": ""}, {"Key": "b"}, {"Key": "c"}]
    assert member_values(parameters, "TransitiveTagKeys") == ["x", "y"]
    assert member_list(parameters, "Empty") == member_list(parameters, "Absent") == []
    assert member_values(parameters, "Empty") == []


@pytest.mark.parametrize(
    "name",
    [
        "L.member.0.K",
        "L.member.01.K",
        "L.member.-1.K",
        "L.member.x.K",
        "L.member.1001.K",
        "L.member..K",
        "L.member.1.",
        "L.member.1",
    ],
)
def test_a_list_with_a_strange_index_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        member_list({name: "v"}, "L")


def test_a_list_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValidationError):
        member_values({"L.member.1.K": "v"}, "L")
    with pytest.raises(ValidationError):
        member_list({"L": "v"}, "L")


def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def test_what_the_sdk_serialises_is_read_back() -> None:
    operation = _model("sts").operation_model("AssumeRole")
    tags = [{"Key": "Ключ", "Value": "a+b &=%"}, {"Key": "k2", "Value": ""}]
    sent = QuerySerializer().serialize_to_request(
        {
            "RoleArn": "arn:aws:iam::123456789012:role/R",
            "RoleSessionName": "n",
            "Tags": tags,
            "TransitiveTagKeys": ["x", "y"],
            "PolicyArns": [],
        },
        operation,
    )
    from urllib.parse import urlencode

    parameters = parse_query_parameters(urlencode(sent["body"]).encode())
    assert member_list(parameters, "Tags") == tags
    assert member_values(parameters, "TransitiveTagKeys") == ["x", "y"]
    assert member_list(parameters, "PolicyArns") == []


# ---- answers ----------------------------------------------------------------------------------------------


def test_an_answer_is_the_documented_text() -> None:
    result = {
        "Arn": "arn:aws:sts::111122223333:assumed-role/Admin/me",
        "UserId": "AROA:me",
        "Account": "111122223333",
    }
    assert build_response_xml("GetCallerIdentity", STS_NAMESPACE, result, "rid").decode() == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        "<Arn>arn:aws:sts::111122223333:assumed-role/Admin/me</Arn><UserId>AROA:me</UserId>"
        "<Account>111122223333</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def test_an_answer_without_output_has_no_result_element() -> None:
    assert build_response_xml("DeleteUser", IAM_NAMESPACE, None, "rid").decode() == (
        '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        "<ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></DeleteUserResponse>"
    )


def test_the_sdk_reads_nested_answers() -> None:
    awkward = "<&>\"'\r\n\t\u00e9\U0001f511 "
    answer = build_response_xml(
        "ListUsers",
        IAM_NAMESPACE,
        {
            "Users": [
                {"UserName": awkward, "Path": "/", "CreateDate": format_timestamp(1_700_000_000), "Tags": []},
                {"UserName": "b", "Path": "/", "PasswordLastUsed": None},
            ],
            "IsTruncated": False,
            "Marker": None,
        },
        "rid",
    )
    shape = _model("iam").operation_model("ListUsers").output_shape
    parsed = QueryParser().parse({"status_code": 200, "headers": {}, "body": answer}, shape)
    assert [user["UserName"] for user in parsed["Users"]] == [awkward, "b"]
    assert parsed["Users"][0]["CreateDate"].timestamp() == 1_700_000_000
    assert parsed["Users"][0]["Tags"] == []
    assert parsed["IsTruncated"] is False
    assert "Marker" not in parsed
    assert parsed["ResponseMetadata"]["RequestId"] == "rid"


@pytest.mark.parametrize(
    "error", [NoSuchEntity("The user with name <x> cannot be found."), InternalFailure("fault")]
)
def test_the_sdk_reads_refusals(error: NoSuchEntity | InternalFailure) -> None:
    body = build_error_xml(error, "rid", namespace=IAM_NAMESPACE)
    shape = _model("iam").operation_model("GetUser").output_shape
    parsed = QueryParser().parse({"status_code": error.status, "headers": {}, "body": body}, shape)
    assert parsed["Error"] == {"Type": error.fault, "Code": error.code, "Message": error.message}
    assert parsed["ResponseMetadata"]["RequestId"] == "rid"
    assert body.startswith(b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>')


def test_the_sdk_reads_s3_refusals() -> None:
    body = build_s3_error_xml(
        AccessDenied("Access Denied"), resource="/b/k&<", request_id="rid", extra={"HostId": "h"}
    )
    shape = _model("s3").operation_model("ListObjectsV2").output_shape
    parsed = RestXMLParser().parse({"status_code": 403, "headers": {}, "body": body}, shape)
    assert parsed["Error"]["Code"] == "AccessDenied"
    assert parsed["Error"]["Message"] == "Access Denied"
    assert parsed["Error"]["Resource"] == "/b/k&<"
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>')


def test_no_character_that_xml_forbids_leaves() -> None:
    every = "".join(map(chr, range(0x110000)))
    read = ET.fromstring(f"<a>{escape_text(every)}</a>".encode()).text
    assert read is not None
    assert len(read) == len(every)
    assert {b for a, b in zip(every, read, strict=True) if a != b} == {"\ufffd"}
    assert read[0x20:0xD800] == every[0x20:0xD800]
    assert read[9] == "\t"
    assert read[13] == "\r"


@pytest.mark.parametrize("name", ["", "a b", "<a", "1a", "a>"])
def test_an_element_name_that_is_not_ours_is_never_written(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        build_response_xml("A", STS_NAMESPACE, {name: "x"}, "rid")
    with pytest.raises(LocalProtocolError):
        build_response_xml(name, STS_NAMESPACE, None, "rid")
