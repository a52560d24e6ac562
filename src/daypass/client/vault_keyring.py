"""The system keyring, asked through a child with a deadline; each way it can fail has its own error and its own command.

Nothing here falls back to anything. The child's time is counted by the child, from the moment the library is loaded, so
that a busy machine is not mistaken for a hanging keyring; a child that does not even keep its own time is ended here.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shlex import quote

from daypass.errors import (
    ConfigError,
    KeyringAbsent,
    KeyringDenied,
    KeyringError,
    KeyringLocked,
    KeyringTimedOut,
)
from daypass.secret import Secret

__all__ = ["SERVICE", "SystemKeyring", "patience_of"]

SERVICE = "daypass"
"""The service name under which keys are listed in the person's keyring."""
WORKER = ("-P", "-m", "daypass.client.vault_worker")
"""`-P`: a file keyring.py of the folder we happen to stand in must not be imported (Python, "Command line")."""
UNATTENDED_SECONDS = 5.0
ATTENDED_SECONDS = 60.0
"""Long enough to type a password."""
START_SECONDS = 30.0
"""What starting the child may take beside that."""
_TELL_AFTER = 1.5  # seconds


def patience_of(environ: Mapping[str, str], *, may_prompt: bool) -> float:
    """Seconds to wait for the keyring: DAYPASS_KEYRING_TIMEOUT, or by whether a person is there. Raises ConfigError."""
    text = environ.get("DAYPASS_KEYRING_TIMEOUT", "")
    if not text:
        return ATTENDED_SECONDS if may_prompt else UNATTENDED_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise ConfigError("DAYPASS_KEYRING_TIMEOUT is a number of seconds up to 600")
    return seconds


@dataclass(frozen=True, slots=True)
class SystemKeyring:
    """The keyring of whoever runs us."""

    profile: str
    """Only for the texts."""
    may_prompt: bool
    """Whether somebody is there who could unlock it."""
    patience: float
    """Seconds."""
    tell: Callable[[str], None] = lambda _text: None
    """Called once when the answer takes its time."""

    def read(self, key_id: str) -> Secret | None:
        """The key, or None when the keyring has none of that name. Raises KeyringError, as all of these."""
        secret = self._ask("read", key_id).get("secret")
        return None if secret is None else Secret(str(secret))

    def write(self, key_id: str, key: Secret) -> None:
        """Keep the key; proven by reading it back."""
        self._ask("write", key_id, secret=key.reveal())

    def forget(self, key_id: str) -> None:
        """Remove the key, if it is there."""
        self._ask("forget", key_id)

    def check(self) -> None:
        """Keep, read and remove something of no value."""
        self._ask("check", "check")

    def _ask(self, operation: str, key_id: str, **more: str) -> Mapping[str, object]:
        question = {
            "operation": operation,
            "service": SERVICE,
            "user": key_id,
            "patience": self.patience,
            "may_prompt": self.may_prompt,
            **more,
        }
        try:
            output = self._run(json.dumps(question).encode())
        except OSError as problem:
            raise self._failure(
                "broken", f"{type(problem).__name__} at the start of its process"
            ) from problem
        try:
            answer = json.loads(output)
            fault, detail = answer.get("fault"), str(answer.get("detail") or "")
        except (ValueError, AttributeError):
            raise self._failure("broken", "its process died") from None
        if fault:
            raise self._failure(str(fault), detail)
        return dict(answer)

    def _run(self, question: bytes) -> bytes:
        """The child's whole output. It has a session of its own: no terminal to ask on, and no stray children."""
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, *WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ) as child:
            try:
                return self._converse(child, question)
            finally:
                _end(child)

    def _converse(self, child: "subprocess.Popen[bytes]", question: bytes) -> bytes:
        limit = self.patience + START_SECONDS
        try:
            return child.communicate(question, timeout=min(_TELL_AFTER, limit))[0]
        except subprocess.TimeoutExpired:
            if self.may_prompt:
                self.tell("waiting for the system keyring, which may be asking you to unlock it")
        try:
            return child.communicate(timeout=max(0.0, limit - _TELL_AFTER))[0]
        except subprocess.TimeoutExpired:
            raise self._failure("timed_out", "its process") from None

    def _failure(self, fault: str, detail: str) -> KeyringError:
        in_file = f"daypass login --profile {quote(self.profile)} --storage file"
        unlock = f"daypass configure storage {quote(self.profile)} vault"
        match fault:
            case "library":
                return KeyringAbsent(
                    "a vault needs the Python package keyring, which is not installed beside daypass",
                    hint="pip install 'daypass[keyring]'",
                )
            case "absent":
                return KeyringAbsent("there is no system keyring here", hint=in_file, detail=detail)
            case "plain":
                return KeyringAbsent(
                    "the keyring library is set to a keyring that keeps plain text, which is no vault",
                    hint=in_file,
                    detail=detail,
                )
            case "locked":
                return KeyringLocked(
                    "the system keyring is locked, and nobody is asked to unlock it here",
                    hint=unlock,
                    detail=detail,
                )
            case "denied":
                return KeyringDenied(
                    "the system keyring stayed locked: the question was refused, or nobody could be asked",
                    hint=unlock,
                    detail=detail,
                )
            case "timed_out":
                return KeyringTimedOut(
                    f"the system keyring did not answer within {self.patience:g} s",
                    hint=unlock,
                    detail=detail,
                )
            case _:
                return KeyringError(
                    f"the system keyring failed ({detail})",
                    hint=f"{sys.executable} -m keyring diagnose",
                    detail=detail,
                )


def _end(child: "subprocess.Popen[bytes]") -> None:
    """The child and what it started, whatever they are doing."""
    if child.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
