"""Look at hosts from here: does it answer, who vouches for it, what time does it have. Bounded, and nothing secret goes out.

Name servers, proxies and peers may each take for ever, so every look runs beside us and is given up after five
seconds; looks begin together. Certificates are verified, always.
"""

import email.utils
import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from daypass.client.certificate_issuer import read_issuer
from daypass.client.doctor.finding import printable

__all__ = ["PATIENCE", "Look", "Sighting", "look_at"]

PATIENCE = 5.0
"""Seconds for one look, whatever it waits for."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a host."""

    url: str
    fault: str = ""
    """Empty for any HTTP answer; `dns`, `refused`, `timeout`, `tls`, `ca_bundle`, `url`, `other`."""
    issuer: str = ""
    """Who issued the certificate that was not trusted."""
    proxy: str = ""
    """`host:port` the request went through, without its password."""
    clock_ahead: int | None = None
    """Seconds by which the host's clock is ahead of ours, by its Date header (RFC 9110 section 6.6.1)."""

    @property
    def host(self) -> str:
        """For sentences."""
        try:
            return printable(urllib.parse.urlsplit(self.url).netloc.rpartition("@")[2])
        except ValueError:
            return ""


class Look(Generic[_Seen]):
    """One question that is being answered beside us."""

    def __init__(self, ask: Callable[[], _Seen], otherwise: _Seen) -> None:
        """`otherwise` is the answer when none came in time."""
        self._answer = otherwise
        self._ends_at = time.monotonic() + PATIENCE

        def run() -> None:
            self._answer = ask()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> _Seen:
        """Wait for what is left of the time."""
        self._thread.join(max(0.0, self._ends_at - time.monotonic()))
        return self._answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def look_at(url: str, environ: Mapping[str, str]) -> Sighting:
    """One GET without credentials. Raises nothing."""
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # reading a bad one raises
    except ValueError:
        return Sighting(url, "url")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return Sighting(url, "url")
    seen = Sighting(url, proxy=_proxy_for(parts.scheme, parts.hostname))
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=environ.get("AWS_CA_BUNDLE") or None)
        except OSError:
            return replace(seen, fault="ca_bundle")
        handlers.append(urllib.request.HTTPSHandler(context=context))
    if parts.hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    began = time.time()
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=PATIENCE) as answer:
            date = answer.headers.get("Date", "")
    except urllib.error.HTTPError as refusal:
        date = refusal.headers.get("Date", "")
        refusal.close()
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return _with_fault(seen, problem)
    return replace(seen, clock_ahead=_clock_ahead(date, (began + time.time()) / 2))


def _clock_ahead(date: str, our_time: float) -> int | None:
    try:
        return round(email.utils.parsedate_to_datetime(date).timestamp() - our_time)
    except (ValueError, OverflowError):
        return None


def _proxy_for(scheme: str, host: str) -> str:
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return ""
    given = urllib.request.getproxies().get(scheme, "")
    parts = urllib.parse.urlsplit(given if "://" in given else f"http://{given}")
    return printable(parts.netloc.rpartition("@")[2])


def _with_fault(seen: Sighting, problem: Exception) -> Sighting:
    reason = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(reason, ssl.SSLCertVerificationError):
        return replace(seen, fault="tls", issuer=read_issuer(seen.url))
    for kinds, fault in (
        (socket.gaierror, "dns"),
        (ConnectionRefusedError, "refused"),
        (TimeoutError, "timeout"),
    ):
        if isinstance(reason, kinds):
            return replace(seen, fault=fault)
    return replace(seen, fault="other")
