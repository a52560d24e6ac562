"""The refusals of the Sign-In wire: one class per (error type, error code) pair AWS clients branch on.

`SignInError` is what `POST /v1/token` answers: an HTTP status, the class name that travels in the
`x-amzn-ErrorType` header, and the `error` word of the body. Clients branch on class and word, never on
the status (AWS Sign-In API reference, CreateOAuth2Token, Errors).

`AuthorizationError` is what `GET /v1/authorize` answers. There are two kinds and no third: until the
client *and* its redirect URI are proven the failure is displayed (`DisplayedError`); afterwards it is
redirected (`RedirectedError`), RFC 6749 §4.1.2.1.
"""

from daypass.errors import DaypassError

__all__ = [
    "AuthcodeExpired",
    "AuthorizationError",
    "DisplayedError",
    "InsufficientPermissions",
    "InvalidDpopProof",
    "InvalidRequest",
    "RedirectedError",
    "ServerError",
    "SignInError",
    "TokenExpired",
    "TooManyRequests",
    "UserCredentialsChanged",
]


class SignInError(DaypassError):
    """A refusal of the token endpoint. Raised by rules, turned into HTTP by `server/web/errors.py`."""

    code = "signin"
    status = 400
    """HTTP status."""
    error_type = "ValidationException"
    """Value of the `x-amzn-ErrorType` header."""
    error = "INVALID_REQUEST"
    """Value of the body's `error` member."""


class InvalidRequest(SignInError):
    """Malformed field, bad grant, PKCE or redirect mismatch."""


class InvalidDpopProof(InvalidRequest):
    """The DPoP proof is missing, malformed, stale, replayed or by another key (RFC 9449 §4.3)."""


class TokenExpired(SignInError):
    """The refresh token is past its session's end, revoked, superseded or unknown."""

    status = 401
    error_type = "AccessDeniedException"
    error = "TOKEN_EXPIRED"


class AuthcodeExpired(SignInError):
    """The authorization code was presented too late."""

    status = 401
    error_type = "AccessDeniedException"
    error = "AUTHCODE_EXPIRED"


class UserCredentialsChanged(SignInError):
    """The person's password or other credentials changed since the login."""

    status = 403
    error_type = "AccessDeniedException"
    error = "USER_CREDENTIALS_CHANGED"


class InsufficientPermissions(SignInError):
    """Policy does not allow `signin:CreateOAuth2Token`."""

    status = 403
    error_type = "AccessDeniedException"
    error = "INSUFFICIENT_PERMISSIONS"


class TooManyRequests(SignInError):
    """Throttled."""

    status = 429
    error_type = "TooManyRequestsError"


class ServerError(SignInError):
    """A fault of ours; the detail stays in the log."""

    status = 500
    error_type = "InternalServerException"
    error = "server_error"


class AuthorizationError(DaypassError):
    """A refusal of the authorize endpoint. Never raised itself: displayed or redirected."""

    code = "authorization"


class DisplayedError(AuthorizationError):
    """Client or redirect URI is not proven: show a page with HTTP 400, never redirect."""


class RedirectedError(AuthorizationError):
    """Client and redirect URI are proven: send the browser back with `error` (RFC 6749 §4.1.2.1)."""

    def __init__(self, error: str, message: str, *, redirect_uri: str, state: str | None) -> None:
        super().__init__(message)
        self.error = error
        """A registered word of `[a-z_]` (PowerShell accepts only `[A-Za-z0-9_]`, at most 300)."""
        self.redirect_uri = redirect_uri
        self.state = state
