"""An OpenID Connect provider sends the browser back: the code becomes a proven token, the token a choice of roles.

`state` names the row and takes it, so an answer counts once and only in the browser that began it; `iss`, when it
is given, must be the provider that was asked (RFC 9207). The provider names no roles: every role of its account is
asked whether it trusts this token. Refusals are audited.
"""

import hmac
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.secret import Secret
from daypass.server.domain.account import Role
from daypass.server.domain.audit import Caller
from daypass.server.domain.federated_caller import FederatedCaller, check_federated_trust
from daypass.server.domain.federation_events import federated_refusal_event
from daypass.server.domain.federation_places import OIDC_CALLBACK
from daypass.server.domain.federation_refusal import FederationRefused, refusal_of
from daypass.server.domain.federation_ticket import (
    TICKET_LIFETIME,
    FederationTicket,
    RoleChoice,
    seal_federation_ticket,
)
from daypass.server.domain.identity_provider import OidcProvider, provider_account
from daypass.server.domain.key_ring import KeyRing, SealBroken
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from daypass.server.domain.sealed_verifier import open_verifier
from daypass.server.domain.verified_identity import VerifiedIdToken
from daypass.server.domain.web_identity_claims import read_web_identity_caller
from daypass.server.ports.clock import Randomness
from daypass.server.ports.federation_storage import FederationRequest
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.storage import Page, Storage

__all__ = ["OidcAnswer", "ReceiveOidcCode"]

_PAGE = 100
_MOST_ROLES_ASKED = 2000
"""Roles of one account whose trust policies are evaluated (IAM's own quota is 1000)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcAnswer:
    """The callback's parameters; empty where absent."""

    state: str
    code: Secret
    issuer: str
    error: str
    """The provider's error word. Its description is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveOidcCode:
    """The story with its neighbours."""

    storage: Storage
    oidc: OpenIdRelyingParty
    ring: KeyRing
    randomness: Randomness
    listed: tuple[ListedProvider, ...]
    external_url: str
    region: str

    async def receive(self, answer: OidcAnswer, *, browser_hash: bytes, caller: Caller, now: int) -> str:
        """The sealed ticket. Raises FederationRefused."""
        asked = await self.storage.federation.take_federation_request(answer.state, now=now)
        if asked is None:
            raise FederationRefused("not_asked", detail="state names no waiting request")
        subject = ""
        try:
            check_same_browser(asked, browser_hash)
            provider, client = await self._find_provider(asked)
            check_answer(answer, asked, provider)
            token = await self._prove(answer, asked, provider, client, now=now)
            subject = token.subject
            who = read_web_identity_caller(token, provider, session_name=None)
            ticket = await self._offer(who, asked, caller=caller, now=now)
            return seal_federation_ticket(self.ring, ticket)
        except AwsError as error:
            refusal = refusal_of(error, provider_arn=asked.provider_arn, request=asked.sealed_request)
            await self._record(refusal, subject, caller, now)
            raise refusal from None
        except FederationRefused as refusal:
            await self._record(refusal, subject, caller, now)
            raise

    async def _find_provider(self, asked: FederationRequest) -> tuple[OidcProvider, OidcClient]:
        provider = await self.storage.oidc_providers.load_oidc_provider(asked.provider_arn)
        for entry in self.listed:
            if provider is not None and entry.client is not None and entry.provider_arn == provider.arn:
                return provider, entry.client
        raise FederationRefused(
            "unknown_provider", provider_arn=asked.provider_arn, detail="no longer offered"
        )

    async def _prove(
        self,
        answer: OidcAnswer,
        asked: FederationRequest,
        provider: OidcProvider,
        client: OidcClient,
        *,
        now: int,
    ) -> VerifiedIdToken:
        try:
            verifier = open_verifier(self.ring, asked.sealed_verifier)
        except SealBroken:
            raise FederationRefused(
                "expired", provider_arn=provider.arn, detail="the verifier does not open"
            ) from None
        return await self.oidc.redeem_code(
            provider,
            client,
            code=answer.code,
            code_verifier=verifier,
            redirect_uri=self.external_url + OIDC_CALLBACK,
            nonce=asked.nonce,
            issuer=answer.issuer,
            now=now,
        )

    async def _offer(
        self, who: FederatedCaller, asked: FederationRequest, *, caller: Caller, now: int
    ) -> FederationTicket:
        choices = [
            RoleChoice(role.arn, 0)
            for role in await self._list_roles(provider_account(who.provider_arn))
            if self._is_trusted(role, who, caller=caller, now=now)
        ]
        if not choices:
            raise FederationRefused(
                "no_role",
                provider_arn=who.provider_arn,
                detail=f"subject {who.identity.subject}: no role's trust policy takes this token",
                request=asked.sealed_request,
            )
        return FederationTicket(
            self.randomness.uuid(),
            (who,),
            tuple(choices),
            asked.browser_hash,
            asked.sealed_request,
            now + TICKET_LIFETIME,
        )

    async def _list_roles(self, account_id: str) -> list[Role]:
        found: list[Role] = []
        after = ""
        while len(found) < _MOST_ROLES_ASKED:
            roles = await self.storage.roles.list_roles(account_id, path_prefix="/", page=Page(after, _PAGE))
            found += roles
            if len(roles) < _PAGE:
                break
            after = roles[-1].role_name.lower()
        return found

    def _is_trusted(self, role: Role, who: FederatedCaller, *, caller: Caller, now: int) -> bool:
        try:
            check_federated_trust(role, who, caller=caller, now=now, region=self.region)
        except AccessDenied:
            return False
        return True

    async def _record(self, refusal: FederationRefused, subject: str, caller: Caller, now: int) -> None:
        """`subject` is empty until the provider's word for it is proven."""
        event = federated_refusal_event(
            refusal, subject=subject, event_id=self.randomness.uuid(), caller=caller, now=now
        )
        await self.storage.audit.append(event)


def check_same_browser(asked: FederationRequest, browser_hash: bytes) -> None:
    """Whoever planted an answer in somebody else's browser gets no further. Raises FederationRefused."""
    if not hmac.compare_digest(asked.browser_hash, browser_hash):
        raise FederationRefused("other_browser", provider_arn=asked.provider_arn)


def check_answer(answer: OidcAnswer, asked: FederationRequest, provider: OidcProvider) -> None:
    """A yes, with a code, of the provider that was asked. Raises FederationRefused."""
    if answer.issuer and answer.issuer != provider.url:
        raise FederationRefused(
            "not_acceptable",
            provider_arn=provider.arn,
            message="the answer is another provider's",
            detail="iss is another issuer",
            request=asked.sealed_request,
        )
    reason = ""
    if answer.error:
        reason = f"error {answer.error[:64]!r}"
    elif not answer.code:
        reason = "no code"
    if reason:
        raise FederationRefused(
            "rejected", provider_arn=provider.arn, detail=reason, request=asked.sealed_request
        )
