"""The authorize request: the order of trust, and every rule by its own test."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from daypass.protocol.oauth.authorization_request import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorization_request,
)
from daypass.protocol.oauth.errors import DisplayedError, RedirectedError
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE

CONFIRMATION_URIS = frozenset(
    {"https://signin.example.test/v1/sessions/confirmation", "http://127.0.0.1:8080/v1/sessions/confirmation"}
)
LOOPBACK = "http://127.0.0.1:49821/oauth/callback"
STATE = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GOOD = {
    "response_type": "code",
    "client_id": SAME_DEVICE,
    "state": STATE,
    "code_challenge_method": "SHA-256",
    "scope": "openid",
    "redirect_uri": LOOPBACK,
    "code_challenge": CHALLENGE,
}


def parse(changes: dict[str, str | None] | None = None, *, suffix: str = "") -> AuthorizationRequest:
    """A good request with some parameters changed, removed (None), or text appended."""
    parameters = {name: text for name, text in (GOOD | (changes or {})).items() if text is not None}
    return parse_authorization_request(urlencode(parameters) + suffix, confirmation_uris=CONFIRMATION_URIS)


def test_the_request_is_built_in_the_clients_order_with_only_unreserved_characters_bare() -> None:
    """Character for character what the AWS CLI sends."""
    request = AuthorizationRequest(SAME_DEVICE, LOOPBACK, STATE, CHALLENGE)
    assert build_authorization_url("https://us-east-1.signin.aws.amazon.com/", request) == (
        "https://us-east-1.signin.aws.amazon.com/v1/authorize?response_type=code"
        "&client_id=arn%3Aaws%3Asignin%3A%3A%3Adevtools%2Fsame-device&state=3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
        "&code_challenge_method=SHA-256&scope=openid&redirect_uri=http%3A%2F%2F127.0.0.1%3A49821%2Foauth%2Fcallback"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize(
    "request_",
    [
        AuthorizationRequest(SAME_DEVICE, LOOPBACK, STATE, CHALLENGE),
        AuthorizationRequest(
            SAME_DEVICE, LOOPBACK, "!~", CHALLENGE, "S256", resource="https://a.example/x y?z=é"
        ),
        AuthorizationRequest(CROSS_DEVICE, sorted(CONFIRMATION_URIS)[0], STATE, CHALLENGE),
    ],
)
def test_what_is_built_is_what_is_parsed(request_: AuthorizationRequest) -> None:
    """The two sides share one module, so they cannot drift."""
    url = build_authorization_url("http://127.0.0.1:8080", request_)
    assert parse_authorization_request(urlsplit(url).query, confirmation_uris=CONFIRMATION_URIS) == request_


def test_the_order_of_parameters_does_not_matter() -> None:
    """AWS Tools for PowerShell sends another one."""
    backwards = urlencode(list(reversed(GOOD.items())))
    assert parse_authorization_request(backwards, confirmation_uris=CONFIRMATION_URIS) == parse()


@pytest.mark.parametrize(
    "client_id", [None, "", "aws-cli", SAME_DEVICE.upper(), SAME_DEVICE + " ", SAME_DEVICE + "/x"]
)
def test_an_unknown_client_is_displayed_and_never_redirected(client_id: str | None) -> None:
    """Even with a redirect URI that would be fine."""
    with pytest.raises(DisplayedError, match="client_id"):
        parse({"client_id": client_id})


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "http://127.0.0.1/oauth/callback",
        "http://127.0.0.1:0/oauth/callback",
        "http://127.0.0.1:65536/oauth/callback",
        "http://127.0.0.1:99999/oauth/callback",
        "http://127.0.0.1:080/oauth/callback",
        "http://127.0.0.1:+80/oauth/callback",
        "http://127.0.0.1:８０８０/oauth/callback",
        "https://127.0.0.1:8080/oauth/callback",
        "HTTP://127.0.0.1:8080/oauth/callback",
        "http://localhost:8080/oauth/callback",
        "http://[::1]:8080/oauth/callback",
        "http://127.0.0.2:8080/oauth/callback",
        "http://127.0.0.1:8080/oauth/callback/",
        "http://127.0.0.1:8080/oauth/callback?x=1",
        "http://127.0.0.1:8080/oauth/callback#x",
        "http://127.0.0.1:8080/oauth/../oauth/callback",
        "http://127.0.0.1:8080/",
        "http://user@127.0.0.1:8080/oauth/callback",
        "http://127.0.0.1:8080@evil.example/oauth/callback",
        "http://127.0.0.1:8080/oauth/callback\n",
        "\nhttp://127.0.0.1:8080/oauth/callback",
        "http://127x0x0x1:8080/oauth/callback",
        "https://evil.example/",
        *sorted(CONFIRMATION_URIS),
    ],
)
def test_a_same_device_redirect_is_the_literal_loopback_callback_or_nothing(redirect_uri: str | None) -> None:
    """RFC 8252 §7.3: any port, everything else exactly."""
    with pytest.raises(DisplayedError, match="redirect_uri"):
        parse({"redirect_uri": redirect_uri})


@pytest.mark.parametrize("port", [1, 80, 1024, 49821, 65535])
def test_a_same_device_redirect_may_have_any_port(port: int) -> None:
    """The client listens where the system lets it."""
    redirect_uri = f"http://127.0.0.1:{port}/oauth/callback"
    assert parse({"redirect_uri": redirect_uri}).redirect_uri == redirect_uri


@pytest.mark.parametrize("redirect_uri", sorted(CONFIRMATION_URIS))
def test_a_cross_device_redirect_is_one_of_our_own_confirmation_pages(redirect_uri: str) -> None:
    """Any of the server's own origins."""
    found = parse({"client_id": CROSS_DEVICE, "redirect_uri": redirect_uri})
    assert (found.client_id, found.redirect_uri) == (CROSS_DEVICE, redirect_uri)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        LOOPBACK,
        "https://signin.example.test/v1/sessions/confirmation?x",
        "https://signin.example.test/v1/sessions/confirmation/",
        "https://evil.example/v1/sessions/confirmation",
        "https://us-east-1.signin.aws.amazon.com/v1/sessions/confirmation",
    ],
)
def test_a_cross_device_redirect_to_anywhere_else_is_displayed(redirect_uri: str | None) -> None:
    """The page would show the code to whoever owns it."""
    with pytest.raises(DisplayedError, match="redirect_uri"):
        parse({"client_id": CROSS_DEVICE, "redirect_uri": redirect_uri})


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_is_displayed(name: str) -> None:
    """Which of the two would be proven? Neither."""
    with pytest.raises(DisplayedError, match=name):
        parse(suffix="&" + urlencode({name: GOOD[name]}))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"scope": "OPENID"}, "invalid_scope"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "a" * 42}, "invalid_request"),
        ({"code_challenge": "a" * 129}, "invalid_request"),
        ({"code_challenge": "a" * 42 + "+"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"resource": "a" * 2049}, "invalid_request"),
        ({"resource": "a\nb"}, "invalid_request"),
        ({"resource": "a\x00"}, "invalid_request"),
    ],
)
def test_after_client_and_redirect_uri_a_mistake_is_redirected_with_its_word(
    changes: dict[str, str | None], error: str
) -> None:
    """RFC 6749 §4.1.2.1: error word, proven redirect URI, state."""
    with pytest.raises(RedirectedError) as caught:
        parse(changes)
    assert (caught.value.error, caught.value.redirect_uri, caught.value.state) == (error, LOOPBACK, STATE)


@pytest.mark.parametrize("state", [None, "", "a" * 513, "a b", "a\nb", "é", "\x7f"])
def test_a_missing_or_unusable_state_is_refused_and_not_returned(state: str | None) -> None:
    """Nothing is echoed that was not checked."""
    with pytest.raises(RedirectedError) as caught:
        parse({"state": state})
    assert (caught.value.error, caught.value.state) == ("invalid_request", None)


@pytest.mark.parametrize("state", ["a", "a" * 512, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
def test_any_visible_ascii_state_of_up_to_512_characters_is_kept_as_it_is(state: str) -> None:
    """The client compares it byte for byte."""
    assert parse({"state": state}).state == state


@pytest.mark.parametrize(
    "name", ["response_type", "scope", "code_challenge", "code_challenge_method", "resource"]
)
def test_another_repeated_parameter_is_redirected_with_the_state(name: str) -> None:
    """The same value twice is a repetition too."""
    doubled = urlencode({name: (GOOD | {"resource": "r"})[name]})
    with pytest.raises(RedirectedError) as caught:
        parse({"resource": "r"}, suffix=f"&{doubled}")
    assert (caught.value.error, caught.value.state) == ("invalid_request", STATE)


def test_a_repeated_state_is_refused_and_not_returned() -> None:
    """There is no telling which one is the client's."""
    with pytest.raises(RedirectedError) as caught:
        parse(suffix="&state=other")
    assert (caught.value.error, caught.value.state) == ("invalid_request", None)


def test_unknown_parameters_are_ignored_even_repeated() -> None:
    """RFC 6749 §3.1."""
    assert parse(suffix="&prompt=login&prompt=none&nonce=&x") == parse()


@pytest.mark.parametrize("method", ["S256", "SHA-256"])
def test_both_names_of_the_one_transform_are_accepted(method: str) -> None:
    """The RFC's and AWS's."""
    assert parse({"code_challenge_method": method}).code_challenge_method == method


def test_padding_of_a_received_challenge_is_removed() -> None:
    """So that what is stored compares."""
    assert parse({"code_challenge": CHALLENGE + "="}).code_challenge == CHALLENGE


@pytest.mark.parametrize("resource", ["r", "a" * 2048, "https://mcp.example/x?y=z"])
def test_a_resource_is_accepted_and_kept(resource: str) -> None:
    """RFC 8707; nothing is made of it yet."""
    assert parse({"resource": resource}).resource == resource


@pytest.mark.parametrize(
    "raw_query", ["client_id=%ff", "x=" + "a" * 16_384, "&".join(["x=1"] * 101), "é=1", "\ud800"]
)
def test_a_query_that_cannot_be_read_is_displayed(raw_query: str) -> None:
    """Not UTF-8, too long, too many, not a query."""
    with pytest.raises(DisplayedError):
        parse_authorization_request(raw_query, confirmation_uris=CONFIRMATION_URIS)


def test_messages_repeat_nothing_of_the_request() -> None:
    """A page that shows them cannot be made to say something."""
    marker = "zzmarkerzz"
    for name in (*GOOD, "resource"):
        value = marker + "\n" * (name in ("state", "resource"))
        with pytest.raises((DisplayedError, RedirectedError)) as caught:
            parse({name: value})
        assert marker not in caught.value.message + caught.value.hint + caught.value.detail


def test_the_built_query_survives_a_form_decoder() -> None:
    """A decoder that reads plus as space gets the same values."""
    request = AuthorizationRequest(SAME_DEVICE, LOOPBACK, "a+b", CHALLENGE)
    query = urlsplit(build_authorization_url("https://h", request)).query
    assert dict(parse_qsl(query)) == GOOD | {"state": "a+b"}


def test_a_good_request_in_an_overlong_query_is_displayed() -> None:
    """16384 characters are eight times the longest value."""
    with pytest.raises(DisplayedError, match="too long"):
        parse(suffix="&x=" + "a" * 16_384)
