"""The commands that run often, with a valid cache: against the bare interpreter and the AWS CLI of both versions, in one run.

Version 2's `configure export-credentials` is the peer: it prints what `credential-process` prints, or what a shell takes
in before a command, as `exec` gives it. It is the vendor's own build (`tools/aws_cli_v2.py`). Version 1 has no such
command; its `configure list` is the least with which it finds credentials. For `credential-process`, `status --prompt`
and completion the package is installed from its wheel into an environment of its own by the locked pip; installers
compile on installation, so the byte code is there. `exec` needs more than the package alone and runs in the environment
of the benchmark. Runs alternate, medians are compared.
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


def _version(aws: str) -> str:
    told = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True)
    return (told.stdout or told.stderr).split()[0].replace("/", " ")


def _prepare(folder: Path) -> dict[str, str]:
    """A profile with a valid cache; gives the environment."""
    (folder / "config").write_text(f"[profile dev]\nregion = us-east-1\nlogin_session = {SESSION}\n")
    entry = folder / FILE_NAME
    token = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "s", "sessionToken": "t" * 220}
    token |= {"accountId": "111122223333", "expiresAt": "2099-01-01T00:00:00Z"}
    members = {"clientId": "c", "dpopKey": "k", "idToken": "a.b.c", "signInRegion": "us-east-1"}
    entry.write_text(json.dumps({"accessToken": token, "refreshToken": "r" * 220, **members}))
    entry.chmod(0o600)
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
    }


def measure() -> dict[str, object]:
    """Medians in milliseconds and the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = _installed(folder)
        environment = _prepare(folder)
        here = Path(sys.executable).parent
        ours, aws = str(python.parent / "daypass"), str(here / "aws")
        aws2 = str(here.parent / "aws-cli-v2" / "aws")
        export = [aws2, "configure", "export-credentials", "--profile", "dev", "--format"]
        version, version2 = _version(aws), _version(aws2)
        fast = {
            "bare": [str(python), "-S", "-E", "-c", "pass"],
            "ours": [ours, "credential-process", "--profile", "dev"],
            "prompt": [ours, "status", "--prompt", "--profile", "dev"],
            "completion": [ours, "__complete", "3", "exec", "--profile", "d"],
        }
        slow = {
            "exec": [str(here / "daypass"), "exec", "--profile", "dev", "--", "/bin/true"],
            "v1 list": [aws, "configure", "list", "--profile", "dev"],
            "v2 process": [*export, "process"],
            "v2 env": [*export, "env"],
        }
        times: dict[str, list[float]] = {label: [] for label in (*fast, *slow)}
        for command in (*fast.values(), *slow.values()):
            _seconds(command, environment)
        for round_number in range(RUNS):
            for label, command in fast.items():
                times[label].append(_seconds(command, environment))
            if round_number % (RUNS // SLOW_RUNS) == 0:
                for label, command in slow.items():
                    times[label].append(_seconds(command, environment))
    medians = {label: statistics.median(found) * 1000 for label, found in times.items()}
    return {
        "bare interpreter, ms": round(medians["bare"], 1),
        "credential-process, ms": round(medians["ours"], 1),
        "ratio (limit 1.6)": round(medians["ours"] / medians["bare"], 2),
        "status --prompt, ms (limit 30)": round(medians["prompt"], 1),
        "a profile's name on Tab, ms (limit 30)": round(medians["completion"], 1),
        "exec -- true, ms": round(medians["exec"], 1),
        f"{version2}: configure export-credentials, ms": round(medians["v2 process"], 1),
        f"{version2}: configure export-credentials --format env, ms": round(medians["v2 env"], 1),
        f"{version}: configure list, which finds the credentials, ms": round(medians["v1 list"], 1),
        "export-credentials against credential-process, times as long": round(
            medians["v2 process"] / medians["ours"], 1
        ),
        "export-credentials against status --prompt, times as long": round(
            medians["v2 process"] / medians["prompt"], 1
        ),
        "export-credentials --format env against exec, times as long": round(
            medians["v2 env"] / medians["exec"], 1
        ),
    }
