"""A narrowed login gets its place: what was there is handed back once, and nothing is lost when something fails."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.client.aws_config import load_config
from daypass.client.ini_text import Setting
from daypass.client.narrow_keep import FormerLogin, Replaced, keep_narrowed
from daypass.client.session_cache import CacheEntry, SessionCache
from daypass.client.vault_store import VaultStore
from daypass.secret import Secret

ARN = "arn:aws:iam::111122223333:user/dev"
ONE, TWO = f"{ARN}?scope=one", f"{ARN}?scope=two"
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE",
    secret_access_key=Secret("s"),
    session_token=Secret("t"),
    account_id="111122223333",
    expires_at=1_800_000_000,
    client_id="c",
    refresh_token=Secret("new"),
    dpop_key_pem=Secret("k"),
)
OLD = replace(ENTRY, refresh_token=Secret("old"))


class _Keyring:
    def __init__(self) -> None:
        self.keys: dict[str, Secret] = {}

    def read(self, key_id: str) -> Secret | None:
        return self.keys.get(key_id)

    def write(self, key_id: str, key: Secret) -> None:
        self.keys[key_id] = key

    def forget(self, key_id: str) -> None:
        self.keys.pop(key_id, None)

    def check(self) -> None:
        pass


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def _point(environ: dict[str, str], **lines: Setting | None) -> None:
    load_config(environ).write({"profile agent": lines})


def _former(environ: dict[str, str], store: SessionCache | VaultStore) -> FormerLogin:
    return FormerLogin(load_config(environ).profile("agent"), store)


def test_the_first_one_replaces_nothing(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)
    replaced = keep_narrowed(
        ONE,
        ENTRY,
        store=cache,
        former=None,
        environ=environ,
        point=lambda: _point(environ, login_session=ONE),
    )
    assert replaced == []
    assert cache.load(ONE) == ENTRY


def test_of_one_name_the_one_before_is_handed_back(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)
    cache.save(ONE, OLD)
    _point(environ, login_session=ONE)
    former = _former(environ, cache)
    replaced = keep_narrowed(ONE, ENTRY, store=cache, former=former, environ=environ, point=lambda: None)
    assert replaced == [Replaced(OLD)]
    assert cache.load(ONE) == ENTRY


def test_of_another_name_the_one_before_is_taken_away(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)
    cache.save(ONE, OLD)
    _point(environ, login_session=ONE)
    former = _former(environ, cache)
    replaced = keep_narrowed(
        TWO,
        ENTRY,
        store=cache,
        former=former,
        environ=environ,
        point=lambda: _point(environ, login_session=TWO),
    )
    assert replaced == [Replaced(OLD)]
    assert (cache.load(ONE), cache.load(TWO)) == (None, ENTRY)


def test_from_the_file_to_a_vault_nothing_stays_in_the_file(environ: dict[str, str]) -> None:
    cache, vault = SessionCache(environ), VaultStore(environ, _Keyring())
    cache.save(ONE, OLD)
    _point(environ, login_session=ONE)
    replaced = keep_narrowed(
        ONE,
        ENTRY,
        store=vault,
        former=_former(environ, cache),
        environ=environ,
        point=lambda: _point(environ, login_session=None, daypass_login_session=ONE, daypass_storage="vault"),
    )
    assert replaced == [Replaced(OLD)]
    assert (cache.load(ONE), vault.load(ONE)) == (None, ENTRY)


def test_a_copy_of_the_profile_keeps_its_login(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)
    cache.save(ONE, OLD)
    _point(environ, login_session=ONE)
    load_config(environ).write({"profile copy": {"login_session": ONE}})
    replaced = keep_narrowed(
        TWO,
        ENTRY,
        store=cache,
        former=_former(environ, cache),
        environ=environ,
        point=lambda: _point(environ, login_session=TWO),
    )
    assert replaced == []
    assert cache.load(ONE) == OLD


@pytest.mark.parametrize("before", [None, OLD])
def test_lines_that_cannot_be_written_leave_what_was_there(
    environ: dict[str, str], before: CacheEntry | None
) -> None:
    """The new login is revoked by the caller then, so it must not stand where the old one worked."""
    cache = SessionCache(environ)
    if before is not None:
        cache.save(ONE, before)

    def fail() -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        keep_narrowed(ONE, ENTRY, store=cache, former=None, environ=environ, point=fail)
    assert cache.load(ONE) == before


def test_one_that_cannot_be_read_is_said(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)
    cache.save(ONE, OLD)
    cache.path(ONE).write_text("{ half")
    (replaced,) = keep_narrowed(ONE, ENTRY, store=cache, former=None, environ=environ, point=lambda: None)
    assert replaced == Replaced(doubt="the saved session cannot be read")


def test_of_many_at_once_each_hands_back_one_and_one_stays(environ: dict[str, str]) -> None:
    cache = SessionCache(environ)

    def keep(number: int) -> list[Replaced]:
        entry = replace(ENTRY, refresh_token=Secret(str(number)))
        return keep_narrowed(ONE, entry, store=cache, former=None, environ=environ, point=lambda: None)

    with ThreadPoolExecutor(8) as pool:
        replaced = [each for found in pool.map(keep, range(8)) for each in found]
    kept = cache.load(ONE)
    assert kept is not None
    tokens = [each.entry.refresh_token.reveal() for each in replaced if each.entry is not None]
    assert sorted([*tokens, kept.refresh_token.reveal()]) == [str(number) for number in range(8)]
