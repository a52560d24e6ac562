"""`daypass exec`: real children, real signals, an unmodified SDK inside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session

_SHOW = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
_SDK = """
import json, boto3, botocore.session
session = botocore.session.get_session()
found = session.get_credentials()
frozen = found.get_frozen_credentials()
print(json.dumps({"method": found.method, "key": frozen.access_key, "region": session.get_config_variable("region")}))
"""


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """A person who is signed in as `dev`, with much in the environment that SDKs would prefer."""
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nlogin_session = {arn_of('dev')}\n"
    )
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAOLDKEY\naws_secret_access_key = old\n"
    )
    shadows = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_PROFILE": "dev"}
    return {**Terminal(tmp_path).environment, **shadows}


def _exec(person: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*DAYPASS, "exec", *words],
        env=person,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_childs_exit_code_and_streams_are_ours(person: dict[str, str]) -> None:
    """Nothing added on either stream."""
    done = _exec(
        person, "--", sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(7)"
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err")


def test_nothing_that_would_win_over_the_endpoint_reaches_the_child(person: dict[str, str]) -> None:
    """No key, no profile, and no secret in any file it is pointed to."""
    done = _exec(person, "--", sys.executable, "-c", _SHOW)
    child = json.loads(done.stdout)
    assert child["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert len(child["AWS_CONTAINER_AUTHORIZATION_TOKEN"]) >= 43
    assert child["AWS_REGION"] == "eu-west-1"
    assert child["DAYPASS_PROFILE"] == "dev"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} & set(child)
    assert not Path(child["AWS_CONFIG_FILE"]).exists(), "its folder goes with the command"


def test_an_unmodified_sdk_inside_uses_the_endpoint(person: dict[str, str]) -> None:
    """botocore finds the container provider, in spite of a keys file with a default profile."""
    done = _exec(person, "--", sys.executable, "-c", _SDK)
    assert json.loads(done.stdout) == {"method": "container-role", "key": "ASIADEV", "region": "eu-west-1"}, (
        done.stderr
    )


def test_the_endpoint_ends_with_the_command(person: dict[str, str]) -> None:
    """Nobody can ask afterwards."""
    done = _exec(person, "--", sys.executable, "-c", _SHOW)
    url = json.loads(done.stdout)["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    asked = subprocess.run(["curl", "-s", "-m", "5", url], capture_output=True, check=False)
    assert asked.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_sent_to_us_reaches_the_child_and_its_end_is_ours(
    person: dict[str, str], number: int
) -> None:
    """A shell sees the same death as without `exec`."""
    waiting = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print('ready', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [*DAYPASS, "exec", "--", sys.executable, "-c", waiting],
        env=person,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, number)
    assert process.wait(timeout=30) == -number
    process.stdout.close()


def test_a_child_that_survives_a_signal_is_waited_for(person: dict[str, str]) -> None:
    """SIGTERM handled by the child: its own code comes out."""
    handling = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(42)); print('ready', flush=True);"
        " time.sleep(60)"
    )
    process = subprocess.Popen(
        [*DAYPASS, "exec", "--", sys.executable, "-c", handling],
        env=person,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.wait(timeout=30) == 42
    process.stdout.close()


def test_what_cannot_start_ends_as_in_a_shell(person: dict[str, str], tmp_path: Path) -> None:
    """127 for what is not there, 126 for what is there and does not run, each with what to look at."""
    plain, lost, wordless = tmp_path / "plain", tmp_path / "lost", tmp_path / "word less"
    plain.write_text("#!/bin/sh\n")
    lost.write_text("#!/there/is/no/such/interpreter\n")
    wordless.write_text("echo ran\n")
    for script in (lost, wordless):
        script.chmod(0o700)
    told = {
        "no-such-command": (127, "there is no command no-such-command", "command -v no-such-command"),
        "": (127, "the command is an empty word", "daypass exec -- COMMAND"),
        f"{tmp_path}/none": (127, f"there is no command {tmp_path}/none", f"ls -l {tmp_path}/none"),
        f"{plain}/x": (127, f"there is no command {plain}/x", f"ls -l {plain}/x"),
        str(lost): (127, f"what {lost} is run by is not there", f"head -n 1 {lost}"),
        str(plain): (126, f"{plain} cannot be run: permission denied", f"ls -l {plain}"),
        str(tmp_path): (126, f"{tmp_path} cannot be run: permission denied", f"ls -l {tmp_path}"),
        str(wordless): (
            126,
            f"{wordless} does not say what it is run by",
            f"daypass exec -- sh '{wordless}' --flag",
        ),
    }
    for word, (code, message, hint) in told.items():
        done = _exec(person, "--", word, "--flag")
        name = "command_not_found" if code == 127 else "command_not_runnable"
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr == f"daypass: {message} [{name}]\nhint: {hint}\n"


def test_more_words_than_the_system_takes_are_said(person: dict[str, str]) -> None:
    """Linux gives a word 128 KiB."""
    program = f"import sys; from daypass.__main__ import main; sys.argv[1:] = ['exec', '--', 'true', 'x' * {1 << 18}]; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program], env=person, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (
        126,
        "daypass: true was given more words than the system takes [command_not_runnable]\n",
    )


def test_no_session_is_said_before_the_command_starts(person: dict[str, str]) -> None:
    """Exit code 4, and the command never runs."""
    (Path(person["HOME"]) / ".aws" / "config").write_text("[profile dev]\nregion = x\n")
    done = _exec(person, "--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (4, "")


def test_min_ttl_refuses_a_session_that_ends_too_soon(person: dict[str, str]) -> None:
    """Exit code 9: the saved entry has no ID token, so only its 15 minutes are certain."""
    done = _exec(person, "--min-ttl", "2h", "--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (9, "")
    assert "[too_little_time]" in done.stderr
    assert _exec(person, "--min-ttl", "5m", "--", sys.executable, "-c", "").returncode == 0
