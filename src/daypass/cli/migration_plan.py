"""The plan of a migration: what each file will say, where else the key lies, and whether a program uses it.

Reads files only. Refuses what must not be touched: a key in container or CI settings is a workload's, for which a role
or federation is the way, not a person's login.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TextIO

from daypass.cli.configure import bridge_command
from daypass.cli.output import say
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.ini_text import parse
from daypass.client.key_places import KIND_NAMES, WORKLOAD_KINDS
from daypass.client.key_scan import Place, keys_file, scan_keys
from daypass.client.migration import read_file
from daypass.client.migration_plan import (
    FileChange,
    OldKey,
    difference,
    find_key,
    rewrite_config,
    rewrite_keys_file,
)
from daypass.client.storage_choice import VAULT, WISH, choose_storage
from daypass.errors import ConfigError, UsageError
from daypass.secret import Secret

__all__ = ["Planned", "make_plan", "plan_members", "refuse_workload", "show_plan"]


@dataclass(frozen=True, slots=True)
class Planned:
    """Everything decided before anything is asked or changed."""

    profile: str
    login_profile: str
    is_signed_in: bool
    key: OldKey
    settings: Mapping[str, str]
    changes: Mapping[str, FileChange]
    """By role, in the order they are written: the login comes before the key goes."""
    other_places: tuple[Place, ...]
    """Where the same key lies besides."""
    secrets: tuple[Secret, ...]
    """Every secret of both files, for masking."""
    sources: tuple[str, ...]
    """Profiles that take this one's credentials as their source."""


def make_plan(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Planned:
    """The plan. Raises ConfigError, UsageError."""
    name: str = arguments.profile
    login_name: str = arguments.to or f"{name}-login"
    if login_name == name:
        raise UsageError("the login must be another profile than the one that moves", hint="--to NAME")
    config = load_config(environ)
    profile, login = config.profile(name), config.profile(login_name)
    if not profile.exists:
        raise ConfigError(f'there is no profile "{name}"', hint="daypass audit")
    paths = {"config": config.config_path, "keys_file": keys_file(environ)}
    texts = {role: read_file(path) for role, path in paths.items()}
    config_text, keys_text = texts["config"] or "", texts["keys_file"] or ""
    key = find_key(config_text, keys_text, name)
    is_bridge = arguments.bridge or _is_vault(login, environ)
    settings = _settings(profile, login, is_bridge=is_bridge)
    after = {
        "config": rewrite_config(config_text, name, settings),
        "keys_file": rewrite_keys_file(keys_text, name),
    }
    moved = AwsConfig(config.config_path, parse(after["config"]), parse(after["keys_file"]))
    _check_service(moved, name, login, settings)
    changes = {
        role: FileChange(str(path), texts[role], after[role])
        for role, path in paths.items()
        if (texts[role] or "") != after[role]
    }
    planned = Planned(
        name,
        login_name,
        login.text("login_session") is not None,
        key,
        settings,
        changes,
        _other_places(arguments, environ, key, name),
        _all_secrets(config_text, keys_text),
        tuple(each for each in config.profile_names() if config.profile(each).text("source_profile") == name),
    )
    workload = next((place for place in planned.other_places if place.kind in WORKLOAD_KINDS), None)
    if workload is not None:
        refuse_workload(planned, f"{KIND_NAMES[workload.kind]}: {_told(workload)}")
    return planned


def refuse_workload(planned: Planned, why: str) -> None:
    """Name the alternative and raise ConfigError."""
    key = planned.key.access_key_id
    say(f"{key} looks like a program's key ({why})")
    say(
        "a program without a person gets a role from where it runs: an instance or task role, a pod's identity,"
    )
    say("or federation from CI (OpenID Connect) and from your own machines (IAM Roles Anywhere)")
    raise ConfigError(
        "a workload's key is never touched; nothing was changed",
        hint=f"aws iam get-access-key-last-used --access-key-id {key}",
    )


def show_plan(planned: Planned, stream: TextIO) -> None:
    """The diffs on the stream, the sentences for people on standard error."""
    for change in planned.changes.values():
        stream.write(difference(change, planned.secrets))
    stream.flush()
    for place in planned.other_places:
        say(
            f"the same key lies in {_told(place)} too, and would still be used from there; take it out by hand"
        )
    if planned.sources:
        say(f"take their credentials from this profile: {', '.join(planned.sources)}")


def _is_vault(login: Profile, environ: Mapping[str, str]) -> bool:
    """Whether the login is, or will be, where only a program of ours can read it."""
    if login.text("login_session"):
        return login.storage == VAULT
    return choose_storage(None, environ, login.text(WISH)) == VAULT


def plan_members(planned: Planned) -> dict[str, object]:
    """The plan for a program (docs/reference/json-output.md); secrets are masked in the diffs."""
    return {
        "profile": planned.profile,
        "login_profile": planned.login_profile,
        "is_signed_in": planned.is_signed_in,
        "access_key_id": planned.key.access_key_id,
        "files": [
            {"path": change.path, "diff": difference(change, planned.secrets)}
            for change in planned.changes.values()
        ],
        "other_places": [_told(place) for place in planned.other_places],
        "dependent_profiles": list(planned.sources),
    }


def _settings(profile: Profile, login: Profile, *, is_bridge: bool) -> dict[str, str]:
    """What the profile's section gets: the login or the bridge, and what a login needs that is not there yet."""
    session = login.text("login_session")
    if is_bridge:
        settings = {"credential_process": bridge_command(login.name)}
    else:
        settings = {"login_session": session or "(the identity you sign in as)"}
    for name in ("region", "services"):
        value = login.text(name)
        if value and profile.text(name) is None:
            settings[name] = value
    return settings


def _check_service(after: AwsConfig, name: str, login: Profile, settings: Mapping[str, str]) -> None:
    """A login renews at the service that made it, so the profile must lead to the same one."""
    if "credential_process" in settings or login.text("login_session") is None:
        return
    if after.profile(name).endpoint("signin", {}) != login.endpoint("signin", {}):
        raise ConfigError(
            f'profile "{name}" names other endpoints than "{login.name}", where its login could not be renewed',
            hint=f"daypass migrate {quote(name)} --to {login.name} --bridge",
        )


def _other_places(
    arguments: argparse.Namespace, environ: Mapping[str, str], key: OldKey, name: str
) -> tuple[Place, ...]:
    folders = [Path(each).expanduser().absolute() for each in arguments.folder]
    if missing := next((folder for folder in folders if not folder.is_dir()), None):
        raise UsageError(f"{missing} is not a folder", hint="--folder .")
    return tuple(
        sighting.place
        for sighting in scan_keys(environ, Path.home(), folders).sightings
        if sighting.access_key_id == key.access_key_id and sighting.place.profile != name
    )


def _all_secrets(*texts: str) -> tuple[Secret, ...]:
    return tuple(
        Secret(value)
        for text in texts
        for section in parse(text).values()
        for setting, value in section.items()
        if isinstance(value, str) and ("secret" in setting.lower() or "token" in setting.lower())
    )


def _told(place: Place) -> str:
    return f"${place.path}" if place.kind == "environment" else f"{place.path}:{place.line}"
