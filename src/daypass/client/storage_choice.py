"""Where a profile keeps its login: AWS's shared file, or a vault. Pure: words, and the form a profile has for each.

    file     login_session = ARN                     every SDK reads the entry in AWS's cache folder
    vault    daypass_login_session = ARN             the entry is sealed, so SDKs ask a program for the credentials
             credential_process = daypass …
             daypass_storage = vault

A profile with a `login_session` is in the file, whatever else it says: SDKs would look there, and fail where the file is
missing (AWS SDKs reference guide, "Login provider"). `daypass_storage` is the wish for the next login.
"""

from collections.abc import Mapping

from daypass.client.ini_text import Setting
from daypass.errors import ConfigError

__all__ = [
    "FILE",
    "STORAGES",
    "VAULT",
    "VAULT_SESSION",
    "WISH",
    "choose_storage",
    "is_own_process",
    "login_form",
    "read_storage",
]

FILE = "file"
VAULT = "vault"
STORAGES = (FILE, VAULT)
VAULT_SESSION = "daypass_login_session"
"""The setting that names the login session of a vault profile."""
WISH = "daypass_storage"
VARIABLE = "DAYPASS_STORAGE"


def read_storage(settings: Mapping[str, Setting]) -> tuple[str, dict[str, Setting]]:
    """Where the login is, and the settings with a vault's form read as the login it stands for."""
    read = dict(settings)
    session = read.get(VAULT_SESSION)
    if not isinstance(session, str) or "login_session" in read:
        return FILE, read
    if is_own_process(read.get("credential_process")):
        del read["credential_process"]
    return VAULT, {**read, "login_session": session}


def is_own_process(setting: Setting | None) -> bool:
    """Whether a `credential_process` is the line we write."""
    return isinstance(setting, str) and " credential-process --profile " in setting


def login_form(storage: str, login_session: str, process: str) -> dict[str, Setting | None]:
    """The lines of a profile whose login is there; None for those it must not have."""
    if storage == VAULT:
        return {
            "login_session": None,
            VAULT_SESSION: login_session,
            WISH: VAULT,
            "credential_process": process,
        }
    return {"login_session": login_session, VAULT_SESSION: None, WISH: None, "credential_process": None}


def choose_storage(flag: str | None, environ: Mapping[str, str], wish: str | None) -> str:
    """Where a new login goes: the flag, DAYPASS_STORAGE, the profile's wish, the file. Raises ConfigError."""
    for source, value in (("--storage", flag), (VARIABLE, environ.get(VARIABLE)), (WISH, wish)):
        if not value:
            continue
        if value not in STORAGES:
            raise ConfigError(f"{source} is {' or '.join(STORAGES)}", hint="daypass login --storage file")
        return value
    return FILE
