"""A compact JWS whose signature holds (RFC 7515 §5.2, RFC 8725). What it says is not judged here.

The algorithm is taken from the key, the token only chooses among those: `none` and HMAC are in no key's set, so a
token "signed" with the text of a public key has nothing to verify it. Extensions (`crit`) are refused: we know none.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from daypass.errors import RemoteProtocolError
from daypass.protocol.aws.errors import InvalidIdentityToken
from daypass.protocol.jose.base64url import decode as decode_base64url
from daypass.secret import Secret
from daypass.server.adapters.oidc.json_object import NotAnObject, parse_object, read_text
from daypass.server.adapters.oidc.jwks import ALGORITHMS, VerifyingKey
from daypass.server.adapters.oidc.refusals import INVALID, refuse

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

__all__ = ["MAX_TOKEN", "KeyNotKnown", "SignedToken", "read_unverified_claims", "verify_signature"]

MAX_TOKEN = 20_000
"""Characters (AssumeRoleWithWebIdentity, WebIdentityToken)."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_NO_TYPE = "JWT"


class KeyNotKnown(InvalidIdentityToken):
    """The token names a key that the copy of the key set does not have: a newer copy might."""


@dataclass(frozen=True, slots=True)
class SignedToken:
    """Its signature holds; its claims are still to be checked."""

    algorithm: str
    token_type: str
    """The header's `typ`, lower case, without `application/`; `jwt` when absent."""
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _UnverifiedToken:
    text: str = field(repr=False)
    header: Mapping[str, object]
    claims: Mapping[str, object]


class _OneAlgorithm(jws.JWSRegistry):
    """Exactly the given algorithms, known extra header members ignored, and no warning that EdDSA has a newer name."""

    max_header_length = 8192
    max_payload_length = MAX_TOKEN
    max_signature_length = 4096

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def get_alg(self, name: str) -> "JWSAlgModel":
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("the key does not permit this algorithm")
        return self.algorithms[name]


def read_unverified_claims(token: Secret) -> Mapping[str, object]:
    """What a token says, whoever wrote it. Raises InvalidIdentityToken for what is no token."""
    return _parse(token).claims


def verify_signature(token: Secret, keys: Sequence[VerifyingKey]) -> SignedToken:
    """Raises InvalidIdentityToken; KeyNotKnown when the named key is not among `keys`."""
    unverified = _parse(token)
    algorithm = _read_algorithm(unverified.header)
    key = _choose_key(unverified.header, algorithm, keys)
    try:
        jws.deserialize_compact(
            unverified.text, key.key, registry=_OneAlgorithm({algorithm} & key.algorithms)
        )
    except (JoseError, ValueError, TypeError) as error:
        raise refuse(f"signature: {type(error).__name__}") from None
    return SignedToken(algorithm, _read_type(unverified.header), unverified.claims)


def _parse(token: Secret) -> _UnverifiedToken:
    text = token.reveal()
    if len(text) > MAX_TOKEN or not _COMPACT.fullmatch(text):
        raise refuse("not a compact JWS")
    header, claims, _ = text.split(".")
    try:
        return _UnverifiedToken(
            text, parse_object(decode_base64url(header)), parse_object(decode_base64url(claims))
        )
    except (NotAnObject, RemoteProtocolError):
        raise refuse("a part of the token is not a JSON object") from None


def _read_algorithm(header: Mapping[str, object]) -> str:
    algorithm = read_text(header, "alg")
    if algorithm not in ALGORITHMS:
        raise refuse("the token names no algorithm we accept")
    if "crit" in header or "b64" in header:
        raise refuse("the token needs an extension")
    return algorithm


def _choose_key(header: Mapping[str, object], algorithm: str, keys: Sequence[VerifyingKey]) -> VerifyingKey:
    """By `kid`; without one, only when a single key could be meant (OpenID Connect Core §10.1)."""
    named = [key for key in keys if key.key_id == header["kid"]] if "kid" in header else list(keys)
    if not named:
        raise KeyNotKnown(INVALID, detail="the token's key is not in the provider's key set")
    suitable = [key for key in named if algorithm in key.algorithms]
    if len(suitable) != 1:
        raise refuse(f"{len(suitable)} keys could verify the token")
    return suitable[0]


def _read_type(header: Mapping[str, object]) -> str:
    return str(header.get("typ", _NO_TYPE)).lower().removeprefix("application/")
