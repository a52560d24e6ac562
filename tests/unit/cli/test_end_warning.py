"""A run that lasts says ahead that its session ends: once, again for the next session, and never without reason."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from daypass.cli.time_left import warning_supply
from daypass.client.aws_config import Profile
from daypass.client.session_cache import CacheEntry
from daypass.secret import Secret

DEV = Profile("dev", True, {}, {})


def _entry(session_seconds: int) -> CacheEntry:
    claims = json.dumps({"session_ends_at": int(time.time()) + session_seconds}).encode()
    id_token = f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"
    return CacheEntry(
        access_key_id="ASIADEV",
        secret_access_key=Secret("s"),
        session_token=Secret("t"),
        account_id="111122223333",
        expires_at=int(time.time()) + 900,
        client_id="c",
        refresh_token=Secret("r"),
        id_token=Secret(id_token),
        dpop_key_pem=Secret("k"),
    )


def test_it_is_said_once_and_again_for_the_next_session(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    lasting = iter([_entry(7200), _entry(1700), _entry(1690), _entry(43_200), _entry(1700)])
    supply = warning_supply(lambda: next(lasting), profile=DEV)
    for _ in range(5):
        supply()
        told.append(capsys.readouterr().err)
    assert [bool(text) for text in told] == [False, True, False, False, True]
    assert (
        'the session of profile "dev" ends in 28 min; daypass login --profile dev --force begins a new one'
        in told[1]
    )


def test_what_was_said_at_the_start_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    warning_supply(lambda: _entry(60), profile=DEV, was_told=True)()
    assert capsys.readouterr().err == ""


def test_many_askers_at_once_hear_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    supply = warning_supply(lambda: _entry(60), profile=DEV)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: supply(), range(64)))
    assert capsys.readouterr().err.count("ends in") == 1


def test_a_failure_of_the_supply_is_the_callers(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> CacheEntry:
        raise OSError("x")

    with pytest.raises(OSError, match="x"):
        warning_supply(fails, profile=DEV)()
