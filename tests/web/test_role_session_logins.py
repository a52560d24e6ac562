"""A role session's way from the browser to the terminal: what goes along, and when it may not."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from daypass.errors import NetworkError
from daypass.protocol.oauth.errors import InsufficientPermissions, InvalidRequest, TokenExpired
from daypass.protocol.oauth.pkce import code_challenge
from daypass.server.domain.account import ManagedPolicy, Role
from daypass.server.domain.audit import Caller
from daypass.server.domain.authorization_code import build_code_claims
from daypass.server.domain.caller_credentials import open_caller_credentials
from daypass.server.domain.pending_authorization import PendingAuthorization
from daypass.server.domain.role_session import FederatedIdentity, RoleSession
from daypass.server.domain.session import SignInSession
from daypass.server.domain.tokens import SessionClaims, open_code, seal_code
from daypass.server.flows.issue_code import CodeIssued, CodeRefused, IssueCodeFlow
from support.sign_in_world import ACCOUNT, NOW, SHORT, SignInWorld, Terminal, open_sign_in_world

PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
ROLE = Role(ACCOUNT, f"AROA{'R' * 17}", "Reader", "/", "{}", NOW, tags=(("stage", "test"), ("team", "red")))
IDENTITY = FederatedIdentity(PROVIDER, "https://corp.example.com/idp", "ada-7", "persistent", "s-1")
ROLE_SESSION = RoleSession(ROLE.arn, "ada@corp", (("team", "blue"),), ("team",), IDENTITY)
SESSION = SignInSession(
    session_id="11111111-2222-4333-8444-555555555555",
    browser_hash=b"b" * 32,
    account_id=ACCOUNT,
    principal_kind="role",
    principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/ada",
    principal_id=f"{ROLE.role_id}:ada",
    credentials_epoch=0,
    authenticated_at=NOW,
    expires_at=NOW + 600,
    last_used_at=NOW,
    role_session=ROLE_SESSION,
)
CONDITION = {
    "StringEquals": {
        "aws:PrincipalTag/team": "blue",
        "aws:PrincipalTag/stage": "test",
        "aws:SourceIdentity": "ada@corp",
        "aws:FederatedProvider": PROVIDER,
        "aws:userid": SESSION.principal_id,
    }
}
POLICY = ManagedPolicy(
    ACCOUNT,
    "ANPAONLYBLUEONLYBLUEO",
    "OnlyBlue",
    "/",
    json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "signin:*", "Resource": "*", "Condition": CONDITION}],
        }
    ),
    NOW,
)


@dataclass
class Federated:
    """A world where a person is signed in as a role, and a terminal waits."""

    world: SignInWorld
    terminal: Terminal

    @property
    def pending(self) -> PendingAuthorization:
        return PendingAuthorization(
            self.terminal.client_id,
            self.terminal.redirect_uri,
            self.terminal.state,
            code_challenge(self.terminal.verifier),
            "SHA-256",
            "openid",
            NOW + 900,
        )

    async def sign_in(self, session: SignInSession = SESSION) -> None:
        placement = await self.world.storage.sign_in_sessions.place_sign_in_session(
            session, old_browser=session.browser_hash, limit=5, now=NOW
        )
        assert placement == "placed"

    def code(self, session: SignInSession = SESSION) -> str:
        claims = build_code_claims(self.pending, session, code_id="c" * 24, now=self.world.now)
        return seal_code(self.world.parts.ring, claims)

    async def issue(self, session: SignInSession = SESSION) -> CodeIssued | CodeRefused | None:
        parts = self.world.parts
        flow = IssueCodeFlow(
            audit=parts.storage.audit,
            directory=parts.directory,
            ring=parts.ring,
            randomness=parts.randomness,
            region=parts.region,
        )
        return await flow.issue(self.pending, session, caller=Caller("r", "127.0.0.1", "t", False), now=NOW)

    def claims(self, tokens: Any) -> SessionClaims:
        return open_caller_credentials(
            self.world.parts.ring,
            access_key_id=tokens.access_key_id,
            session_token=tokens.session_token.reveal(),
            now=self.world.now,
        )[0]

    async def log_out(self) -> None:
        await self.world.storage.federation.end_federated_sessions(
            PROVIDER, subject="ada-7", idp_session="", now=NOW
        )


@pytest.fixture
async def federated() -> AsyncIterator[Federated]:
    world = await open_sign_in_world(lifetimes=SHORT)
    await world.storage.roles.create_role(ROLE)
    await world.storage.policies.create_policy(POLICY)
    await world.storage.policies.attach_policy(ACCOUNT, ROLE.role_id, POLICY.arn)
    yield Federated(world, Terminal(world))
    await world.storage.close()


async def test_credentials_of_a_role_login_say_role_tags_and_provider(federated: Federated) -> None:
    await federated.sign_in()
    tokens = await federated.terminal.redeem(federated.code())
    for _ in range(2):
        claims = federated.claims(tokens)
        assert (claims.principal_arn, claims.principal_id) == (SESSION.principal_arn, SESSION.principal_id)
        assert (claims.role_arn, claims.source_identity) == (ROLE.arn, "ada@corp")
        assert (claims.tags, claims.transitive_tag_keys) == ((("team", "blue"),), ("team",))
        assert claims.federated_provider == PROVIDER
        event = await federated.world.last_event()
        assert event.principal_arn == SESSION.principal_arn
        assert event.detail["idp_subject"] == "ada-7"
        assert event.detail["identity_provider"] == PROVIDER
        federated.world.now += 30
        tokens = await federated.terminal.refresh(tokens.refresh_token)


async def test_a_role_login_ends_with_its_browser_session(federated: Federated) -> None:
    await federated.sign_in()
    tokens = await federated.terminal.redeem(federated.code())
    federated.world.now = SESSION.expires_at - 1
    tokens = await federated.terminal.refresh(tokens.refresh_token)
    assert federated.claims(tokens).expires_at == SESSION.expires_at
    federated.world.now = SESSION.expires_at
    with pytest.raises(TokenExpired):
        await federated.terminal.refresh(tokens.refresh_token)


async def test_a_code_whose_browser_session_is_gone_is_refused_and_burnt(federated: Federated) -> None:
    code = federated.code()
    with pytest.raises(TokenExpired):
        await federated.terminal.redeem(code)
    assert (await federated.world.last_event()).detail["reason"] == "the browser's session is over"
    await federated.sign_in()
    with pytest.raises(InvalidRequest, match="already used"):
        await federated.terminal.redeem(code)


async def test_a_code_does_not_outlive_a_browser_session_that_became_shorter(federated: Federated) -> None:
    await federated.sign_in(replace(SESSION, expires_at=NOW + 5))
    code = federated.code()
    federated.world.now = NOW + 5
    with pytest.raises(TokenExpired):
        await federated.terminal.redeem(code)


def _before_first_redemption(
    federated: Federated, monkeypatch: pytest.MonkeyPatch, happen: Callable[[], Any], *, times: int = 1
) -> None:
    """Let something happen between the decision and its write."""
    sessions = federated.world.storage.login_sessions
    redeem, left = sessions.redeem, [None] * times

    async def redeem_later(redemption: Any) -> Any:
        if left:
            left.pop()
            await happen()
        return await redeem(redemption)

    monkeypatch.setattr(sessions, "redeem", redeem_later)


async def test_a_single_logout_between_decision_and_write_wins(
    federated: Federated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await federated.sign_in()
    _before_first_redemption(federated, monkeypatch, federated.log_out)
    with pytest.raises(TokenExpired):
        await federated.terminal.redeem(federated.code())
    listed = await federated.world.storage.login_sessions.list_login_sessions(
        ACCOUNT, SESSION.principal_id, now=NOW
    )
    assert listed == []


async def test_tags_that_changed_between_decision_and_write_are_decided_again(
    federated: Federated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await federated.sign_in()

    async def untag() -> None:
        await federated.world.storage.roles.update_role(ACCOUNT, "Reader", tags=())

    _before_first_redemption(federated, monkeypatch, untag)
    with pytest.raises(InsufficientPermissions):
        await federated.terminal.redeem(federated.code())


async def test_an_account_that_never_stands_still_gets_no_session(
    federated: Federated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await federated.sign_in()

    async def change() -> None:
        await federated.world.storage.roles.update_role(ACCOUNT, "Reader", description="again")

    _before_first_redemption(federated, monkeypatch, change, times=3)
    with pytest.raises(NetworkError, match="500"):
        await federated.terminal.redeem(federated.code())


async def test_a_terminal_hears_of_single_logout_at_its_next_refresh(federated: Federated) -> None:
    await federated.sign_in()
    tokens = await federated.terminal.redeem(federated.code())
    await federated.log_out()
    with pytest.raises(TokenExpired):
        await federated.terminal.refresh(tokens.refresh_token)


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": (("team", "red"),)},
        {"source_identity": "eve@corp"},
        {"identity": None},
        {"identity": FederatedIdentity(f"{PROVIDER}2", "https://corp.example.com/idp", "ada-7")},
    ],
)
async def test_policy_asks_about_the_session_at_the_code_and_at_the_token(
    federated: Federated, changes: dict[str, Any]
) -> None:
    other = replace(SESSION, role_session=msgspec.structs.replace(ROLE_SESSION, **changes))
    await federated.sign_in(other)
    assert isinstance(await federated.issue(other), CodeRefused)
    with pytest.raises(InsufficientPermissions):
        await federated.terminal.redeem(federated.code(other))


async def test_another_session_name_is_another_userid(federated: Federated) -> None:
    other = replace(SESSION, principal_id=f"{ROLE.role_id}:eve")
    await federated.sign_in(other)
    assert isinstance(await federated.issue(other), CodeRefused)
    with pytest.raises(InsufficientPermissions):
        await federated.terminal.redeem(federated.code(other))


async def test_a_refresh_asks_policy_about_the_session_as_it_was_and_the_role_as_it_is(
    federated: Federated,
) -> None:
    await federated.sign_in()
    tokens = await federated.terminal.redeem(federated.code())
    await federated.world.storage.roles.update_role(ACCOUNT, "Reader", tags=(("stage", "live"),))
    with pytest.raises(InsufficientPermissions):
        await federated.terminal.refresh(tokens.refresh_token)


async def test_a_code_names_the_browser_session_of_a_role_and_of_nobody_else(federated: Federated) -> None:
    issued = await federated.issue()
    assert isinstance(issued, CodeIssued)
    ring = federated.world.parts.ring
    claims = open_code(ring, federated.terminal.code_from(issued.location))[0]
    assert claims.sign_in_session_id == SESSION.session_id
    assert (await federated.world.last_event()).detail["idp_subject"] == "ada-7"
    code = await federated.world.tab().approve(federated.terminal)
    assert open_code(ring, code)[0].sign_in_session_id == ""
