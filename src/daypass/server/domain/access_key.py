"""A user's long-term access key. A record only.

They exist because old programs need them, and so that they can be found and retired. The secret is kept sealed
(`domain.key_ring`, purpose `access-key`): SigV4 needs the secret itself, a hash would not do.
"""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["MAX_ACCESS_KEYS", "AccessKey", "AccessKeyStatus"]

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
