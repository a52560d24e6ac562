"""RFC 7636, Proof Key for Code Exchange: one test per MUST that applies to either side."""

import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from daypass.errors import LocalProtocolError
from daypass.protocol.oauth.authorization_request import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorization_request,
)
from daypass.protocol.oauth.errors import InvalidRequest, RedirectedError
from daypass.protocol.oauth.metadata import build_metadata
from daypass.protocol.oauth.pkce import code_challenge, verify_code_verifier
from daypass.protocol.oauth.registered_client import SAME_DEVICE
from support.dpop_forge import b64u, load_vector

CALLBACK = "http://127.0.0.1:49821/oauth/callback"
VECTOR = load_vector("rfc7636-b/pkce.json")


def authorize(**changes: str | None) -> AuthorizationRequest:
    """A good request, changed."""
    parameters = {
        "response_type": "code",
        "client_id": SAME_DEVICE,
        "state": "s",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "code_challenge": VECTOR["code_challenge"],
        "code_challenge_method": "S256",
    } | changes
    query = urlencode({name: text for name, text in parameters.items() if text is not None})
    return parse_authorization_request(query, confirmation_uris=frozenset())


def test_b_the_published_example_has_its_published_challenge() -> None:
    """Appendix B."""
    assert code_challenge(VECTOR["code_verifier"]) == VECTOR["code_challenge"]
    verify_code_verifier(VECTOR["code_verifier"], VECTOR["code_challenge"])


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é"])
def test_4_1_a_verifier_is_43_to_128_unreserved_characters(verifier: str) -> None:
    """For what we build and for what we receive."""
    with pytest.raises(LocalProtocolError):
        code_challenge(verifier)
    with pytest.raises(InvalidRequest):
        verify_code_verifier(verifier, b64u(hashlib.sha256(verifier.encode()).digest()))


def test_4_2_a_client_capable_of_s256_must_use_it() -> None:
    """AWS's name for it is sent unless the RFC's is asked for; `plain` never."""
    request = AuthorizationRequest(SAME_DEVICE, CALLBACK, "s", VECTOR["code_challenge"])
    assert parse_qs(urlsplit(build_authorization_url("https://h", request)).query)[
        "code_challenge_method"
    ] == ["SHA-256"]


def test_4_3_the_challenge_is_sent_with_the_authorization_request() -> None:
    """REQUIRED, unaltered."""
    request = AuthorizationRequest(SAME_DEVICE, CALLBACK, "s", VECTOR["code_challenge"])
    query = parse_qs(urlsplit(build_authorization_url("https://h", request)).query)
    assert query["code_challenge"] == [VECTOR["code_challenge"]]


def test_4_3_an_absent_method_means_plain_and_is_refused() -> None:
    """It must not be read as S256."""
    with pytest.raises(RedirectedError) as caught:
        authorize(code_challenge_method=None)
    assert caught.value.error == "invalid_request"


def test_4_4_1_a_request_without_challenge_must_be_answered_with_invalid_request() -> None:
    """This server requires PKCE."""
    with pytest.raises(RedirectedError) as caught:
        authorize(code_challenge=None)
    assert caught.value.error == "invalid_request"


@pytest.mark.parametrize("method", ["plain", "S512", "s256"])
def test_4_4_1_an_unsupported_transform_must_be_answered_with_invalid_request(method: str) -> None:
    """Names are case-sensitive."""
    with pytest.raises(RedirectedError) as caught:
        authorize(code_challenge_method=method)
    assert caught.value.error == "invalid_request"


def test_4_6_a_verifier_that_does_not_transform_into_the_challenge_must_be_refused() -> None:
    """One character off."""
    with pytest.raises(InvalidRequest):
        verify_code_verifier("e" + VECTOR["code_verifier"][1:], VECTOR["code_challenge"])


def test_4_6_the_plain_comparison_is_never_made() -> None:
    """Section 7.2: a challenge equal to the verifier must not pass."""
    with pytest.raises(InvalidRequest):
        verify_code_verifier(VECTOR["code_challenge"], VECTOR["code_challenge"])


def test_7_2_servers_must_support_s256() -> None:
    """And say so (RFC 8414 §2)."""
    assert authorize().code_challenge_method == "S256"
    assert "S256" in build_metadata("https://h")["code_challenge_methods_supported"]  # type: ignore[operator]  # a JSON value
