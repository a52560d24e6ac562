"""Apply a migration, finish an interrupted one, undo one: the order of writes that survives kill -9.

    receipt "prepared" ─> sealed backup ─> config gets the login ─> credentials file loses the key ─> "applied"

Until the last file is replaced the key still works, after it the login does; no moment has neither. Both files are
held under the locks all of daypass takes, and are replaced only if they still are what was planned on.
"""

import base64
import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from daypass.client.atomic_file import hold_lock, write_private
from daypass.client.ini_text import Setting, parse, profile_section, set_values
from daypass.client.migration_plan import KEY_SETTINGS, FileChange, rewrite_config, rewrite_keys_file
from daypass.client.migration_receipt import ChangedFile, Receipt, ReceiptFolder
from daypass.client.sealed_backup import open_sealed, seal
from daypass.errors import ConfigError
from daypass.secret import Secret

__all__ = ["apply", "changed_files", "finish", "read_file", "undo"]


def read_file(path: Path) -> str | None:
    """The file's text with its line ends as they are; None when it is not there. Raises ConfigError."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", hint=f"file {path}") from None


def changed_files(changes: Mapping[str, FileChange]) -> tuple[ChangedFile, ...]:
    """The receipt's rows of the files that change, by role, in the order they will be written."""
    return tuple(
        ChangedFile(
            role,
            change.path,
            None if change.before is None else _hash(change.before),
            _hash(change.after),
            _mode(Path(change.path)),
        )
        for role, change in changes.items()
        if change.before != change.after
    )


def apply(receipt: Receipt, changes: Mapping[str, FileChange], key: Secret, folder: ReceiptFolder) -> Receipt:
    """Do it. Raises ConfigError, with nothing changed, when a file is not what the plan saw."""
    with _locked(receipt):
        for file in receipt.files:
            if _state(file) != "before":
                raise ConfigError(f"{file.path} changed meanwhile; nothing was changed", hint="try again")
        folder.save(receipt)
        kept = {file.path: changes[file.role].before for file in receipt.files}
        content = json.dumps({path: _packed(text) for path, text in kept.items()}).encode()
        write_private(folder.backup_path(receipt.id), seal(content, key, receipt.id) + "\n")
        for file in receipt.files:
            write_private(Path(file.path), changes[file.role].after, mode=file.mode)
        return folder.move(receipt, "applied")


def finish(receipt: Receipt, folder: ReceiptFolder) -> Receipt:
    """Bring an interrupted migration to an end. Raises ConfigError when a file changed since.

    The first file as before, or no backup yet: nothing was written, so it is abandoned and its backup goes. One
    written, one not: the other one is written, which needs no backup because the text to write follows from the text
    there is; its hash must be the promised one.
    """
    with _locked(receipt):
        for file in receipt.files:
            _remove_strays(Path(file.path))
        _remove_strays(folder.backup_path(receipt.id))
        states = {file.path: _state(file) for file in receipt.files}
        if states[receipt.files[0].path] == "before" or not folder.backup_path(receipt.id).exists():
            folder.backup_path(receipt.id).unlink(missing_ok=True)
            return folder.move(receipt, "abandoned")
        for file in receipt.files:
            if states[file.path] == "before":
                _write_promised(file, receipt)
            elif states[file.path] == "other":
                raise ConfigError(
                    f'the migration of "{receipt.profile}" was interrupted, and {file.path} changed since',
                    hint=f"daypass migrate --undo {receipt.id}",
                )
        return folder.move(receipt, "applied")


def undo(receipt: Receipt, key: Secret, folder: ReceiptFolder) -> tuple[Receipt, list[str]]:
    """Put every file back, byte for byte. Returns the paths of files that changed since the migration.

    In those only the profile's own settings are put back. Raises ConfigError, with nothing changed, when the backup
    does not open. May be repeated after an interruption.
    """
    with _locked(receipt):
        try:
            sealed = folder.backup_path(receipt.id).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise ConfigError(f"the backup of {receipt.id} is gone", hint=f"ls {folder.path}") from None
        kept = json.loads(open_sealed(sealed, key, receipt.id))
        receipt = folder.move(receipt, "undoing")
        merged = []
        for file in reversed(receipt.files):
            state = _state(file)
            if state == "other":
                _put_settings_back(file, receipt, _unpacked(kept[file.path]) or "")
                merged.append(file.path)
            elif state == "after":
                _put_back(file, _unpacked(kept[file.path]))
        receipt = folder.move(receipt, "undone")
        folder.backup_path(receipt.id).unlink(missing_ok=True)
        return receipt, merged


def _put_back(file: ChangedFile, text: str | None) -> None:
    if text is None:
        Path(file.path).unlink(missing_ok=True)
    else:
        write_private(Path(file.path), text, mode=file.mode)


def _put_settings_back(file: ChangedFile, receipt: Receipt, old: str) -> None:
    """The profile's section as it was, in a file that others have changed since."""
    path = Path(file.path)
    text = read_file(path) or ""
    section = receipt.profile if file.role == "keys_file" else profile_section(receipt.profile)
    if file.role == "config" and section == "default" and "default" not in parse(text):
        section = "profile default"
    before = parse(old).get(section, {})
    touched = [name for name in before if name.lower() in KEY_SETTINGS]
    values: dict[str, Setting | None] = dict.fromkeys(receipt.settings) if file.role == "config" else {}
    values |= {name: before.get(name) for name in [*values, *touched]}
    if section in parse(text) or any(value is not None for value in values.values()):
        write_private(path, set_values(text, section, values), mode=_mode(path))


def _write_promised(file: ChangedFile, receipt: Receipt) -> None:
    text = read_file(Path(file.path)) or ""
    if file.role == "config":
        after = rewrite_config(text, receipt.profile, receipt.settings)
    else:
        after = rewrite_keys_file(text, receipt.profile)
    if _hash(after) != file.sha256_after:
        raise ConfigError(
            f'the migration of "{receipt.profile}" was interrupted and cannot be finished by this version',
            hint=f"daypass migrate --undo {receipt.id}",
        )
    write_private(Path(file.path), after, mode=file.mode)


def _state(file: ChangedFile) -> str:
    """`before`, `after`, or `other`."""
    text = read_file(Path(file.path))
    found = None if text is None else _hash(text)
    return "before" if found == file.sha256_before else "after" if found == file.sha256_after else "other"


@contextlib.contextmanager
def _locked(receipt: Receipt) -> Iterator[None]:
    """Both files' locks, always in the same order."""
    with contextlib.ExitStack() as stack:
        for path in sorted({file.path for file in receipt.files}):
            stack.enter_context(hold_lock(Path(path)))
        yield


def _remove_strays(path: Path) -> None:
    """Temporary files of a writer that died; under the lock nobody else has any."""
    target = Path(os.path.realpath(path))
    for stray in target.parent.glob(f".{target.name}.*.tmp"):
        stray.unlink(missing_ok=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else 0o600


def _packed(text: str | None) -> str | None:
    return None if text is None else base64.b64encode(text.encode()).decode()


def _unpacked(text: str | None) -> str | None:
    return None if text is None else base64.b64decode(text).decode()
