"""A page of the documentation, done as a person would: block after block, in one shell, in a home of its own.

The shell has `set -euo pipefail`, so a command that fails ends the page. Its browser is `page_browser.py`, which signs in as
the person that `sign_in_as` named. `PAGE_PROGRAMS` names a folder of programs that come before the environment's (the fixture
`quick_aws`). Nothing of the page's text is changed but what its `Page` says.
"""

import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from support.page_blocks import (
    TIME,
    Block,
    IsIn,
    Page,
    Prints,
    Runs,
    Saves,
    Serves,
    Treatment,
    read_console,
    shown_in,
)
from support.running_server import Terminal

_SECONDS = 90


class PageRun:
    """One page in one shell. Leaving the `with` block without having done all of the page fails."""

    def __init__(self, page: Page, person: Terminal, environment: Mapping[str, str] | None = None) -> None:
        self.page, self.person, self.home = page, person, person.home
        self.exchanged = dict(page.exchanged)
        self.output = ""
        """What the last command printed, on both streams."""
        self._left = page.treated()
        self._used: set[str] = set()
        self._count = 0
        self._served: list[int] = []
        self._notes = self.home.with_name(self.home.name + "-page")
        self._notes.mkdir()
        programs = self._notes / "bin"
        programs.mkdir()
        for name, script in page.stand_ins.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        browser = [sys.executable, str(Path(__file__).with_name("page_browser.py")), str(self._signs_in)]
        settings = {**person.environment, "BROWSER": shlex.join(browser), **(environment or {})}
        given = [os.environ["PAGE_PROGRAMS"]] if "PAGE_PROGRAMS" in os.environ else []
        path = ":".join([str(programs), *given, f"{sys.prefix}/bin", settings["PATH"]])
        self.environment = {**settings, "PATH": path}
        """What every command of the page runs in."""
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home,
            env=self.environment,
            start_new_session=True,
        )
        self.type("set -euo pipefail")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                assert not self._left, f"not done: {self.page.path}:{self._left[0][0].line}"
                unused = self.exchanged.keys() - self._used
                assert not unused, f"{self.page.path} does not say {unused}"
        finally:
            self._end()

    @property
    def _signs_in(self) -> Path:
        return self._notes / "signs-in.json"

    def sign_in_as(self, fields: Mapping[str, str]) -> None:
        """From here on the browser signs in with these form fields (`RunningServer.user`, `.root`)."""
        self._signs_in.write_text(json.dumps(dict(fields)))

    def until(self, words: str) -> None:
        """Do every block before the one that holds these words."""
        assert any(words in block.text for block, _ in self._left), (
            f"{self.page.path}: nothing left with {words!r}"
        )
        while words not in self._left[0][0].text:
            self._do(*self._left.pop(0))

    def step(self) -> None:
        """Do the next block."""
        self._do(*self._left.pop(0))

    def take(self) -> str:
        """The next block's text, for a test that does it in a way of its own (at a terminal, in a container)."""
        return self.fill(self._left.pop(0)[0].text)

    def rest(self) -> None:
        """Do what is left of the page."""
        while self._left:
            self.step()

    def interrupt(self) -> None:
        """Ctrl-C for what the page left running (`Serves`)."""
        self._end_groups(self._served, signal.SIGINT)
        self._served.clear()

    def fill(self, text: str) -> str:
        """The text with its words exchanged."""
        for written, here in self.exchanged.items():
            if written in text:
                self._used.add(written)
                text = text.replace(written, here)
        return text

    def type(self, command: str, treatment: Runs | Serves | None = None, suffix: str = ".sh") -> str:
        """Run something in the page's shell; returns what it printed. Raises AssertionError for another exit code."""
        how = treatment or Runs()
        self._count += 1
        block, output = (self._notes / f"{self._count:02}{end}" for end in (suffix, ".out"))
        block.write_text(command)
        typed = block.with_suffix(".typed")
        typed.write_text("" if isinstance(how, Serves) else how.typed)
        command_line = shlex.join(["python" if suffix == ".py" else ".", str(block)])
        streams = f">{shlex.quote(str(output))} 2>&1 <{shlex.quote(str(typed))}"
        if isinstance(how, Serves):
            line = f"set -m; ( {command_line} ) {streams} & set +m; echo $!"
        elif how.exit_code:
            line = f"set +e; ( set -e; {command_line} ) {streams}; code=$?; set -e; echo $code"
        else:
            line = f"{command_line} {streams}; echo 0"
        code = self._ask(line)
        if isinstance(how, Serves):
            self._served.append(code)
        if isinstance(how, Serves):
            self._wait(how.ready, output)
        self.output = output.read_text() if output.exists() else ""
        wanted = code if isinstance(how, Serves) else how.exit_code
        assert code == wanted, f"{self.page.path}: {command}\nexit {code}, not {wanted}\n{self.output}"
        return self.output

    def _do(self, block: Block, treatment: Treatment) -> None:
        where, text = f"{self.page.path}:{block.line}", self.fill(block.text)
        if isinstance(treatment, Runs | Serves) and block.language == "console":
            for command, expected in read_console(text):
                self.type(command, treatment)
                assert shown_in(expected, self.output, (TIME,)), (
                    f"{where}: {command}\n{expected}\nbut\n{self.output}"
                )
        elif isinstance(treatment, Runs | Serves):
            self.type(text, treatment, ".py" if block.language == "python" else ".sh")
        elif isinstance(treatment, Saves):
            path = self.home / treatment.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((path.read_text() if treatment.adds and path.exists() else "") + text)
        elif isinstance(treatment, IsIn):
            kept = (self.home / treatment.path).read_text()
            assert shown_in(text, kept, treatment.loose), (
                f"{where}:\n{text}\nis not in {treatment.path}:\n{kept}"
            )
        elif isinstance(treatment, Prints):
            assert shown_in(text, self.output, treatment.loose), (
                f"{where}:\n{text}\nbut printed was\n{self.output}"
            )

    def _ask(self, line: str) -> int:
        """Type a line whose last word is a number. -1 when the shell ended, which is what `set -e` does."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(line.encode() + b"\n")
        self._shell.stdin.flush()
        answer = b""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._shell.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                assert waiting.select(_SECONDS), f"{self.page.path}: no end after {_SECONDS} seconds: {line}"
                piece = os.read(self._shell.stdout.fileno(), 4096)
                if not piece:
                    return -1
                answer += piece
        return int(answer.split()[-1])

    def _wait(self, ready: str, output: Path) -> None:
        deadline = time.monotonic() + _SECONDS
        while not output.exists() or ready not in output.read_text():
            is_there = time.monotonic() < deadline and _reaches(self._served[-1], 0)
            assert is_there, f"{self.page.path}: never ready\n{output.read_text()}"
            time.sleep(0.02)

    def _end(self) -> None:
        """End the shell and all that it left running; what does not end by SIGTERM is killed."""
        self._end_groups([*self._served, self._shell.pid], signal.SIGTERM)
        for pipe in (self._shell.stdin, self._shell.stdout):
            if pipe is not None:
                pipe.close()
        self._shell.wait()

    def _end_groups(self, groups: list[int], first: signal.Signals) -> None:
        for sent, seconds in ((first, 15.0), (signal.SIGKILL, 5.0)):
            left = [group for group in groups if _reaches(group, sent)]
            deadline = time.monotonic() + seconds
            while left and time.monotonic() < deadline:
                self._shell.poll()
                time.sleep(0.02)
                left = [group for group in left if _reaches(group, 0)]


def _reaches(group: int, sent: int) -> bool:
    """Send a signal; whether anything of the process group was there to get it."""
    try:
        os.killpg(group, sent)
    except ProcessLookupError:
        return False
    return True
