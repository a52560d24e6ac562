"""What the account says about an access key: whose it is, how old, when last used, for what; and switching it off.

Every question is signed with credentials the caller names: an audit uses the key itself, a migration the new session.
Sources: STS "GetCallerIdentity"; IAM "GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey".
"""

import contextlib
import re
from dataclasses import dataclass, replace

from daypass.client.aws_query import QueryService, ask_service, element
from daypass.client.caller_identity import CallerIdentity
from daypass.client.session_cache import parse_time
from daypass.client.transport import Send
from daypass.errors import RemoteProtocolError
from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    ExpiredToken,
    InvalidClientTokenId,
    SignatureDoesNotMatch,
)
from daypass.protocol.aws.sigv4 import Credentials

__all__ = ["AccountView", "Asker", "KeyUse", "ask_about_itself", "user_of_arn"]

_MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When and for what a key was last used."""

    used_at: int | None
    """Epoch seconds; None for never, as far as IAM knows."""
    service: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account's view of a key; None and empty where it did not say."""

    identity: CallerIdentity | None = None
    status: str = ""
    """Active or Inactive; empty when not known; Refused when the key is not accepted at all."""
    created_at: int | None = None
    use: KeyUse | None = None
    silent_about: tuple[str, ...] = ()
    """Questions the key may not ask."""

    @property
    def is_root(self) -> bool:
        """The account's root user has a key: the worst kind."""
        return self.identity is not None and self.identity.arn.endswith(":root")


@dataclass(frozen=True, slots=True)
class Asker:
    """Credentials, the services to ask with them, clock and wire."""

    credentials: Credentials
    sts: QueryService
    iam: QueryService
    now: int
    """Epoch seconds."""
    send: Send

    def caller_identity(self) -> CallerIdentity:
        """Who the credentials are. Raises as `ask_service`, RemoteProtocolError for an answer without identity."""
        text = self._ask(self.sts, "GetCallerIdentity")
        found = {tag: element(text, tag) for tag in ("Arn", "Account", "UserId")}
        if not all(found.values()):
            raise RemoteProtocolError("STS answered with something else than an identity")
        return CallerIdentity(found["Arn"], found["Account"], found["UserId"])

    def key_use(self, access_key_id: str) -> KeyUse:
        """The last use IAM knows of."""
        text = self._ask(self.iam, "GetAccessKeyLastUsed", AccessKeyId=access_key_id)
        service, region = (element(text, tag) for tag in ("ServiceName", "Region"))
        used_at = _moment(element(text, "LastUsedDate"))
        return KeyUse(used_at, *((_word(service), _word(region)) if used_at is not None else ("", "")))

    def own_key_state(self, access_key_id: str) -> tuple[str, int | None]:
        """Status and creation of one of the caller's own keys; empty and None when it is not in the list."""
        marker: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            text = self._ask(self.iam, "ListAccessKeys", **marker)
            for member in re.findall(r"<member>(.{1,4000}?)</member>", text, re.DOTALL):
                if element(member, "AccessKeyId") == access_key_id:
                    return _word(element(member, "Status")), _moment(element(member, "CreateDate"))
            if element(text, "IsTruncated") != "true" or not element(text, "Marker"):
                break
            marker = {"Marker": element(text, "Marker")}
        return "", None

    def deactivate(self, access_key_id: str, user_name: str | None) -> None:
        """Switch the key off; it can be switched on again. Raises AccessDenied, NoSuchEntity and others."""
        named = {"UserName": user_name} if user_name else {}
        self._ask(self.iam, "UpdateAccessKey", AccessKeyId=access_key_id, Status="Inactive", **named)

    def _ask(self, service: QueryService, action: str, **parameters: str) -> str:
        return ask_service(
            service, action, parameters, credentials=self.credentials, now=self.now, send=self.send
        )


def ask_about_itself(asker: Asker) -> AccountView:
    """Everything a key may say about itself. Raises NetworkError, RemoteProtocolError.

    Last use comes first: the other questions are uses themselves.
    """
    access_key_id = asker.credentials.access_key_id
    view, silent = AccountView(), []
    try:
        try:
            view = replace(view, use=asker.key_use(access_key_id))
        except AccessDenied:
            silent.append("last use")
        try:
            status, created_at = asker.own_key_state(access_key_id)
            view = replace(view, status=status, created_at=created_at)
        except AccessDenied:
            silent.append("age")
        view = replace(view, identity=asker.caller_identity(), silent_about=tuple(silent))
    except (InvalidClientTokenId, SignatureDoesNotMatch, ExpiredToken):
        return AccountView(status="Refused")
    except AwsError as problem:
        raise RemoteProtocolError(problem.message) from problem
    return view


def user_of_arn(arn: str) -> str | None:
    """The IAM user's name (the last part of the path), or None for root and roles."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    return path.rpartition("/")[2] or None if kind == "user" else None


def _moment(text: str) -> int | None:
    with contextlib.suppress(ValueError, OverflowError):
        return parse_time(text)
    return None


def _word(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9 ._/-]{1,64}", text) else ""
