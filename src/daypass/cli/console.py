"""`daypass console`: open the web console, or a daypass server's pages, as the profile's identity.

Reads the saved session and renews it like every other command; it never signs in. The link works once for 15
minutes and is as good as the credentials, so it is printed only when asked for, on standard output.
"""

import argparse
import json
import os
from shlex import quote

from daypass.cli.arguments import BROWSER_HELP, CommandParser, add_no_input, may_prompt
from daypass.cli.output import data, say
from daypass.cli.profile_picker import add_pickable_profile, pick_profile
from daypass.cli.renewing import credential_supply, find_profile, identity_of
from daypass.client.aws_config import Profile, load_config
from daypass.client.browser import BrowserChoice, choose_browser, open_in_browser
from daypass.client.console_link import (
    MAX_DURATION,
    MIN_DURATION,
    build_console_link,
    check_destination,
    console_place,
)
from daypass.client.recent_profiles import remember_use
from daypass.client.session_cache import CacheEntry
from daypass.client.transport import send
from daypass.errors import ConfigError, UsageError

__all__ = ["run"]

_LAUNCH_SECONDS = 10.0
"""How long a launcher may take; most leave at once."""


def run(argv: list[str]) -> int:
    """Open the console; returns 0."""
    arguments = _parser().parse_args(argv)
    duration = _checked_duration(arguments.duration)
    profile = find_profile(load_config(os.environ), pick_profile(arguments, os.environ))
    only_print = arguments.print_url or arguments.no_browser
    browser = BrowserChoice() if only_print else _chosen_browser(arguments, profile)
    entry = credential_supply(profile, os.environ, may_prompt=may_prompt(arguments))()
    place = console_place(_region(profile, entry), profile.endpoint("signin", os.environ))
    destination = check_destination(place, arguments.destination)
    link = build_console_link(entry, place, destination=destination, duration=duration, send=send)
    remember_use(os.environ, profile.name)
    if arguments.json:
        identity = identity_of(profile, os.environ)
        shown = {"url": link.reveal()} if only_print else {}
        data(json.dumps({"profile": profile.name, "identity": identity, "origin": place.origin, **shown}))
    elif only_print:
        data(link.reveal())
    if only_print:
        return 0
    say(f"opening {place.origin} as {identity_of(profile, os.environ)}")
    open_in_browser(link.reveal(), browser).join(_LAUNCH_SECONDS)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser("console", "Open the web console in the browser as the profile's identity.")
    add_pickable_profile(parser)
    parser.add_argument(
        "--destination",
        metavar="URL",
        help="where to arrive: a URL, or a path like /s3/buckets (default: home)",
    )
    parser.add_argument(
        "--duration",
        metavar="SECONDS",
        help=f"how long the console session may last, {MIN_DURATION} to {MAX_DURATION}: for credentials of an assumed "
        "role only (default: what is left of the credentials)",
    )
    parser.add_argument(
        "--print-url", action="store_true", help="print the link instead of opening it; whoever has it is you"
    )
    parser.add_argument("--no-browser", action="store_true", help="the same, named as for daypass login")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; with --print-url the link is in it"
    )
    parser.add_argument(
        "--browser", metavar="COMMAND", nargs="?", const="", help=f"open it with {BROWSER_HELP}"
    )
    parser.add_argument(
        "--private", action="store_true", help="open a private window of the browser that is named"
    )
    add_no_input(parser)
    return parser


def _chosen_browser(arguments: argparse.Namespace, profile: Profile) -> BrowserChoice:
    """The same words and the same order as for a login. Raises ConfigError where nothing can be opened."""
    choice = choose_browser(
        os.environ,
        flag=arguments.browser,
        profile_browser=profile.text("daypass_browser") or "",
        is_private=arguments.private,
    )
    if choice.obstacle:
        raise ConfigError(
            f"no browser can be opened {choice.obstacle}",
            hint=f"daypass console --profile {quote(profile.name)} --print-url",
        )
    return choice


def _checked_duration(text: str | None) -> int | None:
    if text is None:
        return None
    if not (
        text.isascii() and text.isdigit() and len(text) < 9 and MIN_DURATION <= int(text) <= MAX_DURATION
    ):
        raise UsageError(f"--duration takes {MIN_DURATION} to {MAX_DURATION} seconds")
    return int(text)


def _region(profile: Profile, entry: CacheEntry) -> str:
    """The console's region: where the profile works, else where it signed in."""
    return profile.text("region") or entry.sign_in_region or os.environ.get("AWS_REGION") or "us-east-1"
