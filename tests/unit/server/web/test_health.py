"""Readiness runs the write path, briefly and rarely; metrics are for named networks."""

import asyncio
import ipaddress
import logging
from typing import Any

import pytest

from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.web import health
from daypass.server.web.health import Readiness, build_health_app, build_metrics_app

LOG = logging.getLogger("test")


async def _status(app: Any, source_ip: str = "127.0.0.1") -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app({CALLER_KEY: Caller("id", source_ip, "", False)}, None, send)
    return int(sent[0]["status"])


async def test_ready_means_that_the_check_succeeded() -> None:
    async def check() -> None:
        return

    assert await _status(build_health_app(Readiness(check, LOG))) == 200


async def test_a_failing_write_is_not_ready_while_alive_stays_alive() -> None:
    async def check() -> None:
        raise RuntimeError("read only")

    assert await _status(build_health_app(Readiness(check, LOG))) == 503
    assert await _status(build_health_app(None)) == 200


async def test_a_hanging_write_is_not_ready_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_READY_BUDGET", 0.01)

    async def check() -> None:
        await asyncio.Event().wait()

    assert await _status(build_health_app(Readiness(check, LOG))) == 503


async def test_many_probes_in_one_second_make_one_write() -> None:
    writes = 0

    async def check() -> None:
        nonlocal writes
        writes += 1
        await asyncio.sleep(0)

    app = build_health_app(Readiness(check, LOG))
    assert set(await asyncio.gather(*(_status(app) for _ in range(20)))) == {200}
    assert writes == 1


async def test_metrics_are_refused_beyond_the_named_networks() -> None:
    app = build_metrics_app(
        lambda: b"x 1\n", content_type="text/plain", networks=(ipaddress.ip_network("127.0.0.0/8"),)
    )
    assert await _status(app) == 200
    assert await _status(app, "192.0.2.1") == 403
