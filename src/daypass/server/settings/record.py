"""Every setting of the server: one frozen record, its defaults, its units and the reason for each default.

The record is parsed once (`sources.py`) and handed to the composition root, which passes *values* on; no flow,
page or gateway ever sees it. The reference page (docs/reference/settings.md) is generated from this file, so a
field without a `why` does not exist. Secrets have no flag and no place in the settings file.
"""

# ruff: noqa: RUF009 - `_setting` only wraps dataclasses.field, and no default is mutable

import ipaddress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple, TypeVar

from daypass.secret import Secret
from daypass.server.domain.lifetimes import Lifetimes
from daypass.server.domain.provider_list import ListedProvider

__all__ = ["Address", "Networks", "Settings", "setting_names"]

_T = TypeVar("_T")

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_LOOPBACK: Networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class Address(NamedTuple):
    """Where a listener binds: `host:port`, `[v6]:port`. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _setting(
    default: _T,
    *,
    why: str,
    unit: str = "",
    low: int | None = None,
    high: int | None = None,
    only_environment: bool = False,
    may_hold_a_password: bool = False,
) -> _T:
    """Describe one field. The return type is the field's, which is what dataclasses make of it."""
    described = {"why": why, "unit": unit, "low": low, "high": high, "only_environment": only_environment}
    return field(default=default, metadata=described, repr=not may_hold_a_password)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `daypass serve` can be told. Paths are absolute after parsing."""

    listen: Address = _setting(
        Address("127.0.0.1", 8085),
        why="Sign-in, STS and IAM. Loopback, so that nothing is public by accident.",
    )
    s3_listen: Address = _setting(
        Address("127.0.0.1", 8086),
        why="The S3 gateway; it listens only when `s3_backend` is set. Its own port, because S3 owns every path.",
    )
    external_url: str = _setting(
        "",
        why="How browsers and clients reach the sign-in listener (`https://host[:port]`). Never taken from a request; "
        "empty means the listening address, which is right only on loopback.",
    )
    alternate_urls: tuple[str, ...] = _setting(
        (),
        why="Further origins under which clients may reach the token endpoint, for example an internal name: DPoP proofs name one of these.",
    )
    region: str = _setting(
        "us-east-1", why="The region of ARNs and of the gateway's buckets; AWS's own default region."
    )
    database_url: str = _setting(
        "",
        may_hold_a_password=True,
        why="`sqlite:///absolute/file.db` or `postgresql://…`. Empty means `daypass.db` beside the settings file: one file, nothing to install.",
    )
    key_ring_file: Path | None = _setting(
        None,
        why="The server's keys, mode 0600, apart from the database. Empty means `key-ring.json` beside the settings file.",
    )
    key_ring_command: str = _setting(
        "",
        why="A command whose standard output is the key ring, for a secret manager; no shell is involved. Used instead of the file.",
    )
    key_ring: Secret = _setting(
        Secret(""),
        only_environment=True,
        why="The key ring's text itself, for platforms that hand out secrets as variables. Used before command and file.",
    )
    workers: int = _setting(
        1,
        unit="processes",
        low=1,
        high=64,
        why="One per core that is yours; one process serves about a million sessions on PostgreSQL.",
    )
    tls_cert: Path | None = _setting(
        None, why="Certificate chain in PEM. Both listeners speak TLS when it is set."
    )
    tls_key: Path | None = _setting(None, why="Private key of `tls_cert` in PEM.")
    trusted_proxies: Networks = _setting(
        (),
        why="Networks (CIDR) whose X-Forwarded-For and X-Forwarded-Proto are believed. Nobody's, unless named: the headers are the sender's word.",
    )
    metrics_networks: Networks = _setting(
        _LOOPBACK,
        why="Networks that may read /metrics. Loopback: counters tell strangers how busy you are and what fails.",
    )
    i_understand_http_is_not_private: bool = _setting(
        False,
        why="Serve plain HTTP beyond loopback. Passwords and tokens then cross the network in the clear.",
    )
    s3_backend: str = _setting(
        "", why="Endpoint of the S3-compatible store behind the gateway. Empty serves no gateway."
    )
    s3_backend_region: str = _setting(
        "us-east-1",
        why="The region the store expects in signatures; most stores outside AWS accept this one.",
    )
    s3_backend_credentials: Path | None = _setting(
        None,
        why='A file, mode 0600, with the gateway\'s keys for the store: `{"access_key_id": …, "secret_access_key": …}` or an AWS `[default]` section.',
    )
    s3_backend_access_key_id: str = _setting(
        "", why="The same by environment; used when no file is named.", only_environment=True
    )
    s3_backend_secret_access_key: Secret = _setting(
        Secret(""), only_environment=True, why="The same by environment; used when no file is named."
    )
    s3_virtual_host_suffix: str = _setting(
        "",
        why="`s3.example.org` also accepts `bucket.s3.example.org`. Empty accepts the bucket in the path only, which needs no wildcard name.",
    )
    s3_external_url: str = _setting(
        "",
        why="How clients reach the gateway (`https://host[:port]`); the metadata document names it, so `daypass login` can write it into profiles. Empty means the listening address on loopback, and no name elsewhere.",
    )
    adopt_unowned_buckets_for_account: str = _setting(
        "",
        why="Twelve digits: buckets the store has and nobody owns here belong to this account. Empty hides them from everyone.",
    )
    credentials_lifetime: int = _setting(
        900,
        unit="seconds",
        low=1,
        high=900,
        why="Life of temporary credentials; 900 is the largest `expiresIn` of the Sign-In API model.",
    )
    login_session_lifetime: int = _setting(
        43_200,
        unit="seconds",
        low=900,
        high=43_200,
        why="Absolute end of one `login`; AWS ends it after 12 hours at most.",
    )
    sign_in_session_lifetime: int = _setting(
        43_200,
        unit="seconds",
        low=900,
        high=43_200,
        why="A browser's session; AWS's console ends it after 12 hours.",
    )
    code_lifetime: int = _setting(
        300,
        unit="seconds",
        low=10,
        high=300,
        why="Authorization codes; RFC 6749 §4.1.2 advises short, a person pasting a code needs minutes.",
    )
    refresh_reuse: str = _setting(
        "refuse",
        why="`refuse` or `revoke`: what an outdated refresh token does to its session. Refusing is enough, since the token is bound to a key.",
    )
    password_threads: int = _setting(
        2,
        unit="threads",
        low=1,
        high=64,
        why="Argon2id at the same time per process; each holds 19 MiB while it runs.",
    )
    password_queue: int = _setting(
        32,
        unit="requests",
        low=0,
        high=10_000,
        why="Sign-ins that may wait for a thread; more are told to come back, so a flood cannot fill the memory.",
    )
    keep_alive: int = _setting(
        65,
        unit="seconds",
        low=1,
        high=3600,
        why="Idle connections; longer than the 60 of common load balancers, so they never race our close.",
    )
    max_header_bytes: int = _setting(
        32_768,
        unit="bytes",
        low=8192,
        high=1_048_576,
        why="Request line and headers together; session token, proof and cookies need under 16 KiB.",
    )
    shutdown_grace: int = _setting(
        25,
        unit="seconds",
        low=0,
        high=3600,
        why="How long running requests may finish after SIGTERM; below the 30 orchestrators wait before SIGKILL.",
    )
    access_log: bool = _setting(
        True, why="One JSON line per request on standard error: no query strings, headers or bodies."
    )
    log_level: str = _setting(
        "info", why="`debug`, `info`, `warning` or `error`; info shows refusals and their request ids."
    )

    breached_passwords: Path | None = _setting(
        None,
        why="A sorted list of passwords known from breaches: one SHA-1 hash in hexadecimal per line, what follows a colon is ignored. Nobody can choose one of them. It may be larger than memory; nothing is asked of any other server.",
    )
    sign_in_webhook_url: str = _setting(
        "",
        why="Where every new session, a browser's or a terminal's, is announced: a JSON POST, signed. https, or http on loopback. Empty announces nothing.",
    )
    sign_in_webhook_secret: Secret = _setting(
        Secret(""),
        only_environment=True,
        why="The key of the announcements' signature (HMAC-SHA256); at least 16 characters when `sign_in_webhook_url` is set.",
    )
    show_saml_providers: bool = _setting(
        True,
        why="Every SAML provider made by `aws iam` is on the sign-in page. When false, only the ones in `identity_providers`; the provider's own portal works either way.",
    )
    internal_identity_providers: tuple[str, ...] = _setting(
        (),
        why="Hosts (`host` or `host:port`) of OpenID Connect providers that may have private or loopback addresses, and on loopback plain http. Empty: public addresses only, so that a provider's document cannot point the server at your network.",
    )
    oidc_client_secrets: Secret = _setting(
        Secret(""),
        only_environment=True,
        why='Client secrets of OpenID Connect providers as JSON, `{"PROVIDER-ARN": "SECRET"}`, for platforms that hand out secrets as variables. They win over `client_secret_file`.',
    )
    identity_providers: tuple[ListedProvider, ...] = _setting(
        (),
        why="What the IAM API has no place for: each provider's name on the sign-in page and, for OpenID Connect, how this server is registered there. Tables, so they stand at the end of the file. As a flag or in the environment: the same as a JSON list.",
    )

    @property
    def lifetimes(self) -> Lifetimes:
        """The lives in seconds, as the flows take them."""
        return Lifetimes(
            credentials=self.credentials_lifetime,
            login_session=self.login_session_lifetime,
            sign_in_session=self.sign_in_session_lifetime,
            code=self.code_lifetime,
        )

    @property
    def serves_tls(self) -> bool:
        """TLS ends in this process."""
        return self.tls_cert is not None

    @property
    def serves_gateway(self) -> bool:
        """There is a store to put the gateway in front of."""
        return bool(self.s3_backend)


def setting_names() -> frozenset[str]:
    """The name of every setting."""
    return frozenset(each.name for each in fields(Settings))
