"""No request, however strange, gets anything but an XML refusal from STS and IAM."""

from hypothesis import given, settings
from hypothesis import strategies as st

from support.query_world import open_query_world

_text = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
_authorization = st.one_of(
    _text,
    st.builds(
        "AWS4-HMAC-SHA256 Credential={}/20300317/{}/{}/aws4_request, SignedHeaders={}, Signature={}".format,
        _text,
        _text,
        st.sampled_from(["sts", "iam", "s3", ""]),
        st.sampled_from(["host", "host;x-amz-date", "", "x"]),
        st.one_of(st.just("0" * 64), _text),
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    _authorization,
    st.one_of(st.just("20300317T174640Z"), _text),
    st.binary(max_size=80),
    st.sampled_from(["GET", "POST"]),
)
async def test_an_unproven_request_is_refused_in_xml(
    authorization: str, date: str, body: bytes, method: str
) -> None:
    world = await open_query_world()
    headers = (("Host", "h"), ("Authorization", authorization), ("X-Amz-Date", date))
    try:
        answer = await world.send(method, "", headers, body)
        assert answer.status in (400, 403, 404, 413)
        assert answer.code
    finally:
        await world.storage.close()


_ACTIONS = [
    "CreateUser",
    "GetUser",
    "ListUsers",
    "CreateLoginProfile",
    "ChangePassword",
    "CreatePolicy",
    "ListPolicies",
    "GetPolicyVersion",
    "CreateRole",
    "ListRoles",
    "AttachUserPolicy",
    "ListAttachedRolePolicies",
]
_NAMES = [
    "UserName",
    "Path",
    "PathPrefix",
    "Marker",
    "MaxItems",
    "Password",
    "PolicyArn",
    "PolicyName",
    "VersionId",
    "PolicyDocument",
    "RoleName",
    "AssumeRolePolicyDocument",
    "MaxSessionDuration",
    "Scope",
    "Description",
]
_parameters = st.dictionaries(st.sampled_from(_NAMES), st.one_of(_text, st.text(max_size=30)), max_size=5)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_ACTIONS), _parameters)
async def test_a_proven_request_with_any_parameters_is_answered_in_xml(
    action: str, parameters: dict[str, str]
) -> None:
    world = await open_query_world()
    try:
        parameters = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
        answer = await world.call(world.root, "iam", action, **parameters)
        assert answer.status in (200, 400, 403, 404, 409)
        assert answer.root.tag in ("ErrorResponse", f"{action}Response")
    finally:
        await world.storage.close()
