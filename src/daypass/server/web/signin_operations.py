"""The sign-in service's own table: sessions of an account, listed and ended (`flows/account_sessions.py`).

AWS has no such operations; names, parameters and paging follow IAM's habits. Ending is audited with whom it concerned
and how many sessions it was.
"""

from collections.abc import Mapping

from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import ValidationError
from daypass.protocol.aws.query import XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.server.domain.identifiers import check_text
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import Listing
from daypass.server.domain.session import LoginSession
from daypass.server.flows.account_sessions import AccountSessions, LiveSession
from daypass.server.ports.storage import Storage
from daypass.server.web.query_operation import Operation, Parameter, read_integer

__all__ = ["SIGNIN_NAMESPACE", "SIGNIN_VERSION", "build_signin_operations"]

SIGNIN_VERSION = "2026-11-01"
SIGNIN_NAMESPACE = "urn:daypass:signin:2026-11-01"


def build_signin_operations(*, storage: Storage, ring: KeyRing) -> Mapping[str, Operation]:
    """Every action of the table."""
    sessions = AccountSessions(storage, ring)
    principal = Parameter("PrincipalArn", "principal_arn", _principal_arn, is_required=True)
    return {
        "ListSessions": Operation(
            sessions.list_sessions,
            _sessions,
            (
                Parameter("SessionKind", "kind", _kind, is_required=True),
                Parameter("PrincipalArn", "principal_arn", _principal_arn),
                Parameter("Marker", "marker", _short, is_logged=False),
                Parameter("MaxItems", "max_items", read_integer(1, 1000)),
            ),
        ),
        "RevokeSession": Operation(
            sessions.revoke_session,
            None,
            (Parameter("SessionId", "session_id", _short, is_required=True), principal),
            is_audited=True,
            changes_account=True,
        ),
        "RevokeSessions": Operation(
            sessions.revoke_sessions,
            lambda ended: {"EndedSessions": ended.count},
            (principal,),
            is_audited=True,
            changes_account=True,
            audit_result=lambda ended: {"endedSessions": ended.count},
        ),
    }


def _sessions(listing: Listing[LiveSession]) -> Mapping[str, XmlValue]:
    members: dict[str, XmlValue] = {
        "Sessions": [_session(live) for live in listing.items],
        "IsTruncated": listing.marker is not None,
    }
    return members if listing.marker is None else {**members, "Marker": listing.marker}


def _session(live: LiveSession) -> Mapping[str, XmlValue]:
    session = live.session
    is_terminal = isinstance(session, LoginSession)
    return {
        "SessionId": session.session_id,
        "SessionKind": "terminal" if is_terminal else "browser",
        "PrincipalArn": session.principal_arn,
        "CreateDate": format_timestamp(
            session.created_at if isinstance(session, LoginSession) else session.authenticated_at
        ),
        "LastUsedDate": format_timestamp(
            session.rotated_at if isinstance(session, LoginSession) else session.last_used_at
        ),
        "ExpirationDate": format_timestamp(
            session.ends_at if isinstance(session, LoginSession) else session.expires_at
        ),
        "SourceIpAddress": live.origin.source_ip if live.origin is not None else "",
        "UserAgent": live.origin.user_agent if live.origin is not None else "",
    }


def _kind(member: str, text: str) -> str:
    if text not in ("browser", "terminal"):
        raise ValidationError(f"{member} must be browser or terminal")
    return text


def _principal_arn(member: str, text: str) -> str:
    check_text(member, text, most=2048)
    parse_arn(text)
    return text


def _short(member: str, text: str) -> str:
    return check_text(member, text, most=1024)
