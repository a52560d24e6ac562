"""Table `saml_providers`: the SAML identity providers of accounts.

A new key of the ring reseals private keys while an administrator may be changing the provider: both hold the
account's row, and resealing keeps the keys that are there now, so a removed key never comes back.
"""

from collections.abc import Sequence

from daypass.protocol.aws.errors import ConcurrentModification, EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction, Value
from daypass.server.adapters.sql.existence import check_provider_room
from daypass.server.adapters.sql.json_text import (
    private_keys_text,
    read_private_keys,
    read_tags,
    tags_text,
)
from daypass.server.domain.identity_provider import SamlProvider

__all__ = ["SqlSamlProviderStore"]

_COLUMNS = (
    "account_id, name, provider_uuid, metadata_document, entity_id, created_at, valid_until,"
    " sealed_service_key, service_certificate, assertion_encryption, private_keys, tags"
)
_CHANGING = (
    "provider_uuid, metadata_document, entity_id, valid_until, sealed_service_key,"
    " service_certificate, assertion_encryption, private_keys, tags"
)
_LARGEST_LISTING = 100
"""Of every account's providers."""


class SqlSamlProviderStore:
    """`ports.federation_storage.SamlProviderStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_saml_provider(self, provider: SamlProvider, *, limit: int | None = None) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, provider.account_id)
            if limit is not None:
                await check_provider_room(transaction, "saml_providers", provider.account_id, limit)
            row = await transaction.fetch_one(
                f"INSERT INTO saml_providers (provider_arn, name_key, created_at, name, account_id, {_CHANGING})"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
                " ON CONFLICT DO NOTHING RETURNING provider_arn",
                provider.arn,
                provider.name.lower(),
                provider.created_at,
                provider.name,
                provider.account_id,
                *_changing_values(provider),
            )
            if row is None:
                raise EntityAlreadyExists("a SAML provider with this name exists already")

        await self._engine.run(work)

    async def load_saml_provider(self, provider_arn: str) -> SamlProvider | None:
        return await self._find("provider_arn = $1", provider_arn)

    async def find_saml_provider_by_uuid(self, provider_uuid: str) -> SamlProvider | None:
        return await self._find("provider_uuid = $1", provider_uuid)

    async def list_saml_providers(self, account_id: str) -> Sequence[SamlProvider]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM saml_providers WHERE account_id = $1 ORDER BY name_key", account_id
        )
        return [_provider(row) for row in rows]

    async def list_saml_provider_arns(self) -> Sequence[str]:
        # For a page that anybody may open: no metadata, which may be a megabyte each, and no account's
        # hundred providers push the other accounts' off it.
        rows = await self._engine.fetch_all(
            "SELECT account_id, name_key, provider_arn FROM ("
            "SELECT account_id, name_key, provider_arn,"
            " row_number() OVER (PARTITION BY account_id ORDER BY name_key) AS place FROM saml_providers"
            ") AS placed ORDER BY place, account_id LIMIT $1",
            _LARGEST_LISTING,
        )
        return [row[2] for row in sorted(rows, key=lambda row: (row[0], row[1]))]

    async def update_saml_provider(
        self, provider: SamlProvider, *, before: SamlProvider | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, provider.account_id)
            if before is not None:
                found = await transaction.fetch_one(
                    f"SELECT {_COLUMNS} FROM saml_providers WHERE provider_arn = $1", provider.arn
                )
                if found is not None and _provider(found) != before:
                    raise ConcurrentModification("the SAML provider has changed meanwhile")
            row = await transaction.fetch_one(
                f"UPDATE saml_providers SET ({_CHANGING}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " WHERE provider_arn = $1 RETURNING provider_arn",
                provider.arn,
                *_changing_values(provider),
            )
            if row is None:
                raise NoSuchEntity("the SAML provider does not exist")

        await self._engine.run(work)

    async def reseal_saml_provider(self, provider: SamlProvider) -> None:
        resealed = {private_key.key_id: private_key for private_key in provider.private_keys}

        async def work(transaction: Transaction) -> None:
            await _hold_account(transaction, provider.account_id)
            row = await transaction.fetch_one(
                "SELECT private_keys FROM saml_providers WHERE provider_arn = $1 AND service_certificate = $2",
                provider.arn,
                provider.service_certificate,
            )
            if row is None:
                return
            private_keys = (resealed.get(kept.key_id, kept) for kept in read_private_keys(row[0]))
            await transaction.execute(
                "UPDATE saml_providers SET sealed_service_key = $2, private_keys = $3 WHERE provider_arn = $1",
                provider.arn,
                provider.sealed_service_key,
                private_keys_text(tuple(private_keys)),
            )

        await self._engine.run(work)

    async def delete_saml_provider(self, provider_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.fetch_one(
                "SELECT account_id FROM saml_providers WHERE provider_arn = $1", provider_arn
            )
            if row is not None:
                await raise_revision(transaction, row[0])
                row = await transaction.fetch_one(
                    "DELETE FROM saml_providers WHERE provider_arn = $1 RETURNING provider_arn", provider_arn
                )
            if row is None:
                raise NoSuchEntity("the SAML provider does not exist")

        await self._engine.run(work)

    async def _find(self, condition: str, value: str) -> SamlProvider | None:
        row = await self._engine.fetch_one(f"SELECT {_COLUMNS} FROM saml_providers WHERE {condition}", value)
        return None if row is None else _provider(row)


def _changing_values(provider: SamlProvider) -> tuple[Value, ...]:
    """In the order of `_CHANGING`."""
    return (
        provider.provider_uuid,
        provider.metadata_document,
        provider.entity_id,
        provider.valid_until,
        provider.sealed_service_key,
        provider.service_certificate,
        provider.assertion_encryption,
        private_keys_text(provider.private_keys),
        tags_text(provider.tags),
    )


def _provider(row: Row) -> SamlProvider:
    columns = [*row[:-2], read_private_keys(row[-2]), read_tags(row[-1])]
    return SamlProvider(*columns)


async def _hold_account(transaction: Transaction, account_id: str) -> None:
    """The lock of `raise_revision`, without the change."""
    await transaction.execute("UPDATE accounts SET revision = revision WHERE account_id = $1", account_id)
