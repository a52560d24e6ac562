"""Open a URL in the person's browser, and never wait for it.

A `$BROWSER` helper that does not return must not stop the login, so it runs beside us. The exit status of
launchers says nothing and is ignored: the URL is always printed as well.
"""

import contextlib
import sys
import threading
import webbrowser
from collections.abc import Mapping

__all__ = ["can_open_browser", "open_in_browser"]


def can_open_browser(environ: Mapping[str, str]) -> bool:
    """Whether trying makes sense: a display, a desktop system, or a named launcher."""
    if environ.get("BROWSER"):
        return True
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") or environ.get("CI"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME"))


def open_in_browser(url: str) -> threading.Thread:
    """Start the browser in the background; failures are silent, the printed URL remains.

    Returns the thread, for a program that would otherwise end before the launcher began.
    """

    def launch() -> None:
        # Launchers write to the terminal; theirs is not our conversation.
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(url)

    thread = threading.Thread(target=launch, name="browser", daemon=True)
    thread.start()
    return thread
