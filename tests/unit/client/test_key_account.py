"""The account's answers about a key: read whole, page by page, and whatever they are."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.aws_query import iam_service, sts_service
from daypass.client.key_account import AccountView, Asker, KeyUse, ask_about_itself
from daypass.errors import DaypassError, NetworkError, RemoteProtocolError
from daypass.protocol.aws.errors import AccessDenied
from daypass.protocol.aws.sigv4 import Credentials
from daypass.protocol.http import Request, Response
from daypass.secret import Secret

KEY, NOW = "AKIAY34FZKBOKMUTVV7A", 1_767_226_500
IDENTITY = (
    "<r><Arn>arn:aws:iam::609629065308:user/alice</Arn><UserId>U</UserId><Account>609629065308</Account></r>"
)


class Wire:
    """Answers by action, in order; keeps what was sent."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        self.answers: dict[str, Iterator[tuple[int, str]]] = {k: iter(v) for k, v in answers.items()}
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        status, body = next(self.answers[parse_qs(request.body.decode())["Action"][0]])
        return Response(status, {}, body.encode())


def asker(wire: object, region: str = "eu-west-1") -> Asker:
    credentials = Credentials(KEY, Secret("the-secret"), None)
    return Asker(credentials, sts_service(region), iam_service(region), NOW, wire)  # type: ignore[arg-type]  # a stand-in for the wire


def _member(key: str, status: str, created: str) -> str:
    return f"<member><UserName>a</UserName><AccessKeyId>{key}</AccessKeyId><Status>{status}</Status><CreateDate>{created}</CreateDate></member>"


def test_each_service_is_asked_where_it_is_and_the_list_page_by_page() -> None:
    page = _member("AKIAOTHER", "Active", "2020-01-01T00:00:00Z")
    wire = Wire(
        GetAccessKeyLastUsed=[
            (
                200,
                "<r><LastUsedDate>2026-01-01T00:00:00Z</LastUsedDate><ServiceName>s3</ServiceName><Region>eu-west-1</Region></r>",
            )
        ],
        ListAccessKeys=[
            (200, f"<r>{page}<IsTruncated>true</IsTruncated><Marker>m1</Marker></r>"),
            (200, f"<r>{page}{_member(KEY, 'Inactive', '2020-02-01T00:00:00Z')}</r>"),
        ],
        GetCallerIdentity=[(200, IDENTITY)],
    )
    view = ask_about_itself(asker(wire, "cn-north-1"))
    assert view.identity is not None
    assert (view.identity.account_id, view.status, view.created_at) == (
        "609629065308",
        "Inactive",
        1_580_515_200,
    )
    assert view.use == KeyUse(1_767_225_600, "s3", "eu-west-1")
    assert [request.url for request in wire.sent] == [
        "https://iam.cn-north-1.amazonaws.com.cn/",
        "https://iam.cn-north-1.amazonaws.com.cn/",
        "https://iam.cn-north-1.amazonaws.com.cn/",
        "https://sts.cn-north-1.amazonaws.com.cn/",
    ]
    assert b"Marker=m1" in wire.sent[2].body
    assert "/cn-north-1/iam/aws4_request" in dict(wire.sent[0].headers)["Authorization"]


def test_iam_is_signed_for_its_partitions_one_region() -> None:
    wire = Wire(GetAccessKeyLastUsed=[(200, "<r><ServiceName>N/A</ServiceName></r>")])
    assert asker(wire).key_use(KEY) == KeyUse(None)
    assert "/us-east-1/iam/aws4_request" in dict(wire.sent[0].headers)["Authorization"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", AccessDenied),
        (400, "Odd", RemoteProtocolError),
        (503, "ServiceUnavailable", NetworkError),
        (302, "", RemoteProtocolError),
    ],
)
def test_a_refusal_is_told_apart(status: int, code: str, kind: type[DaypassError]) -> None:
    wire = Wire(GetCallerIdentity=[(status, f"<e><Code>{code}</Code><Message>\x1b[31m</Message></e>")])
    with pytest.raises(kind) as refused:
        asker(wire).caller_identity()
    assert "\x1b" not in refused.value.message


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_a_key_that_is_not_accepted_has_no_other_view(code: str) -> None:
    wire = Wire(GetAccessKeyLastUsed=[(403, f"<e><Code>{code}</Code></e>")])
    assert ask_about_itself(asker(wire)) == AccountView(status="Refused")


@settings(max_examples=200, deadline=None)
@given(
    st.integers(100, 599),
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "<Code>",
                "</Code>",
                "<Marker>m</Marker>",
                "<IsTruncated>true</IsTruncated>",
                "<member>",
                "</member>",
                f"<AccessKeyId>{KEY}</AccessKeyId>",
                "<CreateDate>99999-1</CreateDate>",
                IDENTITY,
            ]
        )
    ).map(lambda parts: "".join(parts).encode()),
)
def test_no_answer_makes_it_raise_anything_but_our_errors(status: int, body: bytes) -> None:
    try:
        view = ask_about_itself(asker(lambda _request: Response(status, {}, body)))
    except DaypassError:
        return
    assert view.status in ("", "Refused") or view.identity is not None
