"""RFC 6749, the OAuth 2.0 framework: one test per MUST that applies to a pure parser or builder.

Rules about storage and time (single use, lifetimes) are proven where those live.
"""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from daypass.errors import LoginDenied, LoginMismatch
from daypass.protocol.oauth.authorization_request import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorization_request,
)
from daypass.protocol.oauth.authorization_response import (
    build_code_redirect,
    build_error_redirect,
    parse_authorization_response,
)
from daypass.protocol.oauth.errors import DisplayedError, InvalidRequest, RedirectedError
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.token_request import RefreshGrant, parse_token_request
from daypass.protocol.oauth.token_response import TokenSet, build_token_response, parse_token_response
from daypass.secret import Secret

CALLBACK = "http://127.0.0.1:49821/oauth/callback"
PAGE = "https://signin.example.test/v1/sessions/confirmation"
FORM = "application/x-www-form-urlencoded"
CODE_FORM = {
    "grant_type": "authorization_code",
    "client_id": SAME_DEVICE,
    "code": "c",
    "redirect_uri": CALLBACK,
    "code_verifier": "v" * 43,
}
REFRESH_FORM = {"grant_type": "refresh_token", "client_id": SAME_DEVICE, "refresh_token": "r"}
TOKENS = TokenSet("A", Secret("b"), Secret("c"), 900, Secret("d"))


def authorize(*repeated: tuple[str, str], **changes: str | None) -> AuthorizationRequest:
    """A good request, changed, with parameters repeated."""
    parameters = {
        "response_type": "code",
        "client_id": SAME_DEVICE,
        "state": "s",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    } | changes
    pairs = [(name, text) for name, text in parameters.items() if text is not None]
    return parse_authorization_request(urlencode([*pairs, *repeated]), confirmation_uris=frozenset({PAGE}))


def token(fields: dict[str, str], *repeated: tuple[str, str]) -> object:
    """A form token request."""
    return parse_token_request(FORM, urlencode([*fields.items(), *repeated]).encode())


def test_3_1_authorize_parameters_without_value_must_be_treated_as_omitted() -> None:
    """An empty resource is no resource; an empty state is no state."""
    assert authorize(resource="") == authorize()
    with pytest.raises(RedirectedError):
        authorize(state="")


def test_3_1_unrecognized_authorize_parameters_must_be_ignored() -> None:
    """Repeated ones too."""
    assert authorize(("prompt", "login"), ("prompt", "none")) == authorize()


@pytest.mark.parametrize("name", ["response_type", "scope", "state", "code_challenge"])
def test_3_1_authorize_parameters_must_not_be_included_more_than_once(name: str) -> None:
    """Not even with the same value."""
    with pytest.raises(RedirectedError) as caught:
        authorize((name, "x"))
    assert caught.value.error == "invalid_request"


def test_3_1_1_a_missing_response_type_must_be_an_error() -> None:
    """As described in §4.1.2.1."""
    with pytest.raises(RedirectedError) as caught:
        authorize(response_type=None)
    assert caught.value.error == "invalid_request"


@pytest.mark.parametrize("response_type", ["token", "code token", "id_token"])
def test_3_1_1_a_response_type_that_is_not_understood_must_be_an_error(response_type: str) -> None:
    """Only `code` exists here."""
    with pytest.raises(RedirectedError) as caught:
        authorize(response_type=response_type)
    assert caught.value.error == "unsupported_response_type"


def test_3_1_2_a_redirect_uri_must_not_have_a_fragment() -> None:
    """Neither kind of client may."""
    for client_id, redirect_uri in ((SAME_DEVICE, CALLBACK), (CROSS_DEVICE, PAGE)):
        with pytest.raises(DisplayedError):
            authorize(client_id=client_id, redirect_uri=redirect_uri + "#f")


def test_3_1_2_a_query_component_of_the_redirect_uri_must_be_retained() -> None:
    """When parameters are added."""
    assert parse_qs(urlsplit(build_code_redirect("https://h/?a=b", code="c", state="s")).query)["a"] == ["b"]


def test_3_1_2_3_a_redirect_uri_must_be_compared_with_the_registered_one() -> None:
    """Each client has its own rule; the other client's URI does not do."""
    assert authorize(client_id=CROSS_DEVICE, redirect_uri=PAGE).redirect_uri == PAGE
    for client_id, redirect_uri in ((SAME_DEVICE, PAGE), (CROSS_DEVICE, CALLBACK)):
        with pytest.raises(DisplayedError):
            authorize(client_id=client_id, redirect_uri=redirect_uri)


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "x"}, {"client_id": None}, {"redirect_uri": "https://x/"}, {"redirect_uri": None}],
)
def test_3_1_2_4_the_browser_must_not_be_redirected_to_an_invalid_uri(changes: dict[str, str | None]) -> None:
    """Client or redirect URI missing, invalid or mismatching: the person is told (also §4.1.2.1)."""
    with pytest.raises(DisplayedError):
        authorize(**changes)


def test_3_3_an_omitted_scope_must_fail_with_invalid_scope_where_there_is_no_default() -> None:
    """AWS documents `openid` as required."""
    with pytest.raises(RedirectedError) as caught:
        authorize(scope=None)
    assert caught.value.error == "invalid_scope"


def test_3_2_token_parameters_without_value_must_be_treated_as_omitted() -> None:
    """A required one is then missing."""
    with pytest.raises(InvalidRequest):
        token(REFRESH_FORM | {"refresh_token": ""})


def test_3_2_unrecognized_token_parameters_must_be_ignored() -> None:
    """Repeated ones too."""
    assert token(REFRESH_FORM, ("x", "1"), ("x", "2")) == token(REFRESH_FORM)


@pytest.mark.parametrize("name", sorted(REFRESH_FORM))
def test_3_2_token_parameters_must_not_be_included_more_than_once(name: str) -> None:
    """Not even with the same value."""
    with pytest.raises(InvalidRequest):
        token(REFRESH_FORM, (name, REFRESH_FORM[name]))


def test_4_1_1_the_client_builds_the_request_form_urlencoded_with_the_required_parameters() -> None:
    """response_type `code` and client_id; redirect_uri and state always."""
    url = build_authorization_url("https://h", AuthorizationRequest(SAME_DEVICE, CALLBACK, "s&t", "a" * 43))
    query = parse_qs(urlsplit(url).query)
    assert (query["response_type"], query["client_id"]) == (["code"], [SAME_DEVICE])
    assert (query["redirect_uri"], query["state"]) == ([CALLBACK], ["s&t"])


def test_4_1_2_the_state_must_be_returned_exactly_as_received() -> None:
    """With a code and with an error."""
    state = "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"
    assert authorize(state=state).state == state
    for location in (
        build_code_redirect(CALLBACK, code="c", state=state),
        build_error_redirect(CALLBACK, error="access_denied", state=state),
    ):
        assert parse_qs(urlsplit(location).query)["state"] == [state]


def test_4_1_2_the_client_must_ignore_unrecognized_response_parameters() -> None:
    """Future ones."""
    assert parse_authorization_response("code=c&state=s&iss=x&session_state=y", expected_state="s") == "c"


def test_4_1_2_1_an_error_answer_is_refused_and_has_allowed_characters_only() -> None:
    """The client learns it only with its own state."""
    query = urlsplit(build_error_redirect(CALLBACK, error="access_denied", state="s")).query
    with pytest.raises(LoginDenied):
        parse_authorization_response(query, expected_state="s")


@pytest.mark.parametrize("name", sorted(set(CODE_FORM)))
def test_4_1_3_each_required_parameter_of_a_code_grant_must_be_there(name: str) -> None:
    """redirect_uri is required because authorize had it; code_verifier by RFC 7636 §4.5."""
    with pytest.raises(InvalidRequest):
        token({key: text for key, text in CODE_FORM.items() if key != name})


@pytest.mark.parametrize("style", ["json", "form"])
def test_5_1_an_answer_has_token_type_and_life_as_json(style: str) -> None:
    """JSON numbers for numbers, strings for strings."""
    found = json.loads(build_token_response(TOKENS, "json" if style == "json" else "form"))
    names = ("tokenType", "expiresIn") if style == "json" else ("token_type", "expires_in")
    assert [type(found[name]) for name in names] == [str, int]


def test_5_1_the_client_must_ignore_unrecognized_members_of_the_answer() -> None:
    """Future ones."""
    body = json.loads(build_token_response(TOKENS, "json")) | {"future": {"a": 1}}
    assert parse_token_response(200, {}, json.dumps(body).encode()) == TOKENS


@pytest.mark.parametrize("name", sorted(REFRESH_FORM))
def test_6_each_required_parameter_of_a_refresh_must_be_there(name: str) -> None:
    """client_id because the clients are public (§3.2.1)."""
    assert isinstance(token(REFRESH_FORM), RefreshGrant)
    with pytest.raises(InvalidRequest):
        token({key: text for key, text in REFRESH_FORM.items() if key != name})


def test_10_12_a_client_must_protect_its_redirect_uri_against_forged_answers() -> None:
    """The state binds the answer to the browser's question."""
    for raw_query in ("code=c", "code=c&state=other", "error=access_denied&state=other"):
        with pytest.raises(LoginMismatch):
            parse_authorization_response(raw_query, expected_state="s")
