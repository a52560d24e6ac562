"""A sign-out at the service: proven by the session's key, and believed only when it is confirmed."""

from email.utils import formatdate
from urllib.parse import parse_qs

import pytest

from daypass.client.dpop_key import key_to_pem, new_key
from daypass.client.revocation import revoke
from daypass.client.session_cache import CacheEntry
from daypass.errors import ClockSkew, NetworkError
from daypass.protocol.http import Request, Response
from daypass.secret import Secret

NOW = 1_767_226_500


def _revoke(answer: Response) -> Request:
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return answer

    entry = CacheEntry(
        access_key_id="ASIAEXAMPLE",
        secret_access_key=Secret("a-secret"),
        session_token=Secret("a-token"),
        account_id="111122223333",
        expires_at=NOW + 900,
        client_id="arn:aws:signin:::devtools/same-device",
        refresh_token=Secret("a-refresh-token"),
        dpop_key_pem=key_to_pem(new_key()),
    )
    revoke(entry, base_url="https://signin.example.com/", now=NOW, jti="one", send=send)
    return sent[0]


def test_the_chain_is_named_and_the_key_proven() -> None:
    request = _revoke(Response(200, {}, b""))
    assert (request.method, request.url) == ("POST", "https://signin.example.com/v1/revoke")
    assert parse_qs(request.body.decode()) == {
        "token": ["a-refresh-token"],
        "token_type_hint": ["refresh_token"],
        "client_id": ["arn:aws:signin:::devtools/same-device"],
    }
    assert dict(request.headers)["DPoP"].count(".") == 2


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, NetworkError),
        ({"date": formatdate(NOW, usegmt=True)}, NetworkError),
        ({"date": formatdate(NOW + 600, usegmt=True)}, ClockSkew),
    ],
)
def test_what_is_not_confirmed_is_said_with_its_reason(
    headers: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        _revoke(Response(400, headers, b"{}"))
