"""`aws login` and `aws logout` for the AWS CLI version 1: its command line in, our commands' `argv` out.

The flags are those of the AWS CLI version 2 (AWS CLI command reference, `login`, `logout`); what happens, the words and
the exit codes are those of `daypass login` and `daypass logout`. Only `awscli`, which runs us, is imported from outside.
"""

import argparse
import os
from typing import Any, ClassVar

from awscli.customizations.commands import BasicCommand

from daypass.cli.main import main as run_client_command
from daypass.cli.output import fail
from daypass.errors import UsageError

__all__ = ["LoginCommand", "LogoutCommand"]

_SWITCH = {"action": "store_true"}


class LoginCommand(BasicCommand):  # type: ignore[misc]  # awscli has no types
    """`aws login`."""

    NAME = "login"
    DESCRIPTION = "Sign in through the browser. The profile then has credentials that renew themselves for up to 12 hours."
    EXAMPLES = "aws login --profile dev --region eu-central-1"
    ARG_TABLE: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "remote",
            **_SWITCH,
            "help_text": "No browser here: open the link elsewhere, paste the code.",
        },
        {
            "name": "redirect-port",
            "help_text": "Wait for the browser on this port, so that it can be forwarded.",
        },
    ]

    def _run_main(self, parsed_args: argparse.Namespace, parsed_globals: argparse.Namespace) -> int:
        if parsed_globals.verify_ssl is False:
            return fail(
                UsageError(
                    "a sign-in always verifies the server's certificate; --no-verify-ssl was refused",
                    hint="aws login --ca-bundle FILE",
                )
            )
        if parsed_globals.ca_bundle:
            os.environ["AWS_CA_BUNDLE"] = parsed_globals.ca_bundle
        argv = _profile(parsed_globals)
        for flag, value in (
            ("--region", parsed_globals.region),
            ("--endpoint-url", parsed_globals.endpoint_url),
            ("--port", parsed_args.redirect_port),
        ):
            argv += [flag, value] if value else []
        return run_client_command(["login", *argv, *(["--remote"] if parsed_args.remote else [])])


class LogoutCommand(BasicCommand):  # type: ignore[misc]  # awscli has no types
    """`aws logout`."""

    NAME = "logout"
    DESCRIPTION = (
        "End a profile's session at the service, as far as it can be, and forget it on this machine."
    )
    EXAMPLES = "aws logout --profile dev"
    ARG_TABLE: ClassVar[list[dict[str, Any]]] = [
        {"name": "all", **_SWITCH, "help_text": "End and forget every session."},
    ]

    def _run_main(self, parsed_args: argparse.Namespace, parsed_globals: argparse.Namespace) -> int:
        argv = [*_profile(parsed_globals), *(["--all"] if parsed_args.all else [])]
        return run_client_command(["logout", *argv])


def _profile(parsed_globals: argparse.Namespace) -> list[str]:
    return ["--profile", parsed_globals.profile] if parsed_globals.profile else []
