"""ID tokens: signed so that anyone may verify, read as the SDKs read."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.id_token import account_of_arn, build_id_token, read_subject
from support.dpop_forge import b64u, jwk_of

KEY = ec.generate_private_key(ec.SECP256R1())
USER = "arn:aws:iam::111122223333:user/dev"
CLIENT = "arn:aws:signin:::devtools/same-device"


def id_token_of(payload: bytes) -> str:
    """An unsigned token with this payload: readers do not verify."""
    return f"e30.{b64u(payload)}.x"


def test_another_implementation_verifies_an_id_token() -> None:
    """joserfc, with the key a JWK Set would give it."""
    id_token = build_id_token(KEY, key_id="k1", issuer="https://h", subject=USER, audience=CLIENT, now=1000)
    found = jwt.decode(id_token, ECKey.import_key(jwk_of(KEY)), algorithms=["ES256"])
    assert found.header == {"typ": "JWT", "alg": "ES256", "kid": "k1"}
    assert found.claims == {
        "iss": "https://h",
        "sub": USER,
        "aud": CLIENT,
        "session_arn": USER,
        "iat": 1000,
        "exp": 1900,
    }
    assert read_subject(id_token) == USER


def test_the_longest_identity_still_fits_the_models_4096_characters() -> None:
    """A user with a path of 512 characters."""
    subject = f"arn:aws:iam::111122223333:user/{'p' * 510}/{'n' * 64}"
    id_token = build_id_token(
        KEY, key_id="k" * 36, issuer="https://" + "h" * 250, subject=subject, audience=CLIENT, now=10**9
    )
    assert len(id_token) <= 4096


@pytest.mark.parametrize(
    "arn",
    [
        USER,
        "arn:aws:iam::111122223333:root",
        "arn:aws:sts::111122223333:assumed-role/Admin/me@example.com",
        "arn:aws:sts::111122223333:federated-user/name",
        "arn:aws-cn:iam::111122223333:user/a/b/c",
        "arn:aws-us-gov:iam::111122223333:user/x",
        "arn:aws-iso-b:iam::111122223333:root",
    ],
)
def test_every_form_of_identity_is_read_with_its_account(arn: str) -> None:
    """Root, user, role session, federated user, other partitions; escaped slashes are slashes."""
    payload = json.dumps({"sub": arn}).replace("/", "\\/").encode()
    assert read_subject(id_token_of(payload)) == arn
    assert account_of_arn(arn) == "111122223333"


@pytest.mark.parametrize("length", range(3))
def test_padding_of_the_payload_segment_is_optional(length: int) -> None:
    """Some issuers pad."""
    payload = json.dumps({"sub": USER, "pad": "x" * length})
    segment = b64u(payload.encode())
    assert read_subject(f"h.{segment}{'=' * (-len(segment) % 4)}.s") == USER


@pytest.mark.parametrize(
    "subject",
    [
        None,
        7,
        "",
        "dev",
        "arn:aws:iam:::user/dev",
        "arn:aws:iam::0123456789012:user/dev",
        "arn:aws:iam::11112222333:user/dev",
        "arn:aws:iam::１１１１２２２２３３３３:user/dev",
        "arn:aws:iam::111122223333:",
        "arn:aws:iam::111122223333:user/dev\nregion = evil",
        "arn:aws:iam::111122223333:user/a b",
        "arn:aws:iam::111122223333:user/\x1b[2J",
        "arn:aws:iam::111122223333:user/é",
        "arn:aws:iam::111122223333:user/\ud800",
        "arn:aws:iam::111122223333:user/" + "a" * 2000,
        "arn:evil:iam::111122223333:user/dev",
        " " + USER,
    ],
    ids=repr,
)
def test_a_subject_that_is_no_plain_identity_arn_is_refused(subject: Any) -> None:
    """It names a cache file and is written into the profile: no line ends, no blanks, no escapes."""
    with pytest.raises(RemoteProtocolError):
        read_subject(id_token_of(json.dumps({"sub": subject}).encode()))


@pytest.mark.parametrize(
    "id_token",
    [
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "h.!.s",
        "h.A.s",
        "h..s",
        id_token_of(b"[]"),
        id_token_of(b"{}"),
        id_token_of(b"{"),
        id_token_of(b"[" * 9000),
        "a" * 16_385,
        "é.e30.x",
        "h.\ud800.s",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_text_that_is_no_id_token_is_refused(id_token: str) -> None:
    """Wrong number of segments, not base64url, not an object, no subject, too long."""
    with pytest.raises(RemoteProtocolError):
        read_subject(id_token)


def test_an_overlong_id_token_is_refused_before_it_is_read() -> None:
    """The model allows 4096 characters; we read four times that."""
    with pytest.raises(RemoteProtocolError, match="too long"):
        read_subject(id_token_of(json.dumps({"sub": USER, "pad": "x" * 16_384}).encode()))
