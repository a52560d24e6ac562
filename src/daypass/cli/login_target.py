"""What a login is for: the region, the service, and the lines the profile gets besides `login_session`.

Everything here is decided, and refused, before a browser opens. Nothing here knows of OAuth.
"""

import argparse
import sys
from collections.abc import Mapping
from shlex import quote
from urllib.parse import urlsplit

from daypass.cli.login_shadows import warn_of_shadows
from daypass.cli.output import ask
from daypass.client.aws_config import Profile
from daypass.client.ini_text import Setting, profile_section
from daypass.client.login import discover_s3_endpoint
from daypass.client.transport import check_answers, send
from daypass.errors import ConfigError, UsageError
from daypass.protocol.aws.endpoints import signin_endpoint

__all__ = ["check_reachable", "chosen_endpoint", "chosen_region", "profile_changes", "warn_of_shadows"]

_DEFAULT_REGION = "us-east-1"


def chosen_region(
    arguments: argparse.Namespace, profile: Profile, environ: Mapping[str, str], *, may_ask: bool
) -> tuple[str, bool]:
    """The region to sign in at, and whether the person was asked for it."""
    region = (
        arguments.region
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or profile.text("region")
    )
    hint = f"daypass login --profile {quote(profile.name)} --region {_DEFAULT_REGION}"
    if region:
        return _checked_region(region), False
    if arguments.endpoint_url:
        return _DEFAULT_REGION, False
    if not may_ask or not sys.stdin.isatty():
        raise ConfigError("no region is set and nobody can be asked", hint=hint)
    answer = ask(f"region to sign in at [{_DEFAULT_REGION}]:")
    if answer is None:
        raise ConfigError("no region was given", hint=hint)
    return _checked_region(answer or _DEFAULT_REGION), True


def _checked_region(region: str) -> str:
    if not all(part.isalnum() and part.isascii() for part in region.split("-")) or len(region) > 40:
        raise UsageError("a region looks like us-east-1", hint="daypass login --region us-east-1")
    return region


def chosen_endpoint(
    arguments: argparse.Namespace, profile: Profile, environ: Mapping[str, str]
) -> str | None:
    """The self-hosted service's origin, or None for AWS's own. Raises UsageError."""
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
        raise UsageError(
            "a sign-in service lives at the root of its host: the endpoint must have no path",
            hint=f"daypass login --endpoint-url {parts.scheme}://{parts.netloc}",
        )
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(
            "sign-in over plain http is only for this machine",
            hint=f"daypass login --endpoint-url https://{parts.netloc}",
        )
    return f"{parts.scheme}://{parts.netloc}"


def check_reachable(endpoint: str | None, region: str) -> None:
    """Whether a self-hosted service answers at all; AWS's own are not asked, which would cost time and tell nothing.

    The terminal redeems the code itself, so this holds for a browser elsewhere too. Raises NetworkError, UntrustedCertificate.
    """
    aws = {
        signin_endpoint(region, use_fips=fips, use_dual_stack=dual)
        for fips in (False, True)
        for dual in (False, True)
    }
    if endpoint is not None and endpoint not in aws:
        check_answers(endpoint + "/.well-known/oauth-authorization-server")


def _given_s3_endpoint(arguments: argparse.Namespace) -> str | None:
    given: str | None = arguments.s3_endpoint_url
    if given and not (given.startswith(("http://", "https://")) and given.isprintable() and " " not in given):
        raise UsageError(
            "an S3 endpoint looks like https://s3.example.com", hint="daypass login --s3-endpoint-url URL"
        )
    return given


def profile_changes(
    arguments: argparse.Namespace, profile: Profile, region: str, endpoint: str | None, was_prompted: bool
) -> dict[str, dict[str, Setting | None]]:
    """What to write besides `login_session`: the region, and for a self-hosted service where its parts are."""
    section: dict[str, Setting | None] = {}
    changes = {profile_section(profile.name): section}
    if arguments.region or was_prompted or profile.text("region") is None:
        section["region"] = region
    if arguments.endpoint_url and endpoint:
        services: dict[str, Setting | None] = {
            s: {"endpoint_url": endpoint} for s in ("signin", "sts", "iam", "cloudtrail")
        }
        s3_endpoint = _given_s3_endpoint(arguments) or discover_s3_endpoint(endpoint, send)
        if s3_endpoint:
            services["s3"] = {"endpoint_url": s3_endpoint}
            section["s3"] = {"addressing_style": "path", "signature_version": "s3v4"}
        section["services"] = f"daypass-{profile.name}"
        changes[f"services daypass-{profile.name}"] = services
    return changes
