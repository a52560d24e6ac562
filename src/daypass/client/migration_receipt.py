"""The receipt of a migration: what is about to change, written before anything does, and what became of it.

    prepared ──> applied ──> undoing ──> undone
        └──────> abandoned (nothing had changed when it was interrupted)

It holds hashes, ids and settings, never a secret; the backup beside it is sealed. A state is a promise the next run
can check against the files, so kill -9 between any two writes leaves something it understands.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from daypass.client.atomic_file import write_private
from daypass.errors import ConfigError

__all__ = ["ChangedFile", "Receipt", "ReceiptFolder"]

_STATES = ("prepared", "applied", "undoing", "undone", "abandoned")
_is_id = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,120}").fullmatch


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file a migration writes."""

    role: str
    """`config` or `keys_file`."""
    path: str
    sha256_before: str | None
    """None when there was no such file."""
    sha256_after: str
    mode: int
    """Permission bits before, and after."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One migration."""

    id: str
    state: str
    profile: str
    login_profile: str
    account_id: str
    old_identity: str
    new_identity: str
    access_key_id: str
    created_at: str
    settings: Mapping[str, str]
    """What the profile's section of the config file got."""
    files: tuple[ChangedFile, ...]
    """In the order they are written."""
    backup_key: Mapping[str, str] = field(default_factory=dict)
    """`{"kind": "file", "path": …}` or `{"kind": "passphrase", "salt": …}`."""
    deactivated_at: str = ""


class ReceiptFolder:
    """Where receipts and sealed backups lie: `~/.aws/daypass/migrations`."""

    def __init__(self, home: Path) -> None:
        self.path = home / ".aws" / "daypass" / "migrations"

    def receipt_path(self, receipt_id: str) -> Path:
        """The receipt's file."""
        return self.path / f"{receipt_id}.json"

    def backup_path(self, receipt_id: str) -> Path:
        """The sealed backup's file."""
        return self.path / f"{receipt_id}.backup"

    def save(self, receipt: Receipt) -> None:
        """Write it in one step."""
        write_private(self.receipt_path(receipt.id), json.dumps(asdict(receipt), indent=2) + "\n")

    def move(self, receipt: Receipt, state: str) -> Receipt:
        """Save the receipt in its next state."""
        moved = replace(receipt, state=state)
        self.save(moved)
        return moved

    def load(self, name: str) -> Receipt:
        """By id, or by the file's path. Raises ConfigError."""
        receipt_id = Path(name).name.removesuffix(".json")
        if not _is_id(receipt_id):
            raise ConfigError("a receipt is named by its id or its file", hint=f"ls {self.path}")
        try:
            return _parse(json.loads(self.receipt_path(receipt_id).read_text(encoding="utf-8")), receipt_id)
        except FileNotFoundError:
            raise ConfigError(f"there is no receipt {receipt_id}", hint=f"ls {self.path}") from None
        except (ValueError, KeyError, TypeError, RecursionError) as problem:
            raise ConfigError(
                f"the receipt {receipt_id} cannot be read",
                hint=f"ls {self.path}",
                detail=type(problem).__name__,
            ) from None

    def in_force(self, profile: str) -> Receipt | None:
        """The last migration of the profile that was applied and not taken back."""
        receipts = [self.load(path.name) for path in sorted(self.path.glob("*.json"))]
        return next(
            (each for each in receipts[::-1] if (each.profile, each.state) == (profile, "applied")), None
        )

    def unfinished(self) -> list[Receipt]:
        """Receipts whose run did not reach its end."""
        return [receipt for receipt in self._all() if receipt.state in ("prepared", "undoing")]

    def _all(self) -> list[Receipt]:
        """Oldest first. Ours are never half written, so what cannot be read is not ours and stands in nobody's way."""
        receipts = []
        for path in sorted(self.path.glob("*.json")):
            with contextlib.suppress(ConfigError):
                receipts.append(self.load(path.name))
        return receipts


def _parse(content: object, receipt_id: str) -> Receipt:
    if not isinstance(content, dict):
        raise TypeError("not a receipt")
    values = {each.name: content[each.name] for each in fields(Receipt)}
    values["files"] = tuple(ChangedFile(**each) for each in values["files"])
    for name, value in values.items():
        wanted = {"settings": dict, "backup_key": dict, "files": tuple}.get(name, str)
        if not isinstance(value, wanted):
            raise TypeError(name)
    receipt = Receipt(**values)
    for file in receipt.files:
        texts = (file.role, file.path, file.sha256_before or "", file.sha256_after)
        if not all(isinstance(each, str) for each in texts) or not isinstance(file.mode, int):
            raise TypeError("files")
    if receipt.id != receipt_id or receipt.state not in _STATES:
        raise ValueError("another receipt")
    return receipt
