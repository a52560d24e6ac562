"""`daypass env [--profile P] [--shell S]`: the profile's credentials as variables for one shell.

For programs that know nothing but variables. They do not renew: `exec` is for that, and `env` says when these
end. The services' addresses go along, because variables know no profile.
"""

import json
import os
import sys
from collections.abc import Mapping
from shlex import quote

from daypass.cli.arguments import CommandParser, add_no_input, may_prompt
from daypass.cli.output import data, say
from daypass.cli.profile_picker import add_pickable_profile, pick_profile
from daypass.cli.renewing import at_its_server, credential_supply, find_profile
from daypass.client.aws_config import Profile, load_config
from daypass.client.recent_profiles import remember_use
from daypass.client.session_cache import CacheEntry, format_time
from daypass.client.shell_words import SHELLS, guess_shell, loading_line, set_lines, unset_lines
from daypass.errors import UsageError

__all__ = ["run"]

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
_SERVICES = ("signin", "sts", "iam", "cloudtrail", "s3")


def run(argv: list[str]) -> int:
    """Print lines for the shell to evaluate."""
    parser = CommandParser("env", 'Print the profile\'s credentials as variables: eval "$(daypass env)".')
    add_pickable_profile(parser)
    parser.add_argument("--shell", choices=SHELLS, help="whose syntax (default: by $SHELL)")
    parser.add_argument("--json", action="store_true", help="print the variables as one JSON object")
    parser.add_argument(
        "--unset", action="store_true", help="print the lines that remove the variables again"
    )
    add_no_input(parser)
    arguments = parser.parse_args(argv)
    if arguments.json and (arguments.shell or arguments.unset):
        raise UsageError("--json is for no shell", hint="daypass env --json")
    shell: str = arguments.shell or guess_shell(os.environ, platform=sys.platform)
    if arguments.unset:
        names = [*_CREDENTIALS, *(f"AWS_ENDPOINT_URL_{service.upper()}" for service in _SERVICES)]
        data("\n".join(unset_lines(shell, names)))
        return 0
    profile = find_profile(load_config(os.environ), pick_profile(arguments, os.environ))
    entry = credential_supply(profile, os.environ, may_prompt=may_prompt(arguments))()
    remember_use(os.environ, profile.name)
    variables = _variables(at_its_server(profile, os.environ), entry, os.environ)
    data(json.dumps(variables) if arguments.json else "\n".join(set_lines(shell, variables)))
    say(f"these end at {format_time(entry.expires_at)} and do not renew; daypass exec does")
    if sys.stdout.isatty() and not arguments.json:
        named = "" if profile.name == "default" else f" --profile {quote(profile.name)}"
        named += f" --shell {shell}" if arguments.shell and not shell.startswith("nu") else ""
        say(f"to set them in this shell: {loading_line(shell, f'daypass env{named}')}")
    return 0


def _variables(profile: Profile, entry: CacheEntry, environ: Mapping[str, str]) -> dict[str, str]:
    variables = {
        "AWS_ACCESS_KEY_ID": entry.access_key_id,
        "AWS_SECRET_ACCESS_KEY": entry.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": entry.session_token.reveal(),
        "AWS_CREDENTIAL_EXPIRATION": format_time(entry.expires_at),
    }
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profile.text("region")
    if region:
        variables |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    for service in _SERVICES:
        endpoint = profile.endpoint(service, environ)
        if endpoint:
            variables[f"AWS_ENDPOINT_URL_{service.upper()}"] = endpoint
    return variables
