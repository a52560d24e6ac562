"""How devices, browsers and terminals read on a person's own page. Texts for the templates, which escape them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.own_account import BrowserView, LoginView
from daypass.server.domain.session_origin import SessionOrigin, describe_program
from daypass.server.domain.session_scope import SessionScope

__all__ = ["Line", "read_device_name", "view_browser", "view_device", "view_login"]

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


def view_browser(view: BrowserView, *, owner_arn: str = "", now: int) -> Line:
    """A browser in which the person, `owner_arn`, is signed in, perhaps as a role the person took."""
    session = view.session
    program, place = _origin(view.origin)
    details = [*_role(session.principal_arn, owner_arn), *([place] if place else [])]
    details.append(
        f"signed in {_ago(now - session.authenticated_at)}" if session.authenticated_at else "by a link"
    )
    details.append(f"used {_ago(now - session.last_used_at)}")
    return Line(session.session_id, program, tuple(details), view.is_this_one)


def view_login(view: LoginView, *, owner_arn: str = "", region: str = "", now: int) -> Line:
    """A terminal that acts for the person, `owner_arn`. `region` is the sign-in region: every login here was made in it.
    Where a terminal then sends its requests, only the requests say; a refresh would have to write it down each time.
    """
    session = view.session
    program, place = _origin(view.origin)
    details = [*_role(session.principal_arn, owner_arn), *([place] if place else [])]
    if region:
        details.append(f"region {region}")
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


def _role(principal_arn: str, owner_arn: str) -> list[str]:
    """`role reader in 444455556666`, for a session that acts as another than the page's person."""
    if owner_arn in ("", principal_arn):
        return []
    account_id, _, resource = principal_arn.removeprefix("arn:aws:sts::").partition(":")
    return [f"role {resource.split('/')[1]} in {account_id}" if resource.count("/") == 2 else principal_arn]


def _origin(origin: SessionOrigin | None) -> tuple[str, str]:
    if origin is None:
        return "Unknown program", ""
    program = describe_program(origin.user_agent)
    return program[0].upper() + program[1:], f"from {origin.source_ip}" if origin.source_ip else ""


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
