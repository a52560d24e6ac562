"""The two requests of the code flow: where the browser goes, and the code for tokens. Pure: values in, values out.

OpenID Connect Core §3.1.2.1 and §3.1.3, RFC 6749 §2.3.1 and §4.1.3, RFC 7636. The code, its verifier, the client's
secret and the tokens are in no error.
"""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

from daypass.protocol.aws.errors import IDPCommunicationError, IDPRejectedClaim
from daypass.secret import Secret
from daypass.server.adapters.oidc.discovery import ProviderDocument
from daypass.server.adapters.oidc.json_object import NotAnObject, parse_object, read_text
from daypass.server.adapters.oidc.refusals import senseless
from daypass.server.adapters.outbound_http import HttpAnswer
from daypass.server.domain.provider_list import OidcClient

__all__ = ["CodeAnswer", "TokenRequest", "build_sign_in_url", "build_token_request", "parse_token_answer"]

_ERROR_CODE = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """To be posted to the token endpoint."""

    fields: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """Nothing in it is verified."""

    unverified_id_token: Secret
    access_token: Secret | None


def build_sign_in_url(
    endpoint: str, client: OidcClient, *, redirect_uri: str, state: str, nonce: str, code_challenge: str
) -> str:
    """The authentication request (§3.1.2.1) with a S256 challenge. The endpoint's own query is kept."""
    scopes = client.scopes.split()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes if "openid" in scopes else ["openid", *scopes]),
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def build_token_request(
    document: ProviderDocument, client: OidcClient, *, code: Secret, code_verifier: Secret, redirect_uri: str
) -> TokenRequest:
    """Basic authentication unless the provider takes only the form's; none without a secret. Raises IDPCommunicationError."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier.reveal(),
    }
    if not client.client_secret:
        return TokenRequest({**fields, "client_id": client.client_id}, {})
    if "client_secret_basic" in document.token_auth_methods:
        return TokenRequest(fields, {"Authorization": _basic(client)})
    if "client_secret_post" in document.token_auth_methods:
        own = {"client_id": client.client_id, "client_secret": client.client_secret.reveal()}
        return TokenRequest({**fields, **own}, {})
    raise IDPCommunicationError(
        "this identity provider cannot be used", detail=f"{document.issuer} takes no client secret"
    )


def parse_token_answer(answer: HttpAnswer) -> CodeAnswer:
    """Raises IDPRejectedClaim when the provider refuses the code or us, IDPCommunicationError when it talks nonsense."""
    try:
        members = parse_object(answer.body)
    except NotAnObject:
        members = {}
    if answer.status in (400, 401, 403):
        code = read_text(members, "error")
        reason = code if _ERROR_CODE.fullmatch(code) else "no error code"
        raise IDPRejectedClaim(
            "the identity provider refused the sign-in", detail=f"token endpoint: {answer.status} {reason}"
        )
    id_token = read_text(members, "id_token")
    if answer.status != 200 or not id_token:
        raise senseless(
            f"token endpoint: status {answer.status}, {'an' if id_token else 'no'} ID token",
        )
    access_token = read_text(members, "access_token")
    return CodeAnswer(Secret(id_token), Secret(access_token) if access_token else None)


def _basic(client: OidcClient) -> str:
    """RFC 6749 §2.3.1: both parts form-encoded before they are joined."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret.reveal())}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
