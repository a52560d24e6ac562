"""Parameters and answers by the service model."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.errors import ValidationError
from daypass.protocol.aws.xml import XmlRepeated
from daypass.secret import Secret
from daypass.server.web.model_operation import changing, snake_case
from daypass.server.web.model_patterns import compile_pattern
from daypass.server.web.query_model import iam_model

MODEL = iam_model()
POLICY = {"PolicyName": "p", "PolicyDocument": "{}"}
TOOL = Path(__file__).parents[4] / "tools" / "extract_iam_model.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("extract_iam_model", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["extract_iam_model"] = module
    spec.loader.exec_module(module)
    return module


def refused(action: str, **parameters: str) -> str:
    with pytest.raises(ValidationError) as refusal:
        MODEL.read(action, parameters)
    return refusal.value.message


def test_the_file_is_what_the_installed_botocore_gives() -> None:
    tool = _tool()
    assert tool.TARGET.read_text(encoding="ascii") == tool.installed_model()


def test_values_have_the_types_of_the_model() -> None:
    values = MODEL.read(
        "CreateLoginProfile",
        {
            "Action": "x",
            "Version": "y",
            "UserName": "bob",
            "Password": "a b",
            "PasswordResetRequired": "true",
        },
    )
    assert values == {"UserName": "bob", "Password": Secret("a b"), "PasswordResetRequired": True}
    assert MODEL.read("ListUsers", {"MaxItems": "7"}) == {"MaxItems": 7}
    assert MODEL.read("GetAccountSummary", {"Action": "x"}) == {}


def test_lists_and_structures_are_nested() -> None:
    tags = {
        "Tags.member.1.Key": "a",
        "Tags.member.1.Value": "",
        "Tags.member.2.Key": "b",
        "Tags.member.2.Value": "c",
    }
    assert MODEL.read("TagUser", {"UserName": "bob", **tags})["Tags"] == [
        {"Key": "a", "Value": ""},
        {"Key": "b", "Value": "c"},
    ]
    keys = {"UserName": "bob", "TagKeys.member.2": "b", "TagKeys.member.1": "a"}
    assert MODEL.read("UntagUser", keys)["TagKeys"] == ["a", "b"]
    assert MODEL.read("UntagUser", {"UserName": "bob", "TagKeys": ""})["TagKeys"] == []
    entry = {
        "PolicyInputList.member.1": "{}",
        "ActionNames.member.1": "s3:Get",
        "ContextEntries.member.1.ContextKeyName": "aws:tag",
        "ContextEntries.member.1.ContextKeyValues.member.1": "x",
    }
    assert MODEL.read("SimulateCustomPolicy", entry)["ContextEntries"] == [
        {"ContextKeyName": "aws:tag", "ContextKeyValues": ["x"]}
    ]


def test_every_violation_is_named_at_once() -> None:
    message = refused("CreateUser", UserName="x" * 65, Path="")
    assert message == (
        "2 validation errors detected: Value '' at 'path' failed to satisfy constraint: Member must have length "
        f"greater than or equal to 1; Value '{'x' * 65}' at 'userName' failed to satisfy constraint: Member must "
        "have length less than or equal to 64"
    )


@pytest.mark.parametrize(
    "action, parameters, words",
    [
        ("CreateUser", {}, "Value null at 'userName' failed to satisfy constraint: Member must not be null"),
        ("ListUsers", {"MaxItems": "0"}, "Value '0' at 'maxItems'"),
        ("ListUsers", {"MaxItems": "1001"}, "less than or equal to 1000"),
        ("ListUsers", {"MaxItems": "ten"}, "whole number"),
        ("ListPolicies", {"Scope": "Mine"}, "Member must satisfy enum value set: [All, AWS, Local]"),
        ("ListPolicies", {"OnlyAttached": "yes"}, "true or false"),
        (
            "ListUsers",
            {"PathPrefix": "no-slash"},
            "The specified value for pathPrefix is invalid. It must begin",
        ),
        (
            "CreateUser",
            {"UserName": "a", "Path": "/a"},
            "The specified value for path is invalid. It must begin",
        ),
        ("CreatePolicy", {**POLICY, "Path": "/a b/"}, "The specified value for path is invalid."),
        (
            "UpdateRole",
            {"RoleName": "r", "Description": "€"},
            "Member must satisfy regular expression pattern: [",
        ),
        ("CreateUser", {"UserName": "a b"}, "The specified value for userName is invalid."),
        ("CreateUser", {"UserName": "ü"}, "The specified value for userName is invalid."),
        ("CreateUser", {"UserName": "a\n"}, "The specified value for userName is invalid."),
        ("TagUser", {"UserName": "a", "Tags.member.2.Key": "x"}, "numbered without a gap"),
        ("TagUser", {"UserName": "a", "Tags.member.x.Key": "x"}, "numbered from 1 to 1000"),
        ("TagUser", {"UserName": "a", "Tags.member.1001.Key": "x"}, "numbered from 1 to 1000"),
        ("TagUser", {"UserName": "a", "Tags.member.1.Key": "x"}, "'tags.1.member.value'"),
        ("UntagUser", {"UserName": "a", "TagKeys.member.1.Key": "x"}, "must be texts"),
        ("CreateUser", {"UserName": "a", "Unheard": "x"}, "The parameter Unheard is not supported yet"),
        ("CreateUser", {"UserName": "a", "<x>": "x"}, "A parameter is not known"),
    ],
)
def test_what_the_model_does_not_allow_is_refused(
    action: str, parameters: dict[str, str], words: str
) -> None:
    assert words in refused(action, **parameters)


def test_a_secret_is_never_repeated() -> None:
    message = refused("CreateLoginProfile", UserName="bob", Password="x" * 129)
    assert "Value at 'password'" in message
    assert "xxx" not in message


def test_a_list_longer_than_the_model_allows_is_refused() -> None:
    tags = {f"Tags.member.{n}.{part}": str(n) for n in range(1, 52) for part in ("Key", "Value")}
    assert (
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
        in refused("TagUser", UserName="bob", **tags)
    )


@pytest.mark.parametrize("key", ["team", "équipe 1", "a.b:c/d=e+f-g@h_i", "組"])
def test_tags_may_be_written_in_any_script(key: str) -> None:
    tags = {"Tags.member.1.Key": key, "Tags.member.1.Value": key}
    assert MODEL.read("TagUser", {"UserName": "bob", **tags})["Tags"][0]["Key"] == key


def test_every_pattern_of_the_model_is_understood() -> None:
    for shape in MODEL.shapes.values():
        if "pattern" in shape:
            compile_pattern(shape["pattern"])
    assert not compile_pattern(r"[\w+=,.@-]+").fullmatch("é"), "Java's \\w is ASCII"
    assert compile_pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+").fullmatch("é 1")
    assert not compile_pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+").fullmatch("a\nb")


def test_an_answer_is_shaped_in_the_model_s_order() -> None:
    shaped = MODEL.shape_answer(
        "GetRolePolicy", {"PolicyDocument": '{"a": "é"}', "PolicyName": "p", "RoleName": "r"}
    )
    assert list(shaped.items()) == [
        ("RoleName", "r"),
        ("PolicyName", "p"),
        ("PolicyDocument", "%7B%22a%22%3A%20%22%C3%A9%22%7D"),
    ]
    report = MODEL.shape_answer("GetCredentialReport", {"Content": b"a,b", "GeneratedTime": 0})
    assert report == {"Content": "YSxi", "GeneratedTime": "1970-01-01T00:00:00Z"}
    summary = MODEL.shape_answer("GetAccountSummary", {"SummaryMap": {"Users": 3}})
    assert summary["SummaryMap"] == XmlRepeated("entry", ({"key": "Users", "value": 3},))


@pytest.mark.parametrize(
    "action, values",
    [
        ("GetUser", {"User": {}}),
        ("GetUser", {"Unheard": 1}),
        ("ListUsers", {"Users": [], "IsTruncated": "false"}),
        ("GetAccountSummary", {"SummaryMap": {"Users": "3"}}),
        ("GetAccountSummary", {"SummaryMap": {"Users": True}}),
        ("GetCredentialReport", {"Content": "text"}),
    ],
)
def test_an_answer_that_is_not_the_model_s_is_our_own_mistake(action: str, values: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        MODEL.shape_answer(action, values)


@pytest.mark.parametrize(
    "name, keyword",
    [
        ("UserName", "user_name"),
        ("VirtualMFADeviceName", "virtual_mfa_device_name"),
        ("AuthenticationCode1", "authentication_code1"),
        ("SAMLMetadataDocument", "saml_metadata_document"),
        ("OnlyAttached", "only_attached"),
    ],
)
def test_keywords_are_the_parameters_in_snake_case(name: str, keyword: str) -> None:
    assert snake_case(name) == keyword


async def _nothing() -> None:
    return None


def test_an_audit_row_holds_names_and_no_documents_codes_or_passwords() -> None:
    asked = {
        "UserName": "bob",
        "Password": "hunter2hunter2",
        "PolicyDocument": "{}",
        "AuthenticationCode1": "123456",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "private",
        "TagKeys.member.1": "a",
        "TagKeys.member.2": "b",
        "Unheard": "x",
    }
    logged = {}
    for action in ("CreateLoginProfile", "PutUserPolicy", "EnableMFADevice", "TagUser", "UntagUser"):
        logged |= changing(action, _nothing).audit_parameters(asked)
    assert logged == {"userName": "bob", "tags": "team", "tagKeys": "a, b"}


_NAMES = st.one_of(
    st.sampled_from(
        ["UserName", "Path", "Tags", "Tags.member.1.Key", "Tags.member.1.Value", "PermissionsBoundary"]
    ),
    st.from_regex(r"Tags(\.(member|1|2|Key|x)){0,4}", fullmatch=True),
    st.text(max_size=30),
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_NAMES, st.text(max_size=80), max_size=8))
def test_no_parameters_raise_anything_but_a_validation_error(parameters: dict[str, str]) -> None:
    for action in ("CreateUser", "SimulatePrincipalPolicy", "ListUsers"):
        try:
            values = MODEL.read(action, dict(parameters))
        except ValidationError:
            continue
        assert values.keys() <= MODEL.input_members(action).keys()


@pytest.mark.parametrize("odd", ["\x00", "a\x0b", "\x1b[2J", "\ufffe", "\uffff"])
def test_what_no_answer_could_hold_is_refused_where_the_model_has_no_pattern(odd: str) -> None:
    parameters = {"PolicyName": "p", "PolicyDocument": "{}"}
    assert iam_model().read("CreatePolicy", {**parameters, "Description": "a\tb\u00e9\U0001f600"})
    with pytest.raises(ValidationError, match="XML"):
        iam_model().read("CreatePolicy", {**parameters, "Description": odd})


def _reading_steps(count: int) -> int:
    """Calls made while a list of so many structures is read."""
    parameters = {f"ContextEntries.member.{n}.ContextKeyValues.member.1": "a" for n in range(1, count + 1)}
    parameters |= {f"ContextEntries.member.{n}.ContextKeyName": "aws:a" for n in range(1, count + 1)}
    parameters |= {"PolicyInputList.member.1": "{}", "ActionNames.member.1": "a:b"}
    steps = 0

    def count_call(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    model = iam_model()
    sys.setprofile(count_call)
    try:
        values = model.read("SimulateCustomPolicy", parameters)
    finally:
        sys.setprofile(None)
    assert len(values["ContextEntries"]) == count
    return steps


def test_a_list_of_a_thousand_structures_is_read_in_as_many_steps_each_as_one_of_ten() -> None:
    _reading_steps(1)
    assert _reading_steps(1000) < 110 * _reading_steps(10)


def test_a_name_of_many_dots_is_not_taken_apart_to_its_end() -> None:
    with pytest.raises(ValidationError):
        iam_model().read("CreateUser", {"UserName": "ada", "a." * 100_000: "x"})
