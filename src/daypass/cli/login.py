"""`daypass login`: what is typed and what the person reads. The story itself is `client/login.py`.

Order: region and profile, refusals before any network, the link (always printed), the answer, the
exchange, the identity check, the proof by GetCallerIdentity, the cache, the profile, and only then the
page in the browser, which therefore shows the outcome and not a hope. A mismatch saves nothing.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import ask, say, show_link
from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials, load_config
from daypass.client.browser import can_open_browser, open_in_browser
from daypass.client.caller_identity import get_caller_identity
from daypass.client.ini_text import Setting, profile_section
from daypass.client.login import (
    Fresh,
    SignedIn,
    StartedLogin,
    begin,
    confirmation_uri,
    discover_s3_endpoint,
    keep,
    redeem,
)
from daypass.client.loopback import LoopbackListener, Outcome
from daypass.client.session_cache import SessionCache
from daypass.client.transport import send
from daypass.errors import (
    ConfigError,
    DaypassError,
    LoginFailed,
    LoginMismatch,
    LoginTimedOut,
    NetworkError,
    RemoteProtocolError,
    UsageError,
)
from daypass.protocol.aws.endpoints import signin_endpoint, sts_endpoint
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.protocol.oauth.verification_code import parse_pasted_code
from daypass.secret import Secret

__all__ = ["run"]

_PATIENCE = 600  # seconds the listener waits, as the AWS CLI does
_DEFAULT_REGION = "us-east-1"


def run(argv: list[str]) -> int:
    """Sign in and leave a profile that every SDK understands."""
    arguments = _parser().parse_args(argv)
    name = chosen_profile(arguments, os.environ)
    config = load_config(os.environ)
    profile = config.profile(name)
    _refuse_other_credentials(profile)
    region, was_prompted = _region(arguments, profile, os.environ)
    endpoint = _endpoint(arguments, profile, os.environ)
    base_url = endpoint or signin_endpoint(region)
    login = _LoginByBrowser(arguments, config, profile, region, base_url)
    _warn_of_shadows(os.environ)
    changes = _profile_changes(arguments, profile, region, endpoint, was_prompted)
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


def _refuse_other_credentials(profile: Profile) -> None:
    found = conflicting_credentials(profile)
    if found is not None:
        kind, key = found
        raise ConfigError(
            f'profile "{profile.name}" already holds {kind} credentials ({key}), which would be used instead of a login',
            hint=f"daypass login --profile {profile.name}-login",
        )


def _region(arguments: argparse.Namespace, profile: Profile, environ: Mapping[str, str]) -> tuple[str, bool]:
    """The region to sign in at, and whether the person was asked for it."""
    region = (
        arguments.region
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or profile.text("region")
    )
    if region:
        return _checked_region(region), False
    if arguments.endpoint_url:
        return _DEFAULT_REGION, False
    if not sys.stdin.isatty():
        raise ConfigError("no region is set and nobody can be asked", hint="daypass login --region us-east-1")
    answer = ask(f"region to sign in at [{_DEFAULT_REGION}]:")
    if answer is None:
        raise ConfigError("no region was given", hint="daypass login --region us-east-1")
    return _checked_region(answer or _DEFAULT_REGION), True


def _checked_region(region: str) -> str:
    if not all(part.isalnum() and part.isascii() for part in region.split("-")) or len(region) > 40:
        raise UsageError("a region looks like us-east-1", hint="daypass login --region us-east-1")
    return region


def _endpoint(arguments: argparse.Namespace, profile: Profile, environ: Mapping[str, str]) -> str | None:
    endpoint: str | None = arguments.endpoint_url or profile.endpoint("signin", environ)
    if endpoint is None:
        return None
    shape = UsageError(
        "an endpoint looks like https://signin.example.com", hint="daypass login --endpoint-url URL"
    )
    try:
        parts = urlsplit(endpoint)
        port_is_sound = parts.port != 0  # reading a bad one raises
    except ValueError:
        raise shape from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or not port_is_sound
        or "@" in parts.netloc
    ):
        raise shape
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("a sign-in service lives at the root of its host: the endpoint must have no path")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError("sign-in over plain http is only for this machine", hint="use the https endpoint")
    return f"{parts.scheme}://{parts.netloc}"


def _warn_of_shadows(environ: Mapping[str, str]) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
        if environ.get(variable):
            say(
                f"{variable} is set and would be used instead of this sign-in; unset it, or name the profile in each call"
            )
            return


def _profile_changes(
    arguments: argparse.Namespace, profile: Profile, region: str, endpoint: str | None, was_prompted: bool
) -> dict[str, dict[str, Setting | None]]:
    """What to write besides `login_session`: the region, and for a self-hosted service where its parts are."""
    section: dict[str, Setting | None] = {}
    changes = {profile_section(profile.name): section}
    if arguments.region or was_prompted or profile.text("region") is None:
        section["region"] = region
    if arguments.endpoint_url and endpoint:
        services: dict[str, Setting | None] = {
            s: {"endpoint_url": endpoint} for s in ("signin", "sts", "iam")
        }
        s3_endpoint = arguments.s3_endpoint_url or discover_s3_endpoint(endpoint, send)
        if s3_endpoint:
            services["s3"] = {"endpoint_url": s3_endpoint}
            section["s3"] = {"addressing_style": "path", "signature_version": "s3v4"}
        section["services"] = f"daypass-{profile.name}"
        changes[f"services daypass-{profile.name}"] = services
    return changes


def _sentences(problem: DaypassError) -> tuple[str, ...]:
    told = (problem.message[:1].upper() + problem.message[1:] + ".",)
    return (*told, f"In the terminal: {problem.hint}") if problem.hint else told
