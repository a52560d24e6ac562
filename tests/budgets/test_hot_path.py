"""The gate of `credential-process`: the exact set of modules a valid cache costs, not a stopwatch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SESSION = "arn:aws:iam::111122223333:user/dev"
FILE_NAME = "11fc4cc919a5a20db9df757c8a1b149bd4c42115ef36c7152c0d33f1e05a9027.json"

PROGRAM = (
    "import sys; before = set(sys.modules); from daypass.__main__ import main;"
    " sys.argv[1:] = ['credential-process', '--profile', 'dev'];"
    " code = main(); sys.stderr.write(' '.join(sorted(set(sys.modules) - before))); sys.exit(code)"
)

ALLOWED = {
    "_json",
    "_sha256" if sys.version_info < (3, 12) else "_sha2",
    "daypass",
    "daypass.__main__",
    "daypass.cli",
    "daypass.cli.credential_process",
    "daypass.client",
    "daypass.client.credential_cache",
}
BUILT_IN_ON_SOME_INTERPRETERS = {"time"}


@pytest.fixture
def signed_in(tmp_path: Path) -> dict[str, str]:
    """A profile with a valid cache; returns the environment."""
    (tmp_path / "config").write_text(f"[profile dev]\nlogin_session = {SESSION}\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    token = {
        "accessKeyId": "ASIAEXAMPLE",
        "secretAccessKey": 'a"\\secret',
        "sessionToken": "a-token",
        "accountId": "111122223333",
        "expiresAt": "2099-01-01T00:00:00Z",
    }
    entry = cache / FILE_NAME
    entry.write_text(
        json.dumps({"accessToken": token, "refreshToken": "r", "number": 1.5, "none": None, "list": [{}]})
    )
    entry.chmod(0o600)
    return {
        **os.environ,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(cache),
    }


def test_a_valid_cache_loads_exactly_these_modules(signed_in: dict[str, str]) -> None:
    """Every further module costs each call of each tool milliseconds."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=signed_in, capture_output=True, text=True, check=True
    )
    assert set(run.stderr.split()) - BUILT_IN_ON_SOME_INTERPRETERS == ALLOWED
    assert json.loads(run.stdout) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": 'a"\\secret',
        "SessionToken": "a-token",
        "Expiration": "2099-01-01T00:00:00Z",
        "AccountId": "111122223333",
    }


ROLE_FOLDER = FILE_NAME.removesuffix(".json")
ROLE_FILE_NAME = "915d52e069f23835bd279212b8686e030d24bf837f113cb701cbebd2afb0311d.json"


@pytest.fixture
def over_a_role(signed_in: dict[str, str]) -> dict[str, str]:
    """The profile `dev` is a role over another login, and its credentials live."""
    cache = Path(signed_in["AWS_LOGIN_CACHE_DIRECTORY"])
    Path(signed_in["AWS_CONFIG_FILE"]).write_text(
        f"[profile base]\nlogin_session = {SESSION}\n[profile dev]\ncredential_process = daypass …\n"
        "daypass_role_arn = arn:aws:iam::444455556666:role/x\ndaypass_source_profile = base\n"
    )
    kept = cache / ".daypass-roles" / ROLE_FOLDER / ROLE_FILE_NAME
    kept.parent.mkdir(parents=True)
    kept.write_text((cache / FILE_NAME).read_text().replace("ASIAEXAMPLE", "ASIAROLE"))
    kept.chmod(0o600)
    return {**signed_in, "AWS_SHARED_CREDENTIALS_FILE": str(cache / "none")}


def test_a_role_with_a_valid_cache_loads_one_module_more(over_a_role: dict[str, str]) -> None:
    """The login's own path stays as it is: it is answered before this module is looked for."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=over_a_role, capture_output=True, text=True, check=True
    )
    loaded = set(run.stderr.split()) - BUILT_IN_ON_SOME_INTERPRETERS
    assert loaded == {*ALLOWED, "daypass.client.role_answer"}
    assert json.loads(run.stdout)["AccessKeyId"] == "ASIAROLE"


def test_a_cache_file_others_can_read_is_not_answered_on_the_fast_path(signed_in: dict[str, str]) -> None:
    """The slow path repairs the mode; the fast one must not serve around it."""
    entry = Path(signed_in["AWS_LOGIN_CACHE_DIRECTORY"]) / FILE_NAME
    entry.chmod(0o644)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=signed_in, capture_output=True, text=True, check=False
    )
    assert "daypass.cli.credential_process_slow" in run.stderr.split()


PROMPT = PROGRAM.replace("'credential-process', ", "'status', '--prompt', ")
PROMPT_ALLOWED = {
    *(ALLOWED - {"daypass.cli.credential_process"}),
    "daypass.cli.status_prompt",
    "daypass.client.prompt_line",
}


def test_a_prompt_of_a_role_loads_one_module_more(over_a_role: dict[str, str]) -> None:
    modules, out, code = _prompt(over_a_role)
    assert (modules, out, code) == ({*PROMPT_ALLOWED, "daypass.client.role_answer"}, "dev 444455556666\n", 0)


def _prompt(environment: dict[str, str]) -> tuple[set[str], str, int]:
    run = subprocess.run(
        [sys.executable, "-c", PROMPT], env=environment, capture_output=True, text=True, check=False
    )
    return set(run.stderr.split()) - BUILT_IN_ON_SOME_INTERPRETERS - {"binascii"}, run.stdout, run.returncode


def test_a_prompt_loads_exactly_these_modules(signed_in: dict[str, str]) -> None:
    """It is drawn after every command: no argparse, no json, no re."""
    assert _prompt(signed_in) == (PROMPT_ALLOWED, "dev 111122223333\n", 0)


@pytest.mark.parametrize("missing", ["session", "config"])
def test_a_prompt_of_who_is_signed_out_loads_no_more(signed_in: dict[str, str], missing: str) -> None:
    """Most shells on most days."""
    if missing == "session":
        (Path(signed_in["AWS_LOGIN_CACHE_DIRECTORY"]) / FILE_NAME).unlink()
    else:
        Path(signed_in["AWS_CONFIG_FILE"]).unlink()
    modules, out, code = _prompt({**signed_in, "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials"})
    assert (modules <= PROMPT_ALLOWED, out, code) == (True, "", 4)


COMPLETION = PROGRAM.replace(
    "['credential-process', '--profile', 'dev']", "['__complete', '3', 'exec', '--profile', '']"
)
COMPLETION_ALLOWED = {
    "daypass",
    "daypass.__main__",
    "daypass.cli",
    "daypass.cli.command_words",
    "daypass.cli.complete",
    "daypass.client",
    "daypass.client.credential_cache",
    "daypass.client.profile_names",
}


def test_completing_a_profile_loads_exactly_these_modules_and_no_more_than_a_prompt(
    signed_in: dict[str, str],
) -> None:
    """It is asked on every Tab."""
    run = subprocess.run(
        [sys.executable, "-c", COMPLETION], env=signed_in, capture_output=True, text=True, check=True
    )
    assert set(run.stderr.split()) - BUILT_IN_ON_SOME_INTERPRETERS == COMPLETION_ALLOWED
    assert len(COMPLETION_ALLOWED) <= len(PROMPT_ALLOWED)
    assert run.stdout == f":words\ndev\t{SESSION}\n"


def test_a_prompt_over_a_vault_loads_no_more(signed_in: dict[str, str]) -> None:
    """No keyring, no cipher, no child: what the sealed file says in clear is enough."""
    Path(signed_in["AWS_CONFIG_FILE"]).write_text(f"[profile dev]\ndaypass_login_session = {SESSION}\n")
    sealed = Path(signed_in["AWS_LOGIN_CACHE_DIRECTORY"]) / FILE_NAME.replace(".json", ".vault")
    sealed.write_text('{"accountId":"111122223333","sessionEndsAt":0}')
    sealed.chmod(0o600)
    assert _prompt(signed_in) == (PROMPT_ALLOWED, "dev 111122223333\n", 0)
