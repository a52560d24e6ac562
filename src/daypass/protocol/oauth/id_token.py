"""The ID token of a login: who signed in, as a signed statement (OpenID Connect Core §2, as AWS uses it).

`sub` is the identity's ARN; clients name the session and its cache file after it and read the account from
it. AWS clients verify nothing else, since the token came over the token endpoint's own connection (OpenID
Connect Core §3.1.3.7 item 6); so reading is named `unverified`, and the ARN's form is checked before it
can reach a file name or a configuration file.
"""

import base64
import re

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose.json_object import parse_json_object
from daypass.protocol.jose.jws import sign_compact, split_compact

__all__ = ["account_of_arn", "build_id_token", "read_subject"]

_LONGEST_ID_TOKEN = 16_384
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
    lifetime: int = 900,
) -> str:
    """An ES256 ID token. `subject` is the identity's ARN, `audience` the client id; `now` epoch seconds."""
    header = {"typ": "JWT", "alg": "ES256", "kid": key_id}
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "session_arn": subject,
        "iat": now,
        "exp": now + lifetime,
    }
    return sign_compact(header, claims, signing_key=signing_key)


def read_subject(unverified_id_token: str) -> str:
    """The identity's ARN. Raises RemoteProtocolError. Padding of the segment is optional, as in the SDKs."""
    if len(unverified_id_token) > _LONGEST_ID_TOKEN:
        raise RemoteProtocolError("the ID token is too long")
    payload = split_compact(unverified_id_token).unverified_payload.rstrip("=")
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), b"-_", validate=True)
    except ValueError:
        raise RemoteProtocolError("the ID token is not base64url") from None
    subject = parse_json_object(raw).get("sub")
    if not isinstance(subject, str):
        raise RemoteProtocolError("the ID token names nobody (sub)")
    account_of_arn(subject)
    return subject


def account_of_arn(arn: str) -> str:
    """The twelve digits of the account in an identity's ARN. Raises RemoteProtocolError."""
    found = _match_identity_arn(arn)
    if found is None:
        raise RemoteProtocolError("the signed-in identity is not an ARN with an account")
    return found[1]
