"""The ways an answer comes back, and which of them are open at once.

    same device   the browser reaches our loopback listener (RFC 8252 §7.3), on a port of its own choice or a fixed,
                  forwarded one; meanwhile a paste of the address it ended on is taken as well
    any device    the service shows a code, the person pastes it

The link is always printed. Where no browser can be seen, the second way is taken by itself on a terminal, and one line
says so. Which way is open never changes what is checked (`client/login_answer.py`, `login_outcome.py`).
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from daypass.cli.login_events import waiting_line
from daypass.cli.login_outcome import LoginRun, failure_page, finish, success_page
from daypass.cli.login_paste import Answerable, listen_to_file, listen_to_terminal
from daypass.cli.output import ask, copy_link, say, show_link
from daypass.client.browser import BrowserChoice, open_in_browser
from daypass.client.login import StartedLogin, confirmation_uri
from daypass.client.login_answer import LoginAnswer
from daypass.client.loopback import LoopbackListener
from daypass.client.terminal_input import open_terminal_input
from daypass.errors import DaypassError, LoginFailed, LoginTimedOut
from daypass.protocol.oauth.verification_code import read_pasted_query

__all__ = ["Ways", "any_device", "same_device"]

_PATIENCE = 600  # seconds we wait for an answer, as the AWS CLI does


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What the person, or this place, chose."""

    browser: BrowserChoice | None
    """What opens the link; None only prints it."""
    port: int = 0
    """The listener's port; 0 leaves it to the system."""
    paste_from: str = ""
    """`-`, a file, or nothing."""
    notice: str = ""
    """The one line about this place."""
    copies: bool = False
    """Whether the link goes into the terminal's clipboard as well."""
    forwarded_as: str = ""
    """The address under which the port is reached from the person's browser, where this place forwards it."""


class _Waiting(Answerable, Protocol):
    def wait(self, seconds: float, *, each_slice: Callable[[float], None] | None = None) -> str | None: ...


def same_device(run: LoginRun, ways: Ways) -> int:
    """Through the loopback listener."""
    listener = LoopbackListener(run.fresh.state, port=ways.port, also_called=_other_names(ways))
    try:
        started = run.begin(listener.redirect_uri)
        with _pasting(listener, ways.paste_from, at_end=None) as is_typing:
            _announce(run, ways, started, can_paste=is_typing is not None)
            raw_query = _wait(run, listener, is_typing)
        signed_in = finish(run, started, raw_query)
    except DaypassError as problem:
        listener.finish(failure_page(problem))
        raise
    else:
        listener.finish(success_page(run, signed_in))
        return 0
    finally:
        listener.close()


def _announce(run: LoginRun, ways: Ways, started: StartedLogin, *, can_paste: bool) -> None:
    if ways.notice:
        say(ways.notice)
    opens = ways.browser is not None
    say("opening your browser; if nothing opens, use this link:" if opens else "open this link in a browser:")
    _show(started, ways)
    run.events.url(started.url, profile=run.profile.name, opens_browser=opens)
    if ways.forwarded_as:
        ours = f"http://127.0.0.1:{ways.port}"
        say(f"when the browser ends on {ours}/… without a page, put {ways.forwarded_as} in place of {ours}")
    elif ways.port:
        say(f"from another machine: ssh -L {ways.port}:127.0.0.1:{ways.port} HOST, then open the link there")
    if can_paste:
        say("signed in on another device? paste the address its browser ends on, or use --remote")
    else:
        say("no browser on this machine? press Ctrl-C and add --remote")
    if ways.browser is not None:
        open_in_browser(started.url, ways.browser)


def _other_names(ways: Ways) -> frozenset[str]:
    """Forwarders keep the outer name in Host, or say localhost."""
    if not ways.forwarded_as:
        return frozenset()
    return frozenset({urlsplit(ways.forwarded_as).netloc, f"localhost:{ways.port}"})


def _show(started: StartedLogin, ways: Ways) -> None:
    show_link(started.url)
    if ways.copies and copy_link(started.url):
        say("the link is in your clipboard too, if your terminal lets programs write there")
    elif ways.copies:
        say("there is no terminal here whose clipboard could take the link")


def any_device(run: LoginRun, ways: Ways) -> int:
    """Through a code that the person carries over."""
    started = run.begin(confirmation_uri(run.base_url))
    answer = _CarriedAnswer(run.fresh.state)
    no_code = LoginFailed("no code was given", hint="daypass login --remote")
    with _pasting(answer, ways.paste_from, at_end=no_code) as is_typing:
        if ways.notice:
            say(ways.notice)
        say("open this link in a browser on any device and sign in there:")
        _show(started, ways)
        run.events.url(started.url, profile=run.profile.name, opens_browser=False)
        if is_typing is None and not ways.paste_from:
            run.events.waiting(None)
            raw_query = _ask_for_code(no_code)
        else:
            if is_typing is not None:
                say("paste the code that the page shows, then press Enter:")
            raw_query = _wait(run, answer, is_typing)
    finish(run, started, raw_query)
    return 0


class _CarriedAnswer(LoginAnswer):
    """A login without a listener: an offer is the only way in."""

    offer = LoginAnswer.accept


@contextlib.contextmanager
def _pasting(
    answer: Answerable, paste_from: str, *, at_end: DaypassError | None
) -> Iterator[Callable[[], bool] | None]:
    """Open the ways of pasting there are; gives what says whether somebody types, None without a terminal."""
    terminal = None if paste_from not in ("", "-") else open_terminal_input()
    if paste_from and terminal is None:
        listen_to_file(paste_from, answer)
    if terminal is None:
        yield None
        return
    with listen_to_terminal(terminal, answer, at_end=at_end) as is_typing:
        yield is_typing


def _wait(run: LoginRun, answer: _Waiting, is_typing: Callable[[], bool] | None) -> str:
    run.events.waiting(_PATIENCE)
    with waiting_line(is_typing or (lambda: False)) as show:
        raw_query = answer.wait(_PATIENCE, each_slice=show)
    if raw_query is None:
        raise LoginTimedOut("nobody signed in within ten minutes", hint="daypass login")
    return raw_query


def _ask_for_code(no_code: LoginFailed) -> str:
    """A pipe gives lines: the first that is not empty is the answer, and a wrong one ends the login."""
    while True:
        pasted = ask("paste the code that the page shows:")
        if pasted is None:
            raise no_code
        if pasted:
            return read_pasted_query(pasted)
