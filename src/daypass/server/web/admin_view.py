"""How things read on the admin pages: what was done, sessions as lines, commands. Texts for templates, which escape them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daypass.server.domain.own_account import BrowserView, LoginView
from daypass.server.domain.session import LoginSession
from daypass.server.flows.account_sessions import LiveSession
from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_buttons import Button
from daypass.server.web.admin_desk import AdminDesk, AdminVisit
from daypass.server.web.own_view import Line, view_browser, view_login

__all__ = ["SessionLine", "SessionsView", "commands_of", "done_of", "find_sessions", "view_session_line"]

_MOST = "100"


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session, and who is signed in with it."""

    line: Line
    kind: str
    principal_arn: str


@dataclass(frozen=True, slots=True)
class SessionsView:
    """Of one principal, browsers first."""

    lines: tuple[SessionLine, ...]
    refusal: str


def done_of(admin: AdminVisit) -> str:
    """What the button pressed before did, in a sentence of the closed table."""
    button = BUTTONS.get(admin.asked("done"))
    return button.done if button is not None else ""


def commands_of(chosen: Sequence[Button], values: Mapping[str, str]) -> list[str]:
    """The AWS CLI's commands for the buttons of a page, each once."""
    return list(dict.fromkeys(line for button in chosen for line in button.commands(values)))


def view_session_line(live: LiveSession, *, region: str, now: int) -> SessionLine:
    """One live session. `region` is the server's, where every login was made."""
    session = live.session
    if isinstance(session, LoginSession):
        return SessionLine(
            view_login(LoginView(session, live.origin), region=region, now=now),
            "Terminal",
            session.principal_arn,
        )
    view = BrowserView(session, live.origin, is_this_one=False)
    return SessionLine(view_browser(view, now=now), "Browser", session.principal_arn)


async def find_sessions(desk: AdminDesk, admin: AdminVisit, principal_arn: str) -> SessionsView:
    """Where a user or a role is signed in, by ListSessions. Raises StorageError."""
    looks = [
        await desk.look(
            admin,
            "ListSessions",
            {"SessionKind": kind, "PrincipalArn": principal_arn, "MaxItems": _MOST},
            service="signin",
        )
        for kind in ("browser", "terminal")
    ]
    lines = [
        view_session_line(live, region=desk.tools.parts.region, now=admin.visit.now)
        for look in looks
        if look.value is not None
        for live in look.value.items
    ]
    refusal = next((look.refusal for look in looks if look.refusal), "")
    return SessionsView(tuple(lines), refusal)
