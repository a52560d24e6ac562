"""What would make a login useless, said before a browser opens, in the order in which AWS's programs look.

Environment keys, then a web identity of the environment, then what the profile itself holds: a role, a web identity, SSO
and the keys file win over a login; a credential process, and keys in the config file, lose to it (AWS SDKs reference
guide, "Credential provider chain"; measured with botocore). `--allow-shadowed` turns the refusal into a line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

from daypass.cli.output import say
from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials
from daypass.client.role_answer import OWN
from daypass.errors import Shadowed

__all__ = ["check_shadows", "warn_of_shadows"]


@dataclass(frozen=True, slots=True)
class _Shadow:
    message: str
    hint: str


def check_shadows(
    config: AwsConfig, profile: Profile, environ: Mapping[str, str], *, is_allowed: bool
) -> None:
    """Raise Shadowed for the first that counts, after saying the others; with `is_allowed` say them all."""
    found = [*_in_environment(environ), *_in_profile(config, profile)]
    for shadow in found if is_allowed else found[1:]:
        say(shadow.message)
    if found and not is_allowed:
        raise Shadowed(found[0].message, hint=found[0].hint)


def warn_of_shadows(environ: Mapping[str, str]) -> None:
    """Say which variables win over every profile, for a command that is done and need not refuse."""
    for shadow in _in_environment(environ):
        say(f"{shadow.message}; {shadow.hint}, or name the profile in each call")


def _in_environment(environ: Mapping[str, str]) -> Iterator[_Shadow]:
    if environ.get("AWS_ACCESS_KEY_ID"):
        names = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
        yield _Shadow("AWS_ACCESS_KEY_ID is set and would be used instead of this sign-in", f"unset {names}")
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environ.get("AWS_ROLE_ARN"):
        yield _Shadow(
            "AWS_WEB_IDENTITY_TOKEN_FILE is set and would be used instead of this sign-in",
            "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN",
        )


def _in_profile(config: AwsConfig, profile: Profile) -> Iterator[_Shadow]:
    conflict = conflicting_credentials(profile)
    if conflict is None:
        return
    kind, key = conflict
    source = profile.text(OWN + "source_profile")
    if kind == "credential process" and source and profile.text(OWN + "role_arn"):
        yield _Shadow(
            f'profile "{profile.name}" is a role over "{source}", and the login belongs there',
            f"daypass login --profile {quote(source)}",
        )
        return
    in_keys_file = key in config.keys_file_sections.get(profile.name, {})
    wins = key != "credential_process" and (kind != "access key" or in_keys_file)
    effect = "which would be used instead of a login" if wins else "which a login would put out of use"
    yield _Shadow(
        f'profile "{profile.name}" already holds {kind} credentials ({key}), {effect}',
        f"daypass login --profile {quote(profile.name + '-login')}",
    )
