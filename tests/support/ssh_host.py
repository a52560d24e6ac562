"""A host behind SSH: a real sshd with keys and settings of its own on a loopback port, and an `ssh` that knows it as HOST.

The far side's home is another folder; both sides share this machine's loopback, so a forwarded port needs another number
or another loopback address on one side.
"""

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.running_server import Terminal

_SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


@dataclass(frozen=True)
class FarHost:
    """Where it is, and how the near side calls it."""

    home: Path
    """The far side's home."""
    programs: Path
    """Put it first on the near side's PATH: its `ssh HOST` gets there."""

    def near(self, environment: dict[str, str]) -> dict[str, str]:
        """An environment in which `ssh HOST` works."""
        return {**environment, "PATH": f"{self.programs}:{environment['PATH']}"}


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().strip()


def _program(path: Path, text: str) -> None:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def _far_command(folder: Path, home: Path) -> Path:
    """What every session runs: the command that was asked for, at home, with daypass on the path."""
    bin_folder = folder / "far-bin"
    bin_folder.mkdir()
    _program(bin_folder / "daypass", f'exec {shlex.quote(sys.executable)} -m daypass "$@"\n')
    settings = {
        **Terminal(home).environment,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    session = folder / "session"
    _program(
        session,
        f'{exports}cd {shlex.quote(str(home))} || exit\nexec sh -c "${{SSH_ORIGINAL_COMMAND:-exec sh}}"\n',
    )
    return session


def _start(folder: Path, port: int, session: Path, authorized: str) -> "subprocess.Popen[bytes]":
    (folder / "authorized").write_text(authorized + "\n")
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nForceCommand {session}\n"
    )
    command = [_SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    if not Path("/run/sshd").is_dir():
        # sshd insists on this folder, which a system that runs no sshd does not have: it sees one, nobody else does.
        script = f"mount -t tmpfs none /run && mkdir /run/sshd && exec {shlex.join(command)}"
        command = ["unshare", "--mount", "sh", "-c", script]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)


def _wait(port: int, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


@contextlib.contextmanager
def far_host(folder: Path, port: int) -> Iterator[FarHost]:
    """The host until the block ends. `folder` must be empty, `port` free."""
    assert Path(_SSHD).exists(), "sshd is needed: tools/test-parts.sh"
    home = folder / "far-home"
    home.mkdir()
    host_key, person_key = _key(folder / "host"), _key(folder / "person")
    (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (folder / "ssh_config").write_text(
        f"Host HOST\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder}/person\n  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known\n"
        "  StrictHostKeyChecking yes\n  ExitOnForwardFailure yes\n  LogLevel ERROR\n"
    )
    near_bin = folder / "near-bin"
    near_bin.mkdir()
    real_ssh = shutil.which("ssh")
    assert real_ssh is not None
    _program(near_bin / "ssh", f'exec {real_ssh} -F {folder}/ssh_config "$@"\n')
    server = _start(folder, port, _far_command(folder, home), person_key)
    try:
        _wait(port, server, folder)
        yield FarHost(home, near_bin)
    finally:
        server.terminate()
        server.wait(30)
