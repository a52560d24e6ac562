"""What a person proves presence with beyond the password: a TOTP app or a passkey. A record only.

A virtual device begins unassigned (`user_id` empty) and belongs to somebody once two codes in a row were right
(IAM reference, "EnableMFADevice"). The seed is kept sealed (`domain.key_ring`, purpose `mfa-seed`). A passkey
is enrolled whole: WebAuthn has no such half state.
"""

from dataclasses import dataclass, field
from typing import Literal

from daypass.server.domain.identity_provider import Tags

__all__ = ["MAX_MFA_DEVICES", "MfaDevice", "MfaKind", "own_serial_number"]

MAX_MFA_DEVICES = 8
"""Per user and per root user (IAM quotas, "MFA devices assigned to an IAM user")."""

MfaKind = Literal["totp", "passkey"]


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """One device."""

    serial_number: str
    """Of devices made by `aws iam` `arn:aws:iam::{account}:mfa/{path}{name}`; of a person's own see `own_serial_number`."""
    account_id: str
    owner_id: str
    """`AIDA…`, the account id for root's, empty while nobody's."""
    kind: MfaKind
    created_at: int
    enabled_at: int = 0
    """Epoch seconds; 0 while nobody's."""
    sealed_seed: str = field(default="", repr=False)
    """totp: the shared seed."""
    last_step: int = 0
    """totp: the newest 30-second step whose code was accepted; no older or equal one counts again (RFC 6238 §5.2)."""
    credential_id: bytes = b""
    """passkey: WebAuthn credential id."""
    public_key: bytes = b""
    """passkey: COSE key."""
    sign_count: int = 0
    """passkey: the authenticator's counter as last seen."""
    tags: Tags = ()
    """totp, in order of key."""

    @property
    def arn(self) -> str:
        """What policies call it."""
        return self.serial_number


def own_serial_number(kind: MfaKind, *, account_id: str, owner: str, name: str) -> str:
    """`owner` is the user's name, or `root`: serial numbers are an account's, and everybody calls the first one phone."""
    place = "mfa" if kind == "totp" else "u2f/user"
    return f"arn:aws:iam::{account_id}:{place}/{owner}/{name}"
