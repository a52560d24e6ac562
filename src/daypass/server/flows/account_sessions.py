"""Who is signed in to an account, in browsers and in terminals, for whoever administers it; and the end of one or all.

AWS has no such API, so the actions are this server's own, in the sign-in service's namespace: `signin:ListSessions`
(on `*`, or on one principal's ARN) and `signin:RevokeSession` (on the ARN of whose session ends). Ending works as on a
person's own page: a browser's session is gone, a terminal's live credentials end within a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from daypass.protocol.aws.arn import parse_arn
from daypass.protocol.aws.errors import NoSuchEntity
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import Listing, open_marker, page_of
from daypass.server.domain.session import LoginSession, SignInSession
from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = ["AccountSessions", "Ended", "LiveSession", "SessionKind"]

SessionKind = Literal["browser", "terminal"]
_PAGE = 25
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class LiveSession:
    """One session and from where it began."""

    session: SignInSession | LoginSession
    origin: SessionOrigin | None


@dataclass(frozen=True, slots=True)
class Ended:
    """What a revocation ended."""

    count: int


@dataclass(frozen=True, slots=True)
class AccountSessions:
    """The stories, over the ports they need."""

    storage: Storage
    ring: KeyRing

    async def list_sessions(
        self,
        call: VerifiedCall,
        *,
        kind: SessionKind,
        principal_arn: str = "",
        marker: str | None = None,
        max_items: int = _PAGE,
    ) -> Listing[LiveSession]:
        """Live ones of the account, or of one principal (a role: of all its sessions), grouped by principal.

        Raises NoSuchEntity for a principal that is not there.
        """
        call.check_allowed("signin:ListSessions", principal_arn or "*")
        listing = f"ListSessions|{call.account_id}|{kind}|{principal_arn}"
        principal_id = await self._principal_id(call, principal_arn) if principal_arn else ""
        position = open_marker(self.ring, marker, listing=listing)
        after = _position(position) if position else (principal_id, "")
        found = await self._behind(call, kind, principal_id, after, max_items + 1)
        origins = await self.storage.session_origins.load_origins(
            [session.session_id for session in found[:max_items]]
        )
        pairs = [
            (
                f"{session.principal_id}|{session.session_id}",
                LiveSession(session, origins.get(session.session_id)),
            )
            for session in found
        ]
        return page_of(self.ring, pairs, size=max_items, listing=listing)

    async def revoke_session(self, call: VerifiedCall, *, session_id: str, principal_arn: str) -> Ended:
        """`principal_arn` is the session's own, an assumed role's for a role session. Raises NoSuchEntity."""
        call.check_allowed("signin:RevokeSession", principal_arn)
        sessions: list[SignInSession | LoginSession | None] = [
            await self.storage.sign_in_sessions.load_sign_in_session(session_id, now=call.now),
            await self.storage.login_sessions.load_login_session(session_id),
        ]
        for session in sessions:
            if (
                session is not None
                and (session.account_id, session.principal_arn) == (call.account_id, principal_arn)
                and await self._end(session, call.now)
            ):
                return Ended(1)
        raise NoSuchEntity("There is no such session.")

    async def revoke_sessions(self, call: VerifiedCall, *, principal_arn: str) -> Ended:
        """Everything one principal is signed in with; of a role, the sessions of everybody in it; of a user, also those
        of the roles the user took in the pages, in whatever account: they are the user's. Raises NoSuchEntity.
        """
        call.check_allowed("signin:RevokeSession", principal_arn)
        principal_id = await self._principal_id(call, principal_arn)
        count = 0
        kinds: tuple[SessionKind, ...] = ("browser", "terminal")
        for kind in kinds:
            after = (principal_id, "")
            while found := await self._behind(call, kind, principal_id, after, _AT_ONCE):
                for session in found:
                    count += await self._end(session, call.now)
                after = (found[-1].principal_id, found[-1].session_id)
        return Ended(count + await self._end_roles_taken(call, principal_id))

    async def _end_roles_taken(self, call: VerifiedCall, user_id: str) -> int:
        """A user's, in the pages. Of another principal there is none."""
        taken: list[SignInSession | LoginSession] = [
            *await self.storage.sign_in_sessions.list_roles_taken(call.account_id, user_id, now=call.now),
            *await self.storage.login_sessions.list_role_logins_taken(call.account_id, user_id, now=call.now),
        ]
        return sum([await self._end(each, call.now) for each in taken])

    async def _behind(
        self, call: VerifiedCall, kind: SessionKind, principal_id: str, after: tuple[str, str], limit: int
    ) -> Sequence[SignInSession | LoginSession]:
        """Those of one principal, or of all when its id is empty. Ids have one length, so no id begins another."""
        found: Sequence[SignInSession | LoginSession]
        if kind == "browser":
            found = await self.storage.sign_in_sessions.list_sessions_of_account(
                call.account_id, after=after, limit=limit, now=call.now
            )
        else:
            found = await self.storage.login_sessions.list_logins_of_account(
                call.account_id, after=after, limit=limit, now=call.now
            )
        if not principal_id:
            return found
        return [each for each in found if each.principal_id.partition(":")[0] == principal_id]

    async def _end(self, session: SignInSession | LoginSession, now: int) -> bool:
        if isinstance(session, LoginSession):
            return await self.storage.login_sessions.revoke_login_session(session.session_id, now=now)
        return await self.storage.sign_in_sessions.end_session_of_principal(
            session.session_id, session.account_id, session.principal_id
        )

    async def _principal_id(self, call: VerifiedCall, principal_arn: str) -> str:
        arn = parse_arn(principal_arn)
        noun, _, rest = arn.resource.partition("/")
        name = rest.rpartition("/")[2]
        if arn.account_id == call.account_id and arn.service == "iam":
            if arn.resource == "root":
                return call.account_id
            if noun == "user":
                user = await self.storage.users.load_user(call.account_id, name)
                if user is not None and user.arn == principal_arn:
                    return user.user_id
            if noun == "role":
                role = await self.storage.roles.load_role(call.account_id, name)
                if role is not None and role.arn == principal_arn:
                    return role.role_id
        raise NoSuchEntity("There is no such principal.")


def _position(text: str) -> tuple[str, str]:
    principal_id, _, session_id = text.rpartition("|")
    return principal_id, session_id
