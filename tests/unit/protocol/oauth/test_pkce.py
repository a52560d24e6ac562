"""PKCE with SHA-256: two names, one transform."""

import pytest

from daypass.errors import LocalProtocolError
from daypass.protocol.oauth.errors import InvalidRequest
from daypass.protocol.oauth.pkce import code_challenge, is_code_challenge, verify_code_verifier
from support.dpop_forge import load_vector

VECTOR = load_vector("rfc7636-b/pkce.json")
EVERY_CHARACTER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_a_challenge_with_padding_at_its_end_is_the_same_challenge() -> None:
    """Not every client removes it."""
    verify_code_verifier(VECTOR["code_verifier"], VECTOR["code_challenge"] + "=")


@pytest.mark.parametrize("verifier", ["a" * 43, "~" * 128, EVERY_CHARACTER])
def test_every_allowed_verifier_matches_its_own_challenge(verifier: str) -> None:
    """Both bounds and the whole alphabet."""
    challenge = code_challenge(verifier)
    assert len(challenge) == 43
    assert is_code_challenge(challenge)
    verify_code_verifier(verifier, challenge)


@pytest.mark.parametrize(
    "verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "=", "a" * 42 + "é", "a" * 43 + "\n"]
)
def test_a_verifier_outside_its_length_or_alphabet_is_refused(verifier: str) -> None:
    """By the peer's rules when received, as our own bug when built."""
    with pytest.raises(InvalidRequest):
        verify_code_verifier(verifier, VECTOR["code_challenge"])
    with pytest.raises(LocalProtocolError):
        code_challenge(verifier)


@pytest.mark.parametrize(
    "challenge", ["", "=", "é", "\ud800", VECTOR["code_challenge"][:-1], VECTOR["code_verifier"]]
)
def test_another_challenge_does_not_match(challenge: str) -> None:
    """Including the verifier itself, which `plain` would have accepted."""
    with pytest.raises(InvalidRequest):
        verify_code_verifier(VECTOR["code_verifier"], challenge)


def test_a_pkce_refusal_shows_neither_verifier_nor_challenge() -> None:
    """Both stay out of messages and logs."""
    with pytest.raises(InvalidRequest) as caught:
        verify_code_verifier("b" * 43, VECTOR["code_challenge"])
    assert "b" * 10 not in str(caught.value)
    assert VECTOR["code_challenge"] not in str(caught.value) + caught.value.detail
