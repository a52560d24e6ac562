"""The encoded message of a denial: what `sts:DecodeAuthorizationMessage` gives back (STS API reference).

A denied caller gets a sealed text and can read nothing of it; whoever may decode it learns whether a deny was
written down, which statement it was, who asked, and the condition values the policies saw. It holds no secret
(an external id is left out), nothing of another account's policies or the operator's, and ends after a week. Only the account it is
for can have it decoded. What could make it long is left out, longest first: it stands in an error message.
"""

import json
import zlib
from collections.abc import Mapping

import msgspec

from daypass.policy.decision import Effect, PolicyType, StatementRef
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import InvalidAuthorizationMessage
from daypass.server.domain.access_refusal import AccessRefused, RefusedRequest
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = [
    "MAX_ENCODED_CHARACTERS",
    "decode_refusal",
    "encode_refusal",
    "with_encoded_message",
]

MAX_ENCODED_CHARACTERS = 1400
MESSAGE_LIFETIME = 7 * 86_400
"""Seconds."""
_MAX_PACKED_BYTES = 1000
"""With version, key id, seal and base64url, below MAX_ENCODED_CHARACTERS."""
_MAX_JSON_BYTES = 65_536
_LONGEST_TEXTS = (512, 128, 48)
"""Characters of a resource, an ARN, a name, the first of them that does: an object's name may be a kilobyte."""
_NEVER_TOLD = frozenset({"sts:externalid"})


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    account_id: str
    issued_at: int
    packed: bytes


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Envelope).decode


def with_encoded_message(refusal: AccessRefused, ring: KeyRing, *, now: int) -> AccessRefused:
    """The same refusal, its message followed by the encoded one."""
    text = encode_refusal(ring, refusal.request, now=now)
    return AccessRefused(
        f"{refusal.message} Encoded authorization failure message: {text}",
        detail=refusal.detail,
        request=refusal.request,
    )


def encode_refusal(ring: KeyRing, request: RefusedRequest, *, now: int) -> str:
    """At most MAX_ENCODED_CHARACTERS of base64url. `now` in epoch seconds."""
    told = {
        name: value for name, value in request.condition_values.items() if name.lower() not in _NEVER_TOLD
    }
    packed = _pack_what_fits(request, told)
    return ring.seal("authorization-message", _pack(_Envelope(request.account_id, now, packed)))


def _pack_what_fits(request: RefusedRequest, told: Mapping[str, ConditionValue]) -> bytes:
    by_length = sorted(told, key=lambda name: len(name) + sum(map(len, told[name])))
    for longest in _LONGEST_TEXTS:
        while True:
            values = {name: told[name] for name in sorted(by_length)}
            packed = zlib.compress(_json(request, values, longest), 9)
            if len(packed) <= _MAX_PACKED_BYTES:
                return packed
            if not by_length:
                break
            del by_length[-max(1, len(by_length) // 4) :]
    raise ValueError("the shortest message is too long")


def decode_refusal(ring: KeyRing, text: str, *, account_id: str, now: int) -> str:
    """The JSON text. Raises InvalidAuthorizationMessage, for another account's message too."""
    try:
        envelope = _unpack(ring.open("authorization-message", text)[0])
    except (SealBroken, msgspec.MsgspecError, UnicodeDecodeError):
        raise _invalid("not one of ours") from None
    if envelope.account_id != account_id:
        raise _invalid("another account's")
    if now - envelope.issued_at >= MESSAGE_LIFETIME:
        raise _invalid("its time is over")
    return zlib.decompressobj().decompress(envelope.packed, _MAX_JSON_BYTES).decode()


def _invalid(detail: str) -> InvalidAuthorizationMessage:
    return InvalidAuthorizationMessage("The message passed is not a valid encoded message", detail=detail)


def _json(request: RefusedRequest, values: Mapping[str, ConditionValue], longest: int) -> bytes:
    """The documented shape, as EC2's messages have it."""
    decision = request.decision
    is_others = request.is_cross_account or decision.policy_type is PolicyType.SERVICE_CONTROL
    statement = None if is_others else decision.decided_by
    matched = [] if statement is None else [_statement(statement, longest)]
    document: dict[str, object] = {
        "allowed": False,
        "explicitDeny": decision.effect is Effect.EXPLICIT_DENY,
        "policyType": decision.policy_type.value,
        "matchedStatements": {"items": matched},
        "failures": {"items": []},
        "context": {
            "principal": {"id": request.principal_id[:longest], "arn": request.principal_arn[:longest]},
            "action": decision.action,
            "resource": decision.resource[:longest],
            "conditions": {"items": [_condition(name, value) for name, value in values.items()]},
        },
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _statement(statement: StatementRef, longest: int) -> dict[str, object]:
    """A denial's deciding statement is a deny."""
    return {
        "statementId": statement.sid[:longest],
        "effect": "DENY",
        "policy": statement.policy[:longest],
        "index": statement.index,
    }


def _condition(name: str, value: ConditionValue) -> dict[str, object]:
    values = (value,) if isinstance(value, str) else value
    return {"key": name, "values": {"items": [{"value": each} for each in values]}}
