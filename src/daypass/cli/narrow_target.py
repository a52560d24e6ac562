"""The profile that a narrowed login gets: what may be written over, and the lines it will have. Writes nothing.

It works where its parent works: region and services are the parent's, whatever stood there, because credentials of one
service are worth nothing at another.
"""

from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials
from daypass.client.child_environment import CREDENTIAL_SETTINGS
from daypass.client.ini_text import Setting
from daypass.client.narrow_profile import NarrowWords, read_narrowed
from daypass.errors import ConfigError

__all__ = ["planned_section"]

_SERVICES = ("region", "services", "endpoint_url", "s3")


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
            hint=f"daypass migrate {target.name}",
        )
    held = _held_credentials(target)
    if held and not is_forced:
        raise ConfigError(
            f'profile "{target.name}" already holds {held}; nothing was changed',
            hint=f"daypass narrow {words.parent} --as {target.name}-narrow …, or --force",
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
                hint=f"daypass narrow {words.parent} --as {target.name} --name OTHER …",
            )
