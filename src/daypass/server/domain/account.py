"""An account and the identities in it: root user, users, groups, roles, policies. Records only.

Ids follow IAM's prefixes (IAM reference, "Unique identifiers"): AIDA users, AGPA groups, AROA roles, ANPA policies.
`revision` grows with every change inside the account; a decision is only as good as the revision it
was made under, which is how a refresh can be refused in the same statement that would rotate it.
"""

from dataclasses import dataclass, field

from daypass.server.domain.identity_provider import Tags

__all__ = [
    "Account",
    "Group",
    "InlinePolicy",
    "LoginProfile",
    "ManagedPolicy",
    "PolicyVersion",
    "Role",
    "User",
]


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS-style account with its root user."""

    account_id: str
    """Twelve digits."""
    alias: str | None
    """Lower-case sign-in alias, unique on the server."""
    root_email: str
    """Lower-cased; unique on the server."""
    root_password_hash: str = field(repr=False)
    """Argon2id in PHC form; empty when root has no password (sign-in refused)."""
    root_credentials_epoch: int
    """Grows when the root password changes; login sessions of an older epoch end."""
    created_at: int
    """Epoch seconds."""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user."""

    account_id: str
    user_id: str
    """`AIDA…`, 21 characters, never reused."""
    user_name: str
    """1–64 of `[\\w+=,.@-]`; unique in the account, compared case-insensitively."""
    path: str
    """`/` or `/…/`."""
    created_at: int
    credentials_epoch: int = 0
    """Grows when the login profile's password is set, changed or removed."""
    tags: Tags = ()
    permissions_boundary: str = ""
    """ARN of the managed policy that bounds what this user may do; empty for none."""
    password_last_used: int = 0
    """Epoch seconds of the last sign-in on the pages; 0 for never."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account}:user{path}{name}`."""
        return f"arn:aws:iam::{self.account_id}:user{self.path}{self.user_name}"


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group: users who share policies. It is no principal: nobody signs in as a group."""

    account_id: str
    group_id: str
    """`AGPA…`."""
    group_name: str
    """1–128 of `[\\w+=,.@-]`; unique in the account, compared case-insensitively."""
    path: str
    created_at: int

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account}:group{path}{name}`."""
        return f"arn:aws:iam::{self.account_id}:group{self.path}{self.group_name}"


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """What lets a user sign in on the pages: a password."""

    account_id: str
    user_id: str
    password_hash: str = field(repr=False)
    """Argon2id in PHC form."""
    created_at: int
    password_reset_required: bool = False
    password_changed_at: int = 0
    """Epoch seconds; 0 while it is the one the profile was made with."""


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role. Who may assume it is said by its trust policy alone."""

    account_id: str
    role_id: str
    """`AROA…`."""
    role_name: str
    path: str
    trust_policy: str
    """The AssumeRolePolicyDocument, as stored text."""
    created_at: int
    description: str = ""
    max_session_duration: int = 3600
    """Seconds, 3600–43200."""
    tags: Tags = ()
    permissions_boundary: str = ""
    """ARN of the managed policy that bounds what this role may do; empty for none."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account}:role{path}{name}`."""
        return f"arn:aws:iam::{self.account_id}:role{self.path}{self.role_name}"


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy: the account's own, or one shipped with the server (account_id `aws`)."""

    account_id: str
    policy_id: str
    """`ANPA…`."""
    policy_name: str
    path: str
    document: str
    """The stored text of the default version."""
    created_at: int
    description: str = ""
    default_version_id: str = "v1"
    tags: Tags = ()
    updated_at: int = 0
    """When a version was last made or chosen; 0 when nothing changed since `created_at`."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::{account or aws}:policy{path}{name}`."""
        return f"arn:aws:iam::{self.account_id}:policy{self.path}{self.policy_name}"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; at most five are kept (IAM quotas)."""

    policy_arn: str
    version_id: str
    """`v1`, `v2` …; a number is never used twice in the life of a policy."""
    document: str
    created_at: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A policy that lives in one user, group or role and dies with it."""

    principal_id: str
    """`AIDA…`, `AGPA…` or `AROA…`."""
    policy_name: str
    """1–128 of `[\\w+=,.@-]`; unique in its principal, compared case-insensitively."""
    document: str
