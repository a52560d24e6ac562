"""`POST /v1/token` from the client's side: redeem a code, refresh a token, each with a DPoP proof.

A refusal arrives as the `SignInError` class the server meant, or as ClockSkew when that explains it; what it means to the person is said by
`client/refresh.py` and `client/login.py`.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.clock_skew import check_clock
from daypass.client.retry_after import read_retry_after
from daypass.client.transport import Send
from daypass.errors import NetworkError
from daypass.protocol.http import Request, Response
from daypass.protocol.oauth.dpop import build_dpop_proof
from daypass.protocol.oauth.errors import InvalidRequest, SignInError
from daypass.protocol.oauth.token_request import build_code_grant_body, build_refresh_grant_body
from daypass.protocol.oauth.token_response import TokenSet, parse_token_response
from daypass.secret import Secret

__all__ = ["TokenEndpoint", "read_tokens"]


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The token endpoint of one sign-in service, and the wire to reach it."""

    base_url: str
    send: Send

    def redeem(
        self,
        *,
        client_id: str,
        code: Secret,
        redirect_uri: str,
        code_verifier: Secret,
        key: ec.EllipticCurvePrivateKey,
        now: int,
        jti: str,
    ) -> TokenSet:
        """Exchange an authorization code. Raises SignInError, ClockSkew, NetworkError, RemoteProtocolError."""
        body = build_code_grant_body(
            client_id=client_id, code=code, redirect_uri=redirect_uri, code_verifier=code_verifier
        )
        return self._post(body, key, now, jti)

    def refresh(
        self, *, client_id: str, refresh_token: Secret, key: ec.EllipticCurvePrivateKey, now: int, jti: str
    ) -> TokenSet:
        """Exchange a refresh token for its successor. Raises as `redeem`."""
        return self._post(
            build_refresh_grant_body(client_id=client_id, refresh_token=refresh_token), key, now, jti
        )

    def _post(self, body: bytes, key: ec.EllipticCurvePrivateKey, now: int, jti: str) -> TokenSet:
        url = self.base_url.rstrip("/") + "/v1/token"
        proof = build_dpop_proof(key, url=url, now=now, jti=jti)
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"), ("DPoP", proof))
        answer = self.send(Request("POST", url, headers, body))
        try:
            return read_tokens(answer, now)
        except SignInError as refusal:
            # A stale proof is answered as any invalid request (Sign-In API reference, CreateOAuth2Token, Errors).
            if isinstance(refusal, InvalidRequest) or type(refusal) is SignInError:
                check_clock(answer.headers, now)
            raise


def read_tokens(answer: Response, now: int) -> TokenSet:
    """Of an answer that came at `now`. Raises SignInError, NetworkError, both with their `retry_after`; RemoteProtocolError."""
    try:
        return parse_token_response(answer.status, answer.headers, answer.body)
    except (NetworkError, SignInError) as problem:
        problem.retry_after = read_retry_after(answer.headers, now)
        raise
