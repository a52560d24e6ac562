"""The cache entry: AWS's file, never half written, nothing lost."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from daypass.client.session_cache import CacheEntry, SessionCache, format_time, parse_time
from daypass.errors import CacheError
from daypass.secret import Secret

SESSION = "arn:aws:iam::111122223333:user/dev"
ENTRY = CacheEntry(
    access_key_id="ASIAEXAMPLE000000001",
    secret_access_key=Secret("a-secret"),
    session_token=Secret("a-token"),
    account_id="111122223333",
    expires_at=1_767_226_500,
    client_id="arn:aws:signin:::devtools/same-device",
    refresh_token=Secret("a-refresh-token"),
    dpop_key_pem=Secret("a-key"),
    token_type="urn:aws:params:oauth:token-type:access_token_sigv4",
    id_token=Secret("a.b.c"),
    sign_in_region="us-east-1",
)


@pytest.fixture
def cache(tmp_path: Path) -> SessionCache:
    return SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache")})


def test_a_saved_entry_is_read_back_whole(cache: SessionCache) -> None:
    """Whole records compared."""
    cache.save(SESSION, ENTRY)
    assert cache.load(SESSION) == ENTRY


def test_every_member_of_the_format_is_written(cache: SessionCache) -> None:
    """C and Swift readers need tokenType and idToken; newer readers signInRegion."""
    cache.save(SESSION, ENTRY)
    assert json.loads(cache.path(SESSION).read_text()) == {
        "accessToken": {
            "accessKeyId": "ASIAEXAMPLE000000001",
            "secretAccessKey": "a-secret",
            "sessionToken": "a-token",
            "accountId": "111122223333",
            "expiresAt": "2026-01-01T00:15:00Z",
        },
        "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "refreshToken": "a-refresh-token",
        "idToken": "a.b.c",
        "dpopKey": "a-key",
        "signInRegion": "us-east-1",
    }


def test_unknown_members_survive_a_rewrite_at_both_levels(cache: SessionCache) -> None:
    """Another program's additions are not ours to drop."""
    cache.save(SESSION, ENTRY)
    content = json.loads(cache.path(SESSION).read_text())
    content["future"] = {"a": [1]}
    content["accessToken"]["hint"] = "x"
    cache.path(SESSION).write_text(json.dumps(content))
    entry = cache.load(SESSION)
    assert entry is not None
    cache.save(SESSION, entry)
    assert json.loads(cache.path(SESSION).read_text()) == content


def test_the_file_is_private_and_so_is_its_directory(cache: SessionCache) -> None:
    """0600 and 0700 whatever the umask."""
    previous = os.umask(0)
    try:
        cache.save(SESSION, ENTRY)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(cache.path(SESSION).stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700


def test_a_wrong_mode_is_repaired_when_read(cache: SessionCache) -> None:
    """A file written by an SDK under a loose umask becomes private."""
    cache.save(SESSION, ENTRY)
    cache.path(SESSION).chmod(0o644)
    assert cache.load(SESSION) == ENTRY
    assert stat.S_IMODE(cache.path(SESSION).stat().st_mode) == 0o600


@pytest.mark.parametrize("is_named", [False, True])
def test_the_folder_that_other_clients_left_open_is_closed_unless_a_person_named_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".aws" / "login" / "cache"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    cache = SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(folder)} if is_named else {})
    with cache.locked("arn:aws:iam::111122223333:user/dev"):
        assert folder.stat().st_mode & 0o777 == (0o755 if is_named else 0o700)


def test_a_file_of_another_owner_is_refused(cache: SessionCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content could make us refresh with someone else's tokens."""
    cache.save(SESSION, ENTRY)
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    with pytest.raises(CacheError, match="another user"):
        cache.load(SESSION)


def test_a_torn_file_is_read_again_until_the_writer_is_done(cache: SessionCache) -> None:
    """A foreign in-place writer leaves half a file for a moment."""
    cache.save(SESSION, ENTRY)
    whole = cache.path(SESSION).read_text()
    cache.path(SESSION).write_text(whole[:50])
    timer = threading.Timer(0.05, lambda: cache.path(SESSION).write_text(whole))
    timer.start()
    assert cache.load(SESSION) == ENTRY
    timer.join()


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '"x"', "{}", '{"accessToken": 1}', '{"accessToken": {}}', "\x00" * 40],
    ids=["empty", "half", "list", "null", "text", "bare", "token is no object", "token is empty", "zeros"],
)
def test_a_damaged_file_is_a_cache_error_that_says_what_to_type(cache: SessionCache, damage: str) -> None:
    """Never a bare KeyError with a hash for a message."""
    cache.save(SESSION, ENTRY)
    cache.path(SESSION).write_text(damage)
    with pytest.raises(CacheError) as caught:
        cache.load(SESSION)
    assert caught.value.hint == "daypass login"


def test_go_and_java_readers_rename_the_id_token_and_it_is_still_found(cache: SessionCache) -> None:
    """They write `identityToken` back."""
    cache.save(SESSION, ENTRY)
    content = json.loads(cache.path(SESSION).read_text())
    content["identityToken"] = content.pop("idToken")
    cache.path(SESSION).write_text(json.dumps(content))
    entry = cache.load(SESSION)
    assert entry is not None
    assert entry.id_token == Secret("a.b.c")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:15:00Z",
        "2026-01-01T00:15:00.123Z",
        "2026-01-01T00:15:00+00:00",
        "2026-01-01T01:15:00.123456+01:00",
    ],
)
def test_every_sdk_spelling_of_a_time_is_understood(text: str) -> None:
    """Seconds, milliseconds, offsets."""
    assert parse_time(text) == 1_767_226_500
    assert format_time(parse_time(text)) == "2026-01-01T00:15:00Z"


def test_only_login_files_count_as_sessions(cache: SessionCache) -> None:
    """`logout --all` must not delete another program's JSON."""
    cache.save(SESSION, ENTRY)
    (cache.directory / "other.json").write_text('{"accessToken": "sso"}')
    (cache.directory / "broken.json").write_text("{")
    assert cache.login_files() == [cache.path(SESSION)]


def test_no_secret_shows_in_the_entry_s_repr() -> None:
    """A traceback or a log line may hold the record."""
    shown = repr(ENTRY)
    assert "a-secret" not in shown
    assert "a-token" not in shown
    assert "a-refresh-token" not in shown
    assert "a-key" not in shown


def test_a_file_that_cannot_be_opened_is_a_cache_error_that_names_it(cache: SessionCache) -> None:
    """Not a traceback: a directory in its place, or a mode that shuts us out."""
    cache.path(SESSION).mkdir(parents=True)
    with pytest.raises(CacheError) as caught:
        cache.load(SESSION)
    assert caught.value.hint == f"ls -l {cache.path(SESSION)}"
