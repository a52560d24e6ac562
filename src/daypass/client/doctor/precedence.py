"""Check 2: which credentials win for this profile, and why.

The order is botocore's and the AWS CLI's: variables, an assumed role, a web identity, Identity Center, keys of the
credentials file, the login, a process, keys of the config file, a container's endpoint (AWS SDKs reference guide,
"Standardized credential providers"; the login's place as measured). The first one found is used, and nothing falls
through when it fails. Names of variables and settings are shown, never their values.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

from daypass.client.doctor.finding import Finding
from daypass.client.doctor.subject import Subject
from daypass.errors import ConfigError

__all__ = ["CredentialSource", "check_precedence", "list_sources"]

_KEY_VARIABLES = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """One place where a program would find credentials."""

    code: str
    """`shadowed_…` where it wins over a login; `login` for the login."""
    told: str
    mend: str = ""


def check_precedence(subject: Subject) -> Iterator[Finding]:
    """The winner; each source that wins over the login; whether anything is there at all."""
    try:
        subject.config.check_whole()
    except ConfigError as problem:
        yield Finding("config_damaged", "error", problem.message, problem.hint)
    if not subject.profile.exists:
        yield Finding(
            "no_profile",
            "error",
            f'there is no profile "{subject.profile.name}" in the AWS files',
            subject.login_command,
        )
    yield from _half_a_key(subject)
    sources = list_sources(subject)
    if not sources and not subject.profile.exists:
        return
    codes = [source.code for source in sources]
    if "login" not in codes:
        yield from _without_login(subject, sources)
        return
    before, behind = sources[: codes.index("login")], sources[codes.index("login") + 1 :]
    for source in before:
        yield Finding(
            source.code, "warning", f"{source.told} would be used instead of the sign-in", source.mend
        )
    if not before:
        unused = f"; not used: {', '.join(source.told for source in behind)}" if behind else ""
        yield Finding("login", "ok", f'the sign-in of profile "{subject.profile.name}" is used{unused}')


def _without_login(subject: Subject, sources: list[CredentialSource]) -> Iterator[Finding]:
    if not sources:
        yield Finding(
            "signin_needed",
            "error",
            f'profile "{subject.profile.name}" has no credentials of any kind',
            subject.login_command,
        )
        return
    yield Finding(
        "other_credentials",
        "note",
        f'profile "{subject.profile.name}" has no sign-in; {sources[0].told} is used',
        subject.login_command,
    )


def _half_a_key(subject: Subject) -> Iterator[Finding]:
    """SDKs stop at half a key, with an error that names no file and no variable."""
    has = [bool(subject.environ.get(name)) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    if has[0] != has[1]:
        yield Finding(
            "half_env_key",
            "error",
            f"{'AWS_ACCESS_KEY_ID' if has[0] else 'AWS_SECRET_ACCESS_KEY'} is set without its other half",
            f"unset {_KEY_VARIABLES}",
        )


def list_sources(subject: Subject) -> list[CredentialSource]:
    """Everything that is there, the winner first."""
    profile, environ = subject.profile, subject.environ
    around = f"daypass exec --profile {quote(profile.name)} -- COMMAND"
    keys_file = subject.config.keys_file_sections.get(profile.name, {})
    of_config = any(
        "aws_access_key_id" in subject.config.sections.get(section, {})
        for section in (profile.name, f"profile {profile.name}")
    )
    web_variable = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environ.get("AWS_ROLE_ARN")
    web_setting = profile.text("web_identity_token_file") and profile.text("role_arn")
    based = profile.text("source_profile") or profile.text("credential_source")
    sso = [
        key
        for key in ("sso_session", "sso_account_id", "sso_start_url", "sso_role_name")
        if profile.text(key)
    ]
    endpoint = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or environ.get(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    )
    unset_web = "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN"
    rows: list[tuple[object, CredentialSource]] = [
        (
            environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"),
            CredentialSource("shadowed_env", "the access key in the environment", f"unset {_KEY_VARIABLES}"),
        ),
        (
            profile.text("role_arn") and based and not web_setting,
            CredentialSource("shadowed_role", "the profile's role (role_arn)", around),
        ),
        (
            web_variable or web_setting,
            CredentialSource(
                "shadowed_web_identity", "a web identity token", unset_web if web_variable else around
            ),
        ),
        (sso, CredentialSource("shadowed_sso", "IAM Identity Center (sso_…)", around)),
        (
            "aws_access_key_id" in keys_file,
            CredentialSource(
                "shadowed_keys_file",
                "the access key in the credentials file",
                f"daypass migrate {quote(profile.name)}",
            ),
        ),
        (subject.login_session, CredentialSource("login", "the sign-in")),
        (profile.text("credential_process"), CredentialSource("process", "the credential process")),
        (of_config, CredentialSource("config_key", "the access key in the config file")),
        (endpoint, CredentialSource("container", "the credentials endpoint in the environment")),
    ]
    return [source for present, source in rows if present]
