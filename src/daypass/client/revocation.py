"""Ending a session where it was made (RFC 7009): a sign-out that means it.

Only a service of one's own has this call for the person who signed in. AWS's revocation takes an IAM permission
and its own signature (Sign-In API reference, RevokeOAuth2TokenWithIAM), so there a sign-out is local, and that is
said. Nothing is deleted here.
"""

from urllib.parse import urlencode

from daypass.client.clock_skew import check_clock
from daypass.client.dpop_key import key_from_pem
from daypass.client.session_cache import CacheEntry
from daypass.client.transport import Send
from daypass.errors import NetworkError
from daypass.protocol.http import Request
from daypass.protocol.oauth.dpop import build_dpop_proof

__all__ = ["revoke"]


def revoke(entry: CacheEntry, *, base_url: str, now: int, jti: str, send: Send) -> None:
    """Revoke the entry's chain of refresh tokens. Raises NetworkError when the service did not confirm it, ClockSkew."""
    url = base_url.rstrip("/") + "/v1/revoke"
    proof = build_dpop_proof(key_from_pem(entry.dpop_key_pem), url=url, now=now, jti=jti)
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("DPoP", proof),
    )
    body = urlencode(
        {
            "token": entry.refresh_token.reveal(),
            "token_type_hint": "refresh_token",
            "client_id": entry.client_id,
        }
    )
    answer = send(Request("POST", url, headers, body.encode("ascii")))
    if answer.status != 200:
        check_clock(answer.headers, now)
        raise NetworkError(
            f"the sign-in service did not confirm the sign-out (status {answer.status})",
            hint=f"curl -I {base_url}",
        )
