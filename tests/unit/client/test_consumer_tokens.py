"""Consumers' tokens at rest: private, kept, never shared, never taken from a stranger."""

import os
from pathlib import Path

import pytest

from daypass.client.consumer_tokens import check_tokens_differ, obtain_token, token_path
from daypass.errors import ConfigError, UsageError
from daypass.secret import Secret


def test_a_token_is_made_once_and_kept_for_the_next_start(tmp_path: Path) -> None:
    """The file is what SDKs read: the token alone, no line break, mode 0600 in a 0700 directory."""
    folder = tmp_path / "consumers"
    first = obtain_token(folder, "web", renew=False).reveal()
    path = token_path(folder, "web")
    assert (path.read_text(), path.stat().st_mode & 0o777) == (first, 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(first) == 43
    assert obtain_token(folder, "web", renew=False).reveal() == first
    assert obtain_token(folder, "other", renew=False).reveal() != first


def test_new_tokens_end_the_old_ones(tmp_path: Path) -> None:
    """`--new-tokens`."""
    first = obtain_token(tmp_path, "web", renew=False).reveal()
    second = obtain_token(tmp_path, "web", renew=True).reveal()
    assert second != first
    assert token_path(tmp_path, "web").read_text() == second


def test_a_file_that_others_can_read_is_made_private(tmp_path: Path) -> None:
    """A wrong mode is repaired before the token is used."""
    obtain_token(tmp_path, "web", renew=False)
    token_path(tmp_path, "web").chmod(0o644)
    obtain_token(tmp_path, "web", renew=False)
    assert token_path(tmp_path, "web").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no numeric owner here")
def test_another_users_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote it knows it."""
    obtain_token(tmp_path, "web", renew=False)
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    with pytest.raises(ConfigError, match="another user"):
        obtain_token(tmp_path, "web", renew=False)


@pytest.mark.parametrize("text", ["", "short", "a" * 42, "a" * 43 + "\n", "é" * 43, "a" * 129])
def test_a_file_that_holds_no_token_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    """A guessable or unreadable word is not served."""
    token_path(tmp_path, "web").write_text(text)
    with pytest.raises(ConfigError, match="no token"):
        obtain_token(tmp_path, "web", renew=False)


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """It may point to a file that others write."""
    (tmp_path / "elsewhere").write_text("a" * 43)
    token_path(tmp_path, "web").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        obtain_token(tmp_path, "web", renew=False)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "a\n", "é", "a" * 65])
def test_a_name_that_is_no_plain_word_never_reaches_a_path(tmp_path: Path, name: str) -> None:
    """Names become files and services."""
    with pytest.raises(UsageError):
        token_path(tmp_path, name)


def test_two_consumers_with_one_token_are_refused() -> None:
    """A copied file would give one the other's identity."""
    with pytest.raises(ConfigError, match='"web" and "ops"') as caught:
        check_tokens_differ({"web": Secret("t" * 43), "db": Secret("u" * 43), "ops": Secret("t" * 43)})
    assert "ttt" not in caught.value.message
