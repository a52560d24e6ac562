"""How devices, browsers and terminals read on a person's own page. Texts for the templates, which escape them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.own_account import BrowserView, LoginView
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.domain.session_origin import SessionOrigin, describe_program
from daypass.server.domain.session_scope import SessionScope

__all__ = ["Line", "Whose", "lacks_factor", "read_device_name", "view_browser", "view_device", "view_login"]

_SHOWN = 12
"""Characters of a digest that a person compares."""
_is_device_name = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}").fullmatch


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be removed or ended."""

    key: str
    """What the form sends back."""
    name: str
    details: tuple[str, ...]
    is_this_one: bool = False


def read_device_name(text: str) -> str | None:
    """The name, spaces become dashes; None for what cannot stand in a serial number."""
    name = "-".join(text.split())
    return name if _is_device_name(name) else None


def view_device(device: MfaDevice) -> Line:
    """An authenticator app or a passkey."""
    kind = "Authenticator app" if device.kind == "totp" else "Passkey"
    return Line(
        device.serial_number,
        device.serial_number.rpartition("/")[2],
        (kind, f"added {_day(device.enabled_at)}"),
    )


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose page it is; an administrator's view of everybody's has nobody."""

    arn: str = ""
    has_factor: bool = False
    """Whether the person has a second factor now."""


NOBODY = Whose()


def lacks_factor(session: SignInSession | LoginSession, whose: Whose) -> bool:
    """Whether it began without the second factor its person has by now."""
    return whose.has_factor and not session.mfa_at


def view_browser(view: BrowserView, whose: Whose = NOBODY, *, now: int) -> Line:
    """A browser in which the person is signed in, perhaps as a role the person took."""
    session = view.session
    program, place = _origin(view.origin)
    details = [*_remarks(session, whose), *([place] if place else [])]
    details.append(
        f"signed in {_ago(now - session.authenticated_at)}" if session.authenticated_at else "by a link"
    )
    details.append(f"used {_ago(now - session.last_used_at)}")
    return Line(session.session_id, program, tuple(details), view.is_this_one)


def view_login(view: LoginView, whose: Whose = NOBODY, *, region: str, now: int) -> Line:
    """A terminal that acts for the person. `region` is the sign-in region: every login here was made in it.
    Where a terminal then sends its requests, only the requests say; a refresh would have to write it down each time.
    """
    session = view.session
    program, place = _origin(view.origin)
    details = [*_remarks(session, whose), *([place] if place else []), f"region {region}"]
    details.append("code typed by hand" if session.client_id == CROSS_DEVICE else "same computer")
    details.append(f"logged in {_ago(now - session.created_at)}")
    if session.generation:
        details.append(f"refreshed {_ago(now - session.rotated_at)}")
    details.append(f"ends in {_span(session.ends_at - now)}")
    if session.scope is not None:
        details += _narrowing(session.scope, session.dpop_jkt)
    return Line(session.session_id, program, tuple(details))


def _narrowing(scope: SessionScope, key: str) -> list[str]:
    """As the terminal's receipt says it (`daypass receipt`), so that a person can compare."""
    named = [arn.rpartition("/")[2] for arn in scope.policy_arns]
    digest = hashlib.sha256(scope.policy.encode()).hexdigest()[:_SHOWN] if scope.packed_policy else ""
    narrowed_by = [*named, *([f"inline policy, sha256 {digest}…"] if digest else [])]
    return [
        f"narrowed: {scope.name or 'session policies'}",
        f"to {', '.join(narrowed_by)}",
        f"key {key[:_SHOWN]}…",
    ]


def _remarks(session: SignInSession | LoginSession, whose: Whose) -> list[str]:
    """`role reader in 444455556666`, for a session that acts as another than the page's person; and what it lacks."""
    remarks = []
    if whose.arn not in ("", session.principal_arn):
        account_id, _, resource = session.principal_arn.removeprefix("arn:aws:sts::").partition(":")
        parts = resource.split("/")
        remarks.append(f"role {parts[1]} in {account_id}" if len(parts) == 3 else session.principal_arn)
    if lacks_factor(session, whose):
        remarks.append("without your second factor")
    return remarks


def _origin(origin: SessionOrigin | None) -> tuple[str, str]:
    if origin is None:
        return "Unknown program", ""
    program = describe_program(origin.user_agent)
    if program.startswith("an "):  # programs keep their own spelling: daypass and boto3 are written small
        program = "A" + program[1:]
    return program, f"from {origin.source_ip}" if origin.source_ip else ""


def _day(moment: int) -> str:
    day = datetime.fromtimestamp(moment, UTC)
    return f"{day.day} {day:%B %Y}"


def _ago(seconds: int) -> str:
    return "just now" if seconds < 60 else f"{_span(seconds)} ago"


def _span(seconds: int) -> str:
    minutes = max(0, seconds) // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
