"""`sts:GetCallerIdentity` with the new credentials: signed, sent once, read strictly."""

from email.utils import formatdate

import pytest

from daypass.client.caller_identity import CallerIdentity, get_caller_identity
from daypass.client.session_cache import CacheEntry
from daypass.errors import ClockSkew, RemoteProtocolError
from daypass.protocol.http import Request, Response
from daypass.secret import Secret

NOW = 1_767_226_500
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE",
    secret_access_key=Secret("a-secret"),
    session_token=Secret("a-token"),
    account_id="111122223333",
    expires_at=NOW + 900,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("r"),
    dpop_key_pem=Secret("k"),
)
GOOD = (
    "<r><Arn>arn:aws:iam::111122223333:user/dev</Arn><UserId>AIDA</UserId><Account>111122223333</Account></r>"
)


def ask(
    status: int, body: str, sent: list[Request] | None = None, headers: dict[str, str] | None = None
) -> CallerIdentity:
    def send(request: Request) -> Response:
        if sent is not None:
            sent.append(request)
        return Response(status, headers or {}, body.encode())

    return get_caller_identity(
        ENTRY, endpoint="https://sts.eu-west-1.amazonaws.com", region="eu-west-1", now=NOW, send=send
    )


def test_the_request_is_signed_for_sts_in_the_region_and_the_answer_read_whole() -> None:
    sent: list[Request] = []
    identity = ask(200, GOOD, sent)
    assert identity == CallerIdentity("arn:aws:iam::111122223333:user/dev", "111122223333", "AIDA")
    (request,) = sent
    headers = {name.lower(): value for name, value in request.headers}
    assert (request.method, request.url) == ("POST", "https://sts.eu-west-1.amazonaws.com/")
    assert request.body == b"Action=GetCallerIdentity&Version=2011-06-15"
    assert headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20260101/eu-west-1/sts/aws4_request, SignedHeaders="
    )
    assert headers["x-amz-security-token"] == "a-token"
    assert "a-secret" not in repr(request)


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (403, "<e><Code>ExpiredToken</Code></e>", "ExpiredToken"),
        (403, "", "HTTP 403"),
        (403, "<Code>\x1b[2Jcleared\nyou are root</Code>", "HTTP 403"),
        (403, f"<Code>{'A' * 101}</Code>", "HTTP 403"),
        (200, GOOD.replace("Account", "Konto"), "HTTP 200"),
        (200, GOOD.replace("<Arn>", "<Arn><b/>"), "HTTP 200"),
        (500, GOOD, "HTTP 500"),
    ],
)
def test_anything_else_is_not_an_identity(status: int, body: str, word: str) -> None:
    """And a stranger's text cannot write to the person's terminal."""
    with pytest.raises(RemoteProtocolError) as caught:
        ask(status, body)
    assert caught.value.message == f"the new credentials were not accepted by STS ({word})"


@pytest.mark.parametrize(
    ("seconds", "error"), [(600, ClockSkew), (-600, ClockSkew), (200, RemoteProtocolError)]
)
def test_a_refused_signature_is_the_clocks_fault_where_the_clock_is_wrong(
    seconds: int, error: type[Exception]
) -> None:
    """Signatures live five minutes; whoever is nearer was refused for something else."""
    with pytest.raises(error):
        ask(
            403,
            "<Code>SignatureDoesNotMatch</Code>",
            headers={"date": formatdate(NOW + seconds, usegmt=True)},
        )
