"""Check 0, for a profile that is a role: what it stands on. The other checks are then about the login beneath.

Whether the role may be assumed is for its own trust policy and STS to say; nothing is assumed here.
"""

from collections.abc import Mapping
from shlex import quote

from daypass.client import role_answer
from daypass.client.aws_config import AwsConfig
from daypass.client.doctor.finding import Finding
from daypass.client.role_profile import find_chain, flat_settings
from daypass.errors import ConfigError

__all__ = ["look_beneath"]


def look_beneath(
    config: AwsConfig, profile_name: str, environ: Mapping[str, str]
) -> tuple[str, list[Finding]]:
    """The name of the profile to examine, and what is to be said of the roles above it."""
    profile = config.profile(profile_name)
    try:
        chain = find_chain(config, profile, environ)
    except ConfigError as problem:
        return profile_name, [Finding("role_chain", "error", problem.message, problem.hint)]
    if chain is None:
        return profile_name, []
    above = [each.profile.name for each in reversed(chain.steps)]
    path = " over ".join(f'"{name}"' for name in (*above, chain.login.name))
    findings = [Finding("role", "ok", f"{chain.role.role_arn}: {path}; the rest is about the last of these")]
    if role_answer.is_native_role(flat_settings(profile.settings)):
        findings.append(
            Finding(
                "native_role",
                "note",
                f'SDKs disagree about role_arn over a login, as in "{profile_name}"; all accept a profile that asks daypass',
                f"daypass configure bridge {quote(profile_name)}",
            )
        )
    return chain.login.name, findings
