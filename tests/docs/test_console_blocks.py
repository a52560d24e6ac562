"""What README and the tutorials tell a person to type really gives what they say it gives.

Every ```console block of a page runs in one bash session with a home of its own. A `$ ` line is a command; the
lines below it must appear in its output in this order (`…` stands for anything). Only the ports are exchanged for
free ones, `make up` for the `daypass up` it runs, and the browser for one without a screen.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.form_browser import FormBrowser

pytestmark = [pytest.mark.processes, pytest.mark.clients]

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "docs/tutorial/first-login.md",
    "docs/tutorial/run-your-own-server.md",
    "docs/tutorial/federated-sign-in.md",
]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WRITTEN_ACCOUNT = "211074920353"
DONE = "daypass-docs-done"


@dataclass
class Step:
    """One command and the output the page shows."""

    command: str
    expected: list[str] = field(default_factory=list)


def read_steps(page: str) -> list[Step]:
    """The commands of all console blocks, in order."""
    steps: list[Step] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            else:
                steps[-1].expected.append(line)
    return steps


class Session:
    """A person at one machine: a shell, a browser, and a memory for what was printed."""

    def __init__(self, home: Path, page: str) -> None:
        self.browser = FormBrowser()
        self.printed: dict[str, str] = {}
        self._ports = dict(zip(("8085", "8086", "8099"), free_ports(3), strict=True))
        self._home = home
        self._servers = 0
        self._outside_passwords = dict(re.findall(r"user name `(\w+)` and the password `(\w+)`", page))
        self._passwords = dict(re.findall(r"--user-name (\S+) --password (\S+)", page))
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            start_new_session=True,
            env={
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "LANG": os.environ.get("LANG", "C.UTF-8"),
                "AWS_EC2_METADATA_DISABLED": "true",
                "BROWSER": "true",  # the program of this name, which does nothing
            },
        )

    def close(self) -> None:
        """End the servers that the page started, and the shell, even one that still waits for a sign-in."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write('[ -z "${servers-}" ] || { kill $servers; wait $servers; }\nexit\n')
        self._shell.stdin.close()
        try:
            self._shell.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()
        self._shell.stdout.close()

    def run(self, step: Step) -> None:
        """Type the command, answer the browser when asked, compare."""
        output, code = self._type(self._as_typed_here(step.command), step.command)
        self._remember(output)
        expected = [self._as_printed_here(line) for line in step.expected]
        missing = first_missing(expected, output)
        assert missing is None, f"$ {step.command}\nno line like: {missing}\n" + "\n".join(output)
        fails_by_design = any("An error occurred" in line for line in step.expected)
        assert (code != 0) is fails_by_design, f"$ {step.command}\nexit {code}\n" + "\n".join(output)

    def _as_typed_here(self, command: str) -> str:
        command = command.replace(". .venv/bin/activate", f". {shlex.quote(sys.prefix)}/bin/activate")
        if command == "make up":
            self._shell_line(f". {shlex.quote(sys.prefix)}/bin/activate")
            command = "daypass up --no-browser --data-dir ~/data --port 8085 --s3-port 8086"
        for written, chosen in self._ports.items():
            command = command.replace(written, chosen)
        command = command.replace("../examples/", f"{shlex.quote(str(REPOSITORY))}/examples/")
        if re.match(r"daypass (up|serve) |python .*local_identity_provider", command):
            self._servers += 1
            descriptor = 2 + self._servers
            pipe = shlex.quote(str(self._home / f".server-output-{descriptor}"))
            return (
                f'mkfifo {pipe}; {command} >{pipe} 2>&1 & servers="${{servers-}} $!"; exec {descriptor}<{pipe}\n'
                f"while read -r line <&{descriptor}; "
                'do echo "$line"; [ "$line" != READY ] || break; done'
            )
        return command

    def _as_printed_here(self, line: str) -> str:
        for written, chosen in self._ports.items():
            line = line.replace(written, chosen)
        return line.replace(WRITTEN_ACCOUNT, self.printed.get("DAYPASS_ACCOUNT_ID", WRITTEN_ACCOUNT))

    def _remember(self, output: list[str]) -> None:
        for line in output:
            name, equals, value = line.partition("=")
            if equals and name.startswith("DAYPASS_"):
                self.printed[name] = value

    def _shell_line(self, text: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(text + "\n")
        self._shell.stdin.flush()

    def _type(self, text: str, command: str) -> tuple[list[str], int]:
        self._shell_line(f"{text}\necho; echo {DONE} $?" if "\n" in text else f"{{ {text}\n}} </dev/null")
        if "\n" not in text:
            self._shell_line(f"code=$?; echo; echo {DONE} $code")
        output: list[str] = []
        assert self._shell.stdout is not None
        for line in self._shell.stdout:
            told = line.rstrip("\n")
            if told.startswith(DONE):
                return output, 0 if "\n" in text else int(told.removeprefix(DONE))
            output.append(told)
            if "/v1/authorize?" in told:
                self._sign_in(told, command)
        raise AssertionError(f"the shell ended at: {command}\n" + "\n".join(output))

    def _sign_in(self, url: str, command: str) -> None:
        """What the page tells the person to do in the browser."""
        self.browser.open(url)
        texts = [text for text, _ in self.browser.page.links]
        if "Sign in to another session" in texts:
            self.browser.follow("Sign in to another session")
        named = re.search(r"--profile (\S+)", command)
        name = named[1] if named else self.printed["DAYPASS_USER_NAME"]
        if name in self._outside_passwords:
            self.browser.follow("Continue with Local company")
            self.browser.press("Log in", user=name, password=self._outside_passwords[name])
            assert "Signed in" in self.browser.html, self.browser.html[:2000]
            return
        self.browser.follow("Continue with root or IAM user")
        if name == "admin":
            fields = {"kind": "root", "email": self.printed["DAYPASS_ROOT_EMAIL"]}
            password = self.printed["DAYPASS_ROOT_PASSWORD"]
        else:
            account = self.printed["DAYPASS_ACCOUNT_ID"]
            fields = {"kind": "user", "account": account, "user_name": name}
            password = self._passwords.get(name) or self.printed["DAYPASS_USER_PASSWORD"]
        self.browser.press("Sign in", password=password, **fields)
        assert "Signed in" in self.browser.html, self.browser.html[:2000]


def free_ports(count: int) -> list[str]:
    """Ports nobody listens on at the moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def first_missing(expected: list[str], output: list[str]) -> str | None:
    """The first expected line that does not appear behind the ones before it."""
    rest = iter(output)
    for line in expected:
        if line.strip() in ("", "…"):
            continue
        pattern = ".*".join(re.escape(piece) for piece in line.strip().split("…"))
        if not any(re.fullmatch(pattern, told.strip()) for told in rest):
            return line
    return None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_what_the_page_says_to_type_gives_what_it_shows(name: str, home: Path) -> None:
    page = (REPOSITORY / name).read_text(encoding="utf-8")
    steps = read_steps(page)
    assert len(steps) >= 6
    session = Session(home, page)
    try:
        for step in steps:
            session.run(step)
    finally:
        session.close()


def test_a_line_that_was_not_printed_is_missed() -> None:
    """The comparison itself: order matters, `…` is anything, nothing else is."""
    assert first_missing(["a", "c…"], ["a", "b", "cd"]) is None
    assert first_missing(["c…", "a"], ["a", "b", "cd"]) == "a"
    assert first_missing(["c"], ["cd"]) == "c"
