"""Put a `Renewal` together for a profile: cache, clock, wire, and which sign-in service to ask.

The service is the one the session was made at: the profile's endpoint if it has one, else AWS's in the
entry's `signInRegion`. The region of the work at hand never decides (aws/aws-cli #10613).
A profile that is a role over a login gives the role's credentials: `client/role_renewal.py` on top of the same.
"""

import getpass
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from shlex import quote

from daypass.cli.output import say
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.narrow_profile import arn_of_session, way_back
from daypass.client.refresh import Renewal, fresh_entry
from daypass.client.role_profile import RoleChain, RoleStep, find_chain
from daypass.client.role_renewal import RoleRenewal, fresh_role
from daypass.client.role_store import open_role_store
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore, is_attended, open_store
from daypass.client.storage_move import finish_move
from daypass.client.transport import send
from daypass.errors import ConfigError, LoginRequired
from daypass.protocol.aws.endpoints import signin_endpoint

__all__ = [
    "at_its_server",
    "credential_supply",
    "find_profile",
    "identity_of",
    "login_beneath",
    "login_session_of",
    "renewal_for",
    "store_for",
]


def find_profile(config: AwsConfig, name: str) -> Profile:
    """The profile of that name. Raises ConfigError when neither file knows it."""
    profile = config.profile(name)
    if profile.exists:
        return profile
    config.check_whole()  # the profile may be what cannot be read
    import difflib

    near = difflib.get_close_matches(name, config.profile_names(), n=1)
    meant = f' (did you mean "{near[0]}"?)' if near else ""
    raise ConfigError(f'there is no profile "{name}"{meant}', hint=f"daypass login --profile {quote(name)}")


def login_session_of(profile: Profile) -> str:
    """The profile's login session. Raises LoginRequired."""
    login_session = profile.text("login_session")
    if login_session:
        return login_session
    raise LoginRequired(f'profile "{profile.name}" is not signed in', hint=way_back(profile))


def identity_of(profile: Profile, environ: Mapping[str, str]) -> str:
    """The ARN whose credentials the profile gives: its role, else its login. Raises LoginRequired, ConfigError."""
    chain = find_chain(load_config(environ), profile, environ)
    return chain.role.role_arn if chain is not None else arn_of_session(login_session_of(profile))


def login_beneath(profile: Profile, environ: Mapping[str, str]) -> Profile:
    """The profile whose login decides how long this one lasts: the one beneath its roles, else itself. Raises ConfigError."""
    chain = find_chain(load_config(environ), profile, environ)
    return profile if chain is None else chain.login


def at_its_server(profile: Profile, environ: Mapping[str, str]) -> Profile:
    """The profile, with the endpoints of the login beneath its role where it names none itself. Raises ConfigError.

    AWS's form of a role profile leaves them out, and what a server of one's own issues is worth nothing anywhere else.
    """
    login = login_beneath(profile, environ)
    if login.name == profile.name or profile.services or profile.text("endpoint_url"):
        return profile
    places = {key: login.settings[key] for key in ("services", "endpoint_url", "s3") if key in login.settings}
    return replace(profile, settings={**places, **profile.settings}, services=login.services)


def store_for(
    profile: Profile, environ: Mapping[str, str], *, storage: str = "", may_prompt: bool | None = None
) -> SessionStore:
    """Where the profile's login is, or where it goes with `storage`. A move that was cut off is brought to its end first.

    `may_prompt` says whether a keyring may ask to be unlocked; without it, whether somebody is at the terminal.
    """
    finish_move(profile.text("login_session"), environ)
    asks = is_attended(environ) if may_prompt is None else may_prompt
    return open_store(storage or profile.storage, environ, profile=profile.name, may_prompt=asks, tell=say)


def renewal_for(profile: Profile, environ: Mapping[str, str], *, may_prompt: bool | None = None) -> Renewal:
    """Everything a refresh of this profile needs; `may_prompt` as for `store_for`."""

    override = profile.endpoint("signin", environ)

    def endpoint_for(entry: CacheEntry) -> str:
        region = entry.sign_in_region or profile.text("region") or environ.get("AWS_REGION") or "us-east-1"
        return override or signin_endpoint(region)

    return Renewal(
        store_for(profile, environ, may_prompt=may_prompt),
        endpoint_for,
        send,
        lambda: int(time.time()),
        profile.name,
        way_back(profile),
        is_region_guessed=lambda entry: override is None and not entry.sign_in_region,
    )


def credential_supply(
    profile: Profile, environ: Mapping[str, str], *, may_prompt: bool | None = None
) -> Callable[[], CacheEntry]:
    """A function that gives the profile's credentials, renewed when they near their end.

    Raises LoginRequired now when nobody is signed in, ConfigError for a role over no login; the function raises as
    `client.refresh.fresh_entry` and `client.role_renewal.fresh_role`. When the login moves to another storage meanwhile,
    the function follows it. `may_prompt` as for `store_for`; a role's second factor is asked for once at most.
    """
    chain = find_chain(load_config(environ), profile, environ)
    if chain is not None:
        return _role_supply(chain, environ, may_prompt=may_prompt)
    return _login_supply(profile, environ, may_prompt=may_prompt)


def _login_supply(
    profile: Profile, environ: Mapping[str, str], *, may_prompt: bool | None
) -> Callable[[], CacheEntry]:
    login_session_of(profile)
    renewal = renewal_for(profile, environ, may_prompt=may_prompt)

    def supply() -> CacheEntry:
        nonlocal profile, renewal
        try:
            return fresh_entry(login_session_of(profile), renewal)
        except LoginRequired:
            latest = load_config(environ).profile(profile.name)
            if latest.storage == profile.storage:
                raise
            profile, renewal = latest, renewal_for(latest, environ, may_prompt=may_prompt)
            return fresh_entry(login_session_of(profile), renewal)

    return supply


def _role_supply(
    chain: RoleChain, environ: Mapping[str, str], *, may_prompt: bool | None
) -> Callable[[], CacheEntry]:
    asks = is_attended(environ) if may_prompt is None else may_prompt
    renewal = _role_renewal(chain, environ, may_prompt=asks)

    def supply() -> CacheEntry:
        nonlocal renewal
        try:
            entry = fresh_role(renewal)
        except LoginRequired:
            latest = find_chain(load_config(environ), renewal.chain.role.profile, environ)
            if latest is None or latest.login.storage == renewal.chain.login.storage:
                raise
            renewal = _role_renewal(latest, environ, may_prompt=asks)
            entry = fresh_role(renewal)
        # Later calls come while a command runs, which has the terminal.
        renewal = replace(renewal, ask_code=_refuse_code)
        return entry

    return supply


def _role_renewal(chain: RoleChain, environ: Mapping[str, str], *, may_prompt: bool) -> RoleRenewal:
    login = chain.login
    login_session_of(login)
    return RoleRenewal(
        chain=chain,
        store=open_role_store(chain, environ, may_prompt=may_prompt, tell=say),
        login_store=store_for(login, environ, may_prompt=may_prompt),
        supply_login=_login_supply(login, environ, may_prompt=may_prompt),
        environ=environ,
        send=send,
        clock=lambda: int(time.time()),
        ask_code=_ask_code if may_prompt and is_attended(environ) else _refuse_code,
        tell=say,
    )


def _ask_code(step: RoleStep) -> str:
    """Asked on the terminal, not shown. Raises LoginRequired for no answer."""
    try:
        code = getpass.getpass(f"daypass: code of {step.mfa_serial}: ", stream=sys.stderr).strip()
    except EOFError:
        code = ""
    if code.isascii() and code.isdigit() and len(code) == _CODE_LENGTH:
        return code
    raise LoginRequired(f"a code has {_CODE_LENGTH} digits", hint=_at_a_terminal(step))


def _refuse_code(step: RoleStep) -> str:
    raise LoginRequired(
        f'the role of profile "{step.profile.name}" wants a code of {step.mfa_serial}, and nobody may be asked here',
        hint=_at_a_terminal(step),
    )


def _at_a_terminal(step: RoleStep) -> str:
    return f"daypass exec --profile {quote(step.profile.name)} -- COMMAND"


_CODE_LENGTH = 6
"""Digits (STS API reference, "AssumeRole", TokenCode)."""
