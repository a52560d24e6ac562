"""DPoP proofs: who sends this token request, shown by a signature (RFC 9449).

A proof is a JWS whose key comes along in its header; what counts is that key's thumbprint, to which codes
and refresh tokens are bound. `verify_dpop_proof` makes every check of RFC 9449 §4.3 that applies to a
token endpoint without nonces. Replay (`jti`) is the caller's: it needs memory. Hot path: what depends only
on the header text, key import included, is remembered (bounded).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.jose.jwk import public_jwk, public_key_from_jwk, thumbprint
from daypass.protocol.jose.jws import sign_compact, split_compact, verify_es256
from daypass.protocol.oauth.errors import InvalidDpopProof
from daypass.protocol.oauth.form_parameters import is_visible_ascii
from daypass.protocol.oauth.target_uri import accepted_target_uris, normalize_target_uri

__all__ = ["VerifiedProof", "build_dpop_proof", "verify_dpop_proof"]

_LONGEST_PROOF = 4096
"""Characters. Clients send about 500; an indented one about 600."""
_LONGEST_JTI = 256
_REMEMBERED_HEADERS = 2048


class VerifiedProof(NamedTuple):
    """What a good proof says. Only `verify_dpop_proof` makes one."""

    jkt: str
    """Thumbprint of the key (RFC 7638), 43 characters."""
    jti: str
    """Unique per proof, 1..256 visible ASCII characters; retries may repeat it."""
    htu: str
    """The target it was made for, in normal form."""
    issued_at: int
    """Epoch seconds, by the client's clock."""


@dataclass(frozen=True, slots=True)
class _ProofKey:
    """The key a proof's header brought, and its thumbprint."""

    public_key: ec.EllipticCurvePublicKey
    jkt: str


def build_dpop_proof(private_key: ec.EllipticCurvePrivateKey, *, url: str, now: int, jti: str) -> str:
    """A proof for one POST to `url` (query and fragment are left out, RFC 9449 §4.2).

    `jti` must be fresh and unpredictable for each call. Members come in the AWS CLI's order.
    """
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(private_key.public_key())}
    htu = url.partition("#")[0].partition("?")[0]
    claims = {"htm": "POST", "htu": htu, "iat": now, "jti": jti}
    return sign_compact(header, claims, signing_key=private_key)


def verify_dpop_proof(
    proofs: Sequence[str],
    *,
    method: str,
    accepted_urls: frozenset[str],
    now: int,
    max_age: int,
    max_future: int,
) -> VerifiedProof:
    """Check the values of all `DPoP` headers of one request (RFC 9449 §4.3). Raises InvalidDpopProof.

    `accepted_urls` are the names under which this endpoint is reached; where one is plain http, the same
    text with https is accepted as well (aws-c-auth always writes https). `now` is epoch seconds;
    `max_age` and `max_future` are how many seconds `iat` may lie behind and ahead.
    """
    unverified_proof = _check_single(proofs)
    try:
        jws = split_compact(unverified_proof)
        key = _read_header(jws.unverified_header)
        verify_es256(key.public_key, jws)
        claims = parse_json_object(base64url.decode(jws.unverified_payload))
    except RemoteProtocolError as problem:
        raise InvalidDpopProof(f"the DPoP proof is not valid: {problem.message}") from None
    _check_method(claims, method)
    htu = _check_target(claims, accepted_urls)
    issued_at = _check_issued_at(claims, now=now, max_age=max_age, max_future=max_future)
    return VerifiedProof(key.jkt, _check_jti(claims), htu, issued_at)


def _check_single(proofs: Sequence[str]) -> str:
    """Item 1: there is not more than one DPoP header; and here a proof is required."""
    if len(proofs) != 1:
        raise InvalidDpopProof("the request must have exactly one DPoP header")
    if len(proofs[0]) > _LONGEST_PROOF:
        raise InvalidDpopProof(f"the DPoP proof is longer than {_LONGEST_PROOF} characters")
    return proofs[0]


@lru_cache(maxsize=_REMEMBERED_HEADERS)
def _read_header(encoded_header: str) -> _ProofKey:
    """Items 4, 5, 7 and the key itself. A pure function of the text, which one client repeats for hours."""
    header = parse_json_object(base64url.decode(encoded_header))
    if header.get("typ") != "dpop+jwt":
        raise RemoteProtocolError("typ must be dpop+jwt")
    if header.get("alg") != "ES256":
        raise RemoteProtocolError("alg must be ES256")
    if "crit" in header:  # RFC 7515 §4.1.11: extensions we would have to understand
        raise RemoteProtocolError("critical extensions are not supported")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        raise RemoteProtocolError("jwk is missing")
    return _ProofKey(public_key_from_jwk(jwk), thumbprint(jwk))


def _check_method(claims: dict[str, object], method: str) -> None:
    """Item 8. HTTP methods are case-sensitive (RFC 9110 §9.1)."""
    if claims.get("htm") != method:
        raise InvalidDpopProof("the DPoP proof is for another method (htm)")


def _check_target(claims: dict[str, object], accepted_urls: frozenset[str]) -> str:
    """Item 9: the target without query and fragment, after normalization."""
    htu = claims.get("htu")
    if not isinstance(htu, str):
        raise InvalidDpopProof("the DPoP proof has no target (htu)")
    try:
        target = normalize_target_uri(htu)
    except RemoteProtocolError:
        raise InvalidDpopProof("the DPoP proof has no usable target (htu)") from None
    if target not in accepted_target_uris(accepted_urls):
        raise InvalidDpopProof("the DPoP proof is for another address (htu)")
    return target


def _check_issued_at(claims: dict[str, object], *, now: int, max_age: int, max_future: int) -> int:
    """Item 11 and §11.1: both ends of the window belong to it."""
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int) or isinstance(issued_at, bool):
        raise InvalidDpopProof("the DPoP proof has no integer time (iat)")
    if issued_at < now - max_age:
        raise InvalidDpopProof("the DPoP proof is too old; check the clock of this machine")
    if issued_at > now + max_future:
        raise InvalidDpopProof("the DPoP proof is from the future; check the clock of this machine")
    return issued_at


def _check_jti(claims: dict[str, object]) -> str:
    """Item 3 for `jti`. Visible ASCII, so that it can be stored and logged as it is."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI or not is_visible_ascii(jti):
        raise InvalidDpopProof("the DPoP proof has no identifier of 1 to 256 characters (jti)")
    return jti
