"""Readers of what strangers send to the broker: no input makes them fail otherwise, and nothing leads elsewhere."""

from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from hypothesis import example, given, settings, strategies

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.signin_token import (
    SigninTokenInvalid,
    link_back,
    open_signin_token,
    own_destination,
    read_broker_session,
    read_session_duration,
)

OWN = "https://signin.example.com"
RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
pieces = strategies.lists(
    strategies.sampled_from(
        [
            OWN,
            "/",
            "//",
            "\\",
            "signin",
            "v1/authorize",
            "?",
            "#",
            "@",
            "%2f",
            "..",
            "evil.example",
            ":",
            "\t",
            "\r\n",
        ]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=200, deadline=None)
@example(text="[" * 100_000)
@example(text='{"sessionId": "\\ud800"}')
@given(text=strategies.text() | strategies.from_regex(r'\{"session(Id|Key|Token)": .*\}'))
def test_no_session_text_fails_otherwise_than_by_validation_error(text: str) -> None:
    with suppress(ValidationError):
        read_broker_session(text)


@settings(max_examples=200, deadline=None)
@given(text=strategies.text(max_size=12) | strategies.from_regex(r"-?[0-9]{1,12}"))
def test_no_duration_text_fails_otherwise_and_none_is_beyond_the_limits(text: str) -> None:
    with suppress(ValidationError):
        seconds = read_session_duration(text)
        assert seconds is None or 900 <= seconds <= 43_200


@settings(max_examples=200, deadline=None)
@given(text=strategies.text())
def test_no_token_text_fails_otherwise_than_as_invalid(text: str) -> None:
    with suppress(SigninTokenInvalid):
        open_signin_token(RING, text, now=0)


@settings(max_examples=200, deadline=None)
@given(destination=pieces | strategies.text())
def test_no_destination_leaves_our_origin(destination: str) -> None:
    landed = own_destination(destination, [OWN])
    assert urlsplit(urljoin(OWN, landed)).netloc == urlsplit(OWN).netloc
    assert urlsplit(landed).path in ("/", "/signin", "/v1/authorize")
    assert landed.isascii()
    assert landed.isprintable()


@settings(max_examples=200, deadline=None)
@example(issuer="https://[")
@example(issuer="https://a:99999")
@given(issuer=pieces.map(lambda text: "https://" + text) | strategies.text())
def test_a_link_back_is_plain_https_or_nothing(issuer: str) -> None:
    link = link_back(issuer)
    assert link in ("", issuer)
    if link:
        parts = urlsplit(link)
        assert (parts.scheme, parts.username, bool(parts.hostname)) == ("https", None, True)
