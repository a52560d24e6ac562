"""What must hold between settings, one check per function, in the order they are told to the person.

The one that matters most: passwords and tokens cross a network only inside TLS, unless a long flag says
that the person understands.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from daypass.errors import ConfigError
from daypass.server.settings.record import Settings

__all__ = ["check_privacy", "check_settings", "is_loopback_host"]

_LOG_LEVELS = ("debug", "info", "warning", "error")


def check_settings(settings: Settings) -> None:
    """Run every check. Raises ConfigError."""
    check_urls(settings)
    check_tls(settings)
    check_external_url(settings)
    check_privacy(settings)
    check_backend(settings)
    if settings.log_level not in _LOG_LEVELS:
        raise ConfigError(f"log_level must be one of {', '.join(_LOG_LEVELS)}")
    if settings.refresh_reuse not in ("refuse", "revoke"):
        raise ConfigError("refresh_reuse must be refuse or revoke")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d{1,2}|[a-z][a-z0-9-]{1,30}", settings.region):
        raise ConfigError("region must be a name like us-east-1")


def check_urls(settings: Settings) -> None:
    """Origins only: AWS clients drop path prefixes, and a trailing slash would break every comparison."""
    for name, url in [
        ("external_url", settings.external_url),
        ("s3_external_url", settings.s3_external_url),
        *(("alternate_urls", url) for url in settings.alternate_urls),
    ]:
        if not url:
            continue
        parts = _split(url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or url != f"{parts.scheme}://{parts.netloc}"
            or "@" in url
        ):
            raise ConfigError(f"{name} must be scheme://host or scheme://host:port, with nothing behind it")


def check_tls(settings: Settings) -> None:
    """Certificate and key come together."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigError("tls_cert and tls_key belong together; only one is set")
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not path.is_file():
            raise ConfigError(f"there is no file {path} (tls_cert, tls_key)")


def check_external_url(settings: Settings) -> None:
    """It can be derived only where the listener's address is also its name."""
    if not settings.external_url and not is_loopback_host(settings.listen.host):
        raise ConfigError(
            "external_url must be set: the listener is not on loopback, so its address says nothing about its name",
            hint='external_url = "https://signin.example.com"',
        )


def check_privacy(settings: Settings) -> None:
    """Plain HTTP stays on loopback, or behind a named proxy that ends TLS."""
    if settings.i_understand_http_is_not_private:
        return
    hint = "give --tls-cert and --tls-key, or name the proxy that ends TLS in trusted_proxies with an https external_url"
    for name, url in (("external_url", settings.external_url), ("s3_external_url", settings.s3_external_url)):
        parts = _split(url)
        if parts.scheme == "http" and not is_loopback_host(parts.hostname or ""):
            raise ConfigError(
                f"{name} is plain http beyond loopback: secrets would cross the network in the clear",
                hint=hint,
            )
    if settings.serves_tls:
        return
    listens_beyond = not is_loopback_host(settings.listen.host) or (
        settings.serves_gateway and not is_loopback_host(settings.s3_listen.host)
    )
    if listens_beyond and not (settings.trusted_proxies and settings.external_url.startswith("https:")):
        raise ConfigError("the server would speak plain http beyond loopback", hint=hint)


def check_backend(settings: Settings) -> None:
    """A gateway needs an endpoint and keys."""
    adopting = settings.adopt_unowned_buckets_for_account
    if adopting and not re.fullmatch(r"\d{12}", adopting):
        raise ConfigError("adopt_unowned_buckets_for_account must be twelve digits")
    if not settings.serves_gateway:
        return
    parts = _split(settings.s3_backend)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("s3_backend must be http://host:port or https://host")
    has_environment = settings.s3_backend_access_key_id and settings.s3_backend_secret_access_key
    if settings.s3_backend_credentials is None and not has_environment:
        raise ConfigError(
            "s3_backend is set and its credentials are not",
            hint="name a file in s3_backend_credentials, or set DAYPASS_S3_BACKEND_ACCESS_KEY_ID and DAYPASS_S3_BACKEND_SECRET_ACCESS_KEY",
        )


def is_loopback_host(host: str) -> bool:
    """Whether a name or address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult:
    """The URL's parts; no parts at all when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because reading it is what checks it
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts
