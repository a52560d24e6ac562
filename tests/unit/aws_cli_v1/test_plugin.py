"""The plugin's first touch: what every start of the AWS CLI pays for it, and a profile that is not there yet."""

import subprocess
import sys
from typing import Any

from botocore.exceptions import ProfileNotFound

from daypass.aws_cli_v1 import awscli_initialize


class Hooks:
    """The AWS CLI's event hooks, as far as a plugin sees them."""

    def __init__(self) -> None:
        self.registered: dict[str, Any] = {}

    def register(self, event: str, handler: Any) -> None:
        self.registered[event] = handler


def _registered() -> dict[str, Any]:
    hooks = Hooks()
    awscli_initialize(hooks)
    return hooks.registered


def test_a_start_of_the_aws_cli_pays_for_two_modules() -> None:
    program = "import sys; before = set(sys.modules); import daypass.aws_cli_v1; print(*sorted(set(sys.modules) - before))"
    seen = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert seen.stdout.split() == ["daypass", "daypass.aws_cli_v1"]


def test_it_listens_to_two_events() -> None:
    assert sorted(_registered()) == ["building-command-table.main", "session-initialized"]


def test_its_commands_stand_in_the_table_by_their_names() -> None:
    table: dict[str, Any] = {"s3": object()}
    _registered()["building-command-table.main"](command_table=table, session=None, command_object=None)
    assert {name: command.NAME for name, command in table.items() if name != "s3"} == {
        "login": "login",
        "logout": "logout",
    }


def test_a_profile_that_is_not_there_yet_is_nobodys_error() -> None:
    """`aws login --profile NEW` makes it."""

    class Session:
        def get_component(self, name: str) -> Any:
            raise ProfileNotFound(profile="new")

    _registered()["session-initialized"](session=Session(), parsed_args=None)
