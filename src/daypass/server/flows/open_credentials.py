"""Whose credentials a request names, still to be proven by its signature: temporary ones or a long-term key.

Temporary credentials ask no database. A long-term key is looked up in the directory, which reads the database at most
once per account and second, so a stranger with invented key ids costs no more than one read of an account's revision.
"""

from collections import OrderedDict

from daypass.secret import Secret
from daypass.server.domain.caller_credentials import open_caller_credentials, open_long_term_key
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.tokens import SessionClaims, is_long_term
from daypass.server.ports.identity_storage import AccessKeyStore
from daypass.server.ports.principals import PrincipalDirectory

__all__ = ["KeyUses", "open_credentials"]

_REMEMBERED_KEYS = 10_000
USE_INTERVAL = 900
"""Seconds between two writes of one key's last use: old keys are to be found, not every call to be counted."""


async def open_credentials(
    ring: KeyRing,
    directory: PrincipalDirectory,
    *,
    access_key_id: str,
    session_token: str | None,
    now: int,
) -> tuple[SessionClaims, Secret]:
    """Claims and the secret to verify with. Raises InvalidClientTokenId, ExpiredToken, StorageError."""
    if session_token or not is_long_term(access_key_id):
        return open_caller_credentials(
            ring, access_key_id=access_key_id, session_token=session_token, now=now
        )
    key = await directory.load_access_key(access_key_id)
    owner = None if key is None else await directory.load(key.account_id, "user", key.user_id)
    return open_long_term_key(ring, key, owner)


class KeyUses:
    """Writes down that a long-term key was used (IAM reference, "GetAccessKeyLastUsed"). For one event loop."""

    __slots__ = ("_keys", "_noted")

    def __init__(self, keys: AccessKeyStore) -> None:
        self._keys = keys
        self._noted: OrderedDict[str, int] = OrderedDict()

    async def note(self, claims: SessionClaims, *, service: str, region: str, now: int) -> None:
        """Ask after the signature held. Raises StorageError."""
        key_id = claims.access_key_id
        if not is_long_term(key_id) or now - self._noted.get(key_id, -USE_INTERVAL) < USE_INTERVAL:
            return
        self._noted[key_id] = now
        self._noted.move_to_end(key_id)
        if len(self._noted) > _REMEMBERED_KEYS:
            self._noted.popitem(last=False)
        await self._keys.record_access_key_use(key_id, used_at=now, service=service, region=region)
