"""The ID token of a login: who signed in, as a signed statement (OpenID Connect Core §2, as AWS uses it).

`sub` is the identity's ARN; clients name the session and its cache file after it and read the account from
it. AWS clients verify nothing else, since the token came over the token endpoint's own connection (OpenID
Connect Core §3.1.3.7 item 6); so reading is named `unverified`, and the ARN's form is checked before it
can reach a file name or a configuration file.
"""

import base64
import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.jose.jws import sign_compact, split_compact

__all__ = ["account_of_arn", "build_id_token", "read_session_end", "read_subject"]

_LONGEST_ID_TOKEN = 16_384
_LONGEST_SESSION = 43_200
"""Seconds: AWS ends every login after twelve hours at most."""
_match_identity_arn = re.compile(
    r"arn:aws(?:-[a-z0-9]+)*:[a-z0-9\-]+:[a-z0-9\-]*:([0-9]{12}):[!-~]{1,1900}", re.ASCII
).fullmatch


def build_id_token(
    signing_key: ec.EllipticCurvePrivateKey,
    *,
    key_id: str,
    issuer: str,
    subject: str,
    audience: str,
    now: int,
    session_ends_at: int | None = None,
    lifetime: int = 900,
) -> str:
    """An ES256 ID token. `subject` is the identity's ARN, `audience` the client id; times are epoch seconds.

    `session_ends_at` is a claim of our own, so that a terminal can say when a person is needed again.
    """
    header = {"typ": "JWT", "alg": "ES256", "kid": key_id}
    claims: dict[str, str | int] = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "session_arn": subject,
        "iat": now,
        "exp": now + lifetime,
    }
    if session_ends_at is not None:
        claims["session_ends_at"] = session_ends_at
    return sign_compact(header, claims, signing_key=signing_key)


def read_subject(unverified_id_token: str) -> str:
    """The identity's ARN. Raises RemoteProtocolError. Padding of the segment is optional, as in the SDKs."""
    subject = _unverified_claims(unverified_id_token).get("sub")
    if not isinstance(subject, str):
        raise RemoteProtocolError("the ID token names nobody (sub)")
    account_of_arn(subject)
    return subject


def read_session_end(unverified_id_token: str) -> int | None:
    """When the session this token began ends for good, epoch seconds; None when the token does not tell.

    Our server says it. Of another's token only the beginning is known, and the longest a session may last.
    """
    try:
        claims = _unverified_claims(unverified_id_token)
    except RemoteProtocolError:
        return None
    ends_at, began_at = claims.get("session_ends_at"), claims.get("iat")
    if isinstance(ends_at, int) and not isinstance(ends_at, bool):
        return ends_at
    if isinstance(began_at, int) and not isinstance(began_at, bool):
        return began_at + _LONGEST_SESSION
    return None


def _unverified_claims(unverified_id_token: str) -> Mapping[str, object]:
    if len(unverified_id_token) > _LONGEST_ID_TOKEN:
        raise RemoteProtocolError("the ID token is too long")
    payload = split_compact(unverified_id_token).unverified_payload.rstrip("=")
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), b"-_", validate=True)
    except ValueError:
        raise RemoteProtocolError("the ID token is not base64url") from None
    return parse_json_object(raw)


def account_of_arn(arn: str) -> str:
    """The twelve digits of the account in an identity's ARN. Raises RemoteProtocolError."""
    found = _match_identity_arn(arn)
    if found is None:
        raise RemoteProtocolError("the signed-in identity is not an ARN with an account")
    return found[1]
