"""Table `oidc_providers`: the OpenID Connect identity providers of accounts, keyed by the ARN of their URL."""

from collections.abc import Sequence

from daypass.protocol.aws.errors import ConcurrentModification, EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Row, Transaction
from daypass.server.adapters.sql.existence import check_provider_room
from daypass.server.adapters.sql.json_text import read_tags, read_texts, tags_text, texts_text
from daypass.server.domain.identity_provider import OidcProvider

__all__ = ["SqlOidcProviderStore"]

_COLUMNS = "account_id, url, client_ids, thumbprints, created_at, tags"


class SqlOidcProviderStore:
    """`ports.federation_storage.OidcProviderStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_oidc_provider(self, provider: OidcProvider, *, limit: int | None = None) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, provider.account_id)
            if limit is not None:
                await check_provider_room(transaction, "oidc_providers", provider.account_id, limit)
            row = await transaction.fetch_one(
                f"INSERT INTO oidc_providers ({_COLUMNS}, provider_arn) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                " ON CONFLICT DO NOTHING RETURNING provider_arn",
                provider.account_id,
                provider.url,
                texts_text(provider.client_ids),
                texts_text(provider.thumbprints),
                provider.created_at,
                tags_text(provider.tags),
                provider.arn,
            )
            if row is None:
                raise EntityAlreadyExists("an OpenID Connect provider with this URL exists already")

        await self._engine.run(work)

    async def load_oidc_provider(self, provider_arn: str) -> OidcProvider | None:
        row = await self._engine.fetch_one(
            f"SELECT {_COLUMNS} FROM oidc_providers WHERE provider_arn = $1", provider_arn
        )
        return None if row is None else _provider(row)

    async def list_oidc_providers(self, account_id: str) -> Sequence[OidcProvider]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM oidc_providers WHERE account_id = $1 ORDER BY url", account_id
        )
        return [_provider(row) for row in rows]

    async def update_oidc_provider(
        self, provider: OidcProvider, *, before: OidcProvider | None = None
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, provider.account_id)
            if before is not None:
                found = await transaction.fetch_one(
                    f"SELECT {_COLUMNS} FROM oidc_providers WHERE provider_arn = $1", provider.arn
                )
                if found is not None and _provider(found) != before:
                    raise ConcurrentModification("the OpenID Connect provider has changed meanwhile")
            row = await transaction.fetch_one(
                "UPDATE oidc_providers SET client_ids = $2, thumbprints = $3, tags = $4"
                " WHERE provider_arn = $1 RETURNING provider_arn",
                provider.arn,
                texts_text(provider.client_ids),
                texts_text(provider.thumbprints),
                tags_text(provider.tags),
            )
            if row is None:
                raise NoSuchEntity("the OpenID Connect provider does not exist")

        await self._engine.run(work)

    async def delete_oidc_provider(self, provider_arn: str) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.fetch_one(
                "SELECT account_id FROM oidc_providers WHERE provider_arn = $1", provider_arn
            )
            if row is not None:
                await raise_revision(transaction, row[0])
                row = await transaction.fetch_one(
                    "DELETE FROM oidc_providers WHERE provider_arn = $1 RETURNING provider_arn", provider_arn
                )
            if row is None:
                raise NoSuchEntity("the OpenID Connect provider does not exist")

        await self._engine.run(work)


def _provider(row: Row) -> OidcProvider:
    account_id, url, client_ids, thumbprints, created_at, tags = row
    return OidcProvider(
        account_id=account_id,
        url=url,
        client_ids=read_texts(client_ids),
        thumbprints=read_texts(thumbprints),
        created_at=created_at,
        tags=read_tags(tags),
    )
