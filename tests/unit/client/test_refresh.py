"""Renewing: one caller asks, a fault costs nothing that still lives, every refusal says what to type."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.cli.renewing import renewal_for
from daypass.client.aws_config import Profile
from daypass.client.dpop_key import key_to_pem, new_key
from daypass.client.refresh import Renewal, fresh_entry
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.errors import (
    CacheError,
    DaypassError,
    LoginDenied,
    LoginRequired,
    NetworkError,
    RemoteProtocolError,
    WrongRegion,
)
from daypass.protocol.http import Request, Response
from daypass.protocol.oauth.errors import (
    AuthcodeExpired,
    InsufficientPermissions,
    InvalidDpopProof,
    InvalidRequest,
    ServerError,
    SignInError,
    TokenExpired,
    TooManyRequests,
    UserCredentialsChanged,
)
from daypass.secret import Secret
from support.fake_sign_in import FakeSignIn

NOW = 1_767_226_500
SESSION = "arn:aws:iam::111122223333:user/dev"
KEY = key_to_pem(new_key())
AGAIN = "daypass login --profile dev"


def entry(seconds: int, **changes: object) -> CacheEntry:
    """A saved session whose credentials live so many seconds from NOW on."""
    values: dict[str, object] = {
        "access_key_id": "ASIAOLD",
        "secret_access_key": Secret("old-secret"),
        "session_token": Secret("old-token"),
        "account_id": "111122223333",
        "expires_at": NOW + seconds,
        "client_id": "arn:aws:signin:::devtools/same-device",
        "refresh_token": Secret("refresh-0"),
        "dpop_key_pem": KEY,
        "token_type": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "id_token": Secret("a.b.c"),
        "sign_in_region": "eu-west-1",
    }
    return CacheEntry(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def fake() -> FakeSignIn:
    return FakeSignIn(clock=lambda: NOW)


@pytest.fixture
def cache(tmp_path: Path) -> SessionCache:
    return SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache")})


def renewal(
    cache: SessionCache, fake: FakeSignIn, send: Callable[[Request], Response] | None = None
) -> Renewal:
    return Renewal(cache, lambda _entry: fake.base_url, send or fake.answer, lambda: NOW, "dev")


def save(cache: SessionCache, saved: CacheEntry) -> None:
    with cache.locked(SESSION):
        cache.save(SESSION, saved)


def test_credentials_with_time_left_are_served_without_a_call(cache: SessionCache, fake: FakeSignIn) -> None:
    save(cache, entry(301))
    assert fresh_entry(SESSION, renewal(cache, fake)) == entry(301)
    assert fake.requests == []


@pytest.mark.parametrize("seconds", [300, 1, 0, -40_000])
def test_near_or_past_their_end_they_are_renewed_and_the_whole_entry_is_kept(
    cache: SessionCache, fake: FakeSignIn, seconds: int
) -> None:
    """The AWS SDKs' margin of five minutes, both sides of it."""
    save(cache, entry(seconds, unknown={"future": 1}))
    renewed = entry(
        900,
        access_key_id="ASIA1",
        secret_access_key=Secret("secret-1"),
        session_token=Secret("token-1"),
        refresh_token=Secret("refresh-1"),
        unknown={"future": 1},
    )
    assert fresh_entry(SESSION, renewal(cache, fake)) == renewed
    assert cache.load(SESSION) == renewed
    assert fake.token_calls == 1


REFUSALS: list[tuple[DaypassError, type[DaypassError], str, str, int]] = [
    (TokenExpired("x"), LoginRequired, 'the session of profile "dev" has ended', AGAIN, 4),
    (UserCredentialsChanged("x"), LoginRequired, "the password changed since this login", AGAIN, 4),
    (
        InsufficientPermissions("x"),
        LoginDenied,
        "this identity may no longer use terminal credentials (signin:CreateOAuth2Token)",
        "ask an administrator to attach the policy SignInLocalDevelopmentAccess",
        3,
    ),
    (
        InvalidRequest("no such grant"),
        LoginRequired,
        "the sign-in service refused to renew this session: no such grant",
        AGAIN,
        4,
    ),
    (
        InvalidDpopProof("check the clock of this machine"),
        LoginRequired,
        "the sign-in service refused to renew this session: check the clock of this machine",
        AGAIN,
        4,
    ),
    (
        AuthcodeExpired("late"),
        LoginRequired,
        "the sign-in service refused to renew this session: late",
        AGAIN,
        4,
    ),
    (SignInError("odd"), LoginRequired, "the sign-in service refused to renew this session: odd", AGAIN, 4),
    (
        TooManyRequests("x"),
        NetworkError,
        "the sign-in service gets too many requests",
        "try again in a minute",
        5,
    ),
    (
        ServerError("x"),
        NetworkError,
        "the sign-in service failed (HTTP 500)",
        "try again in a moment",
        5,
    ),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=[type(case[0]).__name__ for case in REFUSALS])
def test_every_refusal_is_said_in_the_persons_words(
    cache: SessionCache, fake: FakeSignIn, refusal: tuple[SignInError, type[DaypassError], str, str, int]
) -> None:
    """Class, message, hint and exit code, through the wire's own form; the file stays as it was."""
    fake.refusal, expected, message, hint, exit_code = refusal
    save(cache, entry(0))
    with pytest.raises(expected) as caught:
        fresh_entry(SESSION, renewal(cache, fake))
    told = caught.value
    assert (told.message, told.hint, told.exit_code) == (message, hint, exit_code)
    assert type(told) is expected
    assert cache.load(SESSION) == entry(0)


@pytest.mark.parametrize("refusal", REFUSALS, ids=[type(case[0]).__name__ for case in REFUSALS])
def test_what_still_lives_is_served_on_every_refusal(
    cache: SessionCache, fake: FakeSignIn, refusal: tuple[SignInError, object, str, str, int]
) -> None:
    fake.refusal = refusal[0]
    save(cache, entry(1))
    assert fresh_entry(SESSION, renewal(cache, fake)) == entry(1)
    assert cache.load(SESSION) == entry(1)


@pytest.mark.parametrize("broken", [NetworkError("down", hint="curl"), RemoteProtocolError("odd")])
def test_faults_of_the_way_are_passed_on_and_cost_nothing(
    cache: SessionCache, fake: FakeSignIn, broken: DaypassError
) -> None:
    fake.broken = broken
    save(cache, entry(1))
    assert fresh_entry(SESSION, renewal(cache, fake)) == entry(1)
    save(cache, entry(0))
    with pytest.raises(type(broken)) as caught:
        fresh_entry(SESSION, renewal(cache, fake))
    assert caught.value is broken
    assert cache.load(SESSION) == entry(0)


def test_a_key_that_cannot_be_read_is_a_cache_error_with_the_profile_in_its_hint(
    cache: SessionCache, fake: FakeSignIn
) -> None:
    save(cache, entry(0, dpop_key_pem=Secret("not a key")))
    with pytest.raises(CacheError) as caught:
        fresh_entry(SESSION, renewal(cache, fake))
    assert (caught.value.hint, caught.value.exit_code) == (AGAIN, 8)
    assert fake.requests == []


def test_no_saved_session_is_a_login_required(cache: SessionCache, fake: FakeSignIn) -> None:
    with pytest.raises(LoginRequired) as caught:
        fresh_entry(SESSION, renewal(cache, fake))
    assert (caught.value.message, caught.value.hint) == ('profile "dev" has no saved session', AGAIN)


def test_the_second_caller_waits_reads_again_and_does_not_ask(cache: SessionCache, fake: FakeSignIn) -> None:
    """aws/aws-cli #10628: several callers at the margin make one request."""
    save(cache, entry(60))
    inside, go_on = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        inside.set()
        assert go_on.wait(20)
        return fake.answer(request)

    results: list[CacheEntry] = []
    first = threading.Thread(target=lambda: results.append(fresh_entry(SESSION, renewal(cache, fake, slow))))
    first.start()
    assert inside.wait(20)
    second = threading.Thread(target=lambda: results.append(fresh_entry(SESSION, renewal(cache, fake))))
    second.start()
    go_on.set()
    first.join(20)
    second.join(20)
    assert [result.access_key_id for result in results] == ["ASIA1", "ASIA1"]
    assert fake.token_calls == 1


@pytest.mark.parametrize("damage", ["", '{"accessToken": {', "[]"])
def test_a_foreign_writers_torn_file_never_costs_the_successor_token(
    cache: SessionCache, fake: FakeSignIn, damage: str
) -> None:
    """Another program truncates the file while we ask; the answer reaches the file all the same."""
    save(cache, entry(0))

    def tearing(request: Request) -> Response:
        cache.path(SESSION).write_text(damage)
        return fake.answer(request)

    fresh_entry(SESSION, renewal(cache, fake, tearing))
    kept = cache.load(SESSION)
    assert kept is not None
    assert kept.refresh_token == Secret("refresh-1")


def test_what_a_foreign_writer_added_meanwhile_is_kept(cache: SessionCache, fake: FakeSignIn) -> None:
    save(cache, entry(0))

    def adding(request: Request) -> Response:
        content = json.loads(cache.path(SESSION).read_text())
        cache.path(SESSION).write_text(json.dumps({**content, "future": [1]}))
        return fake.answer(request)

    fresh_entry(SESSION, renewal(cache, fake, adding))
    assert json.loads(cache.path(SESSION).read_text())["future"] == [1]


def test_a_sign_out_during_the_refresh_stays_a_sign_out(cache: SessionCache, fake: FakeSignIn) -> None:
    """Another program's logout takes no lock of ours; its deletion must not be undone."""
    save(cache, entry(0))

    def signing_out(request: Request) -> Response:
        cache.remove(SESSION)
        return fake.answer(request)

    assert fresh_entry(SESSION, renewal(cache, fake, signing_out)).access_key_id == "ASIA1"
    assert cache.load(SESSION) is None


def test_where_nothing_can_be_written_the_living_are_served_and_the_dead_explained(
    cache: SessionCache, fake: FakeSignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only mount of the home directory (root ignores modes, so the refusal is injected)."""

    def refuse(_path: object) -> None:
        raise PermissionError(13, "read-only")

    save(cache, entry(1))
    monkeypatch.setattr("daypass.client.session_cache.hold_lock", refuse)
    assert fresh_entry(SESSION, renewal(cache, fake)) == entry(1)
    cache.path(SESSION).write_text(
        cache.path(SESSION).read_text().replace("2026-01-01T00:15:01Z", "2026-01-01T00:15:00Z")
    )
    with pytest.raises(CacheError) as caught:
        fresh_entry(SESSION, renewal(cache, fake))
    assert caught.value.hint == f"ls -ld {cache.directory}"
    assert fake.requests == []


@pytest.mark.parametrize(
    ("settings", "environ", "sign_in_region", "endpoint"),
    [
        (
            {"region": "us-east-2"},
            {"AWS_REGION": "us-west-2"},
            "eu-west-1",
            "https://eu-west-1.signin.aws.amazon.com",
        ),
        ({"region": "us-east-2"}, {"AWS_REGION": "us-west-2"}, "", "https://us-east-2.signin.aws.amazon.com"),
        ({}, {"AWS_REGION": "us-west-2"}, "", "https://us-west-2.signin.aws.amazon.com"),
        ({}, {}, "", "https://us-east-1.signin.aws.amazon.com"),
        ({}, {}, "cn-north-1", "https://cn-north-1.signin.amazonaws.cn"),
        ({"endpoint_url": "https://own.example.com/"}, {}, "eu-west-1", "https://own.example.com"),
    ],
)
def test_the_place_of_the_login_decides_whom_a_refresh_asks(
    settings: dict[str, str], environ: dict[str, str], sign_in_region: str, endpoint: str
) -> None:
    """Never the region of the work at hand (aws/aws-cli #10613)."""
    from daypass.protocol.aws.endpoints import signin_endpoint

    made = renewal_for(Profile("dev", True, settings, {}), environ)
    expected = (
        endpoint if "own.example" in endpoint else signin_endpoint(endpoint.split("//")[1].split(".")[0])
    )
    assert made.endpoint_for(entry(0, sign_in_region=sign_in_region)) == expected


def test_a_region_that_was_guessed_is_named_as_the_likely_cause(
    cache: SessionCache, fake: FakeSignIn
) -> None:
    """A refresh token is known only where it was issued; older writers did not save where that was."""
    fake.refusal = InvalidRequest("no such grant")
    save(cache, entry(0, sign_in_region=""))
    guessing = replace(renewal(cache, fake), is_region_guessed=lambda saved: not saved.sign_in_region)
    with pytest.raises(WrongRegion) as caught:
        fresh_entry(SESSION, guessing)
    assert (caught.value.code, caught.value.exit_code) == ("wrong_region", 4)
    assert caught.value.hint == "daypass login --profile dev --region REGION"
    save(cache, entry(0))
    with pytest.raises(LoginRequired) as other:
        fresh_entry(SESSION, guessing)
    assert type(other.value) is LoginRequired


@pytest.mark.parametrize(
    ("settings", "sign_in_region", "is_guessed"),
    [
        ({}, "", True),
        ({"region": "eu-west-1"}, "", True),
        ({}, "eu-west-1", False),
        ({"endpoint_url": "https://own"}, "", False),
    ],
)
def test_only_aws_own_endpoint_of_an_unwritten_region_is_a_guess(
    settings: dict[str, str], sign_in_region: str, is_guessed: bool
) -> None:
    made = renewal_for(Profile("dev", True, settings, {}), {})
    assert made.is_region_guessed(entry(0, sign_in_region=sign_in_region)) is is_guessed


def test_a_service_that_failed_is_not_asked_again_at_once_while_the_credentials_live(
    cache: SessionCache, fake: FakeSignIn
) -> None:
    """Every kind of failure; the pause is over after five seconds, and for the dead there is none."""
    save(cache, entry(200))
    fake.refusal = ServerError("x")
    for _ in range(3):
        assert fresh_entry(SESSION, renewal(cache, fake)) == entry(200)
    assert fake.token_calls == 1
    later = replace(renewal(cache, fake), clock=lambda: NOW + 5)
    assert fresh_entry(SESSION, later) == entry(200)
    assert fake.token_calls == 2
    save(cache, entry(0))
    with pytest.raises(NetworkError):
        fresh_entry(SESSION, renewal(cache, fake))
    assert fake.token_calls == 3


@pytest.mark.parametrize("refusal", [TooManyRequests("x"), ServerError("x")])
def test_a_service_that_says_how_long_is_left_in_peace_that_long(
    cache: SessionCache, fake: FakeSignIn, refusal: SignInError
) -> None:
    """Retry-After is longer than our own pause; what lives is served meanwhile, what ended is told how long."""
    save(cache, entry(280))
    fake.refusal, fake.retry_after = refusal, "90"
    assert fresh_entry(SESSION, renewal(cache, fake)) == entry(280)
    for seconds, calls in ((89, 1), (90, 2)):
        later = replace(renewal(cache, fake), clock=lambda seconds=seconds: NOW + seconds)
        assert fresh_entry(SESSION, later) == entry(280)
        assert fake.token_calls == calls
    save(cache, entry(0))
    with pytest.raises(NetworkError) as raised:
        fresh_entry(SESSION, renewal(cache, fake))
    assert raised.value.hint == "try again in 90 seconds"
