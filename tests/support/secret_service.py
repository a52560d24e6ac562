"""A real Secret Service of a test's own: a message bus, GNOME Keyring on it, and its lock.

Debian: `apt-get install gnome-keyring dbus-daemon`. Nothing of the person's own keyring is touched: bus, folders and
control sockets are the test's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_LOCK = """
import contextlib, secretstorage
with contextlib.closing(secretstorage.dbus_init()) as bus:
    collection = secretstorage.get_default_collection(bus)
    collection.lock()
    assert collection.is_locked()
"""
_UNLOCK = """
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection

service = DBusAddress("/org/freedesktop/secrets", bus_name="org.freedesktop.secrets",
    interface="org.freedesktop.Secret.Service")
internal = service.with_interface("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
with open_dbus_connection() as bus:
    opened = bus.send_and_get_reply(new_method_call(service, "OpenSession", "sv", ("plain", ("s", ""))), timeout=20)
    secret = (opened.body[1], b"", b"a password", "text/plain")
    collection = "/org/freedesktop/secrets/collection/login"
    call = new_method_call(internal, "UnlockWithMasterPassword", "o(oayays)", (collection, secret))
    answer = bus.send_and_get_reply(call, timeout=20)
    assert answer.header.message_type.name == "method_return", answer.body
"""
_LIST = """
import contextlib, json, secretstorage
with contextlib.closing(secretstorage.dbus_init()) as bus:
    items = secretstorage.get_default_collection(bus).get_all_items()
    print(json.dumps([[item.get_attributes()["service"], len(item.get_secret())] for item in items]))
"""


def missing_programs() -> list[str]:
    """What this machine lacks for it."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass
class SecretService:
    """One keyring, unlocked."""

    environment: dict[str, str]
    prompter_ran: Path
    """There once somebody was asked: what the bus starts as the desktop's prompter leaves this file."""

    def lock(self) -> None:
        """As a screen lock may do; nobody can unlock it, because there is no display to ask on."""
        self._run(_LOCK)

    def unlock(self) -> None:
        """As a sign-in to the desktop does (GNOME Keyring's own interface for it)."""
        self._run(_UNLOCK)

    def items(self) -> str:
        """JSON: service and length of each secret."""
        return self._run(_LIST)

    def _run(self, program: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout


@contextlib.contextmanager
def running_secret_service(folder: Path) -> Iterator[SecretService]:
    """The whole of it, until the block ends."""
    runtime = folder / "runtime"
    for each in (runtime, folder / "data"):
        each.mkdir(mode=0o700, parents=True)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    prompter_ran = folder / "prompter-ran"
    services = folder / "data" / "dbus-1" / "services"
    services.mkdir(parents=True)
    (services / "org.gnome.keyring.SystemPrompter.service").write_text(
        f"[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec=/bin/sh -c 'touch {prompter_ran}; exit 1'\n"
    )
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert bus.stdout is not None
    environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    try:
        # It returns when its daemon serves; the daemon ends with the bus.
        subprocess.run(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets"],
            env=environment,
            input=b"a password",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=True,
        )
        service = SecretService(environment, prompter_ran)
        service.items()
        yield service
    finally:
        with contextlib.suppress(OSError):
            os.killpg(bus.pid, signal.SIGTERM)  # with what the bus activated
        bus.wait(10)
        bus.stdout.close()
