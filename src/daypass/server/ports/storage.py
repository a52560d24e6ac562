"""The storage contract: what the server keeps, one small port per noun.

Two engines implement it from the first day (`adapters/sql/sqlite`, `adapters/sql/postgres`), and one test
suite (`tests/storage/`) runs on both. Rules that hold for every method:

- Each method is one transaction. Nothing is half done after a crash.
- "Use once" is one atomic statement: the condition stands in the write, never in a read before it.
- A refusal that must persist (a used code, a revoked session) is *returned*, never raised through a rollback.
- Every change inside an account also adds 1 to `Account.revision`, in the same transaction.
- Methods raise `daypass.errors.StorageError` when the database cannot answer, and the AWS errors named in
  their docstrings for conflicts (`EntityAlreadyExists`, `NoSuchEntity`, `DeleteConflict`).
- Times are epoch seconds and come from the caller; the database's clock is never asked.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from daypass.server.domain.account import Account, LoginProfile, ManagedPolicy, Role, User
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.ports.audit_storage import AuditBlockStore, AuditStore
from daypass.server.ports.bucket_storage import Bucket, BucketStore
from daypass.server.ports.federation_storage import FederationStore, OidcProviderStore, SamlProviderStore
from daypass.server.ports.identity_storage import (
    AccessKeyStore,
    AccountSettingsStore,
    GroupStore,
    InlinePolicyStore,
    MfaDeviceStore,
    PolicyVersionStore,
)
from daypass.server.ports.login_session_storage import (
    CodeRedemption,
    DpopProof,
    LoginSessionStore,
    Redemption,
    RefreshRotation,
    Rotation,
)
from daypass.server.ports.page import Page
from daypass.server.ports.principal_storage import PrincipalStore
from daypass.server.ports.sign_in_session_storage import SignInSessionStore

__all__ = [
    "AccountStore",
    "AttemptStore",
    "AuditBlockStore",
    "AuditStore",
    "Bucket",
    "BucketStore",
    "CodeRedemption",
    "DpopProof",
    "LoginSessionStore",
    "Page",
    "PolicyStore",
    "Redemption",
    "RefreshRotation",
    "RoleStore",
    "Rotation",
    "SessionOriginStore",
    "SignInSessionStore",
    "Storage",
    "UserStore",
]


class AccountStore(Protocol):
    """Accounts and their root users."""

    async def create_account(self, account: Account) -> None:
        """Raises EntityAlreadyExists for a taken id, alias or root e-mail."""
        ...

    async def load_account(self, account_id: str) -> Account | None: ...

    async def find_account_by_alias(self, alias: str) -> Account | None: ...

    async def find_account_by_root_email(self, email: str) -> Account | None:
        """`email` is compared lower-cased."""
        ...

    async def list_accounts(self) -> Sequence[Account]: ...

    async def set_root_password(
        self, account_id: str, password_hash: str, *, changed: bool, replacing: str | None = None
    ) -> None:
        """`changed` adds 1 to `root_credentials_epoch`; a mere rehash does not. Raises NoSuchEntity, also when the hash
        there is not `replacing`, where that is given: of two changes at once the later one is made of an old password.
        """
        ...

    async def load_revision(self, account_id: str) -> int:
        """The account's revision, or -1 when there is no such account. One primary-key read."""
        ...


class UserStore(Protocol):
    """IAM users and their login profiles."""

    async def create_user(self, user: User) -> None:
        """Raises EntityAlreadyExists."""
        ...

    async def load_user(self, account_id: str, user_name: str) -> User | None:
        """Case-insensitive in the name."""
        ...

    async def load_user_by_id(self, account_id: str, user_id: str) -> User | None: ...

    async def list_users(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[User]: ...

    async def update_user(
        self,
        account_id: str,
        user_name: str,
        *,
        new_name: str | None = None,
        new_path: str | None = None,
        tags: Tags | None = None,
        tags_before: Tags | None = None,
        permissions_boundary: str | None = None,
        user_id: str | None = None,
    ) -> None:
        """Replace what is given, if the tags still are `tags_before`; an empty boundary removes it.

        With `user_id` nobody else of that name is changed: names are given to others while policy is asked. Raises
        NoSuchEntity (also for a boundary policy that is gone), EntityAlreadyExists, ConcurrentModification.
        """
        ...

    async def record_password_use(self, account_id: str, user_id: str, *, now: int) -> None:
        """Set `password_last_used`; does not raise the revision."""
        ...

    async def delete_user(self, account_id: str, user_name: str, *, user_id: str | None = None) -> None:
        """Raises NoSuchEntity; DeleteConflict while anything hangs on the user: a login profile, a policy of
        either kind, a group, an access key, an MFA device.
        """
        ...

    async def create_login_profile(self, profile: LoginProfile) -> None:
        """Adds 1 to the user's epoch. Raises EntityAlreadyExists, NoSuchEntity."""
        ...

    async def load_login_profile(self, account_id: str, user_id: str) -> LoginProfile | None: ...

    async def update_login_profile(
        self,
        account_id: str,
        user_id: str,
        *,
        password_hash: str | None,
        password_reset_required: bool | None,
        changed: bool,
        now: int | None = None,
        replacing: str | None = None,
    ) -> None:
        """`changed` adds 1 to the user's `credentials_epoch` and keeps the old hash; a rehash does neither.

        `now` is when the password changed. Raises NoSuchEntity, also when the hash there is not `replacing`.
        """
        ...

    async def list_old_passwords(self, account_id: str, user_id: str, *, limit: int) -> Sequence[str]:
        """Hashes of the passwords before the present one, newest first; of at most 24 that are kept."""
        ...

    async def delete_login_profile(self, account_id: str, user_id: str) -> None:
        """Adds 1 to the user's epoch. Raises NoSuchEntity."""
        ...


class RoleStore(Protocol):
    """IAM roles."""

    async def create_role(self, role: Role) -> None:
        """Raises EntityAlreadyExists."""
        ...

    async def load_role(self, account_id: str, role_name: str) -> Role | None:
        """Case-insensitive in the name."""
        ...

    async def load_role_by_id(self, account_id: str, role_id: str) -> Role | None: ...

    async def list_roles(self, account_id: str, *, path_prefix: str, page: Page) -> Sequence[Role]: ...

    async def update_role(
        self,
        account_id: str,
        role: str | Role,
        *,
        trust_policy: str | None = None,
        description: str | None = None,
        max_session_duration: int | None = None,
        tags: Tags | None = None,
        tags_before: Tags | None = None,
        permissions_boundary: str | None = None,
    ) -> None:
        """Replace what is given, if the tags still are `tags_before`; an empty boundary removes it.

        A name is whoever has it; a role is itself only. Raises NoSuchEntity (also for a boundary policy that is gone), ConcurrentModification.
        """
        ...

    async def delete_role(self, account_id: str, role_name: str, *, role_id: str | None = None) -> None:
        """Raises NoSuchEntity; DeleteConflict while a policy of either kind remains."""
        ...


class PolicyStore(Protocol):
    """Managed policies of accounts, and what is attached to whom.

    `principal_id` is a `user_id`, `group_id` or `role_id`. Policies shipped with the server are data
    (`server/domain/managed_policies.py`), not rows; their ARNs may be attached all the same.
    """

    async def create_policy(self, policy: ManagedPolicy) -> None:
        """Raises EntityAlreadyExists."""
        ...

    async def load_policy(self, policy_arn: str) -> ManagedPolicy | None: ...

    async def list_policies(
        self, account_id: str, *, path_prefix: str, page: Page
    ) -> Sequence[ManagedPolicy]: ...

    async def delete_policy(self, policy_arn: str) -> None:
        """Raises NoSuchEntity; DeleteConflict while attached anywhere, a boundary, or of several versions."""
        ...

    async def attach_policy(
        self, account_id: str, principal_id: str, policy_arn: str, *, limit: int | None = None
    ) -> None:
        """Attaching twice is the same as once. Raises NoSuchEntity when the principal is gone, LimitExceeded when it has
        `limit` others.
        """
        ...

    async def detach_policy(self, account_id: str, principal_id: str, policy_arn: str) -> None:
        """Raises NoSuchEntity when it was not attached."""
        ...

    async def list_attached_policies(self, account_id: str, principal_id: str) -> Sequence[str]:
        """Policy ARNs, in order of ARN."""
        ...

    async def count_attachments(self, policy_arn: str) -> int: ...


class SessionOriginStore(Protocol):
    """From where sessions began, browsers' and terminals'."""

    async def note_origin(self, origin: SessionOrigin) -> None:
        """The first word counts."""
        ...

    async def load_origins(self, session_ids: Sequence[str]) -> Mapping[str, SessionOrigin]:
        """By session id; one that nobody noted is missing."""
        ...


class AttemptStore(Protocol):
    """Failed sign-ins, counted per key in a sliding window. Keys are hashes; no name is kept."""

    async def count_attempts(self, key: bytes, *, now: int) -> int:
        """Failures recorded for the key whose window has not passed."""
        ...

    async def record_failure(self, key: bytes, *, now: int, window: int) -> int:
        """Add one; the window (seconds) restarts at the first failure after it passed. Returns the count."""
        ...

    async def clear_attempts(self, key: bytes) -> None: ...


class Storage(Protocol):
    """Everything together, as the composition root hands it out."""

    @property
    def accounts(self) -> AccountStore: ...
    @property
    def users(self) -> UserStore: ...
    @property
    def roles(self) -> RoleStore: ...
    @property
    def policies(self) -> PolicyStore: ...
    @property
    def sign_in_sessions(self) -> SignInSessionStore: ...
    @property
    def login_sessions(self) -> LoginSessionStore: ...
    @property
    def attempts(self) -> AttemptStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def audit_blocks(self) -> AuditBlockStore: ...
    @property
    def buckets(self) -> BucketStore: ...
    @property
    def saml_providers(self) -> SamlProviderStore: ...
    @property
    def oidc_providers(self) -> OidcProviderStore: ...
    @property
    def federation(self) -> FederationStore: ...
    @property
    def session_origins(self) -> SessionOriginStore: ...
    @property
    def groups(self) -> GroupStore: ...
    @property
    def inline_policies(self) -> InlinePolicyStore: ...
    @property
    def policy_versions(self) -> PolicyVersionStore: ...
    @property
    def access_keys(self) -> AccessKeyStore: ...
    @property
    def mfa_devices(self) -> MfaDeviceStore: ...
    @property
    def account_settings(self) -> AccountSettingsStore: ...
    @property
    def principals(self) -> PrincipalStore: ...

    async def migrate(self) -> list[str]:
        """Bring the schema up to date; returns the names of the migrations applied. Safe to run in parallel."""
        ...

    async def check_writable(self, *, now: int) -> None:
        """Do one real write and roll it forward; raises StorageError (readiness)."""
        ...

    async def find_uses(self) -> frozenset[Literal["saml", "oidc", "passkeys"]]:
        """Which of these anybody uses: a provider of the kind, a passkey, in any account."""
        ...

    async def purge_expired(self, *, now: int) -> None:
        """Delete rows whose time has passed: proofs, used codes, ended sessions, attempts. Bounded per call."""
        ...

    async def close(self) -> None: ...
