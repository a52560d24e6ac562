"""Check 7: the way through the browser: a port on loopback for the answer, and something that opens the page."""

import socket
import sys
from collections.abc import Iterator

from daypass.client.browser import choose_browser
from daypass.client.doctor.finding import Finding, printable
from daypass.client.doctor.subject import Subject
from daypass.errors import UsageError

__all__ = ["check_browser_way"]

_SYSTEM = {"darwin": "the system's browser (open)", "win32": "the system's browser (start)"}


def check_browser_way(subject: Subject) -> Iterator[Finding]:
    """Can we listen, and what would open."""
    remote = f"{subject.sign_in_command} --remote"
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
        yield Finding("loopback", "ok", "a sign-in's answer can come back to 127.0.0.1")
    except OSError:
        told = "nothing can listen on 127.0.0.1 here, so a browser cannot come back"
        yield Finding("loopback_closed", "warning", told, remote)
    named = subject.profile.text("daypass_browser") or ""
    try:
        choice = choose_browser(subject.environ, profile_browser=named)
    except UsageError as problem:
        told = f"the browser that was chosen cannot be used: {printable(problem.message)}"
        yield Finding("browser_unusable", "warning", told, f"{subject.sign_in_command} --browser firefox")
        return
    if choice.obstacle:
        told = f"no browser is opened {choice.obstacle}; sign in with one on another machine"
        yield Finding("no_browser", "note", told, remote)
        return
    system = _SYSTEM.get(sys.platform, "the system's browser (xdg-open or the first that is installed)")
    opened = f'the browser "{printable(choice.command)}"' if choice.command else system
    yield Finding("browser", "ok", f"a sign-in opens {opened}")
