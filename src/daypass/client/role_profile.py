"""A role profile as it was meant: each role from the login outward, checked, with what its AssumeRole will say.

Which profile stands on which, and what names the cached credentials, is decided by `client/role_answer.py` for both
paths. Here the words become values: STS API reference, "AssumeRole", says which are legal. Raises ConfigError with the
profile and the setting; nothing is asked of anybody.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from shlex import quote

from daypass.client import role_answer
from daypass.client.aws_config import AwsConfig, Profile
from daypass.client.ini_text import Setting
from daypass.errors import ConfigError

__all__ = [
    "DEFAULT_DURATION",
    "MAX_CHAINED_DURATION",
    "RoleChain",
    "RoleStep",
    "check_words",
    "default_session_name",
    "find_chain",
    "flat_settings",
    "parse_tags",
]

DEFAULT_DURATION = 3600
"""Seconds; what AssumeRole gives when nothing is asked, and what every role allows."""
MAX_CHAINED_DURATION = 3600
"""Seconds; the end of what role chaining gives (IAM user guide, "Role chaining")."""
MIN_DURATION = 900
MAX_DURATION = 43_200
"""Seconds."""
_MOST_TAGS = 50
_MOST_POLICIES = 10
_LONGEST_POLICY = 2048
"""Characters; AWS counts the packed size as well."""

_is_role_arn = re.compile(r"arn:aws(?:-[a-z0-9]+)*:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}").fullmatch
_is_policy_arn = re.compile(
    r"arn:aws(?:-[a-z0-9]+)*:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]{1,512}"
).fullmatch
_is_name = re.compile(r"[\w+=,.@\-]{2,64}", re.ASCII).fullmatch
_is_external_id = re.compile(r"[\w+=,.@:/\-]{2,1224}", re.ASCII).fullmatch
_is_device = re.compile(r"[\w+=/:,.@\-]{9,256}", re.ASCII).fullmatch
_is_tag_key = re.compile(r"[\w .:/=+\-@]{1,128}").fullmatch
_is_tag_value = re.compile(r"[\w .:/=+\-@]{0,256}").fullmatch


@dataclass(frozen=True, slots=True)
class RoleStep:
    """One AssumeRole."""

    profile: Profile
    role_arn: str
    session_name: str
    duration_seconds: int
    """What is asked for, the cap of chaining applied."""
    wanted_seconds: int
    """What the profile says, before that."""
    external_id: str = ""
    source_identity: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    policy: str = ""
    """A JSON document, or nothing."""
    policy_arns: tuple[str, ...] = ()
    mfa_serial: str = ""
    endpoint: str = ""
    """Where STS answers instead of AWS's own."""
    cache_text: str = field(default="", repr=False)
    """What names its cached credentials (`role_answer.cache_text`)."""


@dataclass(frozen=True, slots=True)
class RoleChain:
    """A login, and the roles over it: the first is assumed with the login's credentials, the last is the profile's."""

    login: Profile
    login_session: str
    steps: tuple[RoleStep, ...]

    @property
    def role(self) -> RoleStep:
        """The profile's own."""
        return self.steps[-1]


def find_chain(config: AwsConfig, profile: Profile, environ: Mapping[str, str]) -> RoleChain | None:
    """The chain beneath the profile, or None where it is no role. Raises ConfigError for one that ends in no login."""
    names = role_answer.walk_chain(profile.name, lambda name: flat_settings(config.profile(name).settings))
    if len(names) == 1:
        return None
    _check_ends_in_login(config, names)
    login = config.profile(names[-1])
    login_session = login.text("login_session") or ""
    raw: list[tuple[dict[str, str], str, str]] = []
    steps: list[RoleStep] = []
    for name in reversed(names[:-1]):
        each = config.profile(name)
        endpoint = _sts_endpoint(each, environ) or _sts_endpoint(login, environ)
        values = role_answer.role_values(flat_settings(each.settings))
        raw.append((values, endpoint, _read_policy(values, name)))
        is_chained = bool(steps) or ":assumed-role/" in login_session
        steps.append(_step(each, values, login_session, endpoint=endpoint, is_chained=is_chained, raw=raw))
    return RoleChain(login, login_session, tuple(steps))


def flat_settings(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Nested blocks as `outer.inner`, as `role_answer.read_plain_sections` gives them."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, str):
            flat[key] = value
        else:
            flat |= {f"{key}.{inner}": text for inner, text in value.items()}
    return flat


def _check_ends_in_login(config: AwsConfig, names: list[str]) -> None:
    path = " -> ".join(names)
    if names[-1] in names[:-1]:
        raise ConfigError(
            f"the source profiles go in a circle: {path}",
            hint=f"daypass configure role {quote(names[0])} --help",
        )
    last = config.profile(names[-1])
    if not last.exists:
        raise ConfigError(
            f'profile "{names[-2]}" names the source profile "{last.name}", which is not there',
            hint=f"daypass login --profile {quote(last.name)}",
        )
    if last.text("aws_access_key_id"):
        raise ConfigError(
            f"the roles {path} end in an access key, and daypass gives credentials over logins",
            hint=f"daypass migrate {quote(last.name)}",
        )
    other = next((key for key in _OTHER_SOURCES if last.text(key)), "")
    if other and not last.text("login_session"):
        raise ConfigError(
            f"the roles {path} end in a profile that is no login ({other})",
            hint=f"daypass login --profile {quote(last.name + '-login')}",
        )


_OTHER_SOURCES = (
    "credential_source",
    "web_identity_token_file",
    "sso_session",
    "sso_account_id",
    "credential_process",
)


def _step(
    profile: Profile,
    values: Mapping[str, str],
    login_session: str,
    *,
    endpoint: str,
    is_chained: bool,
    raw: list[tuple[dict[str, str], str, str]],
) -> RoleStep:
    check_words(values, profile.name)
    wanted = int(values.get("duration_seconds", DEFAULT_DURATION))
    return RoleStep(
        profile=profile,
        role_arn=values["role_arn"],
        session_name=values.get("role_session_name") or default_session_name(login_session),
        duration_seconds=min(wanted, MAX_CHAINED_DURATION) if is_chained else wanted,
        wanted_seconds=wanted,
        external_id=values.get("external_id", ""),
        source_identity=values.get("source_identity", ""),
        tags=parse_tags(values.get("tags", "")),
        transitive_tag_keys=_listed(values.get("transitive_tags", "")),
        policy=raw[-1][2].strip(),
        policy_arns=_listed(values.get("policy_arns", "")),
        mfa_serial=values.get("mfa_serial", ""),
        endpoint=endpoint,
        cache_text=role_answer.cache_text(login_session, raw),
    )


def check_words(values: Mapping[str, str], profile_name: str) -> None:
    """Whether STS could take these (the words of `role_answer.ROLE_WORDS`). Raises ConfigError."""
    for word, is_legal, told in _RULES:
        value = values.get(word, "")
        if value and not is_legal(value):
            raise ConfigError(
                f'profile "{profile_name}": {word} {told}',
                hint=f"daypass configure role {quote(profile_name)} --help",
            )
    if (
        unknown := set(_listed(values.get("transitive_tags", "")))
        - dict(parse_tags(values.get("tags", ""))).keys()
    ):
        raise ConfigError(
            f'profile "{profile_name}": transitive_tags names "{sorted(unknown)[0]}", which is no tag of the session',
            hint=f"daypass configure role {quote(profile_name)} --help",
        )


def _is_duration(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and MIN_DURATION <= int(text) <= MAX_DURATION


def _are_tags(text: str) -> bool:
    tags = parse_tags(text)
    keys = {key.lower() for key, _ in tags}
    return len(keys) == len(tags) <= _MOST_TAGS and all(
        _is_tag_key(key) and _is_tag_value(value) for key, value in tags
    )


def _are_policies(text: str) -> bool:
    arns = _listed(text)
    return len(arns) <= _MOST_POLICIES and all(_is_policy_arn(arn) for arn in arns)


_RULES: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("role_arn", _is_role_arn, "is not a role's ARN (arn:aws:iam::111122223333:role/NAME)"),
    ("role_session_name", _is_name, "takes 2 to 64 letters, digits and +=,.@_-"),
    ("external_id", _is_external_id, "takes 2 to 1224 letters, digits and +=,.@:/_-"),
    ("source_identity", _is_name, "takes 2 to 64 letters, digits and +=,.@_-"),
    ("duration_seconds", _is_duration, f"takes {MIN_DURATION} to {MAX_DURATION}"),
    ("mfa_serial", _is_device, "is not a device's ARN or serial number"),
    ("tags", _are_tags, f"takes up to {_MOST_TAGS} of KEY=VALUE, each key once, with a comma between them"),
    ("policy_arns", _are_policies, f"takes up to {_MOST_POLICIES} ARNs of managed policies"),
)


def parse_tags(text: str) -> tuple[tuple[str, str], ...]:
    """`KEY=VALUE, KEY=VALUE`: no legal key or value holds a comma (STS API reference, "Tag")."""
    pairs = (each.partition("=") for each in _listed(text))
    return tuple((key.strip(), value.strip()) for key, _, value in pairs)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_policy(values: Mapping[str, str], profile_name: str) -> str:
    """Read once: what names the cached credentials must be what narrows them."""
    try:
        text = role_answer.read_policy(values)
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f'profile "{profile_name}": the session policy {values["policy_file"]} cannot be read',
            hint=f"ls -l {quote(values['policy_file'])}",
            detail=str(problem),
        ) from None
    if "policy_file" in values and not 1 <= len(text.strip()) <= _LONGEST_POLICY:
        raise ConfigError(f'profile "{profile_name}": a session policy has 1 to {_LONGEST_POLICY} characters')
    return text


def default_session_name(login_session: str) -> str:
    """`daypass-` and the last word of the login's ARN: what CloudTrail shows when the profile names nothing."""
    name = login_session.rpartition("/")[2] if "/" in login_session else login_session.rpartition(":")[2]
    return ("daypass-" + re.sub(r"[^A-Za-z0-9_+=,.@\-]", "-", name))[:64]


def _sts_endpoint(profile: Profile, environ: Mapping[str, str]) -> str:
    return role_answer.own_sts_endpoint(
        flat_settings(profile.settings), flat_settings(profile.services), environ
    )
