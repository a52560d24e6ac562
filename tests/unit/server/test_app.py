"""The composition root: each path reaches the part that owns it, and each part fails in its own wire's form."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.adapters.key_ring_file import new_master_key
from daypass.server.app import Application, compose
from daypass.server.domain.key_ring import KeyRing
from daypass.server.settings import Settings

URL = "http://127.0.0.1:8085"


async def _compose(settings: Settings, keys: Credentials | None = None) -> Application:
    return await compose(
        replace(settings, database_url="sqlite://", access_log=False),
        KeyRing([new_master_key(now=1_800_000_000)]),
        external_url=URL,
        alternate_urls=frozenset(),
        s3_url="http://127.0.0.1:8086" if keys else "",
        backend_keys=keys,
    )


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    made = await _compose(Settings())
    yield made
    await made.close()


async def _ask(
    app: Any, method: str, path: str, *, query: bytes = b"", body: bytes = b"", client: str = "127.0.0.1"
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "scheme": "http",
        "client": (client, 1234),
        "server": ("127.0.0.1", 8085),
        "headers": [(b"host", b"127.0.0.1:8085"), (b"content-length", str(len(body)).encode())],
    }
    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "content_type"),
    [
        ("GET", "/healthz", b"", 200, "text/plain"),
        ("GET", "/readyz", b"", 200, "text/plain"),
        ("GET", "/metrics", b"", 200, "text/plain"),
        ("GET", "/", b"", 200, "text/html"),
        ("GET", "/", b"Action=GetCallerIdentity", 403, "text/xml"),
        ("POST", "/", b"", 403, "text/xml"),
        ("POST", "/v1/token", b"", 400, "application/json"),
        ("GET", "/.well-known/jwks.json", b"", 200, "application/json"),
        ("GET", "/.well-known/oauth-authorization-server", b"", 200, "application/json"),
        ("GET", "/v1/authorize", b"", 400, "text/html"),
        ("GET", "/nowhere", b"", 404, "text/html"),
    ],
)
async def test_each_path_reaches_the_part_that_owns_it(
    application: Application, method: str, path: str, query: bytes, status: int, content_type: str
) -> None:
    answered, headers, _ = await _ask(application.sign_in, method, path, query=query)
    assert answered == status
    assert headers["content-type"].startswith(content_type)
    assert "x-amzn-requestid" in headers


async def test_the_token_endpoints_refusal_has_the_class_header(application: Application) -> None:
    _, headers, body = await _ask(application.sign_in, "POST", "/v1/token", body=b"{}")
    assert headers["x-amzn-errortype"] == "ValidationException"
    assert json.loads(body)["error"] == "INVALID_REQUEST"


async def test_metrics_count_what_was_asked_and_strangers_may_not_read_them(application: Application) -> None:
    await _ask(application.sign_in, "GET", "/healthz")
    _, _, text = await _ask(application.sign_in, "GET", "/metrics")
    assert b'daypass_events_total{event="http.healthz",outcome="2xx"} 1.0' in text
    assert b'daypass_request_seconds_count{operation="healthz"} 1.0' in text
    status, _, text = await _ask(application.sign_in, "GET", "/metrics", client="192.0.2.1")
    assert (status, b"daypass_events" in text) == (403, False)


async def test_a_database_that_cannot_write_is_not_ready(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    await application.storage.close()
    status, _, _ = await _ask(application.sign_in, "GET", "/readyz")
    assert status == 503
    status, _, _ = await _ask(application.sign_in, "GET", "/healthz")
    assert status == 200


async def test_without_a_store_there_is_no_gateway(application: Application) -> None:
    assert application.gateway is None


async def test_with_a_store_every_path_of_its_listener_is_s3s() -> None:
    settings = replace(Settings(), s3_backend="http://127.0.0.1:9")
    application = await _compose(settings, Credentials("ID", Secret("SECRET"), None))
    try:
        for path in ("/", "/healthz", "/v1/token"):
            status, headers, body = await _ask(application.gateway, "GET", path)
            assert status == 403
            assert headers["content-type"].startswith("application/xml")
            assert headers["x-amz-request-id"] in body.decode()
    finally:
        await application.close()
