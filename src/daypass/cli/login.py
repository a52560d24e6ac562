"""`daypass login`: what is typed, and the order of what is decided before a link is shown.

    profile ──> what would shadow the result ──> region, service, browser ──> alone? ──> signed in already? ──> a way
                                                                             (login_once.py, login_ways.py, login_outcome.py)

Everything that can be refused is refused before a browser opens; nothing is asked where nobody can answer.
"""

import argparse
import os
import time
from dataclasses import replace

from daypass.cli.arguments import BROWSER_HELP, CommandParser
from daypass.cli.configure import bridge_command
from daypass.cli.login_events import LoginEvents
from daypass.cli.login_once import LoginOnce, present_session
from daypass.cli.login_outcome import LoginRun
from daypass.cli.login_shadows import check_shadows
from daypass.cli.login_target import check_reachable, chosen_endpoint, chosen_region, profile_changes
from daypass.cli.login_ways import Ways, any_device, same_device
from daypass.cli.profile_picker import add_pickable_profile, pick_profile
from daypass.cli.renewing import store_for
from daypass.client.aws_config import Profile, load_config
from daypass.client.browser import choose_browser
from daypass.client.environment_hints import forbids_input, forwarded_address, is_ci
from daypass.client.login import Fresh
from daypass.client.narrow_profile import read_narrowed, way_back
from daypass.client.recent_profiles import remember_use
from daypass.client.session_cache import CacheEntry
from daypass.client.storage_choice import STORAGES, WISH, choose_storage
from daypass.client.storage_move import check_movable
from daypass.client.terminal_input import has_terminal, open_terminal_input
from daypass.errors import DaypassError, LoginMismatch, UsageError
from daypass.protocol.aws.endpoints import signin_endpoint

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Sign in and leave a profile that every SDK understands."""
    events = LoginEvents(is_json="--json" in argv)
    try:
        return _run(argv, events, time.time())
    except DaypassError as problem:
        events.error(problem)
        raise
    except KeyboardInterrupt:
        events.interrupted()
        raise


def _run(argv: list[str], events: LoginEvents, began_at: float) -> int:
    arguments = _parser().parse_args(argv)
    _checked_port(arguments.port)
    may_ask = _may_ask(arguments)
    name = pick_profile(arguments, os.environ, may_create=True)
    config = load_config(os.environ)
    config.check_whole()
    profile = config.profile(name)
    _check_not_narrowed(profile)
    check_shadows(config, profile, os.environ, is_allowed=arguments.allow_shadowed)
    region, was_prompted = chosen_region(arguments, profile, os.environ, may_ask=may_ask)
    endpoint = chosen_endpoint(arguments, profile, os.environ)
    is_remote, ways = _chosen_ways(arguments, profile)
    storage = choose_storage(arguments.storage, os.environ, profile.text(WISH) or profile.storage)
    if storage != profile.storage:
        check_movable(config, profile)
        bridge_command(name)  # refuses a name that no command line can hold
    store = store_for(profile, os.environ, storage=storage, may_prompt=None if may_ask else False)

    def sign_in() -> int:
        store.check()  # a keyring that fails is said before the browser opens
        check_reachable(endpoint, region)
        login = LoginRun(
            config=config,
            profile=profile,
            store=store,
            region=region,
            base_url=endpoint or signin_endpoint(region),
            sts_url=endpoint if arguments.endpoint_url else None,
            changes=profile_changes(arguments, profile, region, endpoint, was_prompted),
            may_switch=arguments.switch,
            may_ask=not is_remote and not arguments.no_input,
            events=events,
            fresh=Fresh.draw(),
        )
        return any_device(login, ways) if is_remote else same_device(login, ways)

    once = LoginOnce(
        profile=profile,
        events=events,
        may_ask=may_ask,
        opens_browser=not is_remote and ways.browser is not None,
        is_attended=has_terminal(),
        accepts_present=lambda entry: _would_do(arguments, profile, endpoint, entry),
        began_at=began_at,
        present=present_session(profile, store),
        store=store,
    )
    code = once.run(sign_in)
    remember_use(os.environ, name)
    return code


def _check_not_narrowed(profile: Profile) -> None:
    """A browser would put the whole identity where somebody expects less of it."""
    words = read_narrowed(profile)
    if words is not None:
        raise LoginMismatch(
            f'profile "{profile.name}" is a narrowed login of "{words.parent}"; a sign-in would give it everything',
            hint=way_back(profile),
        )


def _may_ask(arguments: argparse.Namespace) -> bool:
    """Whether a person can be sent to a browser: not where a flag or variable forbids it, and in CI only on demand."""
    if arguments.paste_from:
        return True
    if arguments.no_input or forbids_input(os.environ):
        return False
    chose_a_way = arguments.remote or arguments.no_browser or arguments.browser is not None or arguments.port
    return bool(chose_a_way) or not is_ci(os.environ)


def _would_do(
    arguments: argparse.Namespace, profile: Profile, endpoint: str | None, entry: CacheEntry
) -> bool:
    """Whether the session that is there is the one that was asked for."""
    if arguments.force or arguments.switch or arguments.s3_endpoint_url:
        return False
    if arguments.endpoint_url and endpoint != profile.endpoint("signin", os.environ):
        return False
    return not arguments.region or arguments.region == (entry.sign_in_region or arguments.region)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        "login", "Sign in through the browser; credentials renew themselves for up to 12 hours."
    )
    add_pickable_profile(parser)
    parser.add_argument("--region", help="region to sign in at and to save in the profile")
    _add_ways(parser)
    parser.add_argument("--endpoint-url", metavar="URL", help="a self-hosted sign-in service instead of AWS")
    parser.add_argument(
        "--s3-endpoint-url", metavar="URL", help="its S3 endpoint, where it does not say so itself"
    )
    parser.add_argument(
        "--storage",
        choices=STORAGES,
        help="where the login is kept: AWS's shared file, or a file sealed by a key in the system keyring"
        " (default: $DAYPASS_STORAGE, the profile's daypass_storage, file)",
    )
    parser.add_argument("--switch", action="store_true", help="let the profile change to another identity")
    parser.add_argument(
        "--force", action="store_true", help="begin a new session although the present one has time left"
    )
    parser.add_argument(
        "--allow-shadowed",
        action="store_true",
        help="go on although other credentials stand beside the login, and one of the two has no effect",
    )
    parser.add_argument(
        "--no-input",
        action="store_true",
        help="never ask anybody: end at once with code 4 when a person is needed (also DAYPASS_NO_INPUT, and CI)",
    )
    parser.add_argument("--json", action="store_true", help="one event per line on standard output")
    return parser


def _add_ways(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--remote",
        action="store_true",
        help="no browser on this machine: open the link elsewhere, paste the code",
    )
    ways.add_argument("--no-browser", action="store_true", help="print the link, do not open it")
    ways.add_argument(
        "--browser",
        metavar="COMMAND",
        nargs="?",
        const="",
        help=f"open the link whatever this place looks like, with {BROWSER_HELP}",
    )
    parser.add_argument(
        "--private", action="store_true", help="open a private window of the browser that is named"
    )
    parser.add_argument(
        "--port",
        metavar="N",
        help="wait for the browser on this port, so that it can be forwarded (default: any free one)",
    )
    parser.add_argument(
        "--copy",
        action="store_true",
        help="put the link into the clipboard of your terminal, which works over SSH too (OSC 52)",
    )
    parser.add_argument(
        "--paste-from",
        metavar="FILE",
        default="",
        help="take the code, or the address the browser ended on, from a file that will hold it; - is standard input",
    )


def _chosen_ways(arguments: argparse.Namespace, profile: Profile) -> tuple[bool, Ways]:
    """Whether the person carries a code over, and the rest. A flag wins over what this place looks like."""
    is_remote, ways = _place_of_browser(arguments, profile)
    forwarded_as = forwarded_address(os.environ, ways.port) if ways.port and not ways.browser else ""
    return is_remote, replace(ways, copies=arguments.copy, forwarded_as=forwarded_as)


def _place_of_browser(arguments: argparse.Namespace, profile: Profile) -> tuple[bool, Ways]:
    port = _checked_port(arguments.port)
    if arguments.remote:
        if port or arguments.private:
            raise UsageError("--remote has no port and opens no window", hint="daypass login --help")
        return True, Ways(browser=None, paste_from=arguments.paste_from)
    if arguments.no_browser:
        if arguments.private:
            raise UsageError("--no-browser opens no window", hint="daypass login --help")
        return False, Ways(browser=None, port=port, paste_from=arguments.paste_from)
    choice = choose_browser(
        os.environ,
        flag=arguments.browser,
        profile_browser=profile.text("daypass_browser") or "",
        is_private=arguments.private,
    )
    if not choice.obstacle:
        return False, Ways(browser=choice, port=port, paste_from=arguments.paste_from)
    if port or arguments.paste_from or open_terminal_input() is None:
        notice = f"no browser is opened {choice.obstacle} (--browser opens one)"
        return False, Ways(browser=None, port=port, paste_from=arguments.paste_from, notice=notice)
    notice = (
        f"no browser is opened {choice.obstacle}: the code comes by hand"
        " (--browser opens one, --port N waits for a forwarded one)"
    )
    return True, Ways(browser=None, notice=notice)


def _checked_port(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65_535):
        raise UsageError("--port is a number from 1 to 65535", hint="daypass login --port 8401")
    return int(text)
