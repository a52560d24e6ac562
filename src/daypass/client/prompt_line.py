"""HOT: one short line for a shell's prompt: profile, account, and how long the session lasts.

A prompt is drawn after every command, so this file, like `client/credential_cache.py` whose files it reads, imports
only what the interpreter has built in; `tests/budgets/test_hot_path.py` holds the exact set. It asks nobody, repairs
nothing and prints no secret. Where the files are not plain it says so by None, and the slow path looks properly.

A vault is not opened for it: what a sealed file says in clear is enough (client/vault_seal.py).

Session end: as `protocol/oauth/id_token.py` reads it from the ID token, unverified; a test holds both together.
"""

import binascii
import os

from daypass.client import credential_cache

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

    Environ = Mapping[str, str]

_LONGEST_SESSION = 43_200
"""Seconds; protocol/oauth/id_token.py."""
_LONGEST_ID_TOKEN = 16_384


def prompt_line(environ: "Environ", profile: str, now: float) -> str | None:
    """The line; "" when plainly nobody is signed in; None when only the slow path can tell."""
    config_text = _read(credential_cache.config_file(environ))
    if config_text is None or not _is_plain(config_text, profile):
        return None
    login_session = credential_cache.login_session_of(config_text, profile)
    if "role_arn" in config_text and _is_role(config_text, profile, has_login=login_session is not None):
        return _role_line(environ, config_text, profile, int(now))
    if login_session is None and "daypass_login_session" in config_text:
        return _sealed_line(environ, config_text, profile, int(now))
    if login_session is None:
        keys_file = environ.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.join("~", ".aws", "credentials")
        keys_text = _read(os.path.expanduser(keys_file))
        return None if keys_text is None or "login_session" in keys_text else ""
    path = os.path.join(
        credential_cache.cache_directory(environ), credential_cache.cache_file_name(login_session)
    )
    entry = credential_cache.read_entry(path)
    if entry is None:
        return None if os.path.exists(path) else ""
    return _line(profile, entry, int(now))


def _line(profile: str, entry: dict[str, object], now: int, *, account: object = None) -> str | None:
    token, id_token = entry.get("accessToken"), entry.get("idToken") or entry.get("identityToken") or ""
    if account is None:
        account = token.get("accountId") if isinstance(token, dict) else None
    if not isinstance(account, str) or not isinstance(id_token, str):
        return None
    end = session_end(id_token)
    if end is None:
        return build_line(profile, account, None)
    return build_line(profile, account, end - now) if end > now else ""


def _is_role(config_text: str, profile: str, *, has_login: bool) -> bool:
    """AWS's form wins over a login, ours does not (client/role_answer.py)."""
    setting_of = credential_cache.login_session_of
    if setting_of(config_text, profile, "role_arn") and setting_of(config_text, profile, "source_profile"):
        return True
    return not has_login and setting_of(config_text, profile, "daypass_role_arn") is not None


def _role_line(environ: "Environ", config_text: str, profile: str, now: int) -> str | None:
    """The same of a role over a login: the role's account, and how long the login lasts."""
    from daypass.client import role_answer

    beneath = role_answer.plain_role(profile, config_text, environ)
    if beneath is None:
        return None
    login_session, role_arn = beneath
    if not login_session:
        return ""
    path = os.path.join(
        credential_cache.cache_directory(environ), credential_cache.cache_file_name(login_session)
    )
    entry = credential_cache.read_entry(path)
    if entry is None:
        return None if os.path.exists(path) else ""
    return _line(profile, entry, now, account=role_arn.split(":")[4])


def _sealed_line(environ: "Environ", config_text: str, profile: str, now: int) -> str | None:
    """The same of a profile whose login is in a vault; None, as well, for any profile beside one."""
    login_session = credential_cache.login_session_of(config_text, profile, "daypass_login_session")
    if login_session is None:
        return None
    name = credential_cache.cache_file_name(login_session)[:-5] + ".vault"
    path = os.path.join(credential_cache.cache_directory(environ), name)
    entry = credential_cache.read_entry(path)
    if entry is None:
        return None if os.path.exists(path) else ""
    account, end = entry.get("accountId"), entry.get("sessionEndsAt")
    if not isinstance(account, str) or not isinstance(end, int) or isinstance(end, bool):
        return None
    if not end:
        return build_line(profile, account, None)
    return build_line(profile, account, end - now) if end > now else ""


def build_line(profile: str, account: str, seconds_left: int | None) -> str:
    """`dev 111122223333 11h`; without the time where the session does not tell. Printable by any terminal."""
    words = [profile, account]
    if seconds_left is not None:
        words.append(_short(seconds_left))
    return "".join(character if character.isprintable() else "?" for character in " ".join(words))


def _short(seconds: int) -> str:
    if seconds < 60:
        return "<1m"
    return f"{seconds // 60}m" if seconds < 3600 else f"{seconds // 3600}h"


def session_end(id_token: str) -> int | None:
    """Epoch seconds after which only a person can help, or None when the token does not tell."""
    parts = id_token.split(".")
    if len(parts) != 3 or len(id_token) > _LONGEST_ID_TOKEN or not id_token.isascii():
        return None
    payload = parts[1].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = binascii.a2b_base64(payload + "=" * (-len(payload) % 4), strict_mode=True).decode("utf-8")
    except ValueError:
        return None
    claims = credential_cache.parse_json(text)
    if not isinstance(claims, dict):
        return None
    ends_at, began_at = claims.get("session_ends_at"), claims.get("iat")
    if isinstance(ends_at, int) and not isinstance(ends_at, bool):
        return ends_at
    if isinstance(began_at, int) and not isinstance(began_at, bool):
        return began_at + _LONGEST_SESSION
    return None


def _is_plain(config_text: str, profile: str) -> bool:
    """Whether `login_session_of` sees all there is: no quoted names, no second spelling of [default]."""
    if "'" in profile or '"' in profile or "\\" in profile:
        return False
    return not any(
        line[:1] == "[" and " ".join(line.strip()[1:-1].split()) == "profile default"
        for line in config_text.splitlines()
    )


def _read(path: str) -> str | None:
    """The text, empty for a missing file; None when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        return None
