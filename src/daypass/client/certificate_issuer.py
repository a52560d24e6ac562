"""Who issued the certificate that was not trusted: the name that tells a person which program sits in between.

Read on a second connection on which nothing is ever sent, because a failed verification does not show the certificate.
Verification of requests is not touched by this file. Whatever goes wrong here gives an empty name.
"""

import contextlib
import http.client
import ssl
import urllib.parse
import urllib.request

__all__ = ["read_issuer"]

_PATIENCE = 5.0  # seconds
_LONGEST = 100  # characters


def read_issuer(url: str) -> str:
    """The issuer's common name, else its organisation; printable, at most 100 characters, or nothing."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        return _issuer_of(_shown_certificate(url))
    return ""


def _shown_certificate(url: str) -> bytes:
    """DER, as shown from here: through the proxy a request would take."""
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    proxy = _proxy_for(host)
    near = (proxy.hostname, proxy.port or 80) if proxy is not None and proxy.hostname else (host, port)
    connection = http.client.HTTPSConnection(*near, timeout=_PATIENCE, context=unverified)
    if near != (host, port):
        connection.set_tunnel(host, port)
    try:
        connection.connect()
        return connection.sock.getpeercert(binary_form=True) or b""
    finally:
        connection.close()


def _proxy_for(host: str) -> urllib.parse.SplitResult | None:
    if host in ("127.0.0.1", "localhost", "::1") or urllib.request.proxy_bypass(host):
        return None
    given = urllib.request.getproxies().get("https")
    return urllib.parse.urlsplit(given if "://" in given else f"http://{given}") if given else None


def _issuer_of(certificate: bytes) -> str:
    from cryptography import x509

    issuer = x509.load_der_x509_certificate(certificate).issuer
    for kind in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME):
        for attribute in issuer.get_attributes_for_oid(kind):
            text = str(attribute.value)
            if text.isprintable():
                return text[:_LONGEST]
    return ""
