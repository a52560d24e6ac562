"""The table of the admin pages' buttons: values to the wire, commands for a shell, places to go on."""

import shlex

from botocore import xform_name
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_buttons import read_values, wire_parameters
from daypass.server.web.query_model import iam_model

BRACES = "{UserName}{__class__}"


def test_a_list_is_numbered_on_the_wire() -> None:
    button = BUTTONS["CreateOpenIDConnectProvider"]
    values = read_values(
        button, {"Url": " https://x.example ", "ClientIDList": "a\r\n\r\n b \n", "More": "x"}
    )
    assert wire_parameters(button, values) == {
        "Url": "https://x.example",
        "ClientIDList.member.1": "a",
        "ClientIDList.member.2": "b",
    }


def test_a_tick_that_is_not_set_is_said() -> None:
    values = read_values(BUTTONS["UpdateAccountPasswordPolicy"], {"RequireNumbers": "true"})
    assert (values["RequireNumbers"], values["RequireSymbols"]) == ("true", "false")
    [command] = BUTTONS["UpdateAccountPasswordPolicy"].commands(values)
    assert "--require-numbers" in command
    assert "--no-require-symbols" in command


def test_no_command_has_a_secret() -> None:
    values = {"UserName": "dora", "Password": "violet anchor pebble"}
    for key in ("CreateUser", "CreateLoginProfile", "UpdateLoginProfile"):
        assert not any("violet" in line for line in BUTTONS[key].commands(values))


def test_names_in_braces_are_names() -> None:
    for button in BUTTONS.values():
        values = {field.name: BRACES for field in button.fields}
        assert "class" not in button.named(values).replace(BRACES, "")
        assert not button.next_place(values).startswith(("/", "http"))
        assert not button.cancel_place(values).startswith(("/", "http"))


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40), st.sampled_from(sorted(BUTTONS)))
def test_whatever_a_value_is_a_shell_reads_it_as_one_word(text: str, key: str) -> None:
    button = BUTTONS[key]
    values = {field.name: text for field in button.fields if field.kind in ("given", "text", "number")}
    for line in button.commands(values):
        words = shlex.split(line)
        assert words[0] in ("aws", "curl")
        assert not any(word in (";", "&", "|", "`") for word in words if word != text)


def test_a_grave_button_says_what_is_lost() -> None:
    for button in BUTTONS.values():
        if button.is_loss:
            assert button.is_grave, button.key
            assert button.explained, button.key


def test_every_place_is_a_page() -> None:
    places = {
        *("", "users", "user", "groups", "group", "roles", "role", "policies", "policy"),
        *("providers", "provider", "sessions"),
    }
    for button in BUTTONS.values():
        for place in (button.place, button.back):
            assert place is None or place.partition("?")[0] in places, button.key


def test_every_shown_command_is_one_that_the_aws_cli_has() -> None:
    """Actions and options as the CLI spells them: botocore's `xform_name` of the service model's names."""
    operations = {xform_name(action, "-"): action for action in iam_model().operations}
    for button in BUTTONS.values():
        for line in button.commands({}) if button.service == "iam" else []:
            words = shlex.split(line)
            assert words[2] in operations, line
            members = iam_model().input_members(operations[words[2]])
            options = {f"--{xform_name(member, '-')}" for member in members}
            given = {word.replace("--no-", "--") for word in words if word.startswith("--")}
            assert given <= options, line
