"""A botocore credential provider for logins: our cache, our lock, our refresh; no awscrt.

It takes the place of botocore's own provider of the same name (or the place where newer botocores have it), so AWS's
precedence stays: AWS SDKs and tools reference guide, "Standardized credential providers". `python/sessions.py`,
`python/import_hook.py` and `daypass.aws_cli_v1` decide where it is put; what it does is decided here.

botocore is imported by this file and nothing else of ours; the client's modules are imported when a profile really has
a login, so that other programs do not pay for them.
"""

import functools
import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from botocore.credentials import CredentialProvider, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError

from daypass.client.credential_cache import MANDATORY_REFRESH_SECONDS
from daypass.errors import DaypassError

if TYPE_CHECKING:
    from daypass.client.aws_config import Profile
    from daypass.client.session_cache import CacheEntry

__all__ = ["LoginCredentialsError", "LoginProvider", "serve_logins", "serve_logins_everywhere"]

_BLOCKING_SECONDS = 60
"""Seconds before the end from which all threads wait for the one that renews; until then they go on with what lives."""


class LoginCredentialsError(CredentialRetrievalError):  # type: ignore[misc]  # botocore has no types
    """No credentials from a login. The text says why and what to type; `__cause__` is the DaypassError."""

    fmt = "{error_msg}"


class _LoginCredentials(RefreshableCredentials):  # type: ignore[misc]  # botocore has no types
    """botocore's margins are 15 and 10 minutes, for credentials that live an hour or more; a login's live 15 minutes."""

    _advisory_refresh_timeout = MANDATORY_REFRESH_SECONDS
    _mandatory_refresh_timeout = _BLOCKING_SECONDS


class LoginProvider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Serves profiles with `login_session`; has no opinion about others."""

    METHOD = "login"
    CANONICAL_NAME = None

    def __init__(self, profile_name: str, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._profile_name = profile_name
        self._environ = environ

    def load(self) -> Any:  # botocore's stand-in method says True
        """Credentials that renew for the whole session, or None. Raises LoginCredentialsError."""
        from daypass.client.aws_config import load_config

        try:
            profile = load_config(self._environ).profile(self._profile_name)
            return self._credentials_of(profile) if profile.text("login_session") else None
        except DaypassError as problem:
            raise _in_botocores_words(problem) from problem

    def _credentials_of(self, profile: "Profile") -> RefreshableCredentials:
        from daypass.cli.renewing import credential_supply

        supply = credential_supply(profile, self._environ)

        def renewed() -> dict[str, str]:
            try:
                return _metadata(supply())
            except DaypassError as problem:
                raise _in_botocores_words(problem) from problem

        return _LoginCredentials.create_from_metadata(
            _metadata(supply()), refresh_using=renewed, method=self.METHOD
        )


def _metadata(entry: "CacheEntry") -> dict[str, str]:
    from daypass.client.session_cache import format_time

    return {
        "access_key": entry.access_key_id,
        "secret_key": entry.secret_access_key.reveal(),
        "token": entry.session_token.reveal(),
        "expiry_time": format_time(entry.expires_at),
        "account_id": entry.account_id,
    }


def serve_logins(session: Any, *, before_other_profile_settings: bool = False) -> None:
    """Make one botocore session serve logins, also as the source of its role profiles.

    `before_other_profile_settings` puts the login before what else the profile holds (SSO, keys), but behind its roles.
    Raises what the session raises for a profile that does not exist.
    """
    resolver = session.get_component("credential_provider")
    own = LoginProvider(session.get_config_variable("profile") or "default", _environ_of(session))
    places = _STRONGEST_PLACES if before_other_profile_settings else _PLACES
    resolver.providers = _with_login(resolver.providers, own, places)
    for provider in resolver.providers:
        builder = getattr(provider, "_profile_provider_builder", None)  # how a role finds its source profile
        if builder is not None:
            builder.providers = functools.partial(_providers_with_login, builder.providers, session)


def serve_logins_everywhere(credentials_module: ModuleType) -> None:
    """Make every session of this process serve logins. Raises AttributeError for a botocore that is built otherwise."""
    builder = credentials_module.ProfileProviderBuilder
    original = builder.providers
    if getattr(original, "serves_logins", False):
        return

    @functools.wraps(original)
    def providers(self: Any, profile_name: str, *args: Any, **settings: Any) -> list[Any]:
        bound = functools.partial(original, self)
        if type(self) is not builder:  # aiobotocore's kind, whose providers are awaited
            found: list[Any] = bound(profile_name, *args, **settings)
            return found
        return _providers_with_login(bound, self._session, profile_name, *args, **settings)

    providers.serves_logins = True  # type: ignore[attr-defined]  # a mark for the second call
    builder.providers = providers


_PLACES = ("login", "custom-process", "config-file")
"""botocore's own provider, or where it would be (botocore 1.41 and later)."""
_STRONGEST_PLACES = ("sso", "shared-credentials-file", *_PLACES)


def _providers_with_login(
    original: Callable[..., list[Any]], session: Any, profile_name: str, *args: Any, **settings: Any
) -> list[Any]:
    own = LoginProvider(profile_name, _environ_of(session))
    return _with_login(original(profile_name, *args, **settings), own, _PLACES)


def _with_login(providers: list[Any], own: LoginProvider, places: tuple[str, ...]) -> list[Any]:
    """The chain with ours before the first of `places`, and without botocore's own."""
    at = next((n for n, each in enumerate(providers) if each.METHOD in places), len(providers))
    rest = [each for each in providers[at:] if each.METHOD != LoginProvider.METHOD]
    return [*providers[:at], own, *rest]


def _environ_of(session: Any) -> dict[str, str]:
    """The environment, with the files that this session was told to read."""
    environ = dict(os.environ)
    for setting, variable in (
        ("config_file", "AWS_CONFIG_FILE"),
        ("credentials_file", "AWS_SHARED_CREDENTIALS_FILE"),
    ):
        named = session.get_config_variable(setting)
        if named:
            environ[variable] = named
    return environ


def _in_botocores_words(problem: DaypassError) -> LoginCredentialsError:
    """For programs that catch botocore's errors, and for those that print what they catch."""
    text = f"{problem.message} [{problem.code}]"
    if problem.hint:
        text += f"\nhint: {problem.hint}"
    return LoginCredentialsError(provider=LoginProvider.METHOD, error_msg=text)
