"""A browser brings a provider's SAML response: proof first, then roles, then a ticket for the page that offers them.

Which provider may prove it: the one whose own address it was posted to, the one we asked (InResponseTo), or else
each one the Role attribute names (AWS's rule for IdP-initiated sign-in). A response to a request counts only while
that request waits, and takes it; the proven words must answer the same request as the unproven ones did. An
assertion is used once per provider (SAML V2.0 Profiles §4.1.4.5). Refusals of a known provider are audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from daypass.protocol.aws.errors import AccessDenied, AwsError, InvalidIdentityToken, ValidationError
from daypass.server.domain.account import Role
from daypass.server.domain.assumed_role import parse_role_arn
from daypass.server.domain.audit import Caller
from daypass.server.domain.federated_caller import FederatedCaller, check_federated_trust
from daypass.server.domain.federation_events import federated_refusal_event
from daypass.server.domain.federation_places import (
    SAML_CONSUMER,
    consumer_path,
    saml_audiences,
    saml_recipients,
)
from daypass.server.domain.federation_refusal import FederationRefused, refusal_of
from daypass.server.domain.federation_ticket import (
    TICKET_LIFETIME,
    FederationTicket,
    RoleChoice,
    seal_federation_ticket,
)
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.saml_claims import read_role_pairs, read_saml_caller
from daypass.server.domain.saml_keys import open_service_keys
from daypass.server.domain.use_once import use_once_key
from daypass.server.domain.verified_identity import VerifiedAssertion
from daypass.server.ports.clock import Randomness
from daypass.server.ports.federation_storage import FederationRequest
from daypass.server.ports.saml import SamlServiceProvider, UnverifiedSamlResponse
from daypass.server.ports.storage import Storage

__all__ = ["ReceiveAssertion"]

_MOST_PROVIDERS = 20
_MOST_ROLES = 250
"""Role pairs looked at; each costs a read and an evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveAssertion:
    """The story with its neighbours."""

    storage: Storage
    saml: SamlServiceProvider
    ring: KeyRing
    randomness: Randomness
    own_urls: frozenset[str]
    region: str

    async def receive(
        self, saml_response: str, *, provider_uuid: str | None, caller: Caller, now: int
    ) -> str:
        """The sealed ticket. `provider_uuid` names the own address it was posted to. Raises FederationRefused."""
        try:
            unverified = self.saml.read_response(saml_response)
        except AwsError as error:
            raise refusal_of(error, provider_arn="") from None
        asked = await self._take_request(unverified, now)
        subject = ""
        try:
            providers = await self._find_providers(unverified, asked, provider_uuid)
            proven = self._prove(saml_response, providers, unverified, own_place=provider_uuid, now=now)
            subject = proven[0].subject
            ticket = await self._offer(proven, asked, caller=caller, now=now)
            return seal_federation_ticket(self.ring, ticket)
        except FederationRefused as refusal:
            refusal.request = "" if asked is None else asked.sealed_request
            if refusal.provider_arn:
                await self._record(refusal, subject, caller, now)
            raise

    async def _take_request(self, unverified: UnverifiedSamlResponse, now: int) -> FederationRequest | None:
        """None for a sign-in that began at the provider."""
        if not unverified.in_response_to:
            return None
        asked = await self.storage.federation.take_federation_request(unverified.in_response_to, now=now)
        if asked is None:
            raise FederationRefused("not_asked", detail="InResponseTo names no waiting request")
        return asked

    async def _find_providers(
        self,
        unverified: UnverifiedSamlResponse,
        asked: FederationRequest | None,
        provider_uuid: str | None,
    ) -> list[SamlProvider]:
        """Who may prove it."""
        store = self.storage.saml_providers
        if provider_uuid is not None:
            owner = await store.find_saml_provider_by_uuid(provider_uuid)
            if owner is None:
                raise FederationRefused("unknown_provider", detail="posted to no provider's address")
            if asked is not None and asked.provider_arn != owner.arn:
                raise FederationRefused(
                    "not_acceptable", provider_arn=owner.arn, detail="another provider was asked"
                )
            return [owner]
        arns: Sequence[str] = unverified.provider_arns[:_MOST_PROVIDERS]
        if asked is not None:
            arns = (asked.provider_arn,)
        loaded = [await store.load_saml_provider(arn) for arn in arns]
        providers = [provider for provider in loaded if provider is not None]
        if not providers:
            raise FederationRefused("unknown_provider", detail="the response names no provider of ours")
        return providers

    def _prove(
        self,
        saml_response: str,
        providers: list[SamlProvider],
        unverified: UnverifiedSamlResponse,
        *,
        own_place: str | None,
        now: int,
    ) -> list[VerifiedAssertion]:
        """One proven assertion per provider that holds good for it. Encrypted ones open at own addresses only."""
        proven: list[VerifiedAssertion] = []
        refusal: FederationRefused | None = None
        path = SAML_CONSUMER if own_place is None else consumer_path(own_place)
        for provider in providers:
            try:
                assertion = self.saml.verify_response(
                    saml_response,
                    provider,
                    decryption_keys=() if own_place is None else open_service_keys(self.ring, provider)[1],
                    recipients=saml_recipients(self.own_urls, path),
                    audiences=saml_audiences(self.own_urls, provider),
                    now=now,
                )
                if assertion.in_response_to != unverified.in_response_to:
                    raise InvalidIdentityToken(
                        "the identity provider's message is not acceptable",
                        detail="signed and unsigned parts answer different requests",
                    )
                proven.append(assertion)
            except AwsError as error:
                refusal = refusal or refusal_of(error, provider_arn=provider.arn)
        if not proven:
            raise refusal or FederationRefused("unknown_provider")
        return proven

    async def _offer(
        self, proven: list[VerifiedAssertion], asked: FederationRequest | None, *, caller: Caller, now: int
    ) -> FederationTicket:
        """Use the assertion once, then look at every role it names."""
        for assertion in proven:
            if not await self._use_once(assertion, now):
                raise FederationRefused(
                    "replayed", provider_arn=assertion.provider_arn, detail=f"subject {assertion.subject}"
                )
        callers: list[FederatedCaller] = []
        choices: list[RoleChoice] = []
        named: list[str] = []
        reasons: list[str] = []
        for assertion in proven:
            who, roles = read_person(assertion)
            callers.append(who)
            named += roles
            for role_arn in roles:
                reason = await self._refuse_role(role_arn, who, caller=caller, now=now)
                if reason:
                    reasons.append(reason)
                else:
                    choices.append(RoleChoice(role_arn, len(callers) - 1))
        if not choices:
            raise FederationRefused(
                "no_role",
                provider_arn=proven[0].provider_arn,
                role_arns=tuple(named),
                detail=f"subject {proven[0].subject}: " + "; ".join(reasons[:5]),
            )
        return FederationTicket(
            self.randomness.uuid(),
            tuple(callers),
            tuple(choices),
            b"" if asked is None else asked.browser_hash,
            "" if asked is None else asked.sealed_request,
            now + TICKET_LIFETIME,
        )

    async def _use_once(self, assertion: VerifiedAssertion, now: int) -> bool:
        key = use_once_key("saml", f"{assertion.provider_arn}|{assertion.assertion_id}")
        return await self.storage.federation.use_once(key, now=now, expires_at=assertion.expires_at)

    async def _refuse_role(self, role_arn: str, who: FederatedCaller, *, caller: Caller, now: int) -> str:
        """Why this role is not offered; empty when it is."""
        role = await self._load_role(role_arn)
        if role is None:
            return f"{role_arn}: no such role"
        try:
            check_federated_trust(role, who, caller=caller, now=now, region=self.region)
        except AccessDenied as refusal:
            return refusal.detail
        return ""

    async def _load_role(self, role_arn: str) -> Role | None:
        try:
            role = await self.storage.roles.load_role(*parse_role_arn(role_arn))
        except ValidationError:
            return None
        return role if role is not None and role.arn == role_arn else None

    async def _record(self, refusal: FederationRefused, subject: str, caller: Caller, now: int) -> None:
        """`subject` is empty until the provider's word for it is proven."""
        event = federated_refusal_event(
            refusal, subject=subject, event_id=self.randomness.uuid(), caller=caller, now=now
        )
        await self.storage.audit.append(event)


def read_person(assertion: VerifiedAssertion) -> tuple[FederatedCaller, list[str]]:
    """Who it is about, and the roles it names together with the provider that proved it. Raises FederationRefused."""
    try:
        who = read_saml_caller(assertion)
        pairs = read_role_pairs(assertion)
    except AwsError as error:
        raise refusal_of(error, provider_arn=assertion.provider_arn) from None
    if len(pairs) > _MOST_ROLES:
        raise FederationRefused(
            "too_many_roles", provider_arn=assertion.provider_arn, detail=f"{len(pairs)} roles"
        )
    return who, [pair.role_arn for pair in pairs if pair.provider_arn == assertion.provider_arn]
