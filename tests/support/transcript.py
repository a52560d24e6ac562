"""Transcripts: what a person types and every line the command answers, as a text file that is run.

    = .aws/config            a file of the home; its lines follow, each after "| "
    @ valid dev 900          a saved session of that user: valid for so many seconds (may be negative),
    @ valid dev 900 7200     whose server says that it ends in so many seconds,
    @ damaged dev            or a file that cannot be read as one
    @ keyring [MOOD]         from here on there is a system keyring (support/file_keyring.py), and how it behaves
    $ daypass status         a command; NAME=value words before it are its environment
    ? 4                      its exit code
    > text                   each line of standard output, in order; `*` stands for anything
    ! text                   each line of standard error
    + .aws/config            after it, the file is there
    - .aws/config            after it, the file is gone

`{free}` is a loopback port where nothing listens, `{arn:dev}` the ARN of a user, `{cache:dev}` the session's
file, `{vault:dev}` its sealed one, and `{home}` the home directory.
"""

import base64
import fnmatch
import json
import re
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.credential_cache import cache_file_name
from daypass.client.dpop_key import key_to_pem
from daypass.client.session_cache import format_time
from support.file_keyring import keyring_environment, set_mood
from support.running_server import DAYPASS, Terminal

ACCOUNT = "111122223333"
_KEY = key_to_pem(ec.derive_private_key(0x5EED, ec.SECP256R1())).reveal()


def arn_of(user: str) -> str:
    """The ARN of a user of the sample account."""
    return f"arn:aws:iam::{ACCOUNT}:user/{user}"


def cache_path(home: Path, user: str) -> Path:
    """Where the user's saved session lies."""
    return home / ".aws" / "login" / "cache" / cache_file_name(arn_of(user))


def save_session(home: Path, user: str, seconds: int, session_seconds: int | None = None) -> Path:
    """A complete entry as `daypass login` writes it, with credentials for so many seconds more.

    Without `session_seconds` its ID token tells nothing.
    """
    entry = {
        "accessToken": {
            "accessKeyId": f"ASIA{user.upper()}",
            "secretAccessKey": f"secret-of-{user}",
            "sessionToken": f"token-of-{user}",
            "accountId": ACCOUNT,
            "expiresAt": format_time(int(time.time()) + seconds),
        },
        "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "refreshToken": f"refresh-of-{user}",
        "idToken": "a.b.c" if session_seconds is None else _id_token(session_seconds),
        "dpopKey": _KEY,
        "signInRegion": "us-east-1",
    }
    return _write(cache_path(home, user), json.dumps(entry))


def _id_token(session_seconds: int) -> str:
    claims = json.dumps({"session_ends_at": int(time.time()) + session_seconds}).encode()
    return f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


@dataclass
class Step:
    """One command and what is expected of it."""

    line: int
    command: str
    exit_code: int | None = None
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)


class Transcript:
    """One file, run in one home."""

    def __init__(self, path: Path, home: Path, free_port: int) -> None:
        self.lines = path.read_text().splitlines()
        self.terminal = Terminal(home)
        self.home = home
        self.free_port = free_port
        self.keyring: dict[str, str] = {}

    def run(self) -> int:
        """Do everything in order; raises AssertionError at the first difference. Returns how many commands ran."""
        step: Step | None = None
        target: Path | None = None
        ran = 0
        for number, line in enumerate(self.lines, 1):
            sign, text = line[:1], self._fill(line[2:])
            if sign in "$=@" and sign and step is not None:
                self._check(step)
                step, ran = None, ran + 1
            if sign == "=":
                target = _write(self.home / text, "")
            elif sign == "|" and target is not None:
                target.write_text(target.read_text() + text + "\n")
            elif sign == "@":
                self._prepare(text.split())
            elif sign == "$":
                step = Step(number, text)
            elif step is not None and sign == "?":
                step.exit_code = int(text)
            elif step is not None and sign in (">", "!"):
                (step.stdout if sign == ">" else step.stderr).append(text)
            elif step is not None and sign in ("+", "-"):
                step.files.append((sign, text))
            else:
                assert sign in ("", "#"), f"line {number} means nothing: {line}"
        if step is not None:
            self._check(step)
            ran += 1
        return ran

    def _fill(self, text: str) -> str:
        text = text.replace("{free}", str(self.free_port)).replace("{home}", str(self.home))
        text = re.sub(r"\{arn:(\w+)\}", lambda found: arn_of(found[1]), text)
        for word, suffix in (("cache", ".json"), ("vault", ".vault")):
            text = re.sub(
                rf"\{{{word}:(\w+)\}}",
                lambda found, suffix=suffix: str(  # type: ignore[misc]  # a bound value of the loop
                    cache_path(self.home, found[1]).with_suffix(suffix).relative_to(self.home)
                ),
                text,
            )
        return text

    def _prepare(self, words: list[str]) -> None:
        if words[0] == "valid":
            save_session(self.home, words[1], *(int(word) for word in words[2:]))
        elif words[0] == "keyring":
            self.keyring = keyring_environment(self.home / "keyring")
            set_mood(self.home / "keyring", " ".join(words[1:]))
        else:
            _write(cache_path(self.home, words[1]), "{ half a file")

    def _check(self, step: Step) -> None:
        words = shlex.split(step.command)
        settings: dict[str, str] = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            settings[name] = value
        assert words.pop(0) == "daypass", step.command
        ended = self.terminal.run(*DAYPASS, *words, **{**self.keyring, **settings})
        told = f"line {step.line}: {step.command}\nexit {ended.returncode}\n{ended.stdout}{ended.stderr}"
        assert ended.returncode == step.exit_code, told
        _compare(ended.stdout, step.stdout, told)
        _compare(ended.stderr, step.stderr, told)
        for sign, name in step.files:
            assert (self.home / name).exists() == (sign == "+"), f"{told}\n{sign} {name}"


def _compare(text: str, expected: list[str], told: str) -> None:
    lines = text.splitlines()
    assert len(lines) == len(expected), f"{told}\nexpected {expected}"
    for line, pattern in zip(lines, expected, strict=True):
        # Only the star is special: brackets stand for themselves.
        assert fnmatch.fnmatchcase(line, pattern.replace("[", "[[]").replace("?", "[?]")), (
            f"{told}\nexpected {pattern!r}"
        )
