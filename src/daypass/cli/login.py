"""`daypass login`: what is typed and what the person reads. The story itself is `client/login.py`, what is
decided before it `cli/login_target.py`.

Order: region and profile, refusals before any network, the link (always printed), the answer, the
exchange, the identity check, the proof by GetCallerIdentity, the cache, the profile, and only then the
page in the browser, which therefore shows the outcome and not a hope. A mismatch saves nothing.
"""

import argparse
import os
import sys
import time

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.login_target import (
    chosen_endpoint,
    chosen_region,
    profile_changes,
    refuse_other_credentials,
    warn_of_shadows,
)
from daypass.cli.output import ask, say, show_link
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.browser import can_open_browser, open_in_browser
from daypass.client.caller_identity import get_caller_identity
from daypass.client.ini_text import Setting, profile_section
from daypass.client.login import (
    Fresh,
    SignedIn,
    StartedLogin,
    begin,
    confirmation_uri,
    keep,
    redeem,
)
from daypass.client.loopback import LoopbackListener, Outcome
from daypass.client.session_cache import SessionCache
from daypass.client.transport import send
from daypass.errors import (
    DaypassError,
    LoginFailed,
    LoginMismatch,
    LoginTimedOut,
    NetworkError,
    RemoteProtocolError,
)
from daypass.protocol.aws.endpoints import signin_endpoint, sts_endpoint
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.protocol.oauth.verification_code import parse_pasted_code
from daypass.secret import Secret

__all__ = ["run"]

_PATIENCE = 600  # seconds the listener waits, as the AWS CLI does


def run(argv: list[str]) -> int:
    """Sign in and leave a profile that every SDK understands."""
    arguments = _parser().parse_args(argv)
    name = chosen_profile(arguments, os.environ)
    config = load_config(os.environ)
    profile = config.profile(name)
    refuse_other_credentials(profile)
    region, was_prompted = chosen_region(arguments, profile, os.environ)
    endpoint = chosen_endpoint(arguments, profile, os.environ)
    base_url = endpoint or signin_endpoint(region)
    login = _LoginByBrowser(arguments, config, profile, region, base_url)
    warn_of_shadows(os.environ)
    changes = profile_changes(arguments, profile, region, endpoint, was_prompted)
    return login.remote(changes) if arguments.remote else login.same_device(changes)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        "login", "Sign in through the browser; credentials renew themselves for up to 12 hours."
    )
    add_profile(parser)
    parser.add_argument("--region", help="region to sign in at and to save in the profile")
    parser.add_argument(
        "--remote",
        action="store_true",
        help="no browser on this machine: open the link elsewhere, paste the code",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the link, do not open it")
    parser.add_argument("--endpoint-url", metavar="URL", help="a self-hosted sign-in service instead of AWS")
    parser.add_argument(
        "--s3-endpoint-url", metavar="URL", help="its S3 endpoint, where it does not say so itself"
    )
    parser.add_argument("--switch", action="store_true", help="let the profile change to another identity")
    return parser


class _LoginByBrowser:
    """One run of the command: the collaborators the two ways of answering share."""

    def __init__(
        self, arguments: argparse.Namespace, config: AwsConfig, profile: Profile, region: str, base_url: str
    ) -> None:
        self.arguments = arguments
        self.config = config
        self.profile = profile
        self.region = region
        self.base_url = base_url
        self.fresh = Fresh.draw()

    def same_device(self, changes: dict[str, dict[str, Setting | None]]) -> int:
        """Through the loopback listener (RFC 8252 §7.3)."""
        listener = LoopbackListener(self.fresh.state)
        try:
            started = self._begin(listener.redirect_uri)
            should_open = not self.arguments.no_browser and can_open_browser(os.environ)
            say(
                "opening your browser; if nothing opens, use this link:"
                if should_open
                else "open this link in a browser:"
            )
            show_link(started.url)
            say("no browser on this machine? press Ctrl-C and add --remote")
            if should_open:
                open_in_browser(started.url)
            raw_query = listener.wait(_PATIENCE)
            if raw_query is None:
                raise LoginTimedOut("nobody signed in within ten minutes", hint="daypass login")
            code = Secret(parse_authorization_response(raw_query, expected_state=self.fresh.state))
            signed_in = self._finish(started, code, changes)
        except DaypassError as problem:
            listener.finish(Outcome(False, "Sign-in failed", _sentences(problem)))
            raise
        else:
            listener.finish(Outcome(True, "Signed in", self._success(signed_in)))
            return 0
        finally:
            listener.close()

    def remote(self, changes: dict[str, dict[str, Setting | None]]) -> int:
        """Through a code that the person carries over."""
        started = self._begin(confirmation_uri(self.base_url))
        say("open this link in a browser on any device and sign in there:")
        show_link(started.url)
        while True:
            pasted = ask("paste the code that the page shows:")
            if pasted is None:
                raise LoginFailed("no code was given", hint="daypass login --remote")
            if pasted:
                break
        code = Secret(parse_pasted_code(pasted, expected_state=self.fresh.state))
        self._finish(started, code, changes)
        return 0

    def _begin(self, redirect_uri: str) -> StartedLogin:
        return begin(base_url=self.base_url, region=self.region, redirect_uri=redirect_uri, fresh=self.fresh)

    def _finish(
        self, started: StartedLogin, code: Secret, changes: dict[str, dict[str, Setting | None]]
    ) -> SignedIn:
        signed_in = redeem(started, code, now=int(time.time()), send=send)
        self._check_identity(signed_in)
        doubt = self._prove(signed_in)
        keep(signed_in, SessionCache(os.environ))
        changes[profile_section(self.profile.name)]["login_session"] = signed_in.login_session
        self.config.write(changes)
        say(f'profile "{self.profile.name}" is signed in as {signed_in.login_session}')
        if doubt:
            say(f"not verified: {doubt}")
        suffix = "" if self.profile.name == "default" else f" --profile {self.profile.name}"
        say(f"try: aws sts get-caller-identity{suffix}")
        return signed_in

    def _check_identity(self, signed_in: SignedIn) -> None:
        """A profile keeps its identity unless the person says otherwise; nothing is saved before."""
        known = self.profile.text("login_session")
        if known is None or known == signed_in.login_session or self.arguments.switch:
            return
        if sys.stdin.isatty() and not self.arguments.remote:
            answer = ask(
                f'profile "{self.profile.name}" belongs to {known}; change it to {signed_in.login_session}? [y/N]'
            )
            if (answer or "").lower() in ("y", "yes"):
                return
        raise LoginMismatch(
            f'you signed in as {signed_in.login_session}, but profile "{self.profile.name}" belongs to {known};'
            " nothing was changed",
            hint=f"daypass login --profile {self.profile.name} --switch",
        )

    def _prove(self, signed_in: SignedIn) -> str:
        """Ask STS who we are; returns why that was not possible, or nothing.

        A network that only reaches the sign-in service is worth a line. Another account is a refusal.
        """
        endpoint = self._sts_endpoint()
        try:
            identity = get_caller_identity(
                signed_in.entry, endpoint=endpoint, region=self.region, now=int(time.time()), send=send
            )
        except (NetworkError, RemoteProtocolError) as problem:
            return problem.message
        if identity.account_id != signed_in.entry.account_id:
            raise LoginMismatch(
                "STS answers with another account than the one that signed in; nothing was changed",
                hint="daypass status",
            )
        return ""

    def _sts_endpoint(self) -> str:
        if self.arguments.endpoint_url:
            return self.base_url
        return self.profile.endpoint("sts", os.environ) or sts_endpoint(self.region)

    def _success(self, signed_in: SignedIn) -> tuple[str, ...]:
        return (
            f"You are {signed_in.login_session}.",
            f'The profile "{self.profile.name}" in your terminal now uses this identity.',
            "You can close this tab.",
        )


def _sentences(problem: DaypassError) -> tuple[str, ...]:
    told = (problem.message[:1].upper() + problem.message[1:] + ".",)
    return (*told, f"In the terminal: {problem.hint}") if problem.hint else told
