"""Where a profile's login is, by its lines; where the next one goes, by who says so."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.aws_config import conflicting_credentials, load_config
from daypass.client.ini_text import set_values
from daypass.client.storage_choice import choose_storage, is_own_process, login_form, read_storage
from daypass.errors import ConfigError

ARN = "arn:aws:iam::111122223333:user/dev"
PROCESS = "/usr/bin/daypass credential-process --profile dev"


@pytest.mark.parametrize(
    ("lines", "storage", "session", "process"),
    [
        ({}, "file", None, None),
        ({"login_session": ARN}, "file", ARN, None),
        ({"login_session": ARN, "daypass_storage": "vault"}, "file", ARN, None),
        ({"daypass_login_session": ARN, "credential_process": PROCESS}, "vault", ARN, None),
        ({"daypass_login_session": ARN}, "vault", ARN, None),
        ({"daypass_login_session": ARN, "credential_process": "their-tool"}, "vault", ARN, "their-tool"),
        ({"daypass_login_session": ARN, "login_session": "other"}, "file", "other", None),
        ({"daypass_login_session": {"nested": "x"}}, "file", None, None),
        ({"credential_process": PROCESS}, "file", None, PROCESS),
    ],
)
def test_the_lines_say_where_a_login_is(
    lines: dict[str, str], storage: str, session: str | None, process: str | None
) -> None:
    """SDKs follow `login_session`; so do we. A vault reads like any login, without the line we wrote ourselves."""
    found, read = read_storage(lines)
    assert (found, read.get("login_session"), read.get("credential_process")) == (storage, session, process)


@given(
    st.dictionaries(
        st.sampled_from(["login_session", "daypass_login_session", "credential_process"]), st.text()
    )
)
@settings(max_examples=100, deadline=None)
def test_nothing_of_the_person_s_is_dropped_or_made_up(lines: dict[str, str]) -> None:
    """Only our own process line may be missing from what is read."""
    _, read = read_storage(lines)
    for name, value in lines.items():
        assert read.get(name) == value or is_own_process(value)
    assert set(read) <= {*lines, "login_session"}


@pytest.mark.parametrize("storage", ["file", "vault"])
def test_a_form_is_read_back_as_what_it_was_written_for(storage: str, tmp_path: Path) -> None:
    """Through the file's text, over the other form, with the person's own lines kept."""
    other = "vault" if storage == "file" else "file"
    text = set_values("[profile dev]\nregion = x\n", "profile dev", login_form(other, ARN, PROCESS))
    text = set_values(text, "profile dev", login_form(storage, ARN, PROCESS))
    path = tmp_path / "config"
    path.write_text(text)
    environ = {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    profile = load_config(environ).profile("dev")
    assert (profile.storage, profile.text("login_session"), profile.text("region")) == (storage, ARN, "x")
    assert conflicting_credentials(profile) is None
    assert ("login_session = " in text.replace("daypass_login_session", "")) == (storage == "file")


@pytest.mark.parametrize(
    ("flag", "variable", "wish", "storage"),
    [
        (None, "", None, "file"),
        (None, "", "vault", "vault"),
        (None, "file", "vault", "file"),
        (None, "vault", "file", "vault"),
        ("file", "vault", "vault", "file"),
        ("vault", "file", "file", "vault"),
    ],
)
def test_flag_before_variable_before_profile(
    flag: str | None, variable: str, wish: str | None, storage: str
) -> None:
    """As for every setting of the AWS CLI."""
    assert choose_storage(flag, {"DAYPASS_STORAGE": variable}, wish) == storage


@pytest.mark.parametrize(
    ("flag", "variable", "wish", "named"),
    [
        ("x", "", None, "--storage"),
        (None, "Vault", None, "DAYPASS_STORAGE"),
        (None, "", "keychain", "daypass_storage"),
    ],
)
def test_a_word_that_is_none_names_its_source(
    flag: str | None, variable: str, wish: str | None, named: str
) -> None:
    """A misspelt vault must not become a file."""
    with pytest.raises(ConfigError, match=named):
        choose_storage(flag, {"DAYPASS_STORAGE": variable}, wish)
