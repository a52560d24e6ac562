"""What narrows one session below its principal: session policies, under a name.

Session policies only ever take away (IAM user guide, "Session policies"). They travel inside the session token, so
every verifier has them at hand; a terminal login that was scoped down keeps them in its row. Limits are AWS's: the
inline text has at most 2,048 characters, at most ten managed policies are named, and together with everything else
a session token stays below 4,096 characters: so the text travels compressed, and its packed size is limited.
"""

import json
import zlib

import msgspec

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError
from daypass.server.domain.identifiers import check_length

__all__ = [
    "MAX_SESSION_POLICY_ARNS",
    "MAX_SESSION_POLICY_CHARACTERS",
    "SessionScope",
    "build_scope",
    "scope_packed_percent",
]

MAX_SESSION_POLICY_CHARACTERS = 2048
MAX_SESSION_POLICY_ARNS = 10
MAX_PACKED_SCOPE_BYTES = 1400
"""Beside the 900 of tags and identity, the token's own members and the seal, in 4,096 characters of base64url."""

_pack = msgspec.msgpack.Encoder().encode


class SessionScope(msgspec.Struct, frozen=True, array_like=True):
    """The ceiling of one session. Neither policy nor ARNs means: nothing is narrowed."""

    name: str = ""
    """How the person called it (`agent`, `read-only`); empty for those of AssumeRole and GetFederationToken."""
    packed_policy: bytes = b""
    """The inline policy, without white space, compressed; or empty."""
    policy_arns: tuple[str, ...] = ()
    """Managed policies of the account, or shipped ones."""

    @property
    def policy(self) -> str:
        """The inline policy's text, or empty. The bound is `build_scope`'s: only what it packed is ever unpacked."""
        if not self.packed_policy:
            return ""
        longest = 6 * MAX_SESSION_POLICY_CHARACTERS  # of a character as JSON escape
        return zlib.decompressobj().decompress(self.packed_policy, longest).decode()


def build_scope(*, policy: str | None, policy_arns: tuple[str, ...], name: str = "") -> SessionScope | None:
    """The scope a request asks for; None when it asks for none.

    Raises MalformedPolicyDocument, ValidationError, PackedPolicyTooLarge. Whether a named policy exists is for the
    caller to ask: only the account's own and the shipped ones may be named.
    """
    if policy is None and not policy_arns:
        return None
    if len(policy_arns) > MAX_SESSION_POLICY_ARNS:
        raise ValidationError(f"At most {MAX_SESSION_POLICY_ARNS} session policy ARNs can be passed.")
    packed = b"" if policy is None else _packed_policy(policy)
    scope = SessionScope(name, packed, tuple(dict.fromkeys(policy_arns)))
    if len(_pack(scope)) > MAX_PACKED_SCOPE_BYTES:
        raise PackedPolicyTooLarge(
            f"the session policies take {scope_packed_percent(scope)}% of the packed size a session may have"
        )
    return scope


def scope_packed_percent(scope: SessionScope) -> int:
    """How full the room for session policies is: PackedPolicySize (STS API reference, "AssumeRole")."""
    return len(_pack(scope)) * 100 // MAX_PACKED_SCOPE_BYTES


def _packed_policy(policy: str) -> bytes:
    check_length("policy", policy, least=1, most=MAX_SESSION_POLICY_CHARACTERS)
    document = parse_policy(policy, name="session policy")
    if any(statement.principals is not None for statement in document.statements):
        raise MalformedPolicyDocument("a session policy has no Principal")
    compact = json.dumps(json.loads(policy), separators=(",", ":"))
    return zlib.compress(compact.encode("ascii"), 9)
