"""A person's machine inside the test process: a home, a terminal that types, a browser that answers."""

import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daypass.cli import login, login_ways
from daypass.client.session_cache import SessionCache
from support.fake_sign_in import FakeSignIn, listening

Typed = str | Callable[[str], str]


@dataclass
class Person:
    """What they type, where their browser goes, and what they see."""

    home: Path
    fake: FakeSignIn
    typed: list[Typed] = field(default_factory=list)
    """Lines for standard input; a function gets the link and gives the line. When empty: the end of input."""
    is_tty: bool = False
    click: Callable[[str], str] | None = None
    """Link to the address the browser is sent to; None presses nothing."""
    link: str = ""
    page: str = ""
    page_status: int = 0

    def login(self, *words: str) -> int:
        """`daypass login` at the fake service."""
        return login.run(["--endpoint-url", self.fake.base_url, *words])

    @property
    def config(self) -> str:
        path = self.home / ".aws" / "config"
        return path.read_text() if path.exists() else ""

    def write_config(self, text: str) -> None:
        path = self.home / ".aws" / "config"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    @property
    def cache(self) -> SessionCache:
        return SessionCache({"AWS_LOGIN_CACHE_DIRECTORY": str(self.home / "cache")})

    # What stands in for sys.stdin:

    def readline(self) -> str:
        if not self.typed:
            return ""
        line = self.typed.pop(0)
        return (line if isinstance(line, str) else line(self.link)) + "\n"

    def isatty(self) -> bool:
        return self.is_tty

    # What stands in for the browser:

    def open_browser(self, url: str, _choice: object = None) -> None:
        if self.click is None:
            return
        self._thread = threading.Thread(target=self._visit, args=(self.click(url),))
        self._thread.start()

    def _visit(self, address: str) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            answer = opener.open(address, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.page_status, self.page = answer.status, answer.read().decode()

    def read_page(self) -> str:
        """The page, once the browser has it."""
        self._thread.join(30)
        return self.page


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    with listening(FakeSignIn()) as fake:
        made = Person(tmp_path, fake)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path / "cache"))
        monkeypatch.setenv("BROWSER", "ours")
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(sys, "stdin", made)
        monkeypatch.setattr(login_ways, "open_in_browser", made.open_browser)
        real_show = login_ways.show_link

        def show(url: str) -> None:
            made.link = url
            real_show(url)

        monkeypatch.setattr(login_ways, "show_link", show)
        yield made
