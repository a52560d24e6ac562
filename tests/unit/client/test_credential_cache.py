"""The hot path's shortcuts never say anything the proper readers would not say."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client import credential_cache
from daypass.client.credential_cache import fresh_credentials, login_session_of
from daypass.client.ini_text import parse, profile_section
from daypass.client.session_cache import SessionCache

SESSION = "arn:aws:iam::111122223333:user/dev"
LINES = [
    "[default]",
    "[profile dev]",
    "[ profile   dev ]",
    '[profile "dev"]',
    "[profile dev] # mine",
    "[profile 'x y']",
    "[services dev]",
    "[profile default]",
    "[dev]",
    "login_session = one",
    "login_session=two",
    "login_session =",
    "login_sessions = no",
    "# login_session = no",
    "region = a",
    "",
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from(["default", "dev", "x y", '"dev"', "'x y'"]),
)
def test_the_short_reader_of_the_profile_agrees_with_the_whole_one(lines: list[str], profile: str) -> None:
    """It may pass (None), it must not differ."""
    text = "\n".join(lines)
    quick = login_session_of(text, profile)
    sections = parse(text)
    merged = dict(sections.get(profile_section(profile), {}))
    if profile == "default":
        merged |= sections.get("profile default", {})
    assert quick in (None, merged.get("login_session"))


def write(tmp_path: Path, content: object) -> str:
    cache = SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path)})
    path = cache.path(SESSION)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)
    return str(path)


def token(expires_at: object) -> dict[str, object]:
    return {
        "accessToken": {
            "accessKeyId": "ASIA",
            "secretAccessKey": "s",
            "sessionToken": "t",
            "accountId": "111122223333",
            "expiresAt": expires_at,
        }
    }


@pytest.mark.parametrize(
    ("seconds", "is_served"), [(302, True), (301, True), (300, False), (299, False), (0, False), (-1, False)]
)
def test_the_margin_is_the_sdks_five_minutes(tmp_path: Path, seconds: int, is_served: bool) -> None:
    now = 1_767_226_500
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + seconds))
    assert (fresh_credentials(write(tmp_path, token(expires_at)), now) is not None) == is_served


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"accessToken": 1}',
        "\x00" * 40,
        "[" * 100_000,
        token("2099-01-01T00:00:00.000Z"),
        token("2099-01-01T00:00:00+00:00"),
        token("zzzz-zz-zzTzz:zz:zzZ"),
        token("9999-99-99T99:99:99Z"),
        token(4_070_908_800),
        token(None),
        {"accessToken": {**token("2099-01-01T00:00:00Z")["accessToken"], "sessionToken": ""}},  # type: ignore[dict-item]  # JSON values
        {"accessToken": {**token("2099-01-01T00:00:00Z")["accessToken"], "secretAccessKey": 1}},  # type: ignore[dict-item]  # JSON values
    ],
)
def test_whatever_is_not_plain_is_left_to_the_slow_path(tmp_path: Path, content: object) -> None:
    assert fresh_credentials(write(tmp_path, content), 1_767_226_500) is None


def test_a_link_or_another_owners_file_is_left_to_the_slow_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, token("2099-01-01T00:00:00Z"))
    assert fresh_credentials(path, 0) is not None
    (tmp_path / "link").symlink_to(path)
    assert fresh_credentials(str(tmp_path / "link"), 0) is None
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    assert fresh_credentials(path, 0) is None


def test_the_directory_and_the_files_are_aws_own() -> None:
    """Unless the variables every SDK honours say otherwise."""
    home = os.path.expanduser("~")
    assert credential_cache.cache_directory({}) == f"{home}/.aws/login/cache"
    assert credential_cache.config_file({}) == f"{home}/.aws/config"
    assert credential_cache.cache_directory({"AWS_LOGIN_CACHE_DIRECTORY": "~/c"}) == f"{home}/c"
    assert credential_cache.config_file({"AWS_CONFIG_FILE": "/c"}) == "/c"
