"""The story of a login: a question, a browser, an answer, tokens.

    begin ──> url for the browser ──> (loopback or pasted answer) ──> code ──> redeem ──> SignedIn

Nothing here prints, prompts or writes a file: `cli/login.py` talks to the person, and `keep` hands the
result to the cache. Fresh values (state, verifier, key, ids) come in as `Fresh`, time as `now`.
"""

import json
import secrets
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.client.dpop_key import key_to_pem, new_key
from daypass.client.loopback import CALLBACK_PATH
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.client.token_endpoint import TokenEndpoint
from daypass.client.transport import Send
from daypass.errors import LoginDenied, LoginFailed
from daypass.protocol.http import Request
from daypass.protocol.oauth.authorization_request import AuthorizationRequest, build_authorization_url
from daypass.protocol.oauth.errors import AuthcodeExpired, InsufficientPermissions, SignInError
from daypass.protocol.oauth.id_token import account_of_arn, read_subject
from daypass.protocol.oauth.pkce import code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.token_response import TokenSet
from daypass.secret import Secret

__all__ = [
    "Fresh",
    "SignedIn",
    "StartedLogin",
    "begin",
    "confirmation_uri",
    "discover_s3_endpoint",
    "keep",
    "redeem",
]

_VERIFIER_ALPHABET = string.ascii_letters + string.digits + "-._~"


@dataclass(frozen=True, slots=True)
class Fresh:
    """The unpredictable values of one login."""

    state: str
    code_verifier: Secret
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    proof_id: str

    @classmethod
    def draw(cls) -> "Fresh":
        """From the operating system's randomness. The verifier has 64 characters (RFC 7636 §4.1: 43..128)."""
        verifier = "".join(secrets.choice(_VERIFIER_ALPHABET) for _ in range(64))
        return cls(str(uuid.uuid4()), Secret(verifier), new_key(), str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class StartedLogin:
    """A question asked; `url` is where the person answers it."""

    url: str
    client_id: str
    redirect_uri: str
    base_url: str
    region: str
    fresh: Fresh


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a redeemed code gave."""

    login_session: str
    """The identity's ARN: the profile's `login_session` and the cache file's name."""
    entry: CacheEntry


def confirmation_uri(base_url: str) -> str:
    """Where a cross-device login ends: a page of the service that shows the code to paste."""
    return base_url.rstrip("/") + "/v1/sessions/confirmation"


def begin(*, base_url: str, region: str, redirect_uri: str, fresh: Fresh) -> StartedLogin:
    """Build the authorization request. A loopback `redirect_uri` makes it a same-device login."""
    same_device = redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith(CALLBACK_PATH)
    client_id = SAME_DEVICE if same_device else CROSS_DEVICE
    request = AuthorizationRequest(
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=fresh.state,
        code_challenge=code_challenge(fresh.code_verifier.reveal()),
    )
    return StartedLogin(
        build_authorization_url(base_url, request), client_id, redirect_uri, base_url, region, fresh
    )


def redeem(started: StartedLogin, code: Secret, *, now: int, send: Send) -> SignedIn:
    """Exchange the code. Raises LoginFailed or LoginDenied in the person's words; NetworkError."""
    endpoint = TokenEndpoint(started.base_url, send)
    try:
        tokens = endpoint.redeem(
            client_id=started.client_id,
            code=code,
            redirect_uri=started.redirect_uri,
            code_verifier=started.fresh.code_verifier,
            key=started.fresh.key,
            now=now,
            jti=started.fresh.proof_id,
        )
    except AuthcodeExpired as refusal:
        raise LoginFailed(
            "the code was used too late", hint="daypass login", detail=refusal.message
        ) from refusal
    except InsufficientPermissions as refusal:
        raise LoginDenied(
            "this identity may not use terminal credentials (signin:CreateOAuth2Token)",
            hint="ask an administrator to attach the policy SignInLocalDevelopmentAccess",
            detail=refusal.message,
        ) from refusal
    except SignInError as refusal:
        raise LoginFailed(
            f"the sign-in service refused: {refusal.message}", hint="daypass login"
        ) from refusal
    return _signed_in(started, tokens, now)


def _signed_in(started: StartedLogin, tokens: TokenSet, now: int) -> SignedIn:
    if not tokens.id_token:
        raise LoginFailed("the sign-in service sent no identity", hint="daypass login")
    login_session = read_subject(tokens.id_token)
    entry = CacheEntry(
        access_key_id=tokens.access_key_id,
        secret_access_key=tokens.secret_access_key,
        session_token=tokens.session_token,
        account_id=account_of_arn(login_session),
        expires_at=now + tokens.expires_in,
        client_id=started.client_id,
        refresh_token=tokens.refresh_token,
        dpop_key_pem=key_to_pem(started.fresh.key),
        token_type=tokens.token_type,
        id_token=Secret(tokens.id_token),
        sign_in_region=started.region,
    )
    return SignedIn(login_session, entry)


def keep(signed_in: SignedIn, cache: SessionStore) -> None:
    """Write the cache entry, under its lock."""
    with cache.locked(signed_in.login_session):
        cache.save(signed_in.login_session, signed_in.entry)


def discover_s3_endpoint(base_url: str, send: Send) -> str | None:
    """The S3 endpoint a self-hosted service names in its metadata (RFC 8414 §2 allows extra members).

    Raises NetworkError: a terminal that cannot reach the service could not redeem the code either.
    """
    request = Request("GET", base_url.rstrip("/") + "/.well-known/oauth-authorization-server")
    try:
        answer = send(request)
        metadata: object = json.loads(answer.body) if answer.status == 200 else None
    except ValueError:
        return None
    found = metadata.get("s3_endpoint") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) and _is_plain_url(found) else None


def _is_plain_url(text: str) -> bool:
    """A line break would add lines of a stranger's choice to the person's configuration file."""
    return (
        text.startswith(("http://", "https://")) and text.isascii() and text.isprintable() and " " not in text
    )
