"""A person vouched for by a provider becomes a role session in this browser.

Order: the provider is still there, the role as it is now and its trust asked again, the session's end; then in one
transaction the ticket used once, a new secret for the browser, the session's place (no session fixation) and the audit
row. A full browser spends no ticket, so that the person can make room and come back. No user is made.
"""

from dataclasses import dataclass, field

from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.server.domain.account import Role
from daypass.server.domain.assumed_role import parse_role_arn
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.browser import BROWSER_SECRET_LENGTH, browser_hash
from daypass.server.domain.federated_caller import (
    FederatedCaller,
    check_federated_trust,
    role_session_of,
    session_end,
)
from daypass.server.domain.federation_events import federated_login_event, federated_refusal_event
from daypass.server.domain.federation_refusal import FederationRefused, refusal_of
from daypass.server.domain.federation_ticket import FederationTicket, open_federation_ticket
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider, is_saml
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.role_session import assumed_role_arn, check_packed_size
from daypass.server.domain.session import MAX_ACTIVE_SESSIONS, SignInSession
from daypass.server.domain.session_origin import origin_of
from daypass.server.domain.use_once import use_once_key
from daypass.server.ports.clock import Randomness
from daypass.server.ports.sign_in_session_storage import UseOnce
from daypass.server.ports.storage import Storage

__all__ = ["FederatedSignIn", "FinishFederation"]


@dataclass(frozen=True, slots=True)
class FederatedSignIn:
    """Done. The browser's cookie must now hold `browser_secret`."""

    session: SignInSession
    browser_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishFederation:
    """The story with its neighbours."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    region: str
    session_lifetime: int
    """Seconds: the server's own limit."""

    async def open(self, sealed: str, *, browser_hash: bytes, caller: Caller, now: int) -> FederationTicket:
        """The ticket, for this browser. Raises FederationRefused, after its audit row when the ticket was genuine:
        a person who was led to finish somebody else's sign-in is news.
        """
        try:
            return open_federation_ticket(self.ring, sealed, browser_hash=browser_hash, now=now)
        except FederationRefused as refusal:
            if refusal.provider_arn:
                event = federated_refusal_event(
                    refusal, subject=refusal.subject, event_id=self.randomness.uuid(), caller=caller, now=now
                )
                await self.storage.audit.append(event)
            raise

    async def finish(
        self, ticket: FederationTicket, role_arn: str, *, old_browser: bytes, caller: Caller, now: int
    ) -> FederatedSignIn:
        """`ticket` was opened for this browser a moment ago. Raises FederationRefused."""
        who = ticket.caller_for(role_arn)
        if who is None:
            raise FederationRefused("role_changed", detail="not on offer", request=ticket.sealed_request)
        try:
            await self._check_provider(who)
            role = await self._load_trusting_role(who, role_arn, caller=caller, now=now)
            browser_secret = self.randomness.token_bytes(BROWSER_SECRET_LENGTH)
            session = self._session(role, who, browser_hash(browser_secret), now)
            event = federated_login_event(
                session,
                who.identity,
                role_arn=role_arn,
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
            )
            await self._place(ticket, session, old_browser, event, now)
        except AwsError as error:
            refusal = refusal_of(error, provider_arn=who.provider_arn)
            raise await self._recorded(refusal, ticket, who, caller, now) from None
        except FederationRefused as refusal:
            raise await self._recorded(refusal, ticket, who, caller, now) from None
        await self.storage.session_origins.note_origin(origin_of(session, caller))
        return FederatedSignIn(session, browser_secret)

    async def _check_provider(self, who: FederatedCaller) -> None:
        """A provider deleted since it vouched vouches for nobody: its word may be why it was deleted."""
        provider: SamlProvider | OidcProvider | None
        if is_saml(who.provider_arn):
            provider = await self.storage.saml_providers.load_saml_provider(who.provider_arn)
        else:
            provider = await self.storage.oidc_providers.load_oidc_provider(who.provider_arn)
        if provider is None:
            raise FederationRefused("unknown_provider", detail="deleted since the page was made")

    async def _load_trusting_role(
        self, who: FederatedCaller, role_arn: str, *, caller: Caller, now: int
    ) -> Role:
        """The role now, trusting this person now: minutes may have passed since the page was made."""
        role = await self.storage.roles.load_role(*parse_role_arn(role_arn))
        if role is None or role.arn != role_arn:
            raise FederationRefused("role_changed", role_arns=(role_arn,), detail="no such role")
        try:
            check_federated_trust(role, who, caller=caller, now=now, region=self.region)
        except AccessDenied as refusal:
            raise FederationRefused("role_changed", role_arns=(role_arn,), detail=refusal.detail) from None
        return role

    def _session(self, role: Role, who: FederatedCaller, browser: bytes, now: int) -> SignInSession:
        role_session = role_session_of(role, who)
        check_packed_size(role_session)
        name = who.session_name
        return SignInSession(
            session_id=self.randomness.uuid(),
            browser_hash=browser,
            account_id=role.account_id,
            principal_kind="role",
            principal_arn=assumed_role_arn(role.account_id, role.role_name, name),
            principal_id=f"{role.role_id}:{name}",
            credentials_epoch=0,
            authenticated_at=now,
            expires_at=session_end(role, who, now=now, limit=self.session_lifetime),
            last_used_at=now,
            role_session=role_session,
        )

    async def _place(
        self,
        ticket: FederationTicket,
        session: SignInSession,
        old_browser: bytes,
        event: AuditEvent,
        now: int,
    ) -> None:
        placement = await self.storage.sign_in_sessions.place_sign_in_session(
            session,
            old_browser=old_browser,
            limit=MAX_ACTIVE_SESSIONS,
            now=now,
            audit=event,
            once=UseOnce(use_once_key("ticket", ticket.ticket_id), ticket.expires_at),
        )
        if placement == "full":
            raise FederationRefused("full")
        if placement == "used":
            raise FederationRefused("ticket_used", detail="the ticket was used before")

    async def _recorded(
        self,
        refusal: FederationRefused,
        ticket: FederationTicket,
        who: FederatedCaller,
        caller: Caller,
        now: int,
    ) -> FederationRefused:
        refusal.provider_arn = who.provider_arn
        refusal.request = ticket.sealed_request
        event = federated_refusal_event(
            refusal, subject=who.identity.subject, event_id=self.randomness.uuid(), caller=caller, now=now
        )
        await self.storage.audit.append(event)
        return refusal
