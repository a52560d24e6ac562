"""`daypass.session()` and `daypass.botocore_session()`: the sessions of a profile, renewing for the whole login.

boto3 and botocore are the caller's: they are imported when asked for, and their absence names the extra to install.
What can be refused at once (no such profile, nobody signed in) is refused by these functions, as a DaypassError with
the command to type as its note; what goes wrong later is raised in botocore's words by `python/login_provider.py`.
"""

import os
from types import ModuleType
from typing import TYPE_CHECKING

from daypass.cli.renewing import find_profile, login_session_of
from daypass.client.aws_config import AwsConfig, load_config
from daypass.errors import ConfigError, DaypassError

if TYPE_CHECKING:
    import boto3
    import botocore.session

__all__ = ["botocore_session", "session"]

_SOURCES = ("role_arn", "credential_process")
"""What a profile may have instead of a login of its own: a role over one, or a bridge to one."""
_ENDPOINT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
"""Inside `daypass exec`, or beside `daypass serve-credentials`, the login is behind this address; botocore asks there."""


def session(profile: str | None = None, *, region_name: str | None = None) -> "boto3.Session":
    """A boto3 session for a profile that is signed in; its credentials renew until the login ends.

    Without a name the profile is that of `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, or `default`. Access keys in the
    environment or beside the login are not used. Raises ConfigError (no such profile; boto3 is not installed) and
    LoginRequired (nobody is signed in).
    """
    package = _imported("boto3")
    beneath = botocore_session(profile, region_name=region_name)
    made: boto3.Session = package.Session(botocore_session=beneath)
    return made


def botocore_session(
    profile: str | None = None, *, region_name: str | None = None
) -> "botocore.session.Session":
    """The same for programs that use botocore itself. Raises as `session`."""
    core = _imported("botocore.session")
    from daypass.python.login_provider import serve_logins

    named = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    made: botocore.session.Session
    if not named and os.environ.get(_ENDPOINT):
        made = core.Session()
    else:
        try:
            _check_is_signed_in(load_config(os.environ), named or "default")
        except DaypassError as problem:
            raise _with_note(problem) from None
        # A profile that is named outranks keys in the environment.
        made = core.Session(profile=named or "default")
        serve_logins(made, before_other_profile_settings=True)
    if region_name:
        made.set_config_variable("region", region_name)
    return made


def _check_is_signed_in(config: AwsConfig, name: str) -> None:
    profile = find_profile(config, name)
    if not any(profile.text(source) for source in _SOURCES):
        login_session_of(profile)


def _imported(name: str) -> ModuleType:
    import importlib

    package = name.partition(".")[0]
    try:
        importlib.import_module(package)
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name != package:
            raise
        raise _with_note(
            ConfigError(
                f"{package} is not installed beside daypass",
                hint="pip install 'daypass[boto3]'",
                detail=str(problem),
            )
        ) from None


def _with_note(problem: DaypassError) -> DaypassError:
    """A traceback shows notes; nothing else would show the hint there."""
    if problem.hint:
        problem.add_note(f"hint: {problem.hint}")
    return problem
