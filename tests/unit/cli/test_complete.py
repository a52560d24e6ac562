"""What may come next on a command line: commands, options, values and profiles, however a shell cuts the words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.cli.command_words import COMMAND_WORDS
from daypass.cli.complete import complete, run


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Profiles with plain and with difficult names; the last was used last."""
    (tmp_path / "config").write_text(
        "[default]\nregion = eu-west-1\n[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/dev\n"
        "region = us-east-1\n[profile 'my prod']\n[profile a:b]\n[services x]\n[profile bad\x1b]\n"
    )
    (tmp_path / "credentials").write_text("[old]\naws_access_key_id = AKIA\n[dev]\n")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / ".recent-profiles").write_text("my prod\ngone\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path / "cache"))
    return tmp_path


def _words(*raw: str) -> list[str]:
    _kind, candidates, cut = complete(list(raw))
    return [value[cut:] for value, _told in candidates]


def test_the_first_word_is_a_command() -> None:
    assert _words("log") == ["login", "logout"]
    assert set(_words("")) == {words.split()[0] for words in COMMAND_WORDS} | {"--help", "--version"}


def test_a_command_of_several_words_comes_word_by_word() -> None:
    assert "account" in _words("server", "a")
    assert _words("server", "account", "") == ["create", "list", "reset-password", "set-policy"]
    assert "--json" in _words("server", "account", "list", "--")


def test_an_option_that_was_given_is_not_offered_again_unless_it_may_be_repeated() -> None:
    assert "--region" not in _words("login", "--region", "eu-west-1", "--")
    assert "--region" not in _words("login", "--region=eu-west-1", "--")
    assert "--lock" in _words("doctor", "--lock", "uv.lock", "--")


def test_profiles_come_with_the_recently_used_first_and_none_that_no_terminal_could_show() -> None:
    assert _words("exec", "--profile", "") == ["my prod", "default", "dev", "a:b", "old"]
    assert complete(["exec", "--profile", "dev"])[1] == [("dev", "arn:aws:iam::111122223333:user/dev")]


@pytest.mark.parametrize(
    "typed",
    [
        ["login", "--profile=dev"],
        ["login", "--profile", "=", "dev"],
        ["login", "--profile", "dev"],
    ],
)
def test_a_value_may_stand_behind_an_equals_sign_that_the_shell_cuts_off(typed: list[str]) -> None:
    expected = "--profile=dev" if "=" in typed[-1] else "dev"
    assert _words(*typed) == [expected]


def test_a_name_that_the_shell_cuts_at_its_colon_is_one_name() -> None:
    assert _words("login", "--profile", "a", ":", "") == ["b"]
    assert _words("login", "--profile", "a", ":") == ["b"]
    assert _words("login", "--profile", "a:") == ["a:b"]


@pytest.mark.parametrize("typed", ['"my p', "'my p", "my\\ p"])
def test_a_quote_that_is_still_open_is_no_part_of_the_name(typed: str) -> None:
    assert _words("login", "--profile", typed) == ["my prod"]


def test_values_are_the_options_choices_and_the_regions_of_the_config_file() -> None:
    assert _words("env", "--shell", "po") == ["powershell"]
    assert _words("login", "--region", "") == ["eu-west-1", "us-east-1"]
    assert "firefox" in _words("login", "--browser", "")


def test_an_optional_value_gives_way_to_an_option() -> None:
    assert "--private" in _words("login", "--browser", "--p")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        (["login", "--paste-from", ""], ":files"),
        (["audit", "--folder", "/t"], ":folders"),
        (["exec", "--", "aws", "s3", "l"], ":command 2"),
        (["exec", "--profile", "dev", "--", ""], ":command 4"),
        (["status", "--min-ttl", ""], ":words"),
    ],
)
def test_files_and_other_programs_are_left_to_the_shell(typed: list[str], kind: str) -> None:
    assert complete(typed)[0] == kind


def test_a_word_by_its_place_is_counted_without_options_and_their_values() -> None:
    assert _words("configure", "b") == ["bridge"]
    assert {"bridge", "storage", "python"} <= set(_words("configure", "")), "and the longer commands"
    assert len(_words("configure", "")) == len(set(_words("configure", ""))), "each once"
    assert "dev" in _words("configure", "--as", "x", "bridge", "")
    assert _words("completion", "z") == ["zsh"]


def test_an_empty_last_word_that_a_shell_dropped_is_put_back(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["2", "env", "--shell"]) == 0
    assert capfd.readouterr().out == ":words\n--shell\twhose syntax\n"
    assert run(["3", "env", "--shell"]) == 0
    assert "powershell" in capfd.readouterr().out
    assert run([]) == 2


def test_files_that_cannot_be_read_offer_nothing(person: Path) -> None:
    (person / "config").write_bytes(b"\xff\xfe[profile \xff]\n[profile")
    (person / "credentials").unlink()
    assert _words("exec", "--profile", "") in ([], ["\ufffd"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["login", "exec", "--profile", "--", "=", ":", "'"]),
        min_size=1,
        max_size=6,
    )
)
def test_no_line_makes_completion_fail_and_every_candidate_goes_on_from_what_is_typed(
    words: list[str],
) -> None:
    kind, candidates, cut = complete(words)
    assert kind.split()[0] in (":words", ":files", ":folders", ":command")
    assert all(len(value) >= cut for value, _told in candidates)
