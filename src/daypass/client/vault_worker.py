"""The child that talks to the system keyring: `python -m daypass.client.vault_worker`, JSON in, JSON out.

The only file that imports `keyring`. A keyring may prompt, hang, print, or fail in any way, so it is asked in a process
that can be thrown away: the question comes on standard input (never in an argument or a variable), the answer goes to
standard output, and when the time is up this process says so and ends, whatever the backend is doing.

    {"operation": "read"|"write"|"forget"|"check", "service", "user", "secret"?, "patience": seconds, "may_prompt": bool}
    {"secret": text or null} | {"fault": "library"|"absent"|"plain"|"locked"|"denied"|"timed_out"|"broken", "detail": type}

Backends are those that the keyring library itself recommends, or one that the person named; one that keeps passwords in
plain text is refused. Answers hold names of types, never texts of exceptions, which could hold anything.
"""

import contextlib
import json
import os
import secrets
import sys
import threading
from typing import Any

__all__ = ["main"]

Answer = dict[str, str | None]
_SWITCHED_OFF = ("keyring.backends.fail", "keyring.backends.null")
_FREEDESKTOP = "keyring.backends.SecretService"


class _Refused(Exception):
    """A fault with its word."""

    def __init__(self, fault: str, detail: str = "") -> None:
        super().__init__(fault)
        self.answer: Answer = {"fault": fault, "detail": detail}


def main() -> int:
    """Answer one question."""
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a backend that prints must not spoil the answer
    question = json.load(sys.stdin)
    answer: Answer = {"fault": "timed_out"}

    def ask() -> None:
        nonlocal answer
        found = _answer(question)
        answer = found

    with contextlib.suppress(ImportError):
        import keyring.core  # noqa: F401 - how long an import takes is not the backend's fault
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(float(question["patience"]))
    os.write(out, json.dumps(answer).encode())
    os._exit(0)  # the thread may be stuck in the backend for ever


def _answer(question: dict[str, Any]) -> Answer:
    try:
        return _do(question, _backend(may_prompt=question["may_prompt"]))
    except _Refused as refusal:
        return refusal.answer
    except Exception as problem:  # noqa: BLE001 - a backend is foreign code: whatever it raises is an answer
        return _explain(problem, may_prompt=question["may_prompt"])


def _explain(problem: Exception, *, may_prompt: bool) -> Answer:
    from keyring.errors import KeyringLocked, NoKeyringError

    kind = f"{type(problem).__module__}.{type(problem).__qualname__}"
    if isinstance(problem, KeyringLocked):
        return {"fault": "denied" if may_prompt else "locked", "detail": kind}
    return {"fault": "absent" if isinstance(problem, NoKeyringError) else "broken", "detail": kind}


def _backend(*, may_prompt: bool) -> Any:
    """The keyring to use. Raises _Refused."""
    try:
        from keyring import core
    except ImportError:
        raise _Refused("library") from None
    try:
        core.init_backend(limit=core.recommended)
        backend = core.get_keyring()
    except Exception as problem:  # noqa: BLE001 - a backend that was named and does not load is none
        raise _Refused("absent", type(problem).__qualname__) from None
    parts = list(getattr(backend, "backends", ())) or [backend]
    for part in parts:
        if type(part).__module__ in _SWITCHED_OFF:
            raise _Refused("absent", type(part).__module__)
        if "plaintext" in type(part).__name__.lower():
            raise _Refused("plain", type(part).__module__)
        if not may_prompt and type(part).__module__ == _FREEDESKTOP and _is_locked(part):
            raise _Refused("locked", _FREEDESKTOP)
    return backend


def _is_locked(backend: Any) -> bool:
    """Ask the Secret Service without asking the person. A collection that is not there yet would be asked for, too."""
    import secretstorage
    from secretstorage.collection import DEFAULT_COLLECTION
    from secretstorage.exceptions import ItemNotFoundException

    with contextlib.closing(secretstorage.dbus_init()) as bus:
        wanted = getattr(backend, "preferred_collection", DEFAULT_COLLECTION)
        try:
            return bool(secretstorage.Collection(bus, wanted).is_locked())
        except ItemNotFoundException:
            return True


def _do(question: dict[str, Any], backend: Any) -> Answer:
    service, user = question["service"], question["user"]
    match question["operation"]:
        case "read":
            return {"secret": backend.get_password(service, user)}
        case "write":
            _write(backend, service, user, question["secret"])
        case "check":
            user = f"{user}-{secrets.token_hex(8)}"  # two checks at once must not see each other's
            _write(backend, service, user, secrets.token_urlsafe(32))
            backend.delete_password(service, user)
        case "forget":
            if backend.get_password(service, user) is not None:
                backend.delete_password(service, user)
    return {"secret": None}


def _write(backend: Any, service: str, user: str, secret: str) -> None:
    """Some backends take everything and keep nothing. Raises _Refused."""
    backend.set_password(service, user, secret)
    if backend.get_password(service, user) != secret:
        raise _Refused("broken", "it kept something else")


if __name__ == "__main__":
    sys.exit(main())
