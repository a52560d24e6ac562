"""The account that `daypass up` works with: a root user and one IAM user, `developer`, who may sign in and use S3.

It is made once per data folder; the account id and the names never change. Passwords are random, returned once for
showing, and stored only hashed. Making it twice completes what a crash left half done.
"""

import secrets
import string
from dataclasses import dataclass

from daypass.secret import Secret
from daypass.server.adapters.system import SystemRandomness
from daypass.server.domain.account import Account, LoginProfile, User
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id
from daypass.server.domain.operator_events import account_created
from daypass.server.ports.password_hasher import PasswordHasher
from daypass.server.ports.storage import Storage

__all__ = ["SampleAccount", "ensure_sample_account", "new_account_id", "new_password"]

_ROOT_EMAIL = "root@daypass.example"
_USER_NAME = "developer"
_POLICIES = (
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess",
)
_PASSWORD_LENGTH = 24
"""Characters of 62: 142 bits."""


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """What the person is told. Passwords are empty when they were not made now."""

    account_id: str
    root_email: str
    root_password: Secret
    user_name: str
    user_password: Secret


def new_account_id() -> str:
    """Twelve random digits, the first not 0."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def new_password() -> Secret:
    """Letters and digits: nothing a shell or a form would change."""
    return Secret(
        "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_PASSWORD_LENGTH))
    )


async def ensure_sample_account(
    storage: Storage, hasher: PasswordHasher, *, now: int, with_new_passwords: bool
) -> SampleAccount:
    """Load the account, or make it; give both users new passwords when asked or when it is new."""
    account = await storage.accounts.find_account_by_root_email(_ROOT_EMAIL)
    if account is not None and not with_new_passwords:
        return SampleAccount(account.account_id, _ROOT_EMAIL, Secret(""), _USER_NAME, Secret(""))
    root_password, user_password = new_password(), new_password()
    root_hash = await hasher.hash(root_password)
    if account is None:
        account = Account(new_account_id(), None, _ROOT_EMAIL, root_hash, 0, now)
        await storage.accounts.create_account(account)
        await storage.audit.append(account_created(account, command="up", event_id=SystemRandomness().uuid()))
    else:
        await storage.accounts.set_root_password(account.account_id, root_hash, changed=True)
    await _ensure_user(storage, account.account_id, await hasher.hash(user_password), now=now)
    return SampleAccount(account.account_id, _ROOT_EMAIL, root_password, _USER_NAME, user_password)


async def _ensure_user(storage: Storage, account_id: str, password_hash: str, *, now: int) -> None:
    user = await storage.users.load_user(account_id, _USER_NAME)
    if user is None:
        user_id = build_unique_id("AIDA", secrets.token_bytes(UNIQUE_ID_SEED_BYTES))
        user = User(account_id, user_id, _USER_NAME, "/", now)
        await storage.users.create_user(user)
    for policy_arn in _POLICIES:
        await storage.policies.attach_policy(account_id, user.user_id, policy_arn)
    if await storage.users.load_login_profile(account_id, user.user_id) is None:
        await storage.users.create_login_profile(LoginProfile(account_id, user.user_id, password_hash, now))
    else:
        await storage.users.update_login_profile(
            account_id, user.user_id, password_hash=password_hash, password_reset_required=False, changed=True
        )
