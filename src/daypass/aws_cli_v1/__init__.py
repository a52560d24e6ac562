"""The plugin that gives the AWS CLI version 1 `aws login`, `aws logout`, and profiles that are signed in.

`daypass configure aws-cli-v1` names this package in the `[plugins]` section of the AWS config; the AWS CLI then imports
it at every start and calls `awscli_initialize` with its event hooks. So this file imports nothing, and nothing of daypass
is loaded before a command or a login profile needs it. The AWS CLI version 2 has a login of its own and loads no plugins.
"""

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["awscli_initialize"]


def awscli_initialize(event_hooks: "Any") -> None:
    """The AWS CLI's call (AWS CLI user guide, "plugins" of the configuration file)."""
    event_hooks.register("building-command-table.main", _add_commands)
    event_hooks.register("session-initialized", _serve_logins)


def _add_commands(command_table: "dict[str, Any]", session: "Any", **_event: object) -> None:
    from daypass.aws_cli_v1.commands import LoginCommand, LogoutCommand

    for command in (LoginCommand, LogoutCommand):
        command_table[command.NAME] = command(session)


def _serve_logins(session: "Any", **_event: object) -> None:
    """After the profile of the command line is known, and before anything asks for credentials."""
    from botocore.exceptions import ProfileNotFound

    from daypass.python.login_provider import serve_logins

    try:
        serve_logins(session)
    except ProfileNotFound:
        return  # `aws login --profile NEW` and `aws configure` make profiles; other commands will say it themselves
