"""Passkeys as a hostile browser would answer: every answer is taken or refused, none is a fault of ours.

WebAuthn Level 3 §7.1 and §7.2 over `webauthn`. Good answers come from a real browser (`tests/browser/`).
"""

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.adapters.passkeys import WebAuthnPasskeys
from daypass.server.ports.passkeys import PasskeyRefused

ORIGIN = "https://signin.example.com"
CHALLENGE = b"c" * 32
PASSKEYS = WebAuthnPasskeys(ORIGIN)
WAYS: dict[str, Callable[[str], object]] = {
    "read": PASSKEYS.read_credential_id,
    "authentication": lambda answer: PASSKEYS.verify_authentication(
        answer, challenge=CHALLENGE, public_key=b"\xa0", sign_count=0
    ),
    "registration": lambda answer: PASSKEYS.verify_registration(answer, challenge=CHALLENGE),
}


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def registration(key: bytes, *, id_length: int = 1) -> str:
    """An answer to our challenge whose credential key is `key`."""
    authenticator = (
        hashlib.sha256(b"signin.example.com").digest()
        + b"\x41"
        + bytes(20)
        + id_length.to_bytes(2, "big")
        + b"A"
        + key
    )
    statement = b"\xa3cfmtdnonegattStmt\xa0hauthData\x59" + len(authenticator).to_bytes(2, "big")
    client = {"type": "webauthn.create", "challenge": text_of(CHALLENGE), "origin": ORIGIN}
    response = {
        "clientDataJSON": text_of(json.dumps(client).encode()),
        "attestationObject": text_of(statement + authenticator),
    }
    return json.dumps({"id": "QQ", "rawId": "QQ", "type": "public-key", "response": response})


def refuse(way: str, answer: str) -> None:
    """Only reading the id may go well, for it proves nothing."""
    try:
        WAYS[way](answer)
    except PasskeyRefused:
        return
    assert way == "read"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "5",
        "[" * 16_000,
        '{"a":' * 3_000,
        json.dumps({"id": 5, "rawId": [], "type": {}, "response": None}),
        json.dumps({"id": "QQ", "rawId": "QQ", "type": "public-key", "response": {}}),
        registration(b"\xa0"),
        registration(b"\x04"),
        registration(b"\x05"),
        registration(b"\x81" * 5_000),
        registration(b"", id_length=0xFFFF),
        "x" * 16_385,
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(way: str, answer: str) -> None:
    refuse(way, answer)


@pytest.mark.parametrize("way", WAYS)
def test_a_longer_answer_is_not_even_parsed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webauthn.verify_registration_response", None)
    monkeypatch.setattr("webauthn.verify_authentication_response", None)
    with pytest.raises(PasskeyRefused, match="too long"):
        WAYS[way](" " * 16_385)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(WAYS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "rawId", "type", "response", "signature"]), inner)
        ),
        max_leaves=10,
    ),
)
def test_no_json_makes_it_raise_anything_else(way: str, answer: object) -> None:
    refuse(way, json.dumps(answer))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_no_key_makes_it_raise_anything_else(key: bytes) -> None:
    refuse("registration", registration(key))
