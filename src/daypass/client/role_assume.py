"""One AssumeRole with the credentials beneath it, and its refusals in the person's words.

Where STS is asked: at the endpoint the profile or its login names, else at AWS's in the profile's region, which must lie in
the role's partition. Shapes: STS API reference, "AssumeRole". AWS answers "denied" for a role that is not there, does not
trust, or wants another external id or a second factor; so the sentence names what to look at, and never guesses more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote

from daypass.client.aws_query import QueryService, ask_service, sts_service
from daypass.client.role_profile import RoleStep
from daypass.client.session_cache import CacheEntry, parse_time
from daypass.client.transport import Send
from daypass.errors import (
    ClockSkew,
    ConfigError,
    DaypassError,
    LoginRequired,
    NetworkError,
    RemoteProtocolError,
    RoleDenied,
)
from daypass.protocol.aws.endpoints import partition_of_region, sts_endpoint
from daypass.protocol.aws.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidClientTokenId,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    SignatureDoesNotMatch,
    Throttling,
    ValidationError,
)
from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret

__all__ = ["RoleKeys", "Source", "assume_role", "choose_service"]

_ON = ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """A role session's credentials."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: int
    """Epoch seconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose credentials assume the role; the texts are for sentences."""

    entry: CacheEntry
    identity: str
    """ARN of the login or role."""
    login_profile: str


def choose_service(step: RoleStep, sign_in_region: str, environ: Mapping[str, str]) -> QueryService:
    """STS for this role. Raises ConfigError for a region that is none."""
    partition = step.role_arn.split(":")[1]
    wishes = (
        environ.get("AWS_REGION"),
        environ.get("AWS_DEFAULT_REGION"),
        step.profile.text("region"),
        sign_in_region,
    )
    named = [wish for wish in wishes if wish]
    # Another partition's STS does not know the caller.
    region = next((each for each in named if partition_of_region(each).name == partition), "")
    region = region or (named[0] if named else "us-east-1")
    endpoint = step.endpoint or sts_endpoint(
        region,
        use_fips=_is_on(step, environ, "use_fips_endpoint"),
        use_dual_stack=_is_on(step, environ, "use_dualstack_endpoint"),
    )
    return sts_service(region, endpoint)


def _is_on(step: RoleStep, environ: Mapping[str, str], setting: str) -> bool:
    value = environ.get(f"AWS_{setting.upper()}") or step.profile.text(setting) or ""
    return value.lower() in _ON


def assume_role(
    step: RoleStep, source: Source, service: QueryService, *, code: str, now: int, send: Send
) -> RoleKeys:
    """Ask STS; `code` is the device's, or nothing.

    Raises RoleDenied, ConfigError (what was asked is not allowed to be asked), LoginRequired, ClockSkew, NetworkError,
    RemoteProtocolError.
    """
    credentials = Credentials(
        source.entry.access_key_id, source.entry.secret_access_key, source.entry.session_token
    )
    try:
        text = ask_service(
            service, "AssumeRole", _parameters(step, code), credentials=credentials, now=now, send=send
        )
    except DaypassError as problem:
        raise _explain(problem, step, source) from problem
    return _read_keys(text)


def _parameters(step: RoleStep, code: str) -> dict[str, str]:
    values = {
        "RoleArn": step.role_arn,
        "RoleSessionName": step.session_name,
        "DurationSeconds": str(step.duration_seconds),
        "ExternalId": step.external_id,
        "SourceIdentity": step.source_identity,
        "Policy": step.policy,
        "SerialNumber": step.mfa_serial if code else "",
        "TokenCode": code,
    }
    for at, (key, value) in enumerate(step.tags, 1):
        values[f"Tags.member.{at}.Key"] = key
        values[f"Tags.member.{at}.Value"] = value
    values |= {f"TransitiveTagKeys.member.{at}": key for at, key in enumerate(step.transitive_tag_keys, 1)}
    values |= {f"PolicyArns.member.{at}.arn": arn for at, arn in enumerate(step.policy_arns, 1)}
    # A tag's value may be empty; nothing else is sent empty.
    return {name: value for name, value in values.items() if value or name.startswith("Tags.")}


def _read_keys(text: str) -> RoleKeys:
    found = {
        tag: match[1]
        for tag in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        if (match := re.search(rf"<{tag}>([^<&]{{1,16384}})</{tag}>", text))
    }
    try:
        return RoleKeys(
            found["AccessKeyId"],
            Secret(found["SecretAccessKey"]),
            Secret(found["SessionToken"]),
            parse_time(found["Expiration"]),
        )
    except (KeyError, ValueError, OverflowError):
        raise RemoteProtocolError("STS answered with something else than credentials") from None


def _explain(problem: DaypassError, step: RoleStep, source: Source) -> DaypassError:
    """The refusal, and the one thing that helps. What STS wrote goes to the log only."""
    told = problem.detail
    again = f"daypass login --profile {quote(source.login_profile)}"
    name = step.profile.name
    show_role = f"aws iam get-role --role-name {step.role_arn.rpartition('/')[2]}"
    match problem:
        case AccessDenied() if "MultiFactorAuthentication" in told:
            return RoleDenied(
                f'the code for role "{name}" was not accepted', hint="try again with a new code"
            )
        case AccessDenied():
            return RoleDenied(_denied(step, source), hint=_whom_to_ask(step), detail=told)
        case ValidationError() if "MaxSessionDuration" in told:
            return ConfigError(
                f'{step.role_arn} allows shorter sessions than the {step.duration_seconds} seconds of profile "{name}"',
                hint=f"{show_role} --query Role.MaxSessionDuration",
                detail=told,
            )
        case PackedPolicyTooLarge():
            return ConfigError(
                f'STS refuses profile "{name}": its session policy and tags together are too long',
                hint=f"daypass configure role {quote(name)} --help",
                detail=told,
            )
        case ValidationError() | MalformedPolicyDocument():
            what = "what it was asked" if isinstance(problem, ValidationError) else "the session policy"
            return ConfigError(
                f'STS does not accept {what} for profile "{name}"',
                hint=f"daypass configure role {quote(name)} --help",
                detail=told,
            )
        case SignatureDoesNotMatch() if "Signature expired" in told or "not yet current" in told:
            return ClockSkew("this machine's clock is wrong, so the signature was refused", hint="date -u")
        case ExpiredToken() | InvalidClientTokenId() | SignatureDoesNotMatch():
            return LoginRequired(
                f'the credentials of "{source.login_profile}" are no longer accepted', hint=again, detail=told
            )
        case Throttling():
            return NetworkError("STS gets too many requests", hint="try again in a moment", detail=told)
        case RemoteProtocolError() if "RegionDisabled" in problem.message:
            return ConfigError(
                "STS is not switched on in this region for the account",
                hint=f"daypass configure role {quote(name)} --region us-east-1 …",
                detail=told,
            )
        case _:
            return problem


def _denied(step: RoleStep, source: Source) -> str:
    sent = " with this external id" if step.external_id else ""
    return f'{source.identity} may not assume {step.role_arn}{sent} (profile "{step.profile.name}")'


def _whom_to_ask(step: RoleStep) -> str:
    wishes = [
        wish
        for is_wanted, wish in (
            (step.external_id, "that external id"),
            (step.source_identity, "sts:SetSourceIdentity"),
            (step.tags, "sts:TagSession"),
        )
        if is_wanted
    ]
    also = f" and {' and '.join(wishes)}" if wishes else ""
    missing = "" if step.external_id else "; one that wants an external id: --external-id"
    return (
        f"the role's trust policy must allow this identity{also}, and the identity's own policies sts:AssumeRole on the role"
        f"{missing}"
    )
