"""The storage of one database: every store over one engine, as the composition root hands it out."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal

from daypass.server.adapters.sql.access_keys import SqlAccessKeyStore
from daypass.server.adapters.sql.account_settings import SqlAccountSettingsStore
from daypass.server.adapters.sql.accounts import SqlAccountStore
from daypass.server.adapters.sql.attempts import SqlAttemptStore
from daypass.server.adapters.sql.audit_blocks import (
    SqlAuditBlockStore,
    settled_on_postgres,
    settled_on_sqlite,
)
from daypass.server.adapters.sql.audit_events import SqlAuditStore, append_in_turn
from daypass.server.adapters.sql.buckets import SqlBucketStore
from daypass.server.adapters.sql.engine import Engine
from daypass.server.adapters.sql.federation import SqlFederationStore
from daypass.server.adapters.sql.group_commit import GroupCommit
from daypass.server.adapters.sql.groups import SqlGroupStore
from daypass.server.adapters.sql.inline_policies import SqlInlinePolicyStore
from daypass.server.adapters.sql.login_sessions import SqlLoginSessionStore
from daypass.server.adapters.sql.mfa_devices import SqlMfaDeviceStore
from daypass.server.adapters.sql.migrate import apply_migrations, load_migrations
from daypass.server.adapters.sql.oidc_providers import SqlOidcProviderStore
from daypass.server.adapters.sql.policies import SqlPolicyStore
from daypass.server.adapters.sql.policy_versions import SqlPolicyVersionStore
from daypass.server.adapters.sql.postgres_batches import append_as_set, redeem_as_set, rotate_as_set
from daypass.server.adapters.sql.postgres_engine import PostgresEngine
from daypass.server.adapters.sql.principals import SqlPrincipalStore
from daypass.server.adapters.sql.redeem import redeem_in_turn
from daypass.server.adapters.sql.roles import SqlRoleStore
from daypass.server.adapters.sql.rotate import rotate_in_turn
from daypass.server.adapters.sql.saml_providers import SqlSamlProviderStore
from daypass.server.adapters.sql.session_origins import SqlSessionOriginStore
from daypass.server.adapters.sql.sign_in_sessions import SqlSignInSessionStore
from daypass.server.adapters.sql.sqlite_engine import SqliteEngine
from daypass.server.adapters.sql.upkeep import check_writable, find_uses, purge_expired
from daypass.server.adapters.sql.users import SqlUserStore
from daypass.server.domain.audit import AuditEvent
from daypass.server.ports.storage import (
    AuditStore,
    CodeRedemption,
    Redemption,
    RefreshRotation,
    Rotation,
    SessionOriginStore,
)

__all__ = ["SqlStorage", "postgres_storage", "sqlite_storage"]

Rotate = Callable[[Sequence[RefreshRotation]], Awaitable[Sequence[Rotation]]]
Redeem = Callable[[Sequence[CodeRedemption]], Awaitable[Sequence[Redemption]]]
Append = Callable[[Sequence[AuditEvent]], Awaitable[Sequence[None]]]
Settled = Callable[[Engine], Awaitable[int]]


class SqlStorage:
    """`ports.storage.Storage`. `rotate`, `redeem` and `append` commit one batch each; `settled` is of `audit_blocks.py`."""

    def __init__(
        self,
        engine: Engine,
        *,
        rotate: Rotate,
        redeem: Redeem,
        append: Append,
        settled: Settled,
        in_flight: int,
    ) -> None:
        self.engine = engine
        self._rotations = GroupCommit(rotate, in_flight=in_flight)
        self._redemptions = GroupCommit(redeem, in_flight=in_flight)
        self._appends = GroupCommit(append, in_flight=1)  # one at a time: the log keeps the order of arrival
        self.accounts = SqlAccountStore(engine)
        self.users = SqlUserStore(engine)
        self.roles = SqlRoleStore(engine)
        self.policies = SqlPolicyStore(engine)
        self.sign_in_sessions = SqlSignInSessionStore(engine)
        self.login_sessions = SqlLoginSessionStore(engine, self._redemptions, self._rotations)
        self.attempts = SqlAttemptStore(engine)
        self.audit: AuditStore = SqlAuditStore(engine, self._appends)
        self.audit_blocks = SqlAuditBlockStore(engine, settled)
        self.buckets = SqlBucketStore(engine)
        self.saml_providers = SqlSamlProviderStore(engine)
        self.oidc_providers = SqlOidcProviderStore(engine)
        self.federation = SqlFederationStore(engine)
        self.session_origins: SessionOriginStore = SqlSessionOriginStore(engine)
        self.groups = SqlGroupStore(engine)
        self.inline_policies = SqlInlinePolicyStore(engine)
        self.policy_versions = SqlPolicyVersionStore(engine)
        self.access_keys = SqlAccessKeyStore(engine)
        self.mfa_devices = SqlMfaDeviceStore(engine)
        self.principals = SqlPrincipalStore(engine)
        self.account_settings = SqlAccountSettingsStore(engine)

    async def migrate(self) -> list[str]:
        return await apply_migrations(self.engine, load_migrations(self.engine.migrations_folder))

    async def check_writable(self, *, now: int) -> None:
        await check_writable(self.engine, now=now)

    async def find_uses(self) -> frozenset[Literal["saml", "oidc", "passkeys"]]:
        return await find_uses(self.engine)

    async def purge_expired(self, *, now: int) -> None:
        await purge_expired(self.engine, now=now)

    async def close(self) -> None:
        """Answer what was submitted, then let go of the database."""
        for group in (self._rotations, self._redemptions, self._appends):
            await group.drain()
        await self.engine.close()


def sqlite_storage(engine: SqliteEngine) -> SqlStorage:
    """Statements run inline, so a batch is plain repetition and no two can be in flight."""
    return SqlStorage(
        engine,
        rotate=partial(rotate_in_turn, engine),
        redeem=partial(redeem_in_turn, engine),
        append=partial(append_in_turn, engine),
        settled=settled_on_sqlite,
        in_flight=1,
    )


def postgres_storage(engine: PostgresEngine) -> SqlStorage:
    """While one batch of a kind waits for its commit, the next one is already on its way."""
    return SqlStorage(
        engine,
        rotate=partial(rotate_as_set, engine),
        redeem=partial(redeem_as_set, engine),
        append=partial(append_as_set, engine),
        settled=settled_on_postgres,
        in_flight=2,
    )
