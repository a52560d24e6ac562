"""The person's AWS config and credentials files: what a profile says, and the few lines we write.

Endpoint precedence is the SDKs' (AWS SDKs reference guide, "Service-specific endpoints"): the flag, the
service's variable, the global variable, the profile's `services` section, the profile's `endpoint_url`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from daypass.client import credential_cache
from daypass.client.atomic_file import hold_lock, write_private
from daypass.client.ini_text import Setting, first_damage, parse, profile_section, set_values
from daypass.client.storage_choice import FILE, read_storage
from daypass.errors import ConfigError

__all__ = ["AwsConfig", "Profile", "conflicting_credentials", "load_config"]

CREDENTIAL_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("web identity", ("web_identity_token_file",)),
    ("IAM Identity Center (SSO)", ("sso_role_name", "sso_account_id", "sso_session", "sso_start_url")),
    ("access key", ("aws_access_key_id",)),
    ("assumed role", ("role_arn",)),
    ("credential process", ("credential_process",)),
)
"""Kinds of credentials a profile may hold instead of a login, in the order the AWS CLI checks them."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile, both files merged (the credentials file wins, as in the SDKs)."""

    name: str
    exists: bool
    settings: Mapping[str, Setting]
    services: Mapping[str, Setting]
    """The `services` section the profile names: service to its block."""
    storage: str = FILE
    """Where its login is; the settings read alike for both (client/storage_choice.py)."""

    def text(self, key: str) -> str | None:
        """A plain setting, or None."""
        value = self.settings.get(key)
        return value if isinstance(value, str) else None

    def endpoint(self, service: str, environ: Mapping[str, str]) -> str | None:
        """The endpoint override for a service, or None for AWS's own."""
        for variable in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
            if environ.get(variable):
                return environ[variable].rstrip("/")
        block = self.services.get(service)
        found = block.get("endpoint_url") if isinstance(block, dict) else None
        found = found or self.text("endpoint_url")
        return found.rstrip("/") if found else None


@dataclass(frozen=True, slots=True)
class AwsConfig:
    """Both files as they were read."""

    config_path: Path
    sections: Mapping[str, Mapping[str, Setting]]
    keys_file_sections: Mapping[str, Mapping[str, Setting]]
    damage: Mapping[Path, int] = field(default_factory=dict)
    """File to its first line that no AWS program understands. We read around it; they refuse the file."""

    def check_whole(self) -> None:
        """Raises ConfigError for the first damage."""
        for path, number in self.damage.items():
            raise ConfigError(
                f"line {number} of {path} is no section and no setting, so AWS programs refuse the file",
                hint=f"less -N +{number} {quote(str(path))}",
            )

    def profile(self, name: str) -> Profile:
        """The profile, existing or not."""
        found = [self.sections[s] for s in _config_sections(name) if s in self.sections]
        if name in self.keys_file_sections:
            found.append(self.keys_file_sections[name])
        merged: dict[str, Setting] = {}
        for section in found:
            merged |= section
        wanted = merged.get("services")
        services = self.sections.get(f"services {wanted}", {}) if isinstance(wanted, str) else {}
        storage, settings = read_storage(merged)
        return Profile(name, bool(found), settings, services, storage)

    def profile_names(self) -> list[str]:
        """All profiles, in file order, credentials-file-only ones last."""
        names = [
            section.removeprefix("profile ")
            for section in self.sections
            if section == "default" or section.startswith("profile ")
        ]
        return list(dict.fromkeys([*names, *self.keys_file_sections]))

    def write(self, changes: Mapping[str, Mapping[str, Setting | None]]) -> None:
        """Set values, section by section, in one atomic replacement of the config file.

        The file is read again under its lock, so a change made meanwhile by another program is kept. Raises ConfigError
        for what would not stay in its line: the next one could be a `credential_process` of a stranger's choice.
        """
        if any(_breaks_line(text) for section in changes for text in _texts(section, changes[section])):
            raise ConfigError(
                "a setting holds a line break or another control character; nothing was changed",
                hint=f"less {quote(str(self.config_path))}",
            )
        with hold_lock(self.config_path):
            text = _read(self.config_path)
            present = parse(text)
            for section, values in changes.items():
                if section == "default" and _SPELT_OUT in present:
                    section = _SPELT_OUT
                text = set_values(text, section, values)
            mode = self.config_path.stat().st_mode & 0o777 if self.config_path.exists() else 0o600
            write_private(self.config_path, text, mode=mode)


_SPELT_OUT = "profile default"
"""A second name of `[default]`; where both are, this one wins (AWS SDKs reference guide, "Shared files")."""


def _config_sections(profile: str) -> tuple[str, ...]:
    """The sections that make up a profile, the winning one last."""
    section = profile_section(profile)
    return (section, _SPELT_OUT) if section == "default" else (section,)


_breaks_line = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]").search
"""What some reader of the file takes for a line's end, and what no setting has."""


def _texts(section: str, values: Mapping[str, Setting | None]) -> Iterator[str]:
    yield section
    for key, value in values.items():
        yield key
        if isinstance(value, dict):
            yield from _texts(key, value)
        elif value is not None:
            yield value


def load_config(environ: Mapping[str, str]) -> AwsConfig:
    """Read both files; a missing one is empty. Raises ConfigError when one cannot be read."""
    config_path = Path(credential_cache.config_file(environ))
    keys_file = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    texts = {config_path: _read(config_path), keys_file: _read(keys_file)}
    damage = {path: number for path, text in texts.items() if (number := first_damage(text))}
    return AwsConfig(config_path, parse(texts[config_path]), parse(texts[keys_file]), damage)


def conflicting_credentials(profile: Profile) -> tuple[str, str] | None:
    """The first kind of other credentials the profile holds and the key that says so, or None."""
    for kind, keys in CREDENTIAL_KINDS:
        for key in keys:
            if key in profile.settings:
                return kind, key
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"cannot read {path}", hint=f"ls -l {path}", detail=str(problem)) from problem
