"""The credentials endpoint: the SDKs' container contract, one token per consumer, nothing for strangers."""

import http.client
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from daypass.client.credential_server import Consumer, CredentialServer
from daypass.client.session_cache import CacheEntry
from daypass.errors import DaypassError, LoginRequired, NetworkError
from daypass.secret import Secret

ALICE, BOB = "a" * 43, "b" * 43


def _entry(name: str) -> CacheEntry:
    return CacheEntry(
        access_key_id=f"ASIA{name}",
        secret_access_key=Secret(f"secret-{name}"),
        session_token=Secret(f"token-{name}"),
        account_id="111122223333",
        expires_at=1_800_000_000,
        client_id="c",
        refresh_token=Secret("r"),
        dpop_key_pem=Secret("k"),
    )


def _failing(problem: DaypassError) -> Callable[[], CacheEntry]:
    def supply() -> CacheEntry:
        raise problem

    return supply


@pytest.fixture
def server() -> Iterator[CredentialServer]:
    """Two consumers."""
    served = CredentialServer(
        [
            Consumer("alice", Secret(ALICE), lambda: _entry("alice")),
            Consumer("bob", Secret(BOB), lambda: _entry("bob")),
        ]
    )
    yield served
    served.close()


def _get(
    server: CredentialServer, *, token: str | None = ALICE, path: str = "/credentials", method: str = "GET"
) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers={} if token is None else {"Authorization": token})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if answer.getheader("Content-Type") == "application/json" else {}


def test_each_token_gets_its_own_identity_and_no_other(server: CredentialServer) -> None:
    """The members of the container credentials contract."""
    assert _get(server, token=BOB) == (
        200,
        {
            "AccessKeyId": "ASIAbob",
            "SecretAccessKey": "secret-bob",
            "Token": "token-bob",
            "Expiration": "2027-01-15T08:00:00Z",
            "AccountId": "111122223333",
        },
    )
    assert _get(server)[1]["AccessKeyId"] == "ASIAalice"


@pytest.mark.parametrize("token", [None, "", "a" * 42, "a" * 44, ALICE.upper(), f"Bearer {ALICE}"])
def test_without_a_known_token_there_is_nothing(server: CredentialServer, token: str | None) -> None:
    """401, and no member of a credential."""
    status, members = _get(server, token=token)
    assert (status, set(members)) == (401, {"code", "message"})


@pytest.mark.parametrize("path", ["/", "/credentials/", "/latest/meta-data/"])
def test_only_one_path_is_served_even_with_a_token(server: CredentialServer, path: str) -> None:
    """404 before any credential is asked for."""
    assert _get(server, path=path)[0] == 404


def test_only_get_is_served(server: CredentialServer) -> None:
    """A page of another origin can send a POST, and is told nothing."""
    assert _get(server, method="POST")[0] == 501


@pytest.mark.parametrize(
    ("problem", "status"),
    [(LoginRequired("the session has ended", hint="daypass login"), 400), (NetworkError("no network"), 503)],
)
def test_a_failure_is_one_sentence_and_only_what_may_pass_is_a_5xx(
    problem: DaypassError, status: int
) -> None:
    """SDKs try a 5xx again and show a 4xx to the person."""
    served = CredentialServer([Consumer("dev", Secret(ALICE), _failing(problem))])
    try:
        answered, members = _get(served)
    finally:
        served.close()
    assert (answered, members["code"]) == (status, problem.code)
    assert members["message"].startswith(problem.message)


def test_a_token_that_could_be_guessed_is_refused() -> None:
    """Not even served."""
    with pytest.raises(ValueError, match="too short"):
        CredentialServer([Consumer("dev", Secret("short"), lambda: _entry("dev"))])


def test_it_listens_on_loopback_alone(server: CredentialServer) -> None:
    """And says so in its URL."""
    assert urlsplit(server.url).hostname == "127.0.0.1"


def test_a_pages_preflight_is_not_answered(server: CredentialServer) -> None:
    """A page of another origin cannot send the header without asking first."""
    assert _get(server, method="OPTIONS")[0] == 501


def test_closing_twice_is_closing_once(server: CredentialServer) -> None:
    """Whoever closed it on a failure closes it again at the end."""
    server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        _get(server)
