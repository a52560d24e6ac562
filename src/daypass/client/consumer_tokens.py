"""The tokens of those who may ask `daypass serve-credentials`: one private file each, kept over restarts.

The file is what `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names (AWS SDKs reference guide, "Container credential
provider"), so it holds the token and nothing else, not even a line break. A token is random and long enough that
guessing is hopeless; another user's file is refused, a wrong mode repaired, and no two consumers share one.
"""

import re
import secrets
from pathlib import Path

from daypass.client.atomic_file import (
    ForeignFile,
    hold_lock,
    make_private_directory,
    read_private,
    write_private,
)
from daypass.errors import ConfigError, UsageError
from daypass.secret import Secret

__all__ = ["check_consumer_name", "check_tokens_differ", "consumer_directory", "obtain_token", "token_path"]

_TOKEN_BYTES = 32
_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII).fullmatch
_is_token = re.compile(r"[A-Za-z0-9_-]{43,128}", re.ASCII).fullmatch


def consumer_directory() -> Path:
    """`~/.aws/daypass/consumers`."""
    return Path("~/.aws/daypass/consumers").expanduser()


def check_consumer_name(name: str) -> str:
    """The name, which becomes a file's and a service's. Raises UsageError."""
    if not _is_name(name):
        raise UsageError(
            "a consumer's name is 1 to 64 letters, digits, hyphens and underscores", hint="--consumer web=dev"
        )
    return name


def token_path(directory: Path, name: str) -> Path:
    """The consumer's file."""
    return directory / f"{check_consumer_name(name)}.token"


def obtain_token(directory: Path, name: str, *, renew: bool) -> Secret:
    """The consumer's token, made when there is none or when `renew` asks for another.

    Raises ConfigError when the file is another user's or holds something else than a token of ours.
    """
    path = token_path(directory, name)
    make_private_directory(directory)
    with hold_lock(path):
        found = None if renew else _read(path)
        if found is not None:
            return found
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        write_private(path, token)
        return Secret(token)


def check_tokens_differ(tokens: dict[str, Secret]) -> None:
    """A copied file would give one consumer another's identity. Raises ConfigError."""
    owners: dict[str, str] = {}
    for name, token in tokens.items():
        other = owners.setdefault(token.reveal(), name)
        if other != name:
            raise ConfigError(
                f'the consumers "{other}" and "{name}" have the same token',
                hint="daypass serve-credentials --new-tokens …",
            )


def _read(path: Path) -> Secret | None:
    try:
        text = read_private(path, most=1024)
    except FileNotFoundError:
        return None
    except ForeignFile:
        raise ConfigError("a consumer's token belongs to another user", hint=f"ls -l {path}") from None
    except UnicodeDecodeError:
        text = ""
    if not _is_token(text):
        raise ConfigError("a consumer's token file holds no token of daypass", hint=f"rm {path}")
    return Secret(text)
