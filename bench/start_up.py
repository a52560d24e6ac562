"""The commands that run often, with a valid cache: against the bare interpreter and the AWS CLI version 1, in one run.

For `credential-process` and `status --prompt` the package is installed from its wheel into an environment of its own by the locked pip; installers
compile on installation, so the byte code is there. `exec` needs more than the package alone and runs, like the AWS
CLI's `configure list`, in the environment of the benchmark. Runs alternate, medians are compared.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["measure"]

SESSION = "arn:aws:iam::111122223333:user/dev"
FILE_NAME = "11fc4cc919a5a20db9df757c8a1b149bd4c42115ef36c7152c0d33f1e05a9027.json"
RUNS = 60
SLOW_RUNS = 10


def _installed(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ".",
    ]
    subprocess.run(build, check=True)
    wheel = next(folder.glob("daypass-*.whl"))
    # Today's pip: the launcher of the one that CPython 3.11 bundles imports `re`, 9 ms before our first line.
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--compile",
        wheel,
    ]
    subprocess.run(install, check=True)
    return python


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure() -> dict[str, object]:
    """Medians in milliseconds and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = _installed(folder)
        (folder / "config").write_text(f"[profile dev]\nlogin_session = {SESSION}\n")
        entry = folder / FILE_NAME
        token = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "s", "sessionToken": "t" * 220}
        token |= {"accountId": "111122223333", "expiresAt": "2099-01-01T00:00:00Z"}
        members = {"clientId": "c", "dpopKey": "k", "idToken": "a.b.c", "signInRegion": "us-east-1"}
        entry.write_text(json.dumps({"accessToken": token, "refreshToken": "r" * 220, **members}))
        entry.chmod(0o600)
        environment = {
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_LOGIN_CACHE_DIRECTORY": name,
            "HOME": name,
        }
        here = Path(sys.executable).parent
        commands = {
            "bare": [str(python), "-S", "-E", "-c", "pass"],
            "ours": [str(python.parent / "daypass"), "credential-process", "--profile", "dev"],
            "prompt": [str(python.parent / "daypass"), "status", "--prompt", "--profile", "dev"],
            "exec": [str(here / "daypass"), "exec", "--profile", "dev", "--", "/bin/true"],
            # Version 1 has no `configure export-credentials`; this is its least that finds the credentials.
            "aws": [str(here / "aws"), "configure", "list", "--profile", "dev"],
        }
        times: dict[str, list[float]] = {label: [] for label in commands}
        for command in commands.values():
            _seconds(command, environment)
        for _ in range(RUNS):
            for label in ("bare", "ours", "prompt"):
                times[label].append(_seconds(commands[label], environment))
        for _ in range(SLOW_RUNS):
            for label in ("exec", "aws"):
                times[label].append(_seconds(commands[label], environment))
    medians = {label: statistics.median(found) * 1000 for label, found in times.items()}
    return {
        "bare interpreter, ms": round(medians["bare"], 1),
        "credential-process, ms": round(medians["ours"], 1),
        "ratio (limit 1.6)": round(medians["ours"] / medians["bare"], 2),
        "status --prompt, ms (limit 30)": round(medians["prompt"], 1),
        "exec -- true, ms": round(medians["exec"], 1),
        "aws configure list, ms": round(medians["aws"], 1),
    }
