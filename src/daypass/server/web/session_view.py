"""How an active session reads on a page: a name, a kind, an account, an ARN, and since when."""

from dataclasses import dataclass

from daypass.server.domain.session import SignInSession

__all__ = ["SessionView", "view_session"]

_KINDS = {"root": "Root user", "user": "IAM user", "role": "Role session"}


@dataclass(frozen=True, slots=True)
class SessionView:
    """Texts for the templates, which escape them."""

    session_id: str
    arn: str
    name: str
    kind: str
    account: str
    """Twelve digits in groups of four."""
    since: str
    """How long ago the person signed in."""


def view_session(session: SignInSession, *, now: int) -> SessionView:
    """`now` in epoch seconds, for the age."""
    account = session.account_id
    return SessionView(
        session.session_id,
        session.principal_arn,
        "Root user" if session.principal_kind == "root" else session.principal_arn.rpartition("/")[2],
        _KINDS[session.principal_kind],
        f"{account[:4]}-{account[4:8]}-{account[8:]}",
        _age(now - session.authenticated_at),
    )


def _age(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago"
