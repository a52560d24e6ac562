"""From a code to a profile that works: exchange, identity check, proof, cache, profile, and only then good news.

A mismatch saves nothing. The page in the browser says what happened here, not what was hoped for.
"""

import os
import sys
import time
from dataclasses import dataclass
from shlex import quote

from daypass.cli.configure import bridge_command
from daypass.cli.login_events import LoginEvents
from daypass.cli.output import ask, say
from daypass.cli.time_left import duration_text, session_seconds_left
from daypass.client.aws_config import AwsConfig, Profile
from daypass.client.caller_identity import get_caller_identity
from daypass.client.ini_text import Setting, profile_section
from daypass.client.login import Fresh, SignedIn, StartedLogin, begin, keep, redeem
from daypass.client.loopback import Outcome
from daypass.client.session_store import SessionStore
from daypass.client.storage_choice import VAULT, WISH, login_form
from daypass.client.storage_move import place_login
from daypass.client.transport import send
from daypass.errors import ClockSkew, DaypassError, LoginMismatch, NetworkError, RemoteProtocolError
from daypass.protocol.aws.endpoints import sts_endpoint
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.secret import Secret

__all__ = ["LoginRun", "failure_page", "finish", "success_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRun:
    """One run of the command: what was decided before the browser opens."""

    config: AwsConfig
    profile: Profile
    store: SessionStore
    """Where the login goes."""
    region: str
    base_url: str
    sts_url: str | None
    """The service's own STS, for an endpoint named on the command line; None looks it up."""
    changes: dict[str, dict[str, Setting | None]]
    """The profile's lines besides `login_session`."""
    may_switch: bool
    may_ask: bool
    """Whether a person at this terminal can be asked about another identity."""
    events: LoginEvents
    fresh: Fresh

    def begin(self, redirect_uri: str) -> StartedLogin:
        """The question to ask."""
        return begin(base_url=self.base_url, region=self.region, redirect_uri=redirect_uri, fresh=self.fresh)


def finish(run: LoginRun, started: StartedLogin, raw_query: str) -> SignedIn:
    """Everything after the answer. Raises LoginFailed and its kin, NetworkError, RemoteProtocolError."""
    code = Secret(parse_authorization_response(raw_query, expected_state=run.fresh.state))
    run.events.code_received()
    signed_in = redeem(started, code, now=int(time.time()), send=send)
    _check_identity(run, signed_in)
    doubt = _prove(run, signed_in)
    _keep(run, signed_in)
    name = run.profile.name
    left = session_seconds_left(signed_in.entry, now=int(time.time()))
    lasts = "" if left is None else f" for {duration_text(left + 59)}"
    say(f'profile "{name}" is signed in as {signed_in.login_session}{lasts}')
    if run.store.storage == VAULT:
        say(
            "the login is sealed, its key is in the system keyring; programs get credentials by credential_process"
        )
    if doubt:
        say(f"not verified: {doubt}")
    suffix = "" if name == "default" else f" --profile {quote(name)}"
    say(f"try: aws sts get-caller-identity{suffix}")
    run.events.signed_in(identity=signed_in.login_session, profile=name, entry=signed_in.entry, is_new=True)
    return signed_in


def _keep(run: LoginRun, signed_in: SignedIn) -> None:
    """The entry, and the profile's lines."""
    name, storage = run.profile.name, run.store.storage
    section = run.changes[profile_section(name)]
    if storage == run.profile.storage != VAULT:
        section["login_session"] = signed_in.login_session
        if run.profile.text(WISH) == VAULT:
            section[WISH] = None  # a flag or a variable said otherwise
    else:
        section |= login_form(storage, signed_in.login_session, bridge_command(name))
    if storage == run.profile.storage:
        keep(signed_in, run.store)
        run.config.write(run.changes)
        return
    place_login(
        signed_in.login_session,
        signed_in.entry,
        target=run.store,
        former=run.profile,
        environ=os.environ,
        point=lambda: run.config.write(run.changes),
    )


def _check_identity(run: LoginRun, signed_in: SignedIn) -> None:
    """A profile keeps its identity unless the person says otherwise; nothing is saved before."""
    name, known = run.profile.name, run.profile.text("login_session")
    if known is None or known == signed_in.login_session or run.may_switch:
        return
    if run.may_ask and sys.stdin.isatty():
        answer = ask(f'profile "{name}" belongs to {known}; change it to {signed_in.login_session}? [y/N]')
        if (answer or "").lower() in ("y", "yes"):
            return
    raise LoginMismatch(
        f'you signed in as {signed_in.login_session}, but profile "{name}" belongs to {known};'
        " nothing was changed",
        hint=f"daypass login --profile {quote(name)} --switch",
    )


def _prove(run: LoginRun, signed_in: SignedIn) -> str:
    """Ask STS who we are; returns why that was not possible, or nothing.

    A network that only reaches the sign-in service is worth a line. Another account is a refusal.
    """
    endpoint = run.sts_url or run.profile.endpoint("sts", os.environ) or sts_endpoint(run.region)
    try:
        identity = get_caller_identity(
            signed_in.entry, endpoint=endpoint, region=run.region, now=int(time.time()), send=send
        )
    except (ClockSkew, NetworkError, RemoteProtocolError) as problem:
        return problem.message
    if identity.account_id != signed_in.entry.account_id:
        raise LoginMismatch(
            "STS answers with another account than the one that signed in; nothing was changed",
            hint="daypass status",
        )
    return ""


def success_page(run: LoginRun, signed_in: SignedIn) -> Outcome:
    """What the browser shows when it went well."""
    sentences = (
        f"You are {signed_in.login_session}.",
        f'The profile "{run.profile.name}" in your terminal now uses this identity.',
        "You can close this tab.",
    )
    return Outcome(True, "Signed in", sentences)


def failure_page(problem: DaypassError) -> Outcome:
    """What the browser shows otherwise: the reason and the command."""
    told = (problem.message[:1].upper() + problem.message[1:] + ".",)
    return Outcome(
        False, "Sign-in failed", (*told, f"In the terminal: {problem.hint}") if problem.hint else told
    )
