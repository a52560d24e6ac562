"""The files of our own SeaweedFS, all 0600 in a 0700 folder: its keys, its ports, its log, its data.

data/              what it stores
identities.json    the one S3 identity: the gateway's
security.toml      keys for the tokens its inner ports ask for
ports.json         the ports of the last run
weed.log, weed.log.1
"""

import json
import os
import secrets
from pathlib import Path
from typing import IO

from daypass.secret import Secret
from daypass.server.adapters.private_file import make_private_folder, read_private_file, write_private_file

__all__ = ["SeaweedFsFiles"]

_LONGEST_SOCKET_PATH = 100
"""Bytes; the system's limit for unix sockets is 104 to 108."""


class SeaweedFsFiles:
    """The paths, and what is written there once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.data_path = folder / "data"
        self.identities_path = folder / "identities.json"
        self.ports_path = folder / "ports.json"
        self.log_path = folder / "weed.log"

    def ensure(self) -> None:
        """Make what is missing. Keys are made once per folder: the stored data does not depend on them."""
        make_private_folder(self.data_path)
        if not self.identities_path.exists():
            identity = {
                "name": "gateway",
                "credentials": [{"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
            write_private_file(self.identities_path, json.dumps({"identities": [identity]}))
        if not (self._folder / "security.toml").exists():
            sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
            lines = [
                f'[{section}]\nkey = "{secrets.token_urlsafe(32)}"\nexpires_after_seconds = 10\n'
                for section in sections
            ]
            write_private_file(self._folder / "security.toml", "\n".join(lines))

    def load_keys(self) -> tuple[str, Secret]:
        """Access key id and secret key of the gateway's identity."""
        credentials = json.loads(read_private_file(self.identities_path))["identities"][0]["credentials"][0]
        return credentials["accessKey"], Secret(credentials["secretKey"])

    def load_ports(self) -> dict[str, int]:
        """The ports of the last run; empty when there are none or they cannot be read."""
        try:
            ports = json.loads(self.ports_path.read_text())
            return {str(name): int(port) for name, port in ports.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def forget_ports(self) -> None:
        """Choose anew next time."""
        self.ports_path.unlink(missing_ok=True)

    def open_log(self) -> IO[bytes]:
        """A fresh log; the last run's becomes `weed.log.1`."""
        if self.log_path.exists():
            self.log_path.replace(self.log_path.with_name("weed.log.1"))
        return open(os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def socket_path(self, name: str) -> str:
        """Where it may put a unix socket; empty (its own default) when the folder's name is too long for one."""
        path = str(self._folder / f"{name}.sock")
        return path if len(path.encode()) <= _LONGEST_SOCKET_PATH else ""
