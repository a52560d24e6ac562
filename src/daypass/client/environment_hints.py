"""Where this terminal runs, as far as it decides whether a browser can be opened here.

Detection only picks a default; a flag or a variable always wins (clig.dev, gh's environment). WSL counts as having a
browser, on the Windows side. Pure but for `read_surroundings`: tests give the facts.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Surroundings",
    "forbids_input",
    "forwarded_address",
    "is_ci",
    "is_wsl",
    "read_surroundings",
    "why_no_browser",
]

_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_NO = ("", "0", "false", "no")
_is_plain_address = re.compile(r"https://[A-Za-z0-9.\-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/\-]*)?").fullmatch


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts."""

    environ: Mapping[str, str]
    system: str
    """As `sys.platform`."""
    kernel: str = ""
    """The kernel's release; WSL's names Microsoft."""
    has_container_mark: bool = False


def read_surroundings(environ: Mapping[str, str]) -> Surroundings:
    """This machine's."""
    marked = any(Path(mark).exists() for mark in _CONTAINER_MARKS) if os.name == "posix" else False
    return Surroundings(environ, sys.platform, platform.release(), marked)


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is an automatic job, by the variable every CI service sets."""
    return environ.get("CI", "").lower() not in _NO


def forbids_input(environ: Mapping[str, str]) -> bool:
    """Whether `DAYPASS_NO_INPUT` says that nobody may be asked."""
    return environ.get("DAYPASS_NO_INPUT", "").lower() not in _NO


def is_wsl(here: Surroundings) -> bool:
    """Windows Subsystem for Linux, and not a container inside it (which has its kernel, but not its variable)."""
    if here.system != "linux":
        return False
    is_its_kernel = "microsoft" in here.kernel.lower() and not here.has_container_mark
    return bool(here.environ.get("WSL_DISTRO_NAME")) or is_its_kernel


def why_no_browser(here: Surroundings) -> str:
    """What this place is when no browser can be seen from it, as in "in an SSH session"; else nothing."""
    environ = here.environ
    if environ.get("CODESPACES"):
        return "a Codespace"
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return "an SSH session"
    if is_ci(environ):
        return "a CI job"
    if here.system in ("darwin", "win32") or is_wsl(here):
        return ""
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return ""
    if environ.get("REMOTE_CONTAINERS"):
        return "a dev container"
    if here.has_container_mark or environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST"):
        return "a container"
    return "a terminal without a display"


def forwarded_address(environ: Mapping[str, str], port: int) -> str:
    """Under which address the person's own browser reaches a port of this machine, where the place says so; else nothing.

    GitHub Codespaces (its documentation, "Default environment variables for your codespace"), and editors in the browser
    that set `VSCODE_PROXY_URI`.
    """
    name = environ.get("CODESPACE_NAME", "")
    if environ.get("CODESPACES") and name.replace("-", "").isalnum():
        domain = environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN") or "app.github.dev"
        address = f"https://{name}-{port}.{domain}"
    else:
        template = environ.get("VSCODE_PROXY_URI", "")
        address = template.replace("{{port}}", str(port)).rstrip("/") if "{{port}}" in template else ""
    return address if _is_plain_address(address) else ""
