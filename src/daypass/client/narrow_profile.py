"""How a profile says that its login is a narrowed one: from which profile, by what, for how long. Pure.

    login_session = ARN?scope=NAME           its own entry in AWS's cache, which SDKs name after this text
    daypass_narrowed_from = dev
    daypass_scope_name = NAME …

What stands here is what this machine asked for; what holds is decided at the server, by the session policies inside the
credentials. A narrowed login is renewed by SDKs like any other, and ended or made anew by `daypass narrow`.
"""

from dataclasses import dataclass
from shlex import quote

from daypass.client.aws_config import AwsConfig, Profile
from daypass.client.ini_text import Setting

__all__ = [
    "DEFAULT_SECONDS",
    "NARROW_SETTINGS",
    "NarrowWords",
    "arn_of_session",
    "narrowed_session",
    "profiles_narrowed_from",
    "read_narrowed",
    "read_only_arn",
    "way_back",
]

DEFAULT_SECONDS = 3600
"""What the server gives when nothing is asked (docs/reference/endpoints.md, "Scoped sessions")."""
_MARK = "?scope="
"""No ARN of an identity holds a question mark, and no INI dialect cuts a value at one."""
_FROM = "daypass_narrowed_from"
_NAME = "daypass_scope_name"
_ARNS = "daypass_scope_policy_arns"
_FILE = "daypass_scope_policy_file"
_SHA256 = "daypass_scope_policy_sha256"
_SECONDS = "daypass_scope_seconds"
NARROW_SETTINGS = (_FROM, _NAME, _ARNS, _FILE, _SHA256, _SECONDS)


@dataclass(frozen=True, slots=True)
class NarrowWords:
    """What was asked for."""

    parent: str
    """The profile whose login was narrowed."""
    name: str
    """1 to 64 letters, digits and `+ = , . @ _ -`."""
    policy_arns: tuple[str, ...] = ()
    policy_file: str = ""
    policy_sha256: str = ""
    """Hexadecimal, of the inline policy without white space; empty without one."""
    seconds: int = DEFAULT_SECONDS
    """How long it may last."""

    def settings(self) -> dict[str, Setting | None]:
        """The profile's lines; None for those it must not have."""
        return {
            _FROM: self.parent,
            _NAME: self.name,
            _ARNS: ", ".join(self.policy_arns) or None,
            _FILE: self.policy_file or None,
            _SHA256: self.policy_sha256 or None,
            _SECONDS: str(self.seconds),
        }

    def summary(self) -> str:
        """For people: `ReadOnlyAccess, an inline policy`."""
        named = [arn.rpartition("/")[2] for arn in self.policy_arns]
        return ", ".join([*named, *(["an inline policy"] if self.policy_sha256 else [])])

    def members(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "policy_arns": list(self.policy_arns),
            "policy_sha256": self.policy_sha256 or None,
        }


def narrowed_session(login_session: str, name: str) -> str:
    """The `login_session` of a login narrowed from that one."""
    return f"{login_session}{_MARK}{name}"


def read_only_arn(login_session: str) -> str:
    """AWS's ReadOnlyAccess in the partition of this identity."""
    return f"arn:{login_session.split(':')[1]}:iam::aws:policy/ReadOnlyAccess"


def arn_of_session(login_session: str) -> str:
    """Whose it is: the ARN, whether the login is narrowed or not."""
    return login_session.partition(_MARK)[0]


def read_narrowed(profile: Profile) -> NarrowWords | None:
    """What the profile's login is narrowed by; None where it is not, another program's login in its place included."""
    parent, name = profile.text(_FROM), profile.text(_NAME)
    if not parent or not name or _MARK not in (profile.text("login_session") or ""):
        return None
    seconds = profile.text(_SECONDS) or ""
    return NarrowWords(
        parent=parent,
        name=name,
        policy_arns=tuple(filter(None, map(str.strip, (profile.text(_ARNS) or "").split(",")))),
        policy_file=profile.text(_FILE) or "",
        policy_sha256=profile.text(_SHA256) or "",
        seconds=int(seconds)
        if seconds.isascii() and seconds.isdecimal() and len(seconds) < 7
        else DEFAULT_SECONDS,
    )


def profiles_narrowed_from(config: AwsConfig, names: list[str]) -> list[Profile]:
    """The profiles whose login is narrowed from one of these."""
    found = []
    for profile in map(config.profile, config.profile_names()):
        words = read_narrowed(profile)
        if words is not None and words.parent in names:
            found.append(profile)
    return found


def way_back(profile: Profile) -> str:
    """The command that gives the profile a session again."""
    words = read_narrowed(profile)
    if words is None:
        return f"daypass login --profile {quote(profile.name)}"
    return f"daypass narrow {quote(words.parent)} --as {quote(profile.name)}"
