"""The one file that sends HTTP from the person's machine.

Knows proxies, certificate authorities, time limits and retries; knows nothing of what it carries.
Redirects are never followed: no endpoint we call answers with one. A 5xx answer or a broken connection is
tried three times in all, like the SDKs do, not sooner than its Retry-After asks; the bytes stay the same, so the server can tell a retry. What no
repetition can mend (a certificate, a scheme, a missing bundle) is said at once.
Verification of certificates cannot be switched off.
"""

import contextlib
import http.client
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

from daypass._version import __version__
from daypass.client.certificate_issuer import read_issuer
from daypass.client.retry_after import read_retry_after
from daypass.errors import NetworkError, UntrustedCertificate
from daypass.protocol.http import Request, Response

__all__ = ["Send", "check_answers", "send", "user_agent"]

Send = Callable[[Request], Response]

_TIMEOUT = 20.0  # seconds, for connecting and for each read
_LOOK = 5.0  # seconds, alike, for a look whether anything answers
_ATTEMPTS = 3
_BACK_OFF = (0.3, 1.0)  # seconds before the second and the third attempt
_LONGEST_WAIT = 3
"""Seconds of `Retry-After` that are waited for here; more is the caller's to know."""
_LARGEST_BODY = 1 << 20
_SYSTEMS = {"darwin": "macos", "win32": "windows"}
_HOPELESS = (ssl.SSLCertVerificationError, http.client.InvalidURL)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def user_agent(platform: str) -> str:
    """So that people find this terminal among those that are signed in. No name of a machine or a person is in it."""
    return f"daypass/{__version__} os/{_SYSTEMS.get(platform, platform)}"


def send(request: Request) -> Response:
    """Send and read the whole answer, whatever its status. Raises NetworkError."""
    for pause in (*_BACK_OFF, None):
        try:
            response = _send_once(request)
        except NetworkError as problem:
            if pause is None or isinstance(problem.__cause__, _HOPELESS) or problem.__cause__ is None:
                raise
        else:
            if response.status not in (500, 502, 503, 504) or pause is None:
                return response
            asked = read_retry_after(response.headers, time.time())
            if asked > _LONGEST_WAIT:
                return response  # who asks for minutes is not asked again by this call
            pause = max(pause, asked)
        time.sleep(pause)
    raise AssertionError("unreachable")


def check_answers(url: str) -> None:
    """Ask once, for at most 5 seconds per step; any HTTP answer is one. Raises NetworkError, UntrustedCertificate."""
    with _asked(Request("GET", url), _LOOK):
        pass  # what the answer says is for others to judge, so it is not read


def _send_once(request: Request) -> Response:
    with _asked(request, _TIMEOUT) as answer:
        return _read(answer)


@contextlib.contextmanager
def _asked(request: Request, seconds: float) -> "Iterator[http.client.HTTPResponse | urllib.error.HTTPError]":
    headers = {"User-Agent": user_agent(sys.platform), **dict(request.headers)}
    raw = urllib.request.Request(  # noqa: S310 - the scheme is checked in _opener
        request.url, data=request.body or None, headers=headers, method=request.method
    )
    try:
        with _open(raw, seconds) as answer:
            yield answer
    except urllib.error.URLError as problem:
        reason = problem.reason if isinstance(problem.reason, Exception) else problem
        raise _explain(request.url, reason) from reason
    except (OSError, http.client.HTTPException) as problem:
        raise _explain(request.url, problem) from problem


def _open(raw: urllib.request.Request, seconds: float) -> "http.client.HTTPResponse | urllib.error.HTTPError":
    """An answer is an answer whatever its status."""
    try:
        opened: http.client.HTTPResponse = _opener(raw.full_url).open(raw, timeout=seconds)
    except urllib.error.HTTPError as answer:
        return answer
    return opened


def _read(answer: "http.client.HTTPResponse | urllib.error.HTTPError") -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    body = answer.read(_LARGEST_BODY)
    # A read with a limit does not complain when the connection ends early, so the length is compared here.
    promised = headers.get("content-length", "")
    if promised.isdecimal() and len(body) < min(int(promised), _LARGEST_BODY):
        raise http.client.IncompleteRead(body, int(promised) - len(body))
    return Response(answer.status or 0, headers, body)


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise NetworkError("only http and https endpoints can be reached", detail=parts.scheme)
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if parts.scheme == "https":
        handlers.append(urllib.request.HTTPSHandler(context=_context()))
    if parts.hostname in ("127.0.0.1", "localhost", "::1"):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _context() -> ssl.SSLContext:
    bundle = os.environ.get("AWS_CA_BUNDLE")
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except OSError as problem:  # ssl.SSLError, for a file without certificates, is one too
        raise NetworkError(
            "the file in AWS_CA_BUNDLE holds no certificates that can be read",
            hint=f"ls -l {bundle}",
            detail=str(problem),
        ) from None


def _explain(url: str, problem: object) -> NetworkError:
    host = urllib.parse.urlsplit(url).netloc
    if isinstance(problem, ssl.SSLCertVerificationError):
        return _untrusted(url, host, problem)
    if isinstance(problem, ConnectionRefusedError):
        return NetworkError(f"nothing answers at {host}", hint=f"curl -I {url}", detail=str(problem))
    if isinstance(problem, TimeoutError):
        return NetworkError(f"{host} did not answer in time", hint=f"curl -I {url}", detail=str(problem))
    if isinstance(problem, http.client.IncompleteRead | ConnectionResetError):
        return NetworkError(f"{host} broke off the connection", hint=f"curl -I {url}", detail=repr(problem))
    return NetworkError(f"{host} could not be reached", hint=f"curl -I {url}", detail=repr(problem))


_OUT_OF_TIME = (9, 10)
"""OpenSSL's verification codes: not yet valid, and expired."""
_WRONG_NAME = (62, 64)
"""Host name, and IP address."""


def _untrusted(url: str, host: str, problem: ssl.SSLCertVerificationError) -> UntrustedCertificate:
    """Who vouched for it, and what helps. Switching verification off is no help."""
    issuer = read_issuer(url)
    shown = f'the certificate of {host} (issued by "{issuer}")' if issuer else f"the certificate of {host}"
    if problem.verify_code in _OUT_OF_TIME:
        why, hint = "is not valid at the time this machine's clock shows", "date -u"
    elif problem.verify_code in _WRONG_NAME:
        why, hint = "is for another name", "daypass doctor"
    else:
        why = "is not trusted here"
        hint = "set AWS_CA_BUNDLE to the file of your organisation's certificate authority"
    return UntrustedCertificate(f"{shown} {why}", hint=hint, detail=problem.verify_message)
