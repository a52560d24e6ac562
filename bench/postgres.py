"""A PostgreSQL for one benchmark: the installed binaries, a temporary folder, a unix socket, durable settings as shipped."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

__all__ = ["run_postgres"]


def _binaries() -> Path:
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which("initdb")
    if packaged:
        return packaged[-1]
    if found is None:
        raise RuntimeError("PostgreSQL is not installed")
    return Path(found).parent


def _run(command: list[str]) -> None:
    """As the package's user when we are root, because the server refuses root."""
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *command]
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def run_postgres() -> Iterator[str]:
    """The URL of an empty database, and no server afterwards. `fsync` is on: what it answers is on the disk."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        data = f"{name}/data"
        _run(
            [
                str(binaries / "initdb"),
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            ]
        )
        control = [str(binaries / "pg_ctl"), "-D", data, "-w"]
        _run([*control, "-l", f"{name}/log", "-o", f"-c listen_addresses= -k {name}", "start"])
        try:
            yield f"postgresql://postgres@/postgres?host={quote(name, safe='')}"
        finally:
            _run([*control, "-m", "fast", "stop"])
