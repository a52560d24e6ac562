"""`daypass env` in a real shell: what the SDK sees after `eval` is what the cache holds."""

import subprocess
from pathlib import Path

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session


def _home(tmp_path: Path) -> dict[str, str]:
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nservices = own\nlogin_session = {arn_of('dev')}\n"
        "[services own]\nsts =\n  endpoint_url = http://127.0.0.1:9\n"
    )
    return {**Terminal(tmp_path).environment, "SHELL": "/bin/sh"}


def _shell(script: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=30, check=True
    )


def test_eval_sets_what_programs_without_profiles_read(tmp_path: Path) -> None:
    """Keys, their end, the region under both names, and where the services are."""
    command = " ".join([*DAYPASS, "env", "--profile", "dev"])
    done = _shell(f'eval "$({command})"; env', _home(tmp_path))
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIADEV"
    assert seen["AWS_SESSION_TOKEN"] == "token-of-dev"
    assert (seen["AWS_REGION"], seen["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")
    assert seen["AWS_ENDPOINT_URL_STS"] == "http://127.0.0.1:9"
    assert "do not renew" in done.stderr
    assert "secret-of-dev" not in done.stderr


def test_unset_takes_all_of_it_back(tmp_path: Path) -> None:
    """No session is needed for that."""
    own = " ".join(DAYPASS)
    done = _shell(f'eval "$({own} env --profile dev)"; eval "$({own} env --unset)"; env', _home(tmp_path))
    assert "ASIADEV" not in done.stdout
    assert "AWS_ENDPOINT_URL_STS" not in done.stdout
