"""How an active session reads on a page: a name, a kind, an account, an ARN, since when, and through which provider."""

from dataclasses import dataclass

from daypass.server.domain.provider_list import ListedProvider
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.session import SignInSession
from daypass.server.web.provider_view import provider_label

__all__ = ["SessionView", "describe_identity", "view_session"]

_LONGEST_SUBJECT = 80
"""Characters shown; a SAML NameID may have a thousand."""

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
    """How long ago the person signed in, or that a link did it."""
    via: str
    """`via <provider> as <subject>`, or empty."""


def view_session(session: SignInSession, listed: tuple[ListedProvider, ...], *, now: int) -> SessionView:
    """`now` in epoch seconds, for the age. `listed` has the providers' labels."""
    account = session.account_id
    identity = None if session.role_session is None else session.role_session.identity
    return SessionView(
        session.session_id,
        session.principal_arn,
        _name(session),
        _KINDS[session.principal_kind],
        f"{account[:4]}-{account[4:8]}-{account[8:]}",
        _age(now - session.authenticated_at) if session.authenticated_at else "by a link",
        "" if identity is None else describe_identity(identity, listed),
    )


def _name(session: SignInSession) -> str:
    """`Root user`, the user's name, or `Role/session`: of several roles the role is what tells them apart."""
    if session.principal_kind == "root":
        return "Root user"
    if session.principal_kind == "role":
        return session.principal_arn.partition(":assumed-role/")[2]
    return session.principal_arn.rpartition("/")[2]


def describe_identity(identity: FederatedIdentity, listed: tuple[ListedProvider, ...]) -> str:
    """Who vouched for the person, and by which name."""
    subject = identity.subject
    if len(subject) > _LONGEST_SUBJECT:
        subject = subject[: _LONGEST_SUBJECT - 1] + "…"
    return f"via {provider_label(identity.provider_arn, listed)} as {subject}"


def _age(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago"
