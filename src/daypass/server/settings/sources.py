"""From a TOML file, the environment and flags to one `Settings`. A flag beats the environment, which beats the file.

A setting has one name everywhere: `listen` in the file, `DAYPASS_LISTEN` in the environment, `--listen` as a flag.
Unknown names are refused with the nearest known one, because a misspelt safety setting is a silent hole. Every
refusal names the setting and where it came from, never a value that could be a secret.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from daypass.errors import ConfigError
from daypass.server.settings.identity_providers import with_client_secrets
from daypass.server.settings.record import Settings, setting_names
from daypass.server.settings.rules import check_settings
from daypass.server.settings.values import parse_value

__all__ = ["ENVIRONMENT_PREFIX", "load_settings"]

ENVIRONMENT_PREFIX = "DAYPASS_"

_CLIENT_VARIABLES = frozenset({"DAYPASS_DATA_DIR", "DAYPASS_TEST_NO_SKIPS", "DAYPASS_TEST_PROCESSES"})
"""Variables with our prefix that are not settings of the server."""


def load_settings(
    config_file: Path | None,
    *,
    environment: Mapping[str, str],
    flags: Mapping[str, str | bool],
    base_dir: Path | None = None,
) -> Settings:
    """Read, parse and check everything. `base_dir` is where relative paths start (default: the file's folder, else here).

    Raises ConfigError.
    """
    if config_file is not None:
        config_file = config_file.absolute()
    folder = base_dir or (config_file.parent if config_file else Path.cwd())
    values: dict[str, Any] = {}
    for source, raw_values in (
        (str(config_file), _read_file(config_file) if config_file else {}),
        ("the environment", _read_environment(environment)),
        ("the command line", flags),
    ):
        for name, raw in raw_values.items():
            values[name] = _parse(name, raw, source=source, folder=folder)
    settings = _with_default_places(replace(Settings(), **values), folder)
    check_settings(settings)
    return _with_client_secrets(settings)


def _with_client_secrets(settings: Settings) -> Settings:
    """Each OpenID Connect provider with its secret of the environment."""
    try:
        providers = with_client_secrets(settings.identity_providers, settings.oidc_client_secrets)
    except ValueError as mistake:
        raise ConfigError(f"the environment: oidc_client_secrets {mistake}") from None
    return replace(settings, identity_providers=providers)


def _with_default_places(settings: Settings, folder: Path) -> Settings:
    """Database and key ring stand beside the settings file unless something else was said."""
    return replace(
        settings,
        database_url=settings.database_url or f"sqlite://{folder / 'daypass.db'}",
        key_ring_file=settings.key_ring_file or folder / "key-ring.json",
    )


def _read_file(config_file: Path) -> Mapping[str, object]:
    try:
        with config_file.open("rb") as opened:
            return tomllib.load(opened)
    except FileNotFoundError:
        raise ConfigError(
            f"there is no settings file {config_file}", hint=f"daypass server init --config {config_file}"
        ) from None
    except tomllib.TOMLDecodeError as mistake:
        raise ConfigError(f"{config_file} is not TOML: {mistake}") from mistake
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigError(f"cannot read the settings file {config_file}: {failure}") from failure


def _read_environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Only names that are settings, or look like a misspelt one; the client's own variables pass by."""
    known = setting_names()
    found: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in _CLIENT_VARIABLES:
            continue
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if name in known or difflib.get_close_matches(name, known, n=1, cutoff=0.85):
            found[name] = value
    return found


def _parse(name: str, raw: object, *, source: str, folder: Path) -> object:
    by_name = {each.name: each for each in fields(Settings)}
    described = by_name.get(name)
    if described is None:
        nearest = difflib.get_close_matches(name, by_name, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "docs/reference/settings.md lists every setting"
        raise ConfigError(f"{source}: there is no setting {name!r}", hint=hint)
    if described.metadata["only_environment"] and source != "the environment":
        raise ConfigError(
            f"{source}: {name} is a secret and is read only from the environment",
            hint=f"set {ENVIRONMENT_PREFIX}{name.upper()}",
        )
    try:
        return parse_value(described, raw, folder=folder)
    except ValueError as mistake:
        raise ConfigError(f"{source}: {name} {mistake}") from None
