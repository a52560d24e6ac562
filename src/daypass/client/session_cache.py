"""The login cache: one JSON file per login session, shared with the AWS CLI and every SDK.

Format: docs/reference/cache-file.md. Laws: the file is replaced in one rename, under the lock beside it,
after reading it again; members we do not know are kept; a wrong mode is repaired, another owner's file is
refused; a torn read (a foreign writer in place) is tried again for a moment before it counts as damage.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from daypass.client import credential_cache
from daypass.client.atomic_file import ForeignFile, hold_lock, read_private, write_private
from daypass.client.storage_choice import FILE
from daypass.errors import CacheError
from daypass.protocol.oauth.id_token import read_session_end
from daypass.secret import Secret

__all__ = [
    "CacheEntry",
    "SessionCache",
    "SessionSummary",
    "dump_entry",
    "format_time",
    "parse_entry",
    "parse_time",
    "read_own_file",
    "summarize",
]

_TORN_READ_TRIES = 10
_TORN_READ_PAUSE = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One cache file's content."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    account_id: str
    expires_at: int
    """Epoch seconds."""
    client_id: str
    refresh_token: Secret
    dpop_key_pem: Secret
    token_type: str = ""
    id_token: Secret = field(default_factory=lambda: Secret(""))
    sign_in_region: str = ""
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Members of the file (and of `accessToken` under that name) that are not ours to know."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What may be shown of a session, and holds no secret."""

    account_id: str
    expires_at: int
    """When the credentials expire; epoch seconds."""
    session_ends_at: int | None
    """When only a person can help; epoch seconds, None when the session does not tell."""


class SessionCache:
    """The cache directory."""

    storage = FILE

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.directory = Path(credential_cache.cache_directory(environ))
        self._is_ours_to_close = not environ.get("AWS_LOGIN_CACHE_DIRECTORY")

    def path(self, login_session: str) -> Path:
        """Where the session's entry lies."""
        return self.directory / credential_cache.cache_file_name(login_session)

    @contextlib.contextmanager
    def locked(self, login_session: str) -> Iterator[None]:
        """Be the only one of our processes to refresh or write this session."""
        with hold_lock(self.path(login_session)):
            self._close_directory()
            yield

    def _close_directory(self) -> None:
        """AWS's own clients leave it readable by all; a folder that a person named stays as that person made it."""
        if self._is_ours_to_close:
            state = self.directory.stat()
            if not credential_cache.is_foreign(state) and credential_cache.is_open_to_others(state):
                self.directory.chmod(0o700)

    def load(self, login_session: str) -> CacheEntry | None:
        """The entry, or None when there is no file. Raises CacheError for damage or a foreign owner."""
        path = self.path(login_session)
        damage = ""
        for _ in range(_TORN_READ_TRIES):
            try:
                text = read_own_file(path)
                return None if text is None else parse_entry(json.loads(text))
            except (ValueError, KeyError, TypeError) as problem:
                # A foreign writer truncates and rewrites in place; half a file is normal for a moment.
                damage = type(problem).__name__
                time.sleep(_TORN_READ_PAUSE)
        raise CacheError(
            "the saved session cannot be read",
            hint="daypass login",
            detail=f"{path.name}: {damage}",
        )

    def save(self, login_session: str, entry: CacheEntry) -> None:
        """Replace the entry. Call it under `locked`."""
        write_private(self.path(login_session), dump_entry(entry))

    def remove(self, login_session: str) -> bool:
        """Delete the entry; False when there was none."""
        return self.remove_file(self.path(login_session))

    def remove_file(self, path: Path) -> bool:
        """Delete one of `login_files`; False when it is gone already."""
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def check(self) -> None:
        """Nothing has to be asked before a login: a file that cannot be written says so itself."""

    def summary(self, login_session: str) -> SessionSummary | None:
        """What may be shown, or None when there is no file. Raises CacheError."""
        entry = self.load(login_session)
        return None if entry is None else summarize(entry)

    def login_files(self) -> list[Path]:
        """Every file in the directory that holds login credentials; other JSON is left alone."""
        found = []
        for path in sorted(self.directory.glob("*.json")) if self.directory.is_dir() else []:
            with contextlib.suppress(OSError, ValueError):
                content = json.loads(path.read_text(encoding="utf-8"))
                token = content.get("accessToken") if isinstance(content, dict) else None
                if isinstance(token, dict) and "accessKeyId" in token:
                    found.append(path)
        return found


def summarize(entry: CacheEntry) -> SessionSummary:
    """Of an entry at hand."""
    return SessionSummary(entry.account_id, entry.expires_at, read_session_end(entry.id_token.reveal()))


def dump_entry(entry: CacheEntry) -> str:
    """The file's text."""
    return json.dumps(_members(entry), indent=2) + "\n"


def format_time(epoch: int) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`: the spelling every reader of the cache understands."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> int:
    """RFC 3339 in all the spellings SDKs write (fractions, offsets). Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def read_own_file(path: Path) -> str | None:
    """The text of a file of ours, made private if it was not; None without one.

    Raises CacheError for another's and for one that cannot be read, ValueError for what is no text.
    """
    try:
        return read_private(path, may_be_link=True)
    except FileNotFoundError:
        return None
    except ForeignFile:
        raise CacheError(
            "the saved session belongs to another user", hint=f"ls -l {path}", detail=str(path)
        ) from None
    except OSError as problem:
        raise CacheError(
            "the saved session cannot be read", hint=f"ls -l {path}", detail=str(problem)
        ) from problem


_TOKEN_MEMBERS = ("accessKeyId", "secretAccessKey", "sessionToken", "accountId", "expiresAt")
_MEMBERS = ("accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey", "signInRegion")


def parse_entry(content: object) -> CacheEntry:
    """A file's members as a record. Raises KeyError, TypeError, ValueError for what is none."""
    if not isinstance(content, dict) or not isinstance(content["accessToken"], dict):
        raise TypeError("not a login cache entry")
    token = content["accessToken"]
    required = [token[name] for name in _TOKEN_MEMBERS] + [
        content[n] for n in ("clientId", "refreshToken", "dpopKey")
    ]
    if not all(isinstance(value, str) and value for value in required):
        raise TypeError("a member is not a text")
    unknown: dict[str, object] = {name: value for name, value in content.items() if name not in _MEMBERS}
    inner = {name: value for name, value in token.items() if name not in _TOKEN_MEMBERS}
    if inner:
        unknown["accessToken"] = inner
    return CacheEntry(
        access_key_id=token["accessKeyId"],
        secret_access_key=Secret(token["secretAccessKey"]),
        session_token=Secret(token["sessionToken"]),
        account_id=token["accountId"],
        expires_at=parse_time(token["expiresAt"]),
        client_id=content["clientId"],
        refresh_token=Secret(content["refreshToken"]),
        dpop_key_pem=Secret(content["dpopKey"]),
        token_type=str(content.get("tokenType") or ""),
        # Go and Java readers write the ID token back under another name, or not at all.
        id_token=Secret(str(content.get("idToken") or content.get("identityToken") or "")),
        sign_in_region=str(content.get("signInRegion") or ""),
        unknown=unknown,
    )


def _members(entry: CacheEntry) -> dict[str, object]:
    unknown = dict(entry.unknown)
    inner = unknown.pop("accessToken", {})
    token: dict[str, object] = dict(inner) if isinstance(inner, dict) else {}
    token |= {
        "accessKeyId": entry.access_key_id,
        "secretAccessKey": entry.secret_access_key.reveal(),
        "sessionToken": entry.session_token.reveal(),
        "accountId": entry.account_id,
        "expiresAt": format_time(entry.expires_at),
    }
    return {
        **unknown,
        "accessToken": token,
        "tokenType": entry.token_type,
        "clientId": entry.client_id,
        "refreshToken": entry.refresh_token.reveal(),
        "idToken": entry.id_token.reveal(),
        "dpopKey": entry.dpop_key_pem.reveal(),
        "signInRegion": entry.sign_in_region,
    }
