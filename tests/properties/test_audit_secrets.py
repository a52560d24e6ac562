"""No secret is ever in the audit log: flows run with secrets that can be recognised, and every row and record is searched.

Two looks: whole stories of a person (pages, terminal, own page), and every operation of IAM and STS with everything
secret its input can hold, by who may and by who may not.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pyotp
import pytest
from botocore.model import OperationModel, Shape

from daypass.secret import Secret
from daypass.server.commands.audit_lines import event_json, event_lines
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.web.scoped_session import build_scoped_session_app
from support.query_world import ACCOUNT, QueryWorld, open_query_world, policy_text
from support.sign_in_world import (
    ENDPOINT,
    NOW,
    PASSWORD,
    SignInWorld,
    Tab,
    Terminal,
    call_app,
    open_sign_in_world,
)

SEED = base64.b32encode(bytes(range(20))).decode()
TYPED_IN_THE_WRONG_BOX = "correct-horse-battery-77"
NEW_PASSWORD = "violet anchor pebble 91"


def _texts(events: Iterable[AuditEvent]) -> str:
    """Everything that is stored and everything it is rendered to."""
    parts: list[str] = []
    for event in events:
        parts += [
            repr(event),
            event_json(event, region="r"),
            *event_lines(event),
            json.dumps(dict(event.detail)),
        ]
    return "\n".join(parts)


def _assert_silent(events: Iterable[AuditEvent], secrets: Iterable[str]) -> None:
    text = _texts(events).lower()
    told = [secret for secret in secrets if len(secret) >= 6 and secret.lower() in text]
    assert not told, [f"{secret[:4]}…" for secret in told]


async def _give_phone(world: SignInWorld) -> None:
    user = await world.user("alice")
    sealed = world.parts.ring.seal("mfa-seed", SEED.encode())
    device = MfaDevice(
        f"arn:aws:iam::{ACCOUNT}:mfa/alice", ACCOUNT, user.user_id, "totp", NOW, NOW, sealed_seed=sealed
    )
    await world.storage.mfa_devices.create_mfa_device(device, limit=8)


async def _sign_in_in_every_way(world: SignInWorld, secrets: list[str]) -> Tab:
    """Wrong names, wrong passwords, wrong codes, then right ones; root too. The secrets on the way are noted."""
    tab = world.tab()
    await tab.get("/signin/user")
    await tab.sign_in(TYPED_IN_THE_WRONG_BOX, "wrong " + PASSWORD)
    await tab.get("/signin/user")
    await tab.sign_in("alice", "wrong " + PASSWORD)
    await tab.get("/signin/user")
    await tab.sign_in_root("wrong " + PASSWORD, email=f"{TYPED_IN_THE_WRONG_BOX}@example.com")
    await tab.get("/signin/user")
    await tab.sign_in("alice")
    secrets += [value for name, value in tab.hidden.items() if name != "kind"]
    await tab.submit("/signin/mfa", code="018273")
    code = pyotp.TOTP(SEED).at(world.now)
    await tab.submit("/signin/mfa", code=code)
    secrets += ["018273", code]
    return tab


async def test_no_story_of_a_person_leaves_a_secret_in_the_log() -> None:
    world = await open_sign_in_world()
    await _give_phone(world)
    secrets = [PASSWORD, TYPED_IN_THE_WRONG_BOX, NEW_PASSWORD, SEED]
    tab = await _sign_in_in_every_way(world, secrets)
    await tab.get("/")
    address = f"/account/{tab.session_ids[0]}"
    await tab.get(address)
    await tab.submit(f"{address}/recovery-codes")
    codes = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}\b", tab.answer.text)
    assert len(codes) >= 10
    await tab.get(address)
    await tab.submit(f"{address}/devices", name="second", kind="totp")
    await tab.get(address)
    for old in ("not it " + PASSWORD, PASSWORD):
        await tab.get(address)
        await tab.submit(
            f"{address}/password", old_password=old, password=NEW_PASSWORD, repeated=NEW_PASSWORD
        )
    await _terminal_story(world, secrets)
    secrets += [*codes, *tab.cookies.values()]
    events = await world.audit()
    assert {
        "ConsoleLogin",
        "ChangePassword",
        "CreateRecoveryCodes",
        "CreateOAuth2Token",
        "AuthorizeOAuth2Access",
    } <= {event.event_name for event in events}
    _assert_silent(events, secrets)
    await world.storage.close()


async def _terminal_story(world: SignInWorld, secrets: list[str]) -> None:
    """Login, refresh, a narrowed login, and each refused: used codes, other keys, other tokens, nonsense."""
    root = world.tab()
    terminal = Terminal(world)
    code = await root.approve(terminal, "root")
    tokens = await terminal.redeem(code)
    refreshed = await terminal.refresh(tokens.refresh_token)
    policy = policy_text({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": "MarkedSid77"})
    agent = terminal.with_other_key()
    body = urlencode(
        {
            "refresh_token": refreshed.refresh_token.reveal(),
            "name": "agent",
            "dpop_jkt": "A" * 43,
            "policy": policy,
        }
    ).encode()
    app = build_scoped_session_app(world.parts)
    for key in (terminal, agent):
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("DPoP", key.proof(url=f"{ENDPOINT}/v1/scoped-session")),
        ]
        await call_app(app, "POST", "/v1/scoped-session", headers=headers, body=body)
    for refused in (
        terminal.code_body(code),
        terminal.code_body("marked-code-77"),
        terminal.refresh_body(Secret("marked-refresh-token-77")),
        b'{"clientId":"marked-client-77',
    ):
        await terminal.post(refused)
    await agent.post(agent.refresh_body(refreshed.refresh_token))
    for each in (tokens, refreshed):
        secrets += [each.refresh_token.reveal(), *_credentials(each)]
    secrets += [
        code,
        terminal.verifier,
        "MarkedSid77",
        "marked-code-77",
        "marked-refresh-token-77",
        "marked-client-77",
    ]
    secrets += [*root.cookies.values(), terminal.proof()]


def _credentials(tokens: Any) -> list[str]:
    credentials = getattr(tokens, "credentials", tokens)
    found = []
    for name in ("secret_access_key", "session_token", "id_token", "access_token"):
        value = getattr(credentials, name, None) or getattr(tokens, name, None)
        if value is not None:
            found.append(value.reveal() if isinstance(value, Secret) else str(value))
    assert len(found) >= 2
    return found


MARK = "MarkedSecret77"
CODE = "918273"
_IS_SECRET = re.compile(
    r"(Password$|Document$|WebIdentityToken|TokenCode|Assertion|Secret|PrivateKey|^Policy$|^PolicyInputList$"
    r"|AuthenticationCode|ExternalId|EncodedMessage|Base32|CertificateBody|CertificateChain)"
)
_PLAIN = {
    "UserName": "alice",
    "RoleName": "reader",
    "RoleSessionName": "work",
    "AccountAlias": "example-alias",
    "PathPrefix": "/",
    "Path": "/",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/reader",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/alice-0",
    "Marker": "",
}


def _secret_value(name: str) -> str:
    if "Code" in name:
        return CODE
    if ("Document" in name and "SAML" not in name) or name == "Policy":
        return policy_text({"Sid": MARK, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    return f"{MARK}-violet-anchor-8!" * (8 if "Token" in name or "Assertion" in name else 1)


def _fill(shape: Shape, prefix: str, *, wanted: bool) -> dict[str, str]:
    """Every member that is required or secret, and all of them when `wanted`, as the Query protocol spells it."""
    found: dict[str, str] = {}
    required = getattr(shape, "required_members", [])
    for name, member in getattr(shape, "members", {}).items():
        is_secret = bool(_IS_SECRET.search(name))
        if member.type_name == "string" and (is_secret or name in required or wanted):
            value = _secret_value(name) if is_secret else _PLAIN.get(name, "made-for-the-test")
            if value:
                found[prefix + name] = value
        elif member.type_name == "list" and is_secret:
            found[f"{prefix}{name}.member.1"] = _secret_value("Policy")
    return found


def _operations() -> list[tuple[str, OperationModel]]:
    session = botocore.session.get_session()
    return [
        (service, model.operation_model(name))
        for service in ("iam", "sts")
        for model in [session.get_service_model(service)]
        for name in model.operation_names
    ]


@pytest.mark.parametrize("wanted", [False, True])
async def test_no_operation_leaves_a_secret_in_the_log_whoever_calls_it(wanted: bool) -> None:
    world = await open_query_world()
    alice = await world.new_user("alice")
    await world.new_role(
        "reader", {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    )
    secrets = [MARK, CODE]
    for service, operation in _operations():
        if operation.input_shape is None or operation.name.startswith("Delete"):
            continue
        parameters = _fill(operation.input_shape, "", wanted=wanted)
        for caller in (world.root, alice):
            answer = await world.call(caller, service, operation.name, **parameters)
            secrets += _secrets_of(answer.text)
            credentials = [caller.secret_access_key, caller.session_token]
            secrets += [each.reveal() for each in credentials if each is not None]
        if operation.name.startswith("AssumeRoleWith"):
            await world.call_unsigned(operation.name, **parameters)
    events = await _all_events(world)
    assert {"CreateLoginProfile", "CreateAccessKey", "PutUserPolicy", "CreateVirtualMFADevice"} <= {
        event.event_name for event in events
    }
    _assert_silent(events, secrets)
    await world.storage.close()


def _secrets_of(xml: str) -> list[str]:
    """What answers hand out once: secret keys, session tokens, seeds, generated passwords."""
    return re.findall(
        r"<(?:SecretAccessKey|SessionToken|Base32StringSeed|QRCodePNG|ServicePassword|WebIdentityToken)>([^<]+)<",
        xml,
    )


async def _all_events(world: QueryWorld) -> list[AuditEvent]:
    return list(await world.storage.audit.list_events(account_id=None, since=0, limit=10_000))


def test_the_search_would_find_a_secret() -> None:
    """The look itself: it finds what is there, in any case."""
    with pytest.raises(AssertionError):
        _assert_silent([_event_with("xMarkedSecret77x")], [MARK.upper()])


def _event_with(text: str) -> AuditEvent:

    return AuditEvent("e", 1, "s", "n", "a", "p", Caller("r", "i", "u", True), "", {"x": text})
