"""`daypass serve-credentials`: a real process, real requests, its words and its end."""

import contextlib
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, cache_path, save_session

TWO = ("--consumer", "web=dev", "--consumer", "job=ops", "--port", "0")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person with two signed-in profiles."""
    save_session(tmp_path, "dev", 900)
    save_session(tmp_path, "ops", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nlogin_session = {arn_of('dev')}\n"
        f"[profile ops]\nlogin_session = {arn_of('ops')}\n"
    )
    return tmp_path


@contextlib.contextmanager
def _serving(home: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, object]]]:
    """The process and what `--json` said; ended by SIGTERM, which must be a good end."""
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", "--json", *words],
        env=Terminal(home).environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield process, json.loads(line)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def _ask(url: object, token: str) -> tuple[int, dict[str, str]]:
    parts = urlsplit(str(url))
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 0, timeout=10)
    connection.request("GET", parts.path, headers={"Authorization": token})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def _tokens(said: dict[str, object]) -> dict[str, str]:
    consumers = said["consumers"]
    assert isinstance(consumers, list)
    return {each["name"]: Path(each["token_file"]).read_text() for each in consumers}


def test_each_consumer_gets_its_own_profile_and_never_anothers(home: Path) -> None:
    """And a stranger gets nothing."""
    with _serving(home, *TWO) as (_, said):
        tokens = _tokens(said)
        assert _ask(said["url"], tokens["web"])[1]["AccessKeyId"] == "ASIADEV"
        assert _ask(said["url"], tokens["job"])[1]["AccessKeyId"] == "ASIAOPS"
        assert _ask(said["url"], "t" * 43)[0] == 401


def test_what_is_printed_holds_no_token_and_no_secret(home: Path) -> None:
    """Neither stream: a terminal is recorded, scrolled back to, shared."""
    process = subprocess.Popen(
        [*DAYPASS, "serve-credentials", *TWO],
        env=Terminal(home).environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "Ctrl-C ends it" in line:
            break
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    said += rest
    tokens = [path.read_text() for path in (home / ".aws" / "daypass" / "consumers").glob("*.token")]
    assert len(tokens) == 2
    assert not [word for word in (*tokens, "secret-of", "token-of", "refresh-of") if word in said]
    for kind in ("for docker compose:", "for devcontainer.json:", "for ssh:"):
        assert said.count(kind) == 2


def test_a_restart_keeps_the_tokens_until_new_ones_are_asked_for(home: Path) -> None:
    """Containers keep running while the terminal is closed and opened."""
    with _serving(home, *TWO) as (_, said):
        first = _tokens(said)
    with _serving(home, *TWO) as (_, said):
        assert _tokens(said) == first
    with _serving(home, "--new-tokens", *TWO) as (_, said):
        second = _tokens(said)
        assert not set(second.values()) & set(first.values())
        assert _ask(said["url"], first["web"])[0] == 401


def test_a_session_that_ended_is_said_once_and_only_that_consumer_stops(home: Path) -> None:
    """The container is told why; the person reads one sentence, not one for each try."""
    with _serving(home, *TWO) as (process, said):
        tokens = _tokens(said)
        cache_path(home, "dev").unlink()
        for _ in range(3):
            status, body = _ask(said["url"], tokens["web"])
            assert (status, body["code"]) == (400, "signin_needed")
        assert _ask(said["url"], tokens["job"])[0] == 200
        save_session(home, "dev", 900)
        assert _ask(said["url"], tokens["web"])[0] == 200
        process.terminate()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert errors.count('consumer "web" gets nothing: profile "dev" has no saved session; daypass login') == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "--consumer"),
        (("--consumer", "web=none"), 2, 'there is no profile "none"'),
        (("--consumer", "../web=dev"), 2, "a consumer's name"),
        (("--consumer", "web=dev", "--consumer", "web=ops"), 2, "named twice"),
        (("--consumer", "web=dev", "--bind", "localhost"), 2, "address in digits"),
        (("--consumer", "web=dev", "--bind", "0.0.0.0"), 2, "other machines"),
        (("--consumer", "web=dev", "--port", "70000"), 2, "0 to 65535"),
        (("--consumer", "web=dev", "--bind", "169.254.170.23"), 2, "docker network create"),
        (
            ("--consumer", "web=dev", "--bind", "203.0.113.9", "--i-understand-http-is-not-private"),
            2,
            "not an address of this machine",
        ),
    ],
)
def test_a_wrong_word_is_refused_before_anything_listens(
    home: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    """One message, one exit code, and no token made for nothing."""
    done = Terminal(home).run(*DAYPASS, "serve-credentials", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr


def test_who_is_not_signed_in_is_told_before_anything_listens(home: Path) -> None:
    """Exit code 4, as for every command."""
    (home / ".aws" / "config").write_text("[profile dev]\nregion = x\n")
    done = Terminal(home).run(*DAYPASS, "serve-credentials", "--consumer", "web=dev")
    assert (done.returncode, done.stdout) == (4, "")
    assert not (home / ".aws" / "daypass").exists()


def test_a_port_in_use_is_said_with_the_way_out(home: Path, unused_tcp_port: int) -> None:
    """Two terminals with the same command."""
    with _serving(home, "--consumer", "web=dev", "--port", str(unused_tcp_port)):
        done = Terminal(home).run(
            *DAYPASS, "serve-credentials", "--consumer", "web=dev", "--port", str(unused_tcp_port)
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is in use [config]" in done.stderr


def test_a_copied_token_is_refused_before_anything_listens(home: Path) -> None:
    """It would give one consumer the other's identity."""
    folder = home / ".aws" / "daypass" / "consumers"
    with _serving(home, *TWO):
        pass
    (folder / "job.token").write_text((folder / "web.token").read_text())
    done = Terminal(home).run(*DAYPASS, "serve-credentials", *TWO)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'the consumers "web" and "job" have the same token [config]' in done.stderr


def test_the_other_loopback_serves_too(home: Path) -> None:
    """Bracketed in the address, as URLs want it."""
    with _serving(home, "--consumer", "web=dev", "--port", "0", "--bind", "::1") as (_, said):
        assert str(said["url"]).startswith("http://[::1]:")
        assert _ask(said["url"], _tokens(said)["web"])[0] == 200


def test_the_profile_of_a_consumer_that_names_none_is_the_one_in_use(home: Path) -> None:
    """AWS's precedence: AWS_PROFILE, else default."""
    (home / ".aws" / "config").write_text(f"[default]\nlogin_session = {arn_of('dev')}\n")
    with _serving(home, "--consumer", "web", "--port", "0") as (_, said):
        assert _ask(said["url"], _tokens(said)["web"])[1]["AccessKeyId"] == "ASIADEV"


def test_an_address_that_others_reach_is_served_only_to_who_insists(home: Path) -> None:
    """And the danger is said in one line."""
    words = ("--port", "0", "--bind", "0.0.0.0", "--i-understand-http-is-not-private")
    process = subprocess.Popen(
        # In a network of its own, where in truth nobody reaches it.
        ["unshare", "-rn", *DAYPASS, "serve-credentials", "--json", "--consumer", "web=dev", *words],
        env=Terminal(home).environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors.startswith("daypass: everyone who sees traffic to 0.0.0.0 sees the credentials")
