"""The proof before a migration: the login works, and it and the old key belong to one account.

Each side signs its own question; the last use is asked with the login first, because the key's own questions are uses.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from urllib.parse import urlsplit

from daypass.cli.migration_plan import Planned, refuse_workload
from daypass.cli.output import say
from daypass.cli.renewing import credential_supply
from daypass.client.aws_config import Profile, load_config
from daypass.client.aws_query import iam_service, sts_service
from daypass.client.caller_identity import CallerIdentity
from daypass.client.key_account import Asker
from daypass.client.migration_receipt import Receipt
from daypass.client.transport import send
from daypass.errors import LoginMismatch, LoginRequired, RemoteProtocolError, UsageError
from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import Credentials

__all__ = ["Proof", "login_asker", "prove"]

_LOOKS_ALIVE = 86_400
"""Seconds: a key used within them for real work is in somebody's hands."""
_LOOKING_ONLY = frozenset({"iam", "sts", "signin", ""})
"""Services that an audit, or a person who checks a key, asks."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Both identities, and the login as one who may ask."""

    old: CallerIdentity
    new: CallerIdentity
    asker: Asker
    """The login's credentials at the key's IAM."""


def prove(arguments: argparse.Namespace, planned: Planned, environ: Mapping[str, str], now: int) -> Proof:
    """Ask both sides. Raises LoginRequired, LoginMismatch, NetworkError, ConfigError for a workload's key."""
    config = load_config(environ)
    old_profile, login = config.profile(planned.profile), config.profile(planned.login_profile)
    login_credentials = _credentials(login, environ)
    new = _identity_of_login(_asker(login, login_credentials, environ, now, login), login)
    endpoint = _checked_endpoint(arguments.endpoint_url)
    asker = _asker(old_profile, login_credentials, environ, now, login, endpoint)
    _refuse_if_in_use(arguments, planned, asker, now)
    key = Credentials(planned.key.access_key_id, planned.key.secret_access_key, None)
    old = _identity_of_key(_asker(old_profile, key, environ, now, login, endpoint), planned)
    if old.account_id != new.account_id:
        raise LoginMismatch(
            f'the key belongs to account {old.account_id}, the login of "{login.name}" to {new.account_id}; '
            "nothing was changed",
            hint=f"daypass login --profile {quote(login.name)}",
        )
    if old.arn != new.arn:
        say(f"the key is {old.arn}, the login {new.arn}: what they may do can differ")
    return Proof(old, new, asker)


def login_asker(
    arguments: argparse.Namespace, receipt: Receipt, environ: Mapping[str, str], now: int
) -> Asker:
    """The login of an earlier migration as one who may ask. Raises LoginRequired, NetworkError."""
    config = load_config(environ)
    profile, login = config.profile(receipt.profile), config.profile(receipt.login_profile)
    endpoint = _checked_endpoint(arguments.endpoint_url)
    return _asker(profile, _credentials(login, environ), environ, now, login, endpoint)


def _credentials(login: Profile, environ: Mapping[str, str]) -> Credentials:
    entry = credential_supply(login, environ)()
    return Credentials(entry.access_key_id, entry.secret_access_key, entry.session_token)


def _asker(
    profile: Profile,
    credentials: Credentials,
    environ: Mapping[str, str],
    now: int,
    login: Profile,
    endpoint: str | None = None,
) -> Asker:
    region = profile.text("region") or login.text("region") or environ.get("AWS_REGION") or "us-east-1"
    return Asker(
        credentials,
        sts_service(region, endpoint or profile.endpoint("sts", environ)),
        iam_service(region, endpoint or profile.endpoint("iam", environ)),
        now,
        send,
    )


def _identity_of_login(asker: Asker, login: Profile) -> CallerIdentity:
    try:
        return asker.caller_identity()
    except AwsError as problem:
        raise LoginRequired(
            f'the session of "{login.name}" was not accepted ({problem.code}); nothing was changed',
            hint=f"daypass login --profile {quote(login.name)}",
        ) from problem


def _identity_of_key(asker: Asker, planned: Planned) -> CallerIdentity:
    try:
        return asker.caller_identity()
    except AwsError as problem:
        raise LoginMismatch(
            f"the account does not accept {planned.key.access_key_id} any more ({problem.code}), so whose it is cannot "
            "be proven; nothing was changed",
            hint="daypass audit --ask-account",
        ) from problem


def _refuse_if_in_use(arguments: argparse.Namespace, planned: Planned, asker: Asker, now: int) -> None:
    """A key that did real work within a day is taken for a program's, unless the person says it was them."""
    try:
        use = asker.key_use(planned.key.access_key_id)
    except (AwsError, RemoteProtocolError) as problem:
        say(f"the login may not ask when the key was last used ({problem.code})")
        return
    if use.used_at is None or now - use.used_at > _LOOKS_ALIVE or use.service in _LOOKING_ONLY:
        return
    if arguments.mine:
        say(f"the key was used for {use.service} within a day; taken as your own use")
        return
    say("if that was you: the same command with --mine")
    refuse_workload(planned, f"used for {use.service} in {use.region} within a day")


def _checked_endpoint(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    parts = urlsplit(endpoint)
    is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise UsageError("an endpoint looks like https://sts.example.com", hint="--endpoint-url URL")
    return endpoint.rstrip("/")
