"""The composition root: the only place where implementations are chosen and every dependency is passed by name.

    sign-in listener     POST /v1/token      web/token.py        bare ASGI, the hot path
                         POST /v1/revoke     web/revoke.py
                         POST /v1/scoped-session  web/scoped_session.py
                         POST /, signed GET  web/query_api.py    STS and IAM
                         POST / with a target   web/json_api.py  CloudTrail
                         /.well-known/*      web/metadata.py
                         /healthz /readyz /metrics               web/health.py
                         everything else     web/pages.py        starlette
    gateway listener     everything          gateway/app.py

Nothing is decided here about a request beyond where it goes. There are no globals and no locator.
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from daypass.protocol.aws.sigv4 import Credentials
from daypass.server.adapters.argon2 import Argon2Hasher
from daypass.server.adapters.audit_head_file import AuditHeadFile, audit_head_path
from daypass.server.adapters.audit_sealing import AuditSealing
from daypass.server.adapters.bounded_audit import BoundedAudit
from daypass.server.adapters.log import write_access_line
from daypass.server.adapters.metrics import CONTENT_TYPE, ProcessMetrics, open_metrics
from daypass.server.adapters.on_first_use import OnFirstUse
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.sql import SqlStorage, open_storage
from daypass.server.adapters.system import SystemRandomness, system_clock
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.relying_party import has_relying_party_id
from daypass.server.flows.reseal_held_secrets import reseal_held_secrets
from daypass.server.flows.reseal_saml_keys import reseal_saml_keys
from daypass.server.ports.storage import Storage
from daypass.server.settings import Settings
from daypass.server.web.caller import CallerReader
from daypass.server.web.failures import json_failure, page_failure, query_failure, s3_failure, token_failure
from daypass.server.web.front import Front
from daypass.server.web.health import Readiness, build_health_app, build_metrics_app
from daypass.server.web.json_api import build_json_app, wants_json_api
from daypass.server.web.metadata import build_metadata_app
from daypass.server.web.pages import build_pages_app
from daypass.server.web.query_api import build_query_app
from daypass.server.web.query_api import wants as wants_query_api
from daypass.server.web.revoke import build_revoke_app
from daypass.server.web.routing import Route, Router, Scope, exact_routes
from daypass.server.web.scoped_session import build_scoped_session_app
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.token import build_token_app

if TYPE_CHECKING:
    from daypass.server.adapters.sign_in_webhook import SignInWebhook
    from daypass.server.gateway.app import GatewayApp
    from daypass.server.ports.oidc import OpenIdRelyingParty
    from daypass.server.ports.passkeys import Passkeys
    from daypass.server.ports.saml import SamlServiceProvider

__all__ = ["Application", "audit_head_file", "compose"]

_PURGE_SECONDS = 30
_SEAL_SECONDS = (20, 40)
"""Between two looks for events to seal, at random: so that of several workers one finds the others' work done."""
_SEAL_PAUSE = 15
"""Seconds a block is old before the next one is made."""


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that serves, ready to be put on listeners."""

    sign_in: Front
    gateway: Front | None
    """None when no store is set."""
    storage: Storage
    hasher: Argon2Hasher
    _sealing: AuditSealing
    _gateway_app: "GatewayApp | None"
    _on_demand: Mapping[str, OnFirstUse]
    """`saml`, `oidc`, `passkeys`: loaded once somebody uses them."""
    _webhook: "SignInWebhook | None"
    _audit: "BoundedAudit | None" = None
    """None in a test that bounds nothing."""

    async def purge_forever(self) -> None:
        """Delete what has expired and load what is used by now, twice a minute, until cancelled. A failure is logged and
        tried again.
        """
        while True:
            await asyncio.sleep(_PURGE_SECONDS)
            try:
                await _load_what_is_used(self.storage, self._on_demand)
                await self.storage.purge_expired(now=system_clock())
            except Exception:  # the task must outlive a database that is away
                logging.getLogger("daypass.server").exception("could not purge expired rows")

    async def seal_forever(self) -> None:
        """Seal the audit log's events, about twice a minute, until cancelled. A failure is logged and tried again."""
        while True:
            await asyncio.sleep(random.uniform(*_SEAL_SECONDS))  # noqa: S311 - a turn, not a secret
            await self._sealing.seal(pause=_SEAL_PAUSE)

    async def close(self) -> None:
        """Seal the audit log; end backend connections, the password pool, the database. Listeners must have stopped."""
        if self._audit is not None:
            with suppress(Exception):
                await self._audit.close()
        await self._sealing.seal(pause=0)
        if self._gateway_app is not None:
            with suppress(Exception):
                await self._gateway_app.close()
        oidc = self._on_demand.get("oidc")
        if oidc is not None and oidc.is_loaded:
            with suppress(Exception):
                await oidc.close()
        if self._webhook is not None:
            with suppress(Exception):
                await self._webhook.close()
        self.hasher.close()
        await self.storage.close()


async def compose(
    settings: Settings,
    ring: KeyRing,
    *,
    external_url: str,
    alternate_urls: frozenset[str],
    s3_url: str,
    backend_keys: Credentials | None,
) -> Application:
    """Open the database, bring its schema up to date, and put everything together.

    `external_url` is the settings' or, on loopback, the bound address; `s3_url` names the gateway or is empty.
    `backend_keys` are the gateway's own keys for the store, None without a gateway.
    Raises StorageError, ConfigError.
    """
    storage = await open_storage(settings.database_url)
    await storage.migrate()
    await reseal_saml_keys(storage, ring)
    await reseal_held_secrets(storage, ring)
    audit = BoundedAudit(storage.audit, clock=system_clock, new_id=SystemRandomness().uuid)
    storage.audit = audit
    webhook = _announce_sessions(settings, storage) if settings.sign_in_webhook_url else None
    on_demand = _on_demand(settings, external_url)
    await _load_what_is_used(storage, on_demand)
    log = logging.getLogger("daypass.server")
    metrics = open_metrics()
    hasher = Argon2Hasher(threads=settings.password_threads, queue=settings.password_queue)
    parts = _build_parts(
        settings,
        storage,
        ring,
        hasher=hasher,
        metrics=metrics,
        on_demand=on_demand,
        places=(external_url, alternate_urls, s3_url),
    )
    readiness = Readiness(lambda: storage.check_writable(now=system_clock()), log)
    gateway_app = _build_gateway(settings, parts, backend_keys, log) if backend_keys is not None else None
    return Application(
        sign_in=_front(
            _sign_in_router(parts, readiness, metrics, settings, log),
            settings,
            metrics,
            log,
            b"x-amzn-RequestId",
        ),
        gateway=None
        if gateway_app is None
        else _front(_gateway_router(gateway_app), settings, metrics, log, b"x-amz-request-id"),
        storage=storage,
        hasher=hasher,
        _sealing=_build_sealing(settings, storage, ring, log),
        _gateway_app=gateway_app,
        _on_demand=on_demand,
        _webhook=webhook,
        _audit=audit,
    )


def _build_sealing(
    settings: Settings, storage: SqlStorage, ring: KeyRing, log: logging.Logger
) -> AuditSealing:
    path = audit_head_file(settings)
    head_file = None if path is None else AuditHeadFile(path, ring)
    return AuditSealing(storage.audit_blocks, ring, clock=system_clock, log=log, head_file=head_file)


def audit_head_file(settings: Settings) -> Path | None:
    """Where the audit log's head is kept; None where the key ring is no file of this machine."""
    if settings.key_ring or settings.key_ring_command or settings.key_ring_file is None:
        return None
    return audit_head_path(settings.key_ring_file)


def _build_parts(
    settings: Settings,
    storage: Storage,
    ring: KeyRing,
    *,
    hasher: Argon2Hasher,
    metrics: ProcessMetrics,
    on_demand: Mapping[str, OnFirstUse],
    places: tuple[str, frozenset[str], str],
) -> SignInParts:
    """`places`: this server's own address, its other ones, the gateway's."""
    external_url, alternate_urls, s3_url = places
    return SignInParts(
        storage=storage,
        ring=ring,
        directory=PrincipalCache(storage, system_clock, SHIPPED_POLICIES),
        hasher=hasher,
        clock=system_clock,
        randomness=SystemRandomness(),
        metrics=metrics,
        saml=cast("SamlServiceProvider", on_demand["saml"]),
        oidc=cast("OpenIdRelyingParty", on_demand["oidc"]),
        judge=LocalPasswordJudge(settings.breached_passwords),
        passkeys=cast("Passkeys", on_demand["passkeys"]),
        identity_providers=settings.identity_providers,
        show_saml_providers=settings.show_saml_providers,
        external_url=external_url,
        alternate_urls=alternate_urls,
        region=settings.region,
        lifetimes=settings.lifetimes,
        s3_url=s3_url,
        refresh_reuse=cast("Literal['refuse', 'revoke']", settings.refresh_reuse),
    )


def _announce_sessions(settings: Settings, storage: SqlStorage) -> "SignInWebhook":
    # Imported here for its HTTP client: only who has a webhook pays.
    from daypass.server.adapters.sign_in_webhook import AnnouncedOrigins, SignInWebhook

    webhook = SignInWebhook(
        settings.sign_in_webhook_url,
        settings.sign_in_webhook_secret,
        clock=system_clock,
        log=logging.getLogger("daypass.server"),
    )
    storage.session_origins = AnnouncedOrigins(storage.session_origins, webhook)
    return webhook


def _on_demand(settings: Settings, external_url: str) -> Mapping[str, OnFirstUse]:
    """The parts whose libraries few servers need, by the words of `Storage.find_uses`."""
    return {
        "saml": OnFirstUse(_load_saml, modules=("daypass.server.adapters.saml",)),
        "oidc": OnFirstUse(
            lambda: _load_oidc(settings),
            modules=("daypass.server.adapters.oidc", "daypass.server.adapters.outbound_http"),
        ),
        "passkeys": OnFirstUse(
            lambda: _load_passkeys(external_url),
            modules=("daypass.server.adapters.passkeys",),
            known={"is_available": has_relying_party_id(external_url)},
        ),
    }


async def _load_what_is_used(storage: Storage, on_demand: Mapping[str, OnFirstUse]) -> None:
    """So that no request has to wait for an import, its own or another's. Raises StorageError."""
    if all(part.is_loaded for part in on_demand.values()):
        return
    for use in await storage.find_uses():
        if use in on_demand:
            await on_demand[use].load()


def _load_saml() -> "SamlServiceProvider":
    from daypass.server.adapters.saml import Saml2ServiceProvider

    return Saml2ServiceProvider()


def _load_passkeys(external_url: str) -> "Passkeys":
    from daypass.server.adapters.passkeys import WebAuthnPasskeys

    return WebAuthnPasskeys(external_url)


def _load_oidc(settings: Settings) -> "OpenIdRelyingParty":
    from daypass.server.adapters.oidc import RelyingParty
    from daypass.server.adapters.outbound_http import OutboundHttp

    return RelyingParty(OutboundHttp(internal_hosts=settings.internal_identity_providers), system_clock)


def _sign_in_router(
    parts: SignInParts,
    readiness: Readiness,
    metrics: ProcessMetrics,
    settings: Settings,
    log: logging.Logger,
) -> Router:
    query_app = build_query_app(parts, log)
    metadata = Route(
        build_metadata_app(ring=parts.ring, external_url=parts.external_url, s3_url=parts.s3_url),
        "metadata",
        token_failure,
    )
    pages = Route(build_pages_app(parts), "pages", page_failure)
    query = Route(query_app, "query", query_failure)
    token = Route(build_token_app(parts), "token", token_failure)
    metrics_app = build_metrics_app(
        metrics.expose, content_type=CONTENT_TYPE, networks=settings.metrics_networks
    )

    json_api = Route(build_json_app(parts, log), "json", json_failure)

    def otherwise(scope: Scope) -> Route:
        path = scope["path"]
        if path == "/" and wants_query_api(scope):
            return query
        if path == "/v1/token":
            return token
        return metadata if path.startswith("/.well-known/") else pages

    by_path = exact_routes(
        {
            ("POST", "/v1/token"): token,
            ("POST", "/v1/revoke"): Route(build_revoke_app(parts), "revoke", token_failure),
            ("POST", "/v1/scoped-session"): Route(
                build_scoped_session_app(parts), "scoped_session", token_failure
            ),
            ("POST", "/"): query,
            ("GET", "/healthz"): Route(build_health_app(None), "healthz", page_failure),
            ("GET", "/readyz"): Route(build_health_app(readiness), "readyz", page_failure),
            ("GET", "/metrics"): Route(metrics_app, "metrics", page_failure),
        },
        otherwise,
    )

    def choose(scope: Scope) -> Route:
        route = by_path(scope)
        is_json = route is query and scope["method"] == "POST" and wants_json_api(scope)
        return json_api if is_json else route

    return choose


def _build_gateway(
    settings: Settings, parts: SignInParts, keys: Credentials, log: logging.Logger
) -> "GatewayApp":
    # Imported here because its HTTP client costs 15 MB: only who has a store pays.
    from daypass.server.gateway.app import build_gateway_app
    from daypass.server.gateway.backend import Backend

    return build_gateway_app(
        storage=parts.storage,
        ring=parts.ring,
        directory=parts.directory,
        clock=parts.clock,
        metrics=parts.metrics,
        log=log,
        region=settings.region,
        backend=Backend(settings.s3_backend.rstrip("/"), keys, settings.s3_backend_region),
        adopt_unowned_buckets_for=settings.adopt_unowned_buckets_for_account or None,
        virtual_host_suffix=settings.s3_virtual_host_suffix or None,
    )


def _gateway_router(gateway_app: "GatewayApp") -> Router:
    """Every path is S3's: a bucket may be called healthz."""
    only = Route(gateway_app, "s3", s3_failure)
    return lambda _scope: only


def _front(
    router: Router, settings: Settings, metrics: ProcessMetrics, log: logging.Logger, header: bytes
) -> Front:
    return Front(
        router,
        callers=CallerReader(settings.trusted_proxies),
        metrics=metrics,
        log=log,
        request_id_header=header,
        write_access_line=write_access_line if settings.access_log else None,
    )
