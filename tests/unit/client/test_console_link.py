"""The link to the console: which endpoint, what is sent, and that no text ever holds a secret.

The double answers as AWS's federation endpoint does: JSON with `SigninToken`, a bare 400 for what it does not take.
"""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass.client.console_link import build_console_link, check_destination, console_place
from daypass.client.session_cache import CacheEntry
from daypass.errors import DaypassError, LoginDenied, NetworkError, RemoteProtocolError, UsageError
from daypass.protocol.http import Request, Response
from daypass.secret import Secret

OWN = "http://127.0.0.1:8085"
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE",
    secret_access_key=Secret("the-secret/key+"),
    session_token=Secret("the-token=="),
    account_id="111122223333",
    expires_at=2_000_000_000,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("refresh"),
    dpop_key_pem=Secret("pem"),
)
SESSION = {"sessionId": "ASIAEXAMPLE", "sessionKey": "the-secret/key+", "sessionToken": "the-token=="}


class Federation:
    """AWS's endpoint as far as scripts see it."""

    def __init__(self, status: int = 200, body: bytes = b'{"SigninToken":"VCQgs5qZZ="}') -> None:
        self.answer = Response(status, {"content-type": "application/json"}, body)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer

    @property
    def sent(self) -> dict[str, str]:
        (request,) = self.requests
        text = request.body.decode() or urlsplit(request.url).query
        return {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}


def link(double: Federation, *, region: str = "eu-west-1", own: str | None = None, **changes: object) -> str:
    place = console_place(region, own)
    values: dict[str, object] = {"destination": check_destination(place, None), "duration": None, **changes}
    return build_console_link(ENTRY, place, send=double.send, **values).reveal()  # type: ignore[arg-type]  # mixed values


@pytest.mark.parametrize(
    ("region", "endpoint", "destination"),
    [
        (
            "eu-west-1",
            "https://signin.aws.amazon.com/federation",
            "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1",
        ),
        (
            "cn-north-1",
            "https://signin.amazonaws.cn/federation",
            "https://cn-north-1.console.amazonaws.cn/console/home?region=cn-north-1",
        ),
        (
            "us-gov-west-1",
            "https://signin.amazonaws-us-gov.com/federation",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/console/home?region=us-gov-west-1",
        ),
        (
            "eusc-de-east-1",
            "https://signin.amazonaws-eusc.eu/federation",
            "https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1",
        ),
    ],
)
def test_each_partition_has_its_own_endpoint_and_console(
    region: str, endpoint: str, destination: str
) -> None:
    double = Federation()
    made = link(double, region=region)
    (request,) = double.requests
    assert request.method == "GET"
    assert request.url.startswith(endpoint + "?Action=getSigninToken&Session=")
    assert json.loads(double.sent["Session"]) == SESSION
    assert "SessionDuration" not in double.sent
    assert made.startswith(endpoint + "?")
    assert parse_qs(urlsplit(made).query) == {
        "Action": ["login"],
        "Destination": [destination],
        "SigninToken": ["VCQgs5qZZ="],
    }


def test_a_daypass_server_is_asked_by_post_so_that_no_url_holds_a_secret() -> None:
    double = Federation()
    made = link(double, own=OWN, duration=3600)
    (request,) = double.requests
    assert (request.method, request.url) == ("POST", f"{OWN}/federation")
    assert json.loads(double.sent["Session"]) == SESSION
    assert double.sent["SessionDuration"] == "3600"
    assert parse_qs(urlsplit(made).query)["Destination"] == [f"{OWN}/"]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (
            "/s3/buckets?region=eu-west-1",
            "https://eu-west-1.console.aws.amazon.com/s3/buckets?region=eu-west-1",
        ),
        ("https://console.aws.amazon.com/ec2", "https://console.aws.amazon.com/ec2"),
    ],
)
def test_a_destination_is_a_path_of_the_console_or_a_url(wanted: str, meant: str) -> None:
    assert check_destination(console_place("eu-west-1", None), wanted) == meant


@pytest.mark.parametrize(
    "wanted", ["//x.example", "http://x.example/", "s3", "https://x.example/\n", "/\u00e9"]
)
def test_another_destination_is_a_usage_error(wanted: str) -> None:
    with pytest.raises(UsageError):
        check_destination(console_place("eu-west-1", None), wanted)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b"", LoginDenied),
        (403, b"<html>no</html>", LoginDenied),
        (500, b"", NetworkError),
        (503, b"", NetworkError),
        (200, b"<html>", RemoteProtocolError),
        (200, b"[]", RemoteProtocolError),
        (200, b"[" * 100_000, RemoteProtocolError),
        (200, b'{"SigninToken": 7}', RemoteProtocolError),
        (200, b'{"SigninToken": ""}', RemoteProtocolError),
        (200, b"\xff", RemoteProtocolError),
    ],
)
@pytest.mark.parametrize("own", [None, OWN])
def test_a_bad_answer_has_a_class_and_no_text_with_a_secret(
    status: int, body: bytes, kind: type[DaypassError], own: str | None
) -> None:
    with pytest.raises(kind) as problem:
        link(Federation(status, body), own=own)
    told = f"{problem.value.message} {problem.value.hint} {problem.value.detail}"
    assert not any(secret in told for secret in ("the-secret", "the-token", "Session="))


def test_our_own_servers_sentence_is_told_and_a_strangers_is_not() -> None:
    with pytest.raises(LoginDenied, match=r"credentials: a sentence$") as problem:
        link(Federation(400, b"a sentence\nmore"), own=OWN, duration=900)
    assert problem.value.hint == "leave out --duration"
    with pytest.raises(LoginDenied, match=r"credentials$"):
        link(Federation(400, b"a sentence"))
    with pytest.raises(LoginDenied, match=r"credentials$"):
        link(Federation(400, b"\x1b[31m"), own=OWN)


def test_a_network_that_fails_names_the_endpoint_without_its_query() -> None:
    def send(request: Request) -> Response:
        raise NetworkError("nothing answers", hint=f"curl -I {request.url}", detail=request.url)

    with pytest.raises(NetworkError) as problem:
        build_console_link(
            ENTRY, console_place("us-east-1", None), destination="https://x.example", duration=None, send=send
        )
    assert problem.value.hint == "curl -I https://signin.aws.amazon.com/federation"
    assert problem.value.detail == ""
    assert problem.value.__cause__ is None
