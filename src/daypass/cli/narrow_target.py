"""The profile that a narrowed login gets: what may be written over, and the lines it will have. Writes nothing.

It works where its parent works: region and services are the parent's, whatever stood there, because credentials of one
service are worth nothing at another.
"""

import os
from shlex import quote

from daypass.cli.renewing import login_session_of
from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials
from daypass.client.child_environment import CREDENTIAL_SETTINGS
from daypass.client.ini_text import Setting
from daypass.client.narrow_profile import NarrowWords, read_narrowed
from daypass.client.role_profile import find_chain
from daypass.errors import ConfigError

__all__ = ["check_narrowable", "planned_section"]

_SERVICES = ("region", "services", "endpoint_url", "s3")


def check_narrowable(config: AwsConfig, parent: Profile, *, new: str) -> None:
    """Whether the profile's login can make a smaller one. Raises ConfigError, LoginRequired; `new` is for texts."""
    chain = find_chain(config, parent, os.environ)
    if chain is not None:
        raise ConfigError(
            f'profile "{parent.name}" is a role; a role is narrowed by session policies in its own profile',
            hint=f"daypass configure role {quote(new)} --role-arn {chain.role.role_arn}"
            f" --source-profile {chain.login.name} --policy-file FILE",
        )
    narrowed = read_narrowed(parent)
    if narrowed is not None:
        raise ConfigError(
            f'profile "{parent.name}" is a narrowed login itself, which cannot make another',
            hint=f"daypass narrow {quote(narrowed.parent)} --as {quote(new)}",
        )
    login_session_of(parent)


def planned_section(
    config: AwsConfig,
    parent: Profile,
    words: NarrowWords,
    name: str,
    *,
    is_forced: bool,
    login_session: str,
) -> dict[str, Setting | None]:
    """The lines besides those that say where the login is; None for lines that go. Raises ConfigError."""
    target = config.profile(name)
    _check_free(config, target, words, is_forced=is_forced)
    _check_name_is_free(config, target, words, login_session)
    section: dict[str, Setting | None] = {
        key: value
        for key, value in parent.settings.items()
        if key not in CREDENTIAL_SETTINGS and not key.startswith("daypass_") and key not in target.settings
    }
    section |= {key: parent.settings.get(key) for key in _SERVICES}
    section |= dict.fromkeys(sorted(CREDENTIAL_SETTINGS))
    return section | words.settings()


def _check_free(config: AwsConfig, target: Profile, words: NarrowWords, *, is_forced: bool) -> None:
    in_keys_file = config.keys_file_sections.get(target.name, {})
    if any(key in in_keys_file for key in CREDENTIAL_SETTINGS):
        raise ConfigError(
            f'profile "{target.name}" holds credentials in the credentials file, which win; nothing was changed',
            hint=f"daypass migrate {quote(target.name)}",
        )
    held = _held_credentials(target)
    if held and not is_forced:
        raise ConfigError(
            f'profile "{target.name}" already holds {held}; nothing was changed',
            hint=f"daypass narrow {quote(words.parent)} --as {quote(target.name + '-narrow')} …, or --force",
        )


def _held_credentials(target: Profile) -> str:
    if read_narrowed(target) is not None:
        return ""
    if target.text("login_session"):
        return "a login"
    conflict = conflicting_credentials(target)
    return f"{conflict[0]} credentials ({conflict[1]})" if conflict else ""


def _check_name_is_free(config: AwsConfig, target: Profile, words: NarrowWords, login_session: str) -> None:
    """Two profiles of one name would share one login, and the second would replace the first's."""
    for profile in map(config.profile, config.profile_names()):
        if profile.name != target.name and profile.text("login_session") == login_session:
            raise ConfigError(
                f'the name "{words.name}" is taken by the narrowed login of profile "{profile.name}"',
                hint=f"daypass narrow {quote(words.parent)} --as {quote(target.name)} --name OTHER …",
            )
