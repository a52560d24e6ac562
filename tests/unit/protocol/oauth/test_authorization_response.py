"""The answer through the browser: state first, then error, then code."""

from urllib.parse import urlsplit

import pytest

from daypass.errors import LocalProtocolError, LoginDenied, LoginMismatch, RemoteProtocolError
from daypass.protocol.oauth.authorization_response import (
    build_code_redirect,
    build_error_redirect,
    parse_authorization_response,
)

CALLBACK = "http://127.0.0.1:49821/oauth/callback"


def test_a_code_travels_unchanged_through_the_redirect() -> None:
    """Whatever characters it has."""
    location = build_code_redirect(CALLBACK, code="abc+/=&%~", state="s t&a=te")
    assert location == f"{CALLBACK}?code=abc%2B%2F%3D%26%25~&state=s%20t%26a%3Dte"
    assert parse_authorization_response(urlsplit(location).query, expected_state="s t&a=te") == "abc+/=&%~"


def test_a_redirect_uri_that_has_a_query_keeps_it() -> None:
    """RFC 6749 §3.1.2."""
    assert build_code_redirect("https://h/p?a=1", code="c", state="s") == "https://h/p?a=1&code=c&state=s"


def test_a_refusal_travels_with_the_state_if_there_is_one() -> None:
    """RFC 6749 §4.1.2.1."""
    with_state = build_error_redirect(CALLBACK, error="access_denied", state="a b")
    assert with_state == f"{CALLBACK}?error=access_denied&state=a%20b"
    without = build_error_redirect(CALLBACK, error="invalid_request", state=None)
    assert without == f"{CALLBACK}?error=invalid_request"


@pytest.mark.parametrize("error", ["", "access denied", "a-b", "a\n", "é", "a" * 301, "<b>"])
def test_an_error_word_that_clients_would_refuse_is_never_sent(error: str) -> None:
    """AWS Tools for PowerShell accepts letters, digits and underscores, at most 300."""
    with pytest.raises(LocalProtocolError):
        build_error_redirect(CALLBACK, error=error, state=None)


@pytest.mark.parametrize(
    "raw_query",
    [
        "",
        "code=c",
        "code=c&state=",
        "code=c&state=x",
        "code=c&state=S",
        "state=s&code=c&state=s",
        "state=s%00&code=c",
    ],
)
def test_a_code_with_no_state_or_another_state_is_a_mismatch(raw_query: str) -> None:
    """RFC 9700 §4.7: somebody else's code must not be redeemed."""
    with pytest.raises(LoginMismatch):
        parse_authorization_response(raw_query, expected_state="s")


@pytest.mark.parametrize(
    "raw_query", ["error=access_denied", "error=access_denied&state=x", "error=x&error=y&state=x"]
)
def test_an_error_with_another_state_is_a_mismatch_and_ends_nothing(raw_query: str) -> None:
    """A stranger's page could otherwise cancel a login."""
    with pytest.raises(LoginMismatch):
        parse_authorization_response(raw_query, expected_state="s")


def test_an_empty_expected_state_matches_nothing() -> None:
    """A caller's mistake must not open the door."""
    with pytest.raises(LoginMismatch):
        parse_authorization_response("code=c&state=", expected_state="")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("access_denied", "refused"),
        ("server_error", "failed"),
        ("new_word", "new_word"),
        ("%1b%5b2J", "unreadable"),
    ],
)
def test_an_error_for_our_question_is_a_denial_in_our_own_words(word: str, text: str) -> None:
    """The word came through the address bar: it is shown only if it is one."""
    with pytest.raises(LoginDenied, match=text) as caught:
        parse_authorization_response(f"error={word}&state=s&code=c", expected_state="s")
    assert "\x1b" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize(
    "raw_query",
    ["state=s", "state=s&code=", "state=s&code=" + "a" * 513, "state=s&code=a%0Ab", "state=s&code=c&code=c"],
)
def test_an_answer_without_one_usable_code_is_the_peers_mistake(raw_query: str) -> None:
    """Sign-In API model: 1..512 characters."""
    with pytest.raises(RemoteProtocolError):
        parse_authorization_response(raw_query, expected_state="s")


@pytest.mark.parametrize(
    "raw_query", ["state=%ff", "é", "\ud800", "&".join(["x=1"] * 101), "x=" + "a" * 16_384]
)
def test_an_answer_that_cannot_be_read_is_the_peers_mistake(raw_query: str) -> None:
    """Not UTF-8, not a query, too many, too long."""
    with pytest.raises(RemoteProtocolError):
        parse_authorization_response(raw_query, expected_state="s")


def test_unknown_members_of_an_answer_are_ignored() -> None:
    """RFC 6749 §4.1.2; `iss` (RFC 9207) among them."""
    assert (
        parse_authorization_response("iss=https%3A%2F%2Fh&state=s&code=c&x=1&x=2", expected_state="s") == "c"
    )
