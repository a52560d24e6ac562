"""A keyring backend whose keyring is a JSON file, with every mood a real one has.

Chosen by `PYTHON_KEYRING_BACKEND=support.file_keyring.FileKeyring`. `TEST_KEYRING_FILE` names the file; its folder may
hold `mood`: `hang`, `raise`, `locked`, `forgetful`, `chatty`; and `delay`, seconds for each answer.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

TESTS = Path(__file__).parents[1]


def keyring_environment(folder: Path) -> dict[str, str]:
    """The variables that make the backend the one to use, its keyring in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "PYTHON_KEYRING_BACKEND": "support.file_keyring.FileKeyring",
        "PYTHONPATH": str(TESTS),
        "TEST_KEYRING_FILE": str(folder / "keyring.json"),
    }


def set_mood(folder: Path, mood: str) -> None:
    """How it behaves from now on; "" for well."""
    (folder / "mood").write_text(mood)


def kept(folder: Path) -> dict[str, str]:
    """Everything in the keyring: `service user` to the secret."""
    path = folder / "keyring.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


class FileKeyring(KeyringBackend):
    """One JSON object."""

    priority = 1

    def get_password(self, service: str, username: str) -> "str | None":
        self._behave()
        return kept(self._folder).get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        if self._behave() != "forgetful":
            self._write({**kept(self._folder), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._behave()
        present = kept(self._folder)
        if present.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError("there is none")
        self._write(present)

    @property
    def _folder(self) -> Path:
        return Path(os.environ["TEST_KEYRING_FILE"]).parent

    def _write(self, content: "dict[str, str]") -> None:
        temporary = self._folder / f"keyring.{os.getpid()}"
        temporary.write_text(json.dumps(content))
        temporary.rename(self._folder / "keyring.json")

    def _behave(self) -> str:
        mood = self._folder / "mood"
        how = mood.read_text() if mood.exists() else ""
        match how:
            case "hang":
                threading.Event().wait()
            case "raise":
                raise OSError("the secret is hunter2")
            case "locked":
                raise KeyringLocked("no")
            case "chatty":
                sys.stdout.write("hello from the backend\n")
                sys.stdout.flush()
            case "slow":
                time.sleep(0.3)
        return how


class PlaintextKeyring(FileKeyring):
    """By its name, one of those that keep plain text."""
