"""SAML identity providers: create, get, list, update, delete (IAM reference, operations of the same names).

Metadata is read when it is stored: what cannot verify an assertion is never kept. Each provider gets a key
pair of ours with it, and keys the administrator adds; private keys are sealed before they reach storage and
no answer shows one. Order as in every IAM story: find, ask policy, then answer or change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from daypass.protocol.aws.errors import (
    ConcurrentModification,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
)
from daypass.secret import Secret
from daypass.server.domain.identity_provider import SamlPrivateKey, SamlProvider, Tags
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.provider_identifiers import (
    LONG_ID_SEED_BYTES,
    build_long_id,
    check_own_provider,
    concurrent_change,
    is_own_provider,
    no_such_saml_provider,
)
from daypass.server.domain.resource_tags import request_tag_values, resource_tag_values
from daypass.server.domain.saml_keys import seal_private_key, unwrap_service_key
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage

__all__ = ["SamlProviders"]

MAX_PROVIDERS = 100
"""Per account (IAM quotas, "SAML providers per account")."""
MAX_PRIVATE_KEYS = 2
"""Per provider (IAM quotas, "Private keys per SAML provider")."""


@dataclass(frozen=True, slots=True)
class SamlProviders:
    """The stories about SAML providers, over the ports they need."""

    storage: Storage
    ring: KeyRing
    randomness: Randomness
    saml: SamlServiceProvider

    async def create_saml_provider(
        self,
        call: VerifiedCall,
        *,
        name: str,
        metadata_document: str,
        tags: Tags = (),
        assertion_encryption: str = "",
        added_private_key: Secret | None = None,
    ) -> SamlProvider:
        """Raises InvalidInput, LimitExceeded, EntityAlreadyExists."""
        arn = f"arn:aws:iam::{call.account_id}:saml-provider/{name}"
        call.check_allowed("iam:CreateSAMLProvider", arn, request_tag_values(tags))
        if tags:
            call.check_allowed("iam:TagSAMLProvider", arn, request_tag_values(tags))
        metadata = self.saml.parse_metadata(metadata_document, now=call.now)
        added = () if added_private_key is None else (self._seal(call, added_private_key),)
        present = await self.storage.saml_providers.list_saml_providers(call.account_id)
        if any(provider.name.lower() == name.lower() for provider in present):
            raise _taken(name)
        if len(present) >= MAX_PROVIDERS:  # before a key is made for nothing; the store settles it
            raise _too_many()
        service_key = await self.saml.make_service_key()
        provider = SamlProvider(
            account_id=call.account_id,
            name=name,
            provider_uuid=build_long_id("SAML", self.randomness.token_bytes(LONG_ID_SEED_BYTES)),
            metadata_document=metadata_document,
            entity_id=metadata.entity_id,
            created_at=call.now,
            valid_until=metadata.valid_until,
            sealed_service_key=seal_private_key(self.ring, unwrap_service_key(service_key.private_key)),
            service_certificate=service_key.certificate,
            assertion_encryption=assertion_encryption,
            private_keys=added,
            tags=tags,
        )
        try:
            await self.storage.saml_providers.create_saml_provider(provider, limit=MAX_PROVIDERS)
        except EntityAlreadyExists:
            raise _taken(name) from None
        except LimitExceeded:
            raise _too_many() from None
        return provider

    async def get_saml_provider(self, call: VerifiedCall, *, provider_arn: str) -> SamlProvider:
        """Raises NoSuchEntity."""
        return await self._find(call, "iam:GetSAMLProvider", provider_arn)

    async def list_saml_providers(self, call: VerifiedCall) -> Sequence[SamlProvider]:
        """The account's, in order of name; there are no pages."""
        call.check_allowed("iam:ListSAMLProviders", f"arn:aws:iam::{call.account_id}:saml-provider/*")
        return await self.storage.saml_providers.list_saml_providers(call.account_id)

    async def update_saml_provider(
        self,
        call: VerifiedCall,
        *,
        provider_arn: str,
        metadata_document: str | None = None,
        assertion_encryption: str | None = None,
        added_private_key: Secret | None = None,
        removed_private_key: str | None = None,
    ) -> SamlProvider:
        """Replace what is given. Raises NoSuchEntity, InvalidInput, LimitExceeded, ConcurrentModification."""
        before = await self._find(call, "iam:UpdateSAMLProvider", provider_arn)
        changed = before
        if metadata_document is not None:
            metadata = self.saml.parse_metadata(metadata_document, now=call.now)
            changed = replace(
                changed,
                metadata_document=metadata_document,
                entity_id=metadata.entity_id,
                valid_until=metadata.valid_until,
            )
        if assertion_encryption is not None:
            changed = replace(changed, assertion_encryption=assertion_encryption)
        if removed_private_key is not None:
            changed = _without_key(changed, removed_private_key)
        if added_private_key is not None:
            if len(changed.private_keys) >= MAX_PRIVATE_KEYS:
                raise LimitExceeded(f"Cannot exceed quota for PrivateKeysPerSAMLProvider: {MAX_PRIVATE_KEYS}")
            keys = (*changed.private_keys, self._seal(call, added_private_key))
            changed = replace(changed, private_keys=keys)
        if changed != before:
            try:
                await self.storage.saml_providers.update_saml_provider(changed, before=before)
            except ConcurrentModification:
                raise concurrent_change() from None
            except NoSuchEntity:
                raise no_such_saml_provider(provider_arn) from None
        return changed

    async def delete_saml_provider(self, call: VerifiedCall, *, provider_arn: str) -> None:
        """Roles that name it keep naming it. Raises NoSuchEntity."""
        provider = await self._find(call, "iam:DeleteSAMLProvider", provider_arn)
        try:
            await self.storage.saml_providers.delete_saml_provider(provider.arn)
        except NoSuchEntity:
            raise no_such_saml_provider(provider_arn) from None

    async def _find(self, call: VerifiedCall, action: str, provider_arn: str) -> SamlProvider:
        provider = None
        if is_own_provider(call, provider_arn):
            provider = await self.storage.saml_providers.load_saml_provider(provider_arn)
        if provider is None:
            call.check_allowed(action, provider_arn)
            check_own_provider(call, action, provider_arn)
            raise no_such_saml_provider(provider_arn)
        call.check_allowed(action, provider.arn, resource_tag_values(provider.tags))
        return provider

    def _seal(self, call: VerifiedCall, pem: Secret) -> SamlPrivateKey:
        return SamlPrivateKey(
            key_id=build_long_id("KEY", self.randomness.token_bytes(LONG_ID_SEED_BYTES)),
            created_at=call.now,
            sealed_key=seal_private_key(self.ring, self.saml.read_private_key(pem.reveal())),
        )


def _taken(name: str) -> EntityAlreadyExists:
    return EntityAlreadyExists(f"SAMLProvider with name {name} already exists.")


def _too_many() -> LimitExceeded:
    return LimitExceeded(f"Cannot exceed quota for SAMLProvidersPerAccount: {MAX_PROVIDERS}")


def _without_key(provider: SamlProvider, key_id: str) -> SamlProvider:
    kept = tuple(key for key in provider.private_keys if key.key_id != key_id)
    if len(kept) == len(provider.private_keys):
        raise NoSuchEntity(f"Private key {key_id} not found for arn {provider.arn}")
    return replace(provider, private_keys=kept)
