"""The cache file's name is shared by the AWS CLI, every SDK and us: hex SHA-256 of the session string."""

from pathlib import Path

import pytest

from daypass.client.session_cache import SessionCache
from support.dpop_forge import load_vector

NAMES = load_vector("signin-wire/cache-file-names.json")


@pytest.mark.parametrize("login_session", sorted(NAMES))
def test_a_session_has_the_cache_file_every_client_looks_for(login_session: str, tmp_path: Path) -> None:
    """In the directory that the environment names."""
    cache = SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path)})
    assert cache.path(login_session) == tmp_path / f"{NAMES[login_session]}.json"
