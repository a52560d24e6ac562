"""The picker at a real terminal: asked only when nothing names a profile, and answered in several ways."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from daypass.client.profile_names import recent_names
from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.transcript import save_session
from support.typed_terminal import on_terminal

pytestmark = pytest.mark.processes


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Three profiles, no default, all signed in."""
    aws = tmp_path / ".aws"
    aws.mkdir()
    names = ("dev", "prod", "stage")
    (aws / "config").write_text(
        "".join(
            f"[profile {name}]\nregion = us-east-1\nlogin_session = arn:aws:iam::111122223333:user/{name}\n"
            for name in names
        )
    )
    for name in names:
        save_session(tmp_path, name, 900)
    return {**Terminal(tmp_path).environment, "TERM": "dumb"}


def _key_of(environment: Mapping[str, str], *answers: str, options: tuple[str, ...] = ()) -> str:
    """The access key id that `env` prints after these answers."""
    with on_terminal([*DAYPASS, "env", "--shell", "sh", *options], environment) as terminal:
        for answer in answers:
            terminal.shown = ""
            terminal.wait_for(r"which profile\? a number, a name or a part of it \[1\]:")
            terminal.type(answer)
        assert terminal.end_of_command() == 0, terminal.shown
        return terminal.wait_for(r"ASIA[A-Z]+")


def test_without_a_name_and_a_default_a_person_is_asked_on_any_terminal(environment: dict[str, str]) -> None:
    assert _key_of(environment, "2\n") == "ASIAPROD"
    assert _key_of(environment, "\n") == "ASIAPROD"  # now the recently used one is first
    assert _key_of(environment, "nothing\n", "sta\n") == "ASIASTAGE"
    assert (
        _key_of(environment, "d\n", "2\n") == "ASIADEV"
    )  # prod and dev hold a d; then a number of the shorter list


def test_a_profile_that_is_named_or_set_is_not_asked_for(environment: dict[str, str]) -> None:
    assert _key_of(environment, options=("--profile", "stage")) == "ASIASTAGE"
    assert _key_of({**environment, "AWS_PROFILE": "prod"}) == "ASIAPROD"


def test_pick_asks_although_one_is_set(environment: dict[str, str]) -> None:
    assert _key_of({**environment, "AWS_PROFILE": "prod"}, "dev\n", options=("--pick",)) == "ASIADEV"


@pytest.mark.parametrize("setting", ["CI", "DAYPASS_NO_INPUT"])
def test_where_nobody_may_be_asked_nobody_is(environment: dict[str, str], setting: str) -> None:
    with on_terminal([*DAYPASS, "env"], {**environment, setting: "1"}) as terminal:
        assert terminal.end_of_command() == 2
    assert "which profile" not in terminal.shown
    assert 'there is no profile "default"' in terminal.shown


def test_the_end_of_input_chooses_nothing(environment: dict[str, str]) -> None:
    with on_terminal([*DAYPASS, "console", "--print-url"], environment) as terminal:
        terminal.wait_for(r"which profile")
        terminal.type("\x04")
        assert terminal.end_of_command() == 2
    assert "no profile was chosen [usage]" in terminal.shown


def test_exec_asks_before_the_command_has_the_terminal(environment: dict[str, str]) -> None:
    with on_terminal(
        [*DAYPASS, "exec", "--", "sh", "-c", "read word; echo got $word"], environment
    ) as terminal:
        terminal.wait_for(r"which profile")
        terminal.type("dev\nhello\n")
        assert terminal.end_of_command() == 0
    assert "got hello" in terminal.shown


def test_login_may_make_the_default_and_no_input_never_asks(environment: dict[str, str]) -> None:
    with listening(FakeSignIn()) as fake:
        words = [*DAYPASS, "login", "--no-browser", "--endpoint-url", fake.base_url]
        with on_terminal(words, environment) as terminal:
            terminal.wait_for(r"4 +default +\(new\)")
            terminal.type("4\n")
            terminal.type(fake.approve(terminal.wait_for_link()) + "\n")
            assert terminal.end_of_command() == 0, terminal.shown
        assert 'profile "default" is signed in' in terminal.shown
        with on_terminal([*words, "--profile", "new", "--no-input"], environment) as terminal:
            assert terminal.end_of_command() == 4
        assert "which profile" not in terminal.shown
    assert recent_names(environment) == ["default"]
