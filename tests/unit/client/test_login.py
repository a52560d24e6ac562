"""The story of a login, without a terminal: the question, the exchange, what is kept."""

import base64
import json
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass.client.dpop_key import key_from_pem, key_to_pem
from daypass.client.login import (
    Fresh,
    SignedIn,
    StartedLogin,
    begin,
    confirmation_uri,
    discover_s3_endpoint,
    keep,
    redeem,
)
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.errors import DaypassError, LoginDenied, LoginFailed, NetworkError, RemoteProtocolError
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidRequest,
    SignInError,
    TooManyRequests,
)
from daypass.protocol.oauth.pkce import code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.secret import Secret
from support.fake_sign_in import FakeSignIn

NOW = 1_767_226_500
LOOPBACK = "http://127.0.0.1:49152/oauth/callback"


@pytest.fixture
def fake() -> FakeSignIn:
    return FakeSignIn(clock=lambda: NOW)


def start(fake: FakeSignIn, redirect_uri: str = LOOPBACK) -> StartedLogin:
    return begin(base_url=fake.base_url, region="eu-central-1", redirect_uri=redirect_uri, fresh=Fresh.draw())


def exchange(fake: FakeSignIn, started: StartedLogin) -> SignedIn:
    query = urlsplit(fake.approve(started.url)).query
    code = parse_authorization_response(query, expected_state=started.fresh.state)
    return redeem(started, Secret(code), now=NOW, send=fake.answer)


def test_the_question_is_the_documented_one(fake: FakeSignIn) -> None:
    """Every parameter, and nothing else (AWS Sign-In API, AuthorizeOAuth2Access)."""
    started = start(fake)
    assert {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()} == {
        "response_type": "code",
        "client_id": SAME_DEVICE,
        "state": started.fresh.state,
        "code_challenge_method": "SHA-256",
        "scope": "openid",
        "redirect_uri": LOOPBACK,
        "code_challenge": code_challenge(started.fresh.code_verifier.reveal()),
    }


@pytest.mark.parametrize(
    ("redirect_uri", "client_id"),
    [
        (LOOPBACK, SAME_DEVICE),
        ("https://signin.example.com/v1/sessions/confirmation", CROSS_DEVICE),
        ("http://127.0.0.1:8080/v1/sessions/confirmation", CROSS_DEVICE),
    ],
)
def test_the_way_back_decides_which_client_asks(fake: FakeSignIn, redirect_uri: str, client_id: str) -> None:
    """A service on loopback has a confirmation page too."""
    assert start(fake, redirect_uri).client_id == client_id


def test_the_confirmation_page_is_the_services_own() -> None:
    assert confirmation_uri("https://a.example/") == "https://a.example/v1/sessions/confirmation"


def test_no_two_logins_share_a_fresh_value() -> None:
    one, two = Fresh.draw(), Fresh.draw()
    assert one.state != two.state
    assert one.code_verifier != two.code_verifier
    assert one.proof_id != two.proof_id
    assert key_to_pem(one.key) != key_to_pem(two.key)
    assert len(one.code_verifier.reveal()) == 64
    assert one.code_verifier.reveal() not in repr(one)


@pytest.mark.parametrize("redirect_uri", [LOOPBACK, "https://signin.example.com/v1/sessions/confirmation"])
def test_a_redeemed_code_becomes_the_whole_cache_entry(
    fake: FakeSignIn, tmp_path: Path, redirect_uri: str
) -> None:
    """Whole records compared; then the file, member by member."""
    started = start(fake, redirect_uri)
    signed_in = exchange(fake, started)
    id_token = signed_in.entry.id_token.reveal()
    assert signed_in == SignedIn(
        fake.arn,
        CacheEntry(
            access_key_id="ASIA0",
            secret_access_key=Secret("secret-0"),
            session_token=Secret("token-0"),
            account_id="111122223333",
            expires_at=NOW + 900,
            client_id=started.client_id,
            refresh_token=Secret("refresh-0"),
            dpop_key_pem=key_to_pem(started.fresh.key),
            token_type="urn:aws:params:oauth:token-type:access_token_sigv4",
            id_token=Secret(id_token),
            sign_in_region="eu-central-1",
        ),
    )
    cache = SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path)})
    keep(signed_in, cache)
    assert cache.load(fake.arn) == signed_in.entry
    assert json.loads(cache.path(fake.arn).read_text())["dpopKey"].startswith(
        "-----BEGIN EC PRIVATE KEY-----"
    )


def _unsigned(payload: object) -> str:
    parts = ({"alg": "ES256"}, payload)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2ln"])


@pytest.mark.parametrize(
    ("id_token", "error", "message"),
    [
        (None, LoginFailed, "the sign-in service sent no identity"),
        ("no-token", RemoteProtocolError, None),
        (_unsigned({}), RemoteProtocolError, None),
        (_unsigned({"sub": "dev"}), RemoteProtocolError, None),
        (_unsigned({"sub": "arn:aws:iam::1:user/dev"}), RemoteProtocolError, None),
        (_unsigned({"sub": "arn:aws:iam::111122223333:user/a\nb"}), RemoteProtocolError, None),
        (_unsigned({"sub": "arn:aws:iam::111122223333:user/a]"}), None, None),
        (_unsigned([]), RemoteProtocolError, None),
    ],
)
def test_an_answer_that_names_nobody_is_no_login(
    fake: FakeSignIn, id_token: str | None, error: type[DaypassError] | None, message: str | None
) -> None:
    """The ARN becomes a file name and a line of a configuration file, so its form is checked first."""
    fake.id_token = id_token
    if error is None:
        assert exchange(fake, start(fake)).login_session.endswith("user/a]")
        return
    with pytest.raises(error, match=message):
        exchange(fake, start(fake))


@pytest.mark.parametrize(
    ("refusal", "error", "message", "exit_code"),
    [
        (AuthcodeExpired("x"), LoginFailed, "the code was used too late", 5),
        (
            InsufficientPermissions("x"),
            LoginDenied,
            "this identity may not use terminal credentials (signin:CreateOAuth2Token)",
            3,
        ),
        (InvalidRequest("bad verifier"), LoginFailed, "the sign-in service refused: bad verifier", 5),
        (TooManyRequests("slow down"), LoginFailed, "the sign-in service refused: slow down", 5),
        (SignInError("odd"), LoginFailed, "the sign-in service refused: odd", 5),
    ],
)
def test_a_refused_exchange_is_said_in_the_persons_words(
    fake: FakeSignIn, refusal: SignInError, error: type[DaypassError], message: str, exit_code: int
) -> None:
    fake.refusal = refusal
    with pytest.raises(error) as caught:
        exchange(fake, start(fake))
    assert type(caught.value) is error
    assert (caught.value.message, caught.value.exit_code) == (message, exit_code)
    assert caught.value.hint


def test_the_key_of_the_login_signs_the_exchange(fake: FakeSignIn) -> None:
    """The same key is kept, or no refresh could ever succeed."""
    started = start(fake)
    kept = key_from_pem(exchange(fake, started).entry.dpop_key_pem)
    assert kept.private_numbers() == started.fresh.key.private_numbers()


@pytest.mark.parametrize(
    ("metadata", "endpoint"),
    [
        (b'{"s3_endpoint": "https://s3.example.com"}', "https://s3.example.com"),
        (b'{"s3_endpoint": "http://127.0.0.1:8333"}', "http://127.0.0.1:8333"),
        (b'{"s3_endpoint": "file:///etc/passwd"}', None),
        (b'{"s3_endpoint": "https://x\\n[default]\\ncredential_process = evil"}', None),
        (b'{"s3_endpoint": "https://x credential_process"}', None),
        (b'{"s3_endpoint": 1}', None),
        (b"{}", None),
        (b"[]", None),
        (b"<html>", None),
        (b"\xff", None),
    ],
)
def test_the_s3_endpoint_is_taken_from_metadata_that_names_one(
    fake: FakeSignIn, metadata: bytes, endpoint: str | None
) -> None:
    fake.metadata = metadata
    assert discover_s3_endpoint(fake.base_url, fake.answer) == endpoint


def test_a_service_that_cannot_be_reached_is_said_before_anyone_is_sent_to_a_browser(
    fake: FakeSignIn,
) -> None:
    fake.broken = NetworkError("down")
    with pytest.raises(NetworkError):
        discover_s3_endpoint(fake.base_url, fake.answer)


def test_keeping_waits_for_whoever_refreshes_that_session(fake: FakeSignIn, tmp_path: Path) -> None:
    """Else an older answer could be written over the new login."""
    cache = SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path)})
    signed_in = exchange(fake, start(fake))
    keeper = threading.Thread(target=keep, args=(signed_in, cache))
    with cache.locked(fake.arn):
        keeper.start()
        keeper.join(0.3)
        assert cache.load(fake.arn) is None
    keeper.join(20)
    assert cache.load(fake.arn) == signed_in.entry
