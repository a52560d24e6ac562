"""A login makes a smaller one: the question to the sign-in service, and what its refusals mean to a person.

The login that is narrowed proves its own key; the smaller one gets a fresh key, which the proof's form names by thumbprint
(docs/reference/endpoints.md, "Scoped sessions"). Nothing is printed or written here. The inline policy is checked before
it is sent, and travels without white space, as the server keeps it: so its SHA-256 is the same on both sides.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.clock_skew import check_clock
from daypass.client.dpop_key import key_from_pem, key_to_pem
from daypass.client.session_cache import CacheEntry
from daypass.client.token_endpoint import read_tokens
from daypass.client.transport import Send
from daypass.errors import ConfigError, LoginDenied, LoginMismatch, NarrowingUnavailable
from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.protocol.http import Request, Response
from daypass.protocol.jose.jwk import public_jwk, thumbprint
from daypass.protocol.oauth.dpop import build_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest
from daypass.protocol.oauth.id_token import read_subject
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret

__all__ = ["LONGEST_POLICY", "NarrowRequest", "ask_narrowed", "compact_policy", "key_thumbprint"]

LONGEST_POLICY = 2048
"""Characters of an inline session policy."""
_NO_SUCH_OPERATION = (404, 405, 501)


@dataclass(frozen=True, slots=True)
class NarrowRequest:
    """What is asked for, and the fresh values it needs."""

    name: str
    policy: str = field(repr=False)
    """The inline policy, compact, or nothing."""
    policy_arns: tuple[str, ...]
    seconds: int
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    """The smaller login's own."""
    jti: str


def compact_policy(text: str) -> str:
    """The policy as it travels. Raises ConfigError for what is none, or too long."""
    try:
        parse_policy(text, name="session policy")
    except MalformedPolicyDocument as problem:
        raise ConfigError(f"the policy cannot be used: {problem.message}") from None
    compact = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    if len(compact) > LONGEST_POLICY:
        raise ConfigError(
            f"the policy has {len(compact)} characters, and a session policy at most {LONGEST_POLICY}"
        )
    return compact


def key_thumbprint(entry: CacheEntry) -> str:
    """The public name of a login's key (RFC 7638), the same through all its refreshes. Raises CacheError."""
    return thumbprint(public_jwk(key_from_pem(entry.dpop_key_pem).public_key()))


def ask_narrowed(
    parent: CacheEntry, request: NarrowRequest, *, arn: str, base_url: str, now: int, send: Send
) -> CacheEntry:
    """The smaller login's entry. `arn` is whose the parent is.

    Raises NarrowingUnavailable where the service has no such operation, LoginDenied for what it does not narrow by,
    LoginMismatch for somebody else's login, ClockSkew, NetworkError, RemoteProtocolError, and any other SignInError as it
    is: it means what it means for a refresh.
    """
    url = base_url.rstrip("/") + "/v1/scoped-session"
    proof = build_dpop_proof(key_from_pem(parent.dpop_key_pem), url=url, now=now, jti=request.jti)
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("DPoP", proof),
    )
    tokens = _read(send(Request("POST", url, headers, _form(parent, request))), now)
    if not tokens.id_token or read_subject(tokens.id_token) != arn:
        raise LoginMismatch(
            "the service answered with a login of somebody else; nothing was saved", hint="daypass status"
        )
    return CacheEntry(
        access_key_id=tokens.access_key_id,
        secret_access_key=tokens.secret_access_key,
        session_token=tokens.session_token,
        account_id=parent.account_id,
        expires_at=now + tokens.expires_in,
        client_id=parent.client_id,
        refresh_token=tokens.refresh_token,
        dpop_key_pem=key_to_pem(request.key),
        token_type=tokens.token_type,
        id_token=Secret(tokens.id_token),
        sign_in_region=parent.sign_in_region,
    )


def _form(parent: CacheEntry, request: NarrowRequest) -> bytes:
    fields = {
        "refresh_token": parent.refresh_token.reveal(),
        "name": request.name,
        "dpop_jkt": thumbprint(public_jwk(request.key.public_key())),
        "policy": request.policy,
        "policy_arns": " ".join(request.policy_arns),
        "duration_seconds": str(request.seconds),
    }
    return urlencode({name: value for name, value in fields.items() if value}).encode("ascii")


def _read(answer: Response, now: int) -> TokenSet:
    if answer.status in _NO_SUCH_OPERATION:
        raise NarrowingUnavailable("this sign-in service makes no narrowed logins")
    try:
        return read_tokens(answer, now)
    except InvalidRequest as refusal:
        check_clock(answer.headers, now)
        raise LoginDenied(
            f"the sign-in service does not make this login: {refusal.message}", detail=refusal.detail
        ) from refusal
