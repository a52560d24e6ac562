"""Tables `buckets` and `bucket_policies`: which account owns a bucket at the gateway, and what policy it gave it."""

from collections.abc import Sequence

from daypass.server.adapters.sql.engine import Engine
from daypass.server.ports.storage import Bucket

__all__ = ["SqlBucketStore"]

_COLUMNS = "name, account_id, created_at, region"


class SqlBucketStore:
    """`ports.storage.BucketStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def claim_bucket(self, bucket: Bucket) -> Bucket:
        # The update changes nothing; it is there so that RETURNING also answers with the owner's row.
        row = await self._engine.fetch_one(
            f"INSERT INTO buckets ({_COLUMNS}) VALUES ($1, $2, $3, $4)"
            f" ON CONFLICT (name) DO UPDATE SET name = buckets.name RETURNING {_COLUMNS}",
            bucket.name,
            bucket.account_id,
            bucket.created_at,
            bucket.region,
        )
        assert row is not None, "an upsert always returns its row"
        return Bucket(*row)

    async def load_bucket(self, name: str) -> Bucket | None:
        row = await self._engine.fetch_one(f"SELECT {_COLUMNS} FROM buckets WHERE name = $1", name)
        return None if row is None else Bucket(*row)

    async def list_buckets(self, account_id: str) -> Sequence[Bucket]:
        rows = await self._engine.fetch_all(
            f"SELECT {_COLUMNS} FROM buckets WHERE account_id = $1 ORDER BY name", account_id
        )
        return [Bucket(*row) for row in rows]

    async def release_bucket(self, name: str, account_id: str) -> None:
        await self._engine.execute(
            "DELETE FROM buckets WHERE name = $1 AND account_id = $2", name, account_id
        )

    async def put_bucket_policy(self, name: str, account_id: str, document: str) -> bool:
        # The bucket's owner is asked in the write itself: the bucket may change hands before it.
        row = await self._engine.fetch_one(
            "INSERT INTO bucket_policies (bucket, document)"
            " SELECT name, $3 FROM buckets WHERE name = $1 AND account_id = $2"
            " ON CONFLICT (bucket) DO UPDATE SET document = excluded.document RETURNING bucket",
            name,
            account_id,
            document,
        )
        return row is not None

    async def load_bucket_policy(self, name: str) -> str | None:
        row = await self._engine.fetch_one("SELECT document FROM bucket_policies WHERE bucket = $1", name)
        return None if row is None else row[0]

    async def delete_bucket_policy(self, name: str, account_id: str) -> None:
        await self._engine.execute(
            "DELETE FROM bucket_policies WHERE bucket IN"
            " (SELECT name FROM buckets WHERE name = $1 AND account_id = $2)",
            name,
            account_id,
        )
