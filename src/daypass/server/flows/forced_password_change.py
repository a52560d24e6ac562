"""A person whose password must be changed chooses a new one, and is then signed in (IAM reference,
"UpdateLoginProfile", PasswordResetRequired).

Order: the ticket, which says that password and second factor were right; the new password against the rules; the change,
which ends every older login; the session. The new password must not be the old one.
"""

from dataclasses import dataclass
from uuid import UUID

from daypass.protocol.aws.errors import NoSuchEntity, PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.sign_in_ticket import SignInTicket, TicketRefused, ticket_use_key
from daypass.server.ports.password_hasher import PasswordHasher, PasswordMismatch
from daypass.server.ports.password_rules import PasswordRules
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.session_beginning import Proven, SessionBeginning, SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["ForcedPasswordChangeFlow"]


@dataclass(frozen=True, slots=True)
class ForcedPasswordChangeFlow:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    hasher: PasswordHasher
    rules: PasswordRules
    beginning: SessionBeginning

    async def change(
        self, ticket: SignInTicket, new_password: Secret, *, old_browser: bytes, caller: Caller, now: int
    ) -> SignedIn | SessionFull:
        """`ticket` is opened for this browser. Raises PasswordPolicyViolation, TicketRefused, Throttling."""
        if not ticket.reset_required or ticket.principal_kind != "user":
            raise TicketRefused("no password change was asked for")
        account_id, user_id = ticket.account_id, ticket.principal_id
        user = await self.storage.users.load_user_by_id(account_id, user_id)
        profile = await self.storage.users.load_login_profile(account_id, user_id)
        if user is None or profile is None or user.credentials_epoch != ticket.credentials_epoch:
            raise TicketRefused("the person is gone or has another password")
        if await self._has_factor(ticket) and not ticket.mfa_at:
            raise TicketRefused("the second factor is missing")
        await self._check_is_new(profile.password_hash, new_password)
        await self.rules.check_new(user, new_password)
        password_hash = await self.hasher.hash(new_password)
        if not await self.storage.federation.use_once(
            ticket_use_key(ticket), now=now, expires_at=ticket.expires_at
        ):
            raise TicketRefused("the ticket was used")
        try:
            await self.storage.users.update_login_profile(
                account_id,
                user_id,
                password_hash=password_hash,
                password_reset_required=False,
                changed=True,
                now=now,
                replacing=profile.password_hash,
            )
        except NoSuchEntity:
            raise TicketRefused("the password changed meanwhile") from None
        snapshot = await self.directory.load(account_id, "user", user_id, fresh=True)
        if snapshot is None:
            raise TicketRefused("the person is gone")
        proven = Proven(
            account_id,
            "user",
            user_id,
            ticket.principal_arn,
            snapshot.credentials_epoch,
            mfa_at=ticket.mfa_at,
        )
        await self._record(ticket, caller, now)
        return await self.beginning.begin(proven, old_browser=old_browser, caller=caller, now=now)

    async def _record(self, ticket: SignInTicket, caller: Caller, now: int) -> None:
        """The ticket is used once, so the hash of it names the event."""
        await self.storage.audit.append(
            sign_in_event(
                "ChangePassword",
                event_id=str(UUID(bytes=ticket_use_key(ticket)[:16], version=4)),
                caller=caller,
                now=now,
                principal=(ticket.account_id, ticket.principal_arn),
            )
        )

    async def _has_factor(self, ticket: SignInTicket) -> bool:
        return bool(await self.storage.mfa_devices.list_mfa_devices(ticket.account_id, ticket.principal_id))

    async def _check_is_new(self, password_hash: str, new_password: Secret) -> None:
        try:
            await self.hasher.verify(password_hash, new_password)
        except PasswordMismatch:
            return
        raise PasswordPolicyViolation("The new password must not be the old one")
