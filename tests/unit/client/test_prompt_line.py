"""The prompt's line says what `status` says, with hardly anything imported, and whatever the files hold."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.prompt_line import build_line, prompt_line, session_end
from daypass.protocol.oauth.id_token import read_session_end
from support.transcript import arn_of, cache_path, save_session

NOW = 1_800_000_000


def _token(claims: object) -> str:
    return f"a.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""),
        (59, " <1m"),
        (60, " 1m"),
        (3599, " 59m"),
        (3600, " 1h"),
        (43_199, " 11h"),
        (43_200, " 12h"),
    ],
)
def test_the_time_is_short(seconds: int | None, told: str) -> None:
    """The largest whole unit."""
    assert build_line("dev", "111122223333", seconds) == f"dev 111122223333{told}"


def test_nothing_a_terminal_would_obey_reaches_it() -> None:
    """A profile's name or a damaged file must not move the cursor."""
    assert build_line("d\x1b[2J", "1\n2", 60) == "d?[2J 1?2 1m"


@pytest.mark.parametrize(
    "claims",
    [
        {"session_ends_at": NOW + 60, "iat": NOW},
        {"iat": NOW},
        {"iat": True},
        {"session_ends_at": "soon", "iat": NOW},
        {"sub": "ÿ" * 7},
        {},
    ],
)
def test_the_session_ends_when_the_full_reader_says_so(claims: dict[str, object]) -> None:
    """Two readers of one statement."""
    assert session_end(_token(claims)) == read_session_end(_token(claims))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.binary().map(lambda raw: f"a.{base64.urlsafe_b64encode(raw).decode()}.c")))
def test_no_token_makes_the_reader_raise(token: str) -> None:
    """A prompt never shows a traceback."""
    assert session_end(token) is None or isinstance(session_end(token), int)


@settings(max_examples=100, deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["accessToken", "idToken", "accountId", "identityToken", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_no_entry_makes_the_line_raise(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    """Other programs write this file too."""
    home = tmp_path_factory.mktemp("home")
    path = save_session(home, "dev", 900)
    (home / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    path.write_text(json.dumps(content))
    prompt_line(_environment(home), "dev", NOW)


def _environment(home: Path) -> dict[str, str]:
    return {
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(home / ".aws" / "login" / "cache"),
    }


@pytest.mark.parametrize(
    "fault", ["mode", "torn", "quoted name", "second default", "keys file", "unreadable"]
)
def test_files_that_are_not_plain_are_left_to_the_slow_path(tmp_path: Path, fault: str) -> None:
    """None is not "signed out": `status` repairs, waits for a torn file, and reads both files."""
    save_session(tmp_path, "dev", 900)
    config = tmp_path / ".aws" / "config"
    config.write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    profile, entry = "dev", cache_path(tmp_path, "dev")
    if fault == "mode":
        entry.chmod(0o644)
    elif fault == "torn":
        entry.write_text('{"accessToken": {')
    elif fault == "quoted name":
        profile = 'my "dev"'
    elif fault == "second default":
        config.write_text(f"[profile default]\n{config.read_text()}")
    elif fault == "keys file":
        config.write_text("")
        (tmp_path / ".aws" / "credentials").write_text(f"[dev]\nlogin_session = {arn_of('dev')}\n")
    else:
        config.write_bytes(b"\xff\xfe")
    assert prompt_line(_environment(tmp_path), profile, NOW) is None


def _vault(tmp_path: Path, text: str | None) -> dict[str, str]:
    """A home whose profile has its login in a vault."""
    (tmp_path / ".aws").mkdir(exist_ok=True)
    (tmp_path / ".aws" / "config").write_text(f"[profile dev]\ndaypass_login_session = {arn_of('dev')}\n")
    path = cache_path(tmp_path, "dev").with_suffix(".vault")
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(path.parent),
    }


def _sealed(end: object) -> str:
    return json.dumps({"accountId": "111122223333", "expiresAt": 1, "sessionEndsAt": end, "sealed": "x"})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (_sealed(NOW + 7200), "dev 111122223333 2h"),
        (_sealed(0), "dev 111122223333"),
        (_sealed(NOW), ""),
        (None, ""),
        (_sealed("soon"), None),
        (_sealed(True), None),
        (_sealed(1.5), None),
        ("{", None),
        ("[]", None),
    ],
)
def test_a_vault_s_line_comes_from_what_its_file_says_in_clear(
    tmp_path: Path, text: str | None, line: str | None
) -> None:
    """No keyring for a prompt; what is not plain is left to the slow path."""
    assert prompt_line(_vault(tmp_path, text), "dev", NOW) == line


def test_a_profile_beside_a_vault_is_looked_at_properly(tmp_path: Path) -> None:
    """The slow path's business."""
    assert prompt_line(_vault(tmp_path, None), "other", NOW) is None
