"""Check 1: which daypass, which Python, which kind of place. Always `ok`; it is what a ticket asks first."""

import platform
import sys
from collections.abc import Iterator, Mapping

from daypass._version import __version__
from daypass.client.doctor.finding import Finding, printable
from daypass.client.doctor.subject import Subject
from daypass.client.environment_hints import is_wsl, read_surroundings

__all__ = ["check_machine", "name_place"]

_PLACES = (
    ("CODESPACES", "Codespaces"),
    ("SSH_CONNECTION", "SSH"),
    ("CI", "CI"),
    ("REMOTE_CONTAINERS", "dev container"),
    ("KUBERNETES_SERVICE_HOST", "Kubernetes"),
)


def check_machine(subject: Subject) -> Iterator[Finding]:
    """One line of versions and surroundings."""
    words = [
        f"daypass {__version__}",
        f"Python {platform.python_version()}",
        f"{platform.system()} {printable(platform.release())} {platform.machine()}",
        *name_place(subject.environ),
        "a terminal" if sys.stderr.isatty() else "no terminal",
    ]
    yield Finding("machine", "ok", ", ".join(words))


def name_place(environ: Mapping[str, str]) -> list[str]:
    """What kind of place this is, as far as it matters for sign-ins."""
    here = read_surroundings(environ)
    found = [place for variable, place in _PLACES if environ.get(variable)]
    if is_wsl(here):
        found.append("WSL")
    if here.has_container_mark:
        found.append("container")
    if sys.platform not in ("darwin", "win32") and not (
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    ):
        found.append("no display")
    if environ.get("TERM") == "dumb":
        found.append("dumb terminal")
    return found
