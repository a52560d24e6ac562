"""The commands that run often, with a valid cache: against the bare interpreter, the AWS CLI version 1 and botocore, in one run.

Version 1 has no `configure export-credentials` (it is version 2's, which no registry carries), so its place is taken by
three: the least that version 1 does, the least with which it finds credentials, and a program of eight lines that prints
what export-credentials prints, with the same botocore. For `credential-process`, `status --prompt` and completion the
package is installed from its wheel into an environment of its own by the locked pip; installers compile on installation,
so the byte code is there. `exec` needs more than the package alone and runs, like the peers, in the environment of the
benchmark. Runs alternate, medians are compared.
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


_EXPORT = """
import json
import botocore.session
found = botocore.session.Session(profile="dev").get_credentials()
frozen = found.get_frozen_credentials()
names = {"AccessKeyId": frozen.access_key, "SecretAccessKey": frozen.secret_key, "SessionToken": frozen.token}
print(json.dumps({"Version": 1, **names}))
"""
"""What `aws configure export-credentials --format process` of the AWS CLI version 2 does, with version 1's own library."""


def _version_without_export(aws: str) -> str:
    """The AWS CLI's version. Version 1 has no `configure export-credentials`; were it there, it would be the peer."""
    tried = subprocess.run(
        [aws, "configure", "export-credentials"], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 2, "the AWS CLI has learned export-credentials: measure that"
    assert "invalid choice" in tried.stderr.lower()
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
        version = _version_without_export(aws)
        fast = {
            "bare": [str(python), "-S", "-E", "-c", "pass"],
            "ours": [ours, "credential-process", "--profile", "dev"],
            "prompt": [ours, "status", "--prompt", "--profile", "dev"],
            "completion": [ours, "__complete", "3", "exec", "--profile", "d"],
        }
        slow = {
            "exec": [str(here / "daypass"), "exec", "--profile", "dev", "--", "/bin/true"],
            "botocore": [sys.executable, "-c", _EXPORT],
            "aws get": [aws, "configure", "get", "region", "--profile", "dev"],
            "aws list": [aws, "configure", "list", "--profile", "dev"],
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
        f"{version}: configure get region, ms": round(medians["aws get"], 1),
        f"{version}: configure list, which finds the credentials, ms": round(medians["aws list"], 1),
        "botocore alone, credentials as JSON, ms": round(medians["botocore"], 1),
        "botocore's export against credential-process, times as long": round(
            medians["botocore"] / medians["ours"], 1
        ),
        "`aws configure list` against exec, times as long": round(medians["aws list"] / medians["exec"], 1),
    }
