"""HOT: the cache file that is the answer.

`credential-process` runs before every call of every tool, so this file imports only what the bare
interpreter has built in: no `json` (it pulls in `re`), no `hashlib`, no `pathlib`, no `typing`. It
answers only in the plain case: our own file, private mode, every member a text, an expiry that is plainly
far enough away. Everything else is None, and the slow path (`client/session_cache.py`) looks again with
proper tools. `tests/budgets/test_hot_path.py` holds the exact set of modules.

File format and name: docs/reference/cache-file.md (the AWS CLI's login cache).
"""

import os
import time

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

    Environ = Mapping[str, str]

MANDATORY_REFRESH_SECONDS = 300
"""AWS SDKs refresh when this much or less is left (botocore, JavaScript, C)."""


def cache_directory(environ: "Environ") -> str:
    """`AWS_LOGIN_CACHE_DIRECTORY`, or `~/.aws/login/cache`."""
    named = environ.get("AWS_LOGIN_CACHE_DIRECTORY")
    return os.path.expanduser(named or os.path.join("~", ".aws", "login", "cache"))


def config_file(environ: "Environ") -> str:
    """`AWS_CONFIG_FILE`, or `~/.aws/config`."""
    return os.path.expanduser(environ.get("AWS_CONFIG_FILE") or os.path.join("~", ".aws", "config"))


def login_session_of(config_text: str, profile: str, setting: str = "login_session") -> str | None:
    """The profile's `login_session` (or another setting) in an AWS config text, or None when it is not plainly there."""
    if "'" in profile or '"' in profile or "\\" in profile:
        return None  # section names are written with quotes then, and quotes are resolved elsewhere
    wanted = "default" if profile == "default" else "profile " + profile
    inside = False
    found = None
    for line in config_text.splitlines():
        if line[:1] == "[":
            name = line.strip()
            section = " ".join(name[1:-1].split())
            if section == "profile default":
                return None  # another spelling of [default], and the stronger one: rare, so not done here
            inside = name[-1:] == "]" and section == wanted
        elif inside and line.startswith(setting):
            key, equals, value = line.partition("=")
            if equals and key.rstrip() == setting:
                found = value.strip()
    return found or None


def cache_file_name(login_session: str) -> str:
    """SHA-256 of the session in lower-case hex, and `.json`."""
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # CPython 3.11; no stubs exist
    except ImportError:
        try:
            from _sha2 import sha256  # type: ignore[import-not-found]  # CPython 3.12 and later
        except ImportError:
            from hashlib import sha256
    digest: str = sha256(login_session.encode("utf-8")).hexdigest()
    return digest + ".json"


def is_foreign(state: os.stat_result) -> bool:
    """Whether a file is another user's; Windows does not say."""
    return hasattr(os, "getuid") and state.st_uid != os.getuid()


def is_open_to_others(state: os.stat_result) -> bool:
    """Whether its mode lets anybody but its owner near; on Windows modes say nothing."""
    return hasattr(os, "getuid") and bool(state.st_mode & 0o077)


def read_entry(path: str) -> dict[str, object] | None:
    """The file's members; None when it is missing, torn, no object, another user's, or open to others."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        state = os.fstat(descriptor)
        if is_foreign(state) or is_open_to_others(state):
            return None
        text = os.read(descriptor, 65536).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    entry = parse_json(text)
    return entry if isinstance(entry, dict) else None


def fresh_credentials(path: str, now: float) -> dict[str, str] | None:
    """The file's `accessToken` members, if they plainly live longer than the refresh margin; else None."""
    entry = read_entry(path)
    token = entry.get("accessToken") if entry is not None else None
    if not isinstance(token, dict):
        return None
    for member in ("accessKeyId", "secretAccessKey", "sessionToken", "expiresAt"):
        if not isinstance(token.get(member), str) or not token[member]:
            return None
    expires_at = token["expiresAt"]
    if not _is_plain_time(expires_at):
        return None
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + MANDATORY_REFRESH_SECONDS))
    return token if expires_at > soon else None


def _is_plain_time(text: str) -> bool:
    """`YYYY-MM-DDTHH:MM:SSZ`: such texts order like the times they name; other spellings take the slow path."""
    if len(text) != 20 or text[4::3] != "--T::Z" or not text.isascii():
        return False
    year, month, day, hour, minute, second = (
        text[:4],
        text[5:7],
        text[8:10],
        text[11:13],
        text[14:16],
        text[17:19],
    )
    if not (year + month + day + hour + minute + second).isdigit():
        return False
    return (
        "01" <= month <= "12" and "01" <= day <= "31" and hour <= "23" and minute <= "59" and second <= "59"
    )


def process_output(token: dict[str, str]) -> str:
    """The JSON text that the credential_process contract asks for (AWS CLI guide, "Sourcing credentials")."""
    from _json import encode_basestring_ascii as quoted

    account = (
        ', "AccountId": ' + quoted(token["accountId"]) if isinstance(token.get("accountId"), str) else ""
    )
    return (
        f'{{"Version": 1, "AccessKeyId": {quoted(token["accessKeyId"])},'
        f' "SecretAccessKey": {quoted(token["secretAccessKey"])},'
        f' "SessionToken": {quoted(token["sessionToken"])},'
        f' "Expiration": {quoted(token["expiresAt"])}{account}}}\n'
    )


class _Scanning:
    """What CPython's JSON scanner asks its context for; the same values `json.loads` uses."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = None
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner reads this attribute by name


def parse_json(text: str) -> object:
    """A JSON value, or None when the text is torn, strange, or the interpreter has no C scanner."""
    try:
        from _json import make_scanner
    except ImportError:
        return None
    start = len(text) - len(text.lstrip())
    try:
        return make_scanner(_Scanning)(text, start)[0]  # type: ignore[arg-type]  # typeshed names the class itself
    except (StopIteration, ValueError, RecursionError, TypeError, SystemError):
        # SystemError: CPython 3.11's scanner cannot name its error while `json` is not imported.
        return None


def answer(profile: str, environ: "Environ", now: float) -> str | None:
    """The credential-process output for a profile with plainly valid credentials, or None."""
    try:
        with open(config_file(environ), encoding="utf-8") as file:
            config_text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    login_session = login_session_of(config_text, profile)
    if login_session is None:
        return None
    if "role_arn" in config_text and login_session_of(config_text, profile, "role_arn") is not None:
        return None  # a role in AWS's form wins over the login beside it
    path = os.path.join(cache_directory(environ), cache_file_name(login_session))
    token = fresh_credentials(path, now)
    return None if token is None else process_output(token)


def plain_profile(argv: list[str], environ: "Environ") -> str | None:
    """The profile of `[--profile P]`; None for any other words."""
    if len(argv) == 2 and argv[0] == "--profile":
        return argv[1]
    if argv:
        return None
    return environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"


def main(argv: list[str]) -> bool:
    """Answer `credential-process [--profile P]` from the cache. False when the slow path must look.

    Raises BrokenPipeError when nobody reads standard output any more.
    """
    profile = plain_profile(argv, os.environ)
    text = None if profile is None else answer(profile, os.environ, time.time())
    if text is None:
        return False
    os.write(1, text.encode("ascii"))  # no buffer that could fail after we returned
    return True
