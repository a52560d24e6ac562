"""Put a `Renewal` together for a profile: cache, clock, wire, and which sign-in service to ask.

The service is the one the session was made at: the profile's endpoint if it has one, else AWS's in the
entry's `signInRegion`. The region of the work at hand never decides (aws/aws-cli #10613).
"""

import time
from collections.abc import Callable, Mapping

from daypass.cli.output import say
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.refresh import Renewal, fresh_entry
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore, is_attended, open_store
from daypass.client.storage_move import finish_move
from daypass.client.transport import send
from daypass.errors import ConfigError, LoginRequired
from daypass.protocol.aws.endpoints import signin_endpoint

__all__ = ["credential_supply", "find_profile", "login_session_of", "renewal_for", "store_for"]


def find_profile(config: AwsConfig, name: str) -> Profile:
    """The profile of that name. Raises ConfigError when neither file knows it."""
    profile = config.profile(name)
    if not profile.exists:
        raise ConfigError(f'there is no profile "{name}"', hint=f"daypass login --profile {name}")
    return profile


def login_session_of(profile: Profile) -> str:
    """The profile's login session. Raises LoginRequired."""
    login_session = profile.text("login_session")
    if login_session:
        return login_session
    raise LoginRequired(
        f'profile "{profile.name}" is not signed in', hint=f"daypass login --profile {profile.name}"
    )


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
        is_region_guessed=lambda entry: override is None and not entry.sign_in_region,
    )


def credential_supply(
    profile: Profile, environ: Mapping[str, str], *, may_prompt: bool | None = None
) -> Callable[[], CacheEntry]:
    """A function that gives the profile's credentials, renewed when they near their end.

    Raises LoginRequired now when nobody is signed in; the function raises as `client.refresh.fresh_entry`. When the
    login moves to another storage meanwhile, the function follows it. `may_prompt` as for `store_for`.
    """
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
