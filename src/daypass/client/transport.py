"""The one file that sends HTTP from the person's machine.

Knows proxies, certificate authorities, time limits and retries; knows nothing of what it carries.
Redirects are never followed: no endpoint we call answers with one. A 5xx answer or a broken connection is
tried three times in all, like the SDKs do; the bytes stay the same, so the server can tell a retry.
Verification of certificates cannot be switched off.
"""

import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

from daypass.errors import NetworkError
from daypass.protocol.http import Request, Response

__all__ = ["Send", "send"]

Send = Callable[[Request], Response]

_TIMEOUT = 20.0  # seconds, for connecting and for each read
_ATTEMPTS = 3
_BACK_OFF = (0.3, 1.0)  # seconds before the second and the third attempt
_LARGEST_BODY = 1 << 20


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def send(request: Request) -> Response:
    """Send and read the whole answer, whatever its status. Raises NetworkError."""
    for pause in (*_BACK_OFF, None):
        try:
            response = _send_once(request)
        except NetworkError:
            if pause is None:
                raise
        else:
            if response.status not in (500, 502, 503, 504) or pause is None:
                return response
        time.sleep(pause)
    raise AssertionError("unreachable")


def _send_once(request: Request) -> Response:
    raw = urllib.request.Request(  # noqa: S310 - the scheme is checked in _opener
        request.url, data=request.body or None, headers=dict(request.headers), method=request.method
    )
    try:
        with _opener(request.url).open(raw, timeout=_TIMEOUT) as answer:
            return _read(answer.status, answer.headers, answer)
    except urllib.error.HTTPError as answer:
        with answer:
            return _read(answer.code, answer.headers, answer)
    except urllib.error.URLError as problem:
        raise _explain(request.url, problem.reason) from problem
    except (OSError, http.client.HTTPException) as problem:
        raise _explain(request.url, problem) from problem


def _read(status: int, headers: object, body: object) -> Response:
    items = headers.items()  # type: ignore[attr-defined]  # an email.message.Message in both cases
    return Response(status, {name.lower(): value for name, value in items}, body.read(_LARGEST_BODY))  # type: ignore[attr-defined]


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise NetworkError("only http and https endpoints can be reached", detail=parts.scheme)
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), urllib.request.HTTPSHandler(context=context)]
    if parts.hostname in ("127.0.0.1", "localhost", "::1"):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _explain(url: str, problem: object) -> NetworkError:
    host = urllib.parse.urlsplit(url).netloc
    if isinstance(problem, ssl.SSLCertVerificationError):
        return NetworkError(
            f"the certificate of {host} is not trusted here",
            hint="set AWS_CA_BUNDLE to the file of your organisation's certificate authority",
            detail=problem.verify_message,
        )
    if isinstance(problem, ConnectionRefusedError):
        return NetworkError(f"nothing answers at {host}", hint=f"curl -I {url}", detail=str(problem))
    if isinstance(problem, TimeoutError):
        return NetworkError(f"{host} did not answer in time", hint=f"curl -I {url}", detail=str(problem))
    return NetworkError(f"{host} could not be reached", hint=f"curl -I {url}", detail=repr(problem))
