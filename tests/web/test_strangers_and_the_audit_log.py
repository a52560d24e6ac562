"""What a stranger can be refused as often as they like does not fill the audit log; and /v1/revoke has an end."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from daypass.protocol.aws.errors import InvalidIdentityToken
from daypass.protocol.oauth.errors import TooManyRequests
from daypass.server.adapters.bounded_audit import ALIKE, BoundedAudit
from daypass.server.web.proven_form import ProvenFormEndpoint
from daypass.server.web.revoke import build_revoke_app
from daypass.server.web.source_limit import _MOST_SOURCES, SourceLimit
from support.federation_world import FederationWorld, open_federation_world
from support.sign_in_world import ENDPOINT, Answer, SignInWorld, Terminal, call_app


@pytest.fixture
async def fed() -> AsyncIterator[FederationWorld]:
    world = await open_federation_world()
    storage = world.world.storage
    storage.audit = BoundedAudit(storage.audit, clock=lambda: world.world.now, new_id=lambda: "summary")  # type: ignore[misc]  # as the composition root does
    yield world
    await world.world.storage.close()


def bounded(fed: FederationWorld) -> BoundedAudit:
    audit = fed.world.storage.audit
    assert isinstance(audit, BoundedAudit)
    return audit


async def test_refused_assertions_have_an_end_in_the_log(fed: FederationWorld) -> None:
    forged = fed.saml.prepare(
        "forged", InvalidIdentityToken("not acceptable"), provider_arns=[fed.provider.arn]
    )
    for _ in range(ALIKE + 30):
        await fed.post_response(forged, f"/saml/acs/{fed.provider.provider_uuid}")
    await bounded(fed).close()
    events = await fed.world.audit()
    assert len(events) == ALIKE + 1
    assert events[-1].detail == {"more_like_this": 30, "more_of": "this kind"}


async def test_sign_ins_past_the_throttle_have_an_end_in_the_log(fed: FederationWorld) -> None:
    """Those before it are all rows: they are few, and each costs a password's computation."""
    tab = fed.world.tab()
    for _ in range(5 + ALIKE + 20):
        await tab.get("/signin/user")
        await tab.sign_in("alice", "wrong")
    await bounded(fed).close()
    events = await fed.world.audit()
    assert [event.error_code for event in events].count("mismatch") == 5
    assert [event.error_code for event in events].count("throttled") == ALIKE + 1
    assert events[-1].detail["more_like_this"] == 20
    assert events[-1].principal_arn.endswith(":user/alice")


# POST /v1/revoke


async def revoke(app: object, terminal: Terminal, *, source_ip: str = "192.0.2.7") -> Answer:
    proof = terminal.proof(url=f"{ENDPOINT}/v1/revoke")
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("DPoP", proof)]
    body = urlencode({"token": "ASORnothing"}).encode()
    return await call_app(app, "POST", "/v1/revoke", headers=headers, body=body, source_ip=source_ip)


async def test_one_source_revokes_so_often_a_minute(
    fed: FederationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProvenFormEndpoint, "most_per_minute", 3)
    world: SignInWorld = fed.world
    world.now -= world.now % 60 - 15
    app, terminal = build_revoke_app(world.parts), Terminal(world)
    assert [(await revoke(app, terminal)).status for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = await revoke(app, terminal)
    assert refused.headers["x-amzn-errortype"] == "TooManyRequestsError"
    assert refused.headers["retry-after"] == "45"
    assert "try again in a minute" in refused.text
    assert (await revoke(app, terminal, source_ip="192.0.2.8")).status == 200
    world.now += 45
    assert (await revoke(app, terminal)).status == 200


def crowded(limit: SourceLimit) -> None:
    """Somebody on IPv6 with many links of their own, or many machines."""
    for number in range(_MOST_SOURCES):
        limit.check(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=60)


def test_sources_are_counted_within_bounds() -> None:
    """Who comes late in a minute of more sources than are kept shares a count with others who do."""
    limit = SourceLimit(3)
    crowded(limit)
    late = [f"2001:db8:{number:x}::1" for number in range(65_536)]
    refused = 0
    for source in late:
        try:
            limit.check(source, now=60)
        except TooManyRequests:
            refused += 1
    assert refused
    assert len(limit._counts) <= 2 * _MOST_SOURCES
    limit.check(late[0], now=120)


def test_a_crowd_of_sources_locks_no_late_comer_out() -> None:
    """A /48 holds 65536 links: filling the table must not let one request after it stand for everybody's."""
    limit = SourceLimit(60)
    crowded(limit)
    for number in range(2_000):
        limit.check(f"2001:db8:{number:x}::1", now=60)
    for number in range(200):
        limit.check(f"192.0.2.{number}", now=60)


def test_a_late_comer_has_no_more_requests_than_others() -> None:
    limit = SourceLimit(3)
    crowded(limit)
    for _ in range(3):
        limit.check("192.0.2.1", now=60)
    with pytest.raises(TooManyRequests):
        limit.check("192.0.2.1", now=60)
