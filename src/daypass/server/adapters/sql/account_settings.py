"""What holds for a whole account: tables `account_password_policies` and `service_control_policies`, the alias and the
switch of outbound federation in `accounts`, and counts over all the others.
"""

from collections.abc import Mapping, Sequence

from daypass.protocol.aws.errors import EntityAlreadyExists, NoSuchEntity
from daypass.server.adapters.sql.accounts import raise_revision
from daypass.server.adapters.sql.engine import Engine, Transaction
from daypass.server.adapters.sql.json_text import password_policy_text, read_password_policy
from daypass.server.adapters.sql.policies import POLICY_COLUMNS, read_policy
from daypass.server.domain.account import ManagedPolicy
from daypass.server.domain.account_settings import PasswordPolicy, ServiceControlPolicy

__all__ = ["SqlAccountSettingsStore"]

_CONTROL_POLICY = "account_id, policy_name, document, created_at"

_COUNTS: Mapping[str, str] = {
    "Users": "FROM users WHERE account_id = $1",
    "Groups": "FROM groups WHERE account_id = $1",
    "Roles": "FROM roles WHERE account_id = $1",
    "Policies": "FROM policies WHERE account_id = $1",
    "PolicyVersionsInUse": (
        "FROM policies JOIN policy_versions ON policy_versions.policy_arn = policies.policy_arn"
        " WHERE policies.account_id = $1"
    ),
    "MFADevices": "FROM mfa_devices WHERE account_id = $1",
    "MFADevicesInUse": "FROM mfa_devices WHERE account_id = $1 AND owner_id <> ''",
    "AccountMFAEnabled": (
        "FROM accounts WHERE account_id = $1 AND EXISTS (SELECT 1 FROM mfa_devices"
        " WHERE mfa_devices.account_id = $1 AND mfa_devices.owner_id = accounts.account_id)"
    ),
    "Providers": (
        "FROM (SELECT provider_arn FROM saml_providers WHERE account_id = $1"
        " UNION ALL SELECT provider_arn FROM oidc_providers WHERE account_id = $1) AS providers"
    ),
}
_SUMMARY = "SELECT " + ", ".join(f"(SELECT count(*) {source})" for source in _COUNTS.values())
_NEVER_HERE = ("AccountAccessKeysPresent", "InstanceProfiles", "ServerCertificates")
"""Root has no long-term keys on this server, and there are neither instances nor certificates."""


class SqlAccountSettingsStore:
    """`ports.identity_storage.AccountSettingsStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def load_password_policy(self, account_id: str) -> PasswordPolicy | None:
        row = await self._engine.fetch_one(
            "SELECT policy FROM account_password_policies WHERE account_id = $1", account_id
        )
        return None if row is None else read_password_policy(row[0])

    async def put_password_policy(self, account_id: str, policy: PasswordPolicy | None) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            if policy is not None:
                await transaction.execute(
                    "INSERT INTO account_password_policies (account_id, policy) VALUES ($1, $2)"
                    " ON CONFLICT (account_id) DO UPDATE SET policy = excluded.policy",
                    account_id,
                    password_policy_text(policy),
                )
                return
            row = await transaction.fetch_one(
                "DELETE FROM account_password_policies WHERE account_id = $1 RETURNING account_id", account_id
            )
            if row is None:
                raise NoSuchEntity("the account has no password policy")

        await self._engine.run(work)

    async def set_account_alias(self, account_id: str, alias: str | None) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.lock("account aliases")
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "UPDATE accounts SET alias = $2 WHERE account_id = $1"
                " AND NOT EXISTS (SELECT 1 FROM accounts AS other"
                " WHERE other.alias = $2 AND other.account_id <> $1) RETURNING account_id",
                account_id,
                None if alias is None else alias.lower(),
            )
            if row is None:
                raise EntityAlreadyExists("another account has this alias")

        await self._engine.run(work)

    async def is_web_identity_enabled(self, account_id: str) -> bool:
        row = await self._engine.fetch_one(
            "SELECT web_identity_off FROM accounts WHERE account_id = $1", account_id
        )
        return row is not None and not row[0]

    async def enable_web_identity(self, account_id: str, *, is_enabled: bool) -> bool:
        async def work(transaction: Transaction) -> bool:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "UPDATE accounts SET web_identity_off = $2"
                " WHERE account_id = $1 AND web_identity_off <> $2 RETURNING account_id",
                account_id,
                int(not is_enabled),
            )
            return row is not None

        return await self._engine.run(work)

    async def put_service_control_policy(self, policy: ServiceControlPolicy) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, policy.account_id)
            await transaction.execute(
                f"INSERT INTO service_control_policies ({_CONTROL_POLICY}) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (account_id, policy_name)"
                " DO UPDATE SET document = excluded.document, created_at = excluded.created_at",
                policy.account_id,
                policy.policy_name,
                policy.document,
                policy.created_at,
            )

        await self._engine.run(work)

    async def list_service_control_policies(self, account_id: str) -> Sequence[ServiceControlPolicy]:
        rows = await self._engine.fetch_all(
            f"SELECT {_CONTROL_POLICY} FROM service_control_policies WHERE account_id = $1"
            " ORDER BY policy_name",
            account_id,
        )
        return [ServiceControlPolicy(*row) for row in rows]

    async def delete_service_control_policy(self, account_id: str, policy_name: str) -> None:
        async def work(transaction: Transaction) -> None:
            await raise_revision(transaction, account_id)
            row = await transaction.fetch_one(
                "DELETE FROM service_control_policies WHERE account_id = $1 AND policy_name = $2"
                " RETURNING policy_name",
                account_id,
                policy_name,
            )
            if row is None:
                raise NoSuchEntity("the account has no service control policy of this name")

        await self._engine.run(work)

    async def summarize(self, account_id: str) -> Mapping[str, int]:
        row = await self._engine.fetch_one(_SUMMARY, account_id)
        assert row is not None, "counts are always a row"
        return {**dict(zip(_COUNTS, row, strict=True)), **dict.fromkeys(_NEVER_HERE, 0)}

    async def list_all_policies_of(self, account_id: str) -> Sequence[ManagedPolicy]:
        rows = await self._engine.fetch_all(
            f"SELECT {POLICY_COLUMNS} FROM policies WHERE account_id = $1 ORDER BY name_key", account_id
        )
        return [read_policy(row) for row in rows]
