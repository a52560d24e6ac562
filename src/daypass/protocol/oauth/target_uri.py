"""The target of a DPoP proof (`htu`) in one normal form, and which targets count as ours.

Query and fragment are dropped; scheme and host are lower-cased, the default port is dropped, percent
escapes and dot segments are normalized, as RFC 9449 §4.3 advises (RFC 3986 §6.2.2, §6.2.3). Comparing is
then plain equality. Pure and remembered, because the same few texts come with every request.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.form_parameters import is_visible_ascii

__all__ = ["accepted_target_uris", "normalize_target_uri"]

_LONGEST_URI = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_find_escapes = re.compile(r"%[0-9A-Fa-f]{2}")


@lru_cache(maxsize=512)
def normalize_target_uri(uri: str) -> str:
    """The normal form of an absolute http or https URI. Raises RemoteProtocolError."""
    scheme, host, port, path = _split(uri)
    authority = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return f"{scheme}://{authority}{_normal_path(path)}"


@lru_cache(maxsize=64)
def accepted_target_uris(urls: frozenset[str]) -> frozenset[str]:
    """Normal forms of the endpoint's own URLs, and of their https twins where they are plain http.

    The twin has the same host and the same port text: aws-c-auth writes `https` whatever the scheme is.
    Raises RemoteProtocolError for a URL that is not one: a mistake in the settings.
    """
    accepted: set[str] = set()
    for url in urls:
        accepted.add(normalize_target_uri(url))
        scheme, host, port, path = _split(url)
        if scheme == "http":
            authority = host if port is None else f"{host}:{port}"
            accepted.add(normalize_target_uri(f"https://{authority}{path}"))
            if port in (None, _DEFAULT_PORTS["http"]):
                accepted.add(normalize_target_uri(f"https://{host}{path}"))
    return frozenset(accepted)


def _split(uri: str) -> tuple[str, str, int | None, str]:
    """Scheme and host (lower case), port, path. No user information, no odd characters."""
    if len(uri) > _LONGEST_URI or not is_visible_ascii(uri):
        raise RemoteProtocolError("not a URI")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise RemoteProtocolError("not a URI") from None
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in host or "\\" in uri:
        raise RemoteProtocolError("not an absolute http or https URI")
    return parts.scheme, host.lower(), port, parts.path


def _normal_path(path: str) -> str:
    """RFC 3986 §5.2.4 and §6.2.2; an empty path is `/` (§6.2.3)."""
    path = _find_escapes.sub(_normal_escape, path)
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()
