"""A user's long-term access key: the record, and how a new key's two texts are made.

They exist because old programs need them, and so that they can be found and retired. The secret is kept sealed
(`domain.key_ring`, purpose `access-key`): SigV4 needs the secret itself, a hash would not do.
"""

import base64
from dataclasses import dataclass, field
from typing import Literal

from daypass.secret import Secret
from daypass.server.domain.tokens import access_key_id

__all__ = [
    "KEY_ID_SEED_BYTES",
    "MAX_ACCESS_KEYS",
    "SECRET_SEED_BYTES",
    "AccessKey",
    "AccessKeyStatus",
    "long_term_key_id",
    "long_term_secret",
]

KEY_ID_SEED_BYTES = 6
"""Random bytes behind one key id."""
SECRET_SEED_BYTES = 30
"""Random bytes behind one secret: 240 bits, all of which reach the text."""

MAX_ACCESS_KEYS = 2
"""Per user (IAM quotas, "Access keys assigned to an IAM user")."""

AccessKeyStatus = Literal["Active", "Inactive"]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One key pair of a user."""

    access_key_id: str
    """`AKIA…`, 20 characters, with the account id inside (`domain.tokens.access_key_account`)."""
    account_id: str
    user_id: str
    sealed_secret: str = field(repr=False)
    status: AccessKeyStatus
    created_at: int
    last_used_at: int = 0
    """Epoch seconds; 0 for never. Written at most once in a while per key, so it may lag."""
    last_used_service: str = ""
    last_used_region: str = ""


def long_term_key_id(account_id: str, seed: bytes) -> str:
    """`AKIA` and sixteen characters that hold the account id, as in `tokens.access_key_id`."""
    return "AKIA" + access_key_id(account_id, seed)[4:]


def long_term_secret(seed: bytes) -> Secret:
    """The forty characters of a secret access key. `seed` is SECRET_SEED_BYTES random bytes."""
    return Secret(base64.b64encode(seed).decode("ascii"))
