"""STS and IAM on a real in-memory SQLite, called in process through ASGI or served by a real uvicorn.

`QueryWorld` holds two accounts, a clock that stands still until moved, and makes credentials exactly as
the issuer does. Requests are signed with our own signer; `tests/clients/` uses the SDKs' instead.
"""

import asyncio
import json
import logging
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import uvicorn

from daypass.protocol.aws.sigv4 import Credentials, WireRequest, sign_request
from daypass.secret import Secret
from daypass.server.adapters.oidc import RelyingParty
from daypass.server.adapters.passkeys import WebAuthnPasskeys
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import SystemRandomness
from daypass.server.domain.account import Account
from daypass.server.domain.audit import CALLER_KEY, Caller
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    seal_session_token,
    temporary_secret_key,
)
from daypass.server.ports.password_hasher import PasswordMismatch
from daypass.server.ports.saml import ServiceKey
from daypass.server.ports.storage import Storage
from daypass.server.web.json_api import build_json_app, wants_json_api
from daypass.server.web.query_api import build_query_app
from daypass.server.web.sign_in_parts import SignInParts
from support.rsa_keys import FIRST_RSA_KEY
from support.token_provider import TokenProvider

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
NOW = 1_900_000_000
EXTERNAL_URL = "https://login.example.com"
ALTERNATE_URL = "https://sign-in.example.org"
_ENCODED = " Encoded authorization failure message: "
VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08", "signin": "2026-11-01"}


class QuickHasher:
    """`ports.password_hasher.PasswordHasher` for tests: the contract without the cost."""

    async def hash(self, password: Secret) -> str:
        return "test$" + sha256(password.reveal().encode()).hexdigest()

    async def verify(self, password_hash: str, password: Secret) -> bool:
        if await self.hash(password) != password_hash:
            raise PasswordMismatch
        return False


class QuickSaml(Saml2ServiceProvider):
    """The real service provider, which makes one key pair for all."""

    _made: ServiceKey | None = None

    async def make_service_key(self) -> ServiceKey:
        QuickSaml._made = QuickSaml._made or await super().make_service_key()
        return QuickSaml._made


class CountingMetrics:
    """`ports.metrics.Metrics` that remembers."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str]] = Counter()

    def count(self, event: str, outcome: str) -> None:
        self.events[event, outcome] += 1

    def observe(self, operation: str, seconds: float) -> None:
        pass


@dataclass(frozen=True)
class Answer:
    """One answer, parsed."""

    status: int
    headers: dict[str, str]
    text: str = field(repr=False)

    @property
    def root(self) -> ET.Element:
        root = ET.fromstring(self.text)
        for element in root.iter():
            element.tag = element.tag.partition("}")[2] or element.tag
        return root

    def value(self, path: str) -> str:
        """The text of one element, anywhere below the root."""
        element = self.root.find(f".//{path}")
        assert element is not None, self.text
        return element.text or ""

    def values(self, path: str) -> list[str]:
        return [element.text or "" for element in self.root.findall(f".//{path}")]

    def has(self, path: str) -> bool:
        return self.root.find(f".//{path}") is not None

    @property
    def code(self) -> str:
        """Empty on success."""
        return self.value("Error/Code") if self.root.tag == "ErrorResponse" else ""

    @property
    def message(self) -> str:
        """Without the sealed text behind it."""
        return self.value("Error/Message").partition(_ENCODED)[0]

    @property
    def encoded_message(self) -> str:
        """What DecodeAuthorizationMessage takes; empty when the refusal has none."""
        return self.value("Error/Message").partition(_ENCODED)[2]


class QueryWorld:
    """The parts, put together as the composition root does."""

    def __init__(self, storage: Storage, *, clock_starts_at: int = NOW, ring: KeyRing | None = None) -> None:
        self.now = clock_starts_at
        self.storage = storage
        self.ring = ring or KeyRing([MasterKey("0a0b0c0d", 1, bytes(range(32)), FIRST_RSA_KEY)])
        self.randomness = SystemRandomness()
        self.metrics = CountingMetrics()
        self.hasher = QuickHasher()
        self.directory = PrincipalCache(storage, lambda: self.now, SHIPPED_POLICIES)
        self.saml = QuickSaml()
        self.provider = TokenProvider(lambda: self.now)
        self.oidc = RelyingParty(self.provider.http, lambda: self.now)
        parts = SignInParts(
            storage=storage,
            ring=self.ring,
            directory=self.directory,
            hasher=self.hasher,
            clock=lambda: self.now,
            randomness=self.randomness,
            metrics=self.metrics,
            saml=self.saml,
            oidc=self.oidc,
            passkeys=WebAuthnPasskeys(EXTERNAL_URL),
            judge=LocalPasswordJudge(None),
            external_url=EXTERNAL_URL,
            alternate_urls=frozenset({ALTERNATE_URL}),
            region="us-east-1",
        )
        self.app = build_query_app(parts, logging.getLogger("daypass.test"))
        self.json_app = build_json_app(parts, logging.getLogger("daypass.test"))

    @property
    def root(self) -> Credentials:
        return self.credentials(ACCOUNT, "root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)

    @property
    def other_root(self) -> Credentials:
        return self.credentials(OTHER_ACCOUNT, "root", f"arn:aws:iam::{OTHER_ACCOUNT}:root", OTHER_ACCOUNT)

    def credentials(
        self, account_id: str, kind: PrincipalKind, arn: str, principal_id: str, **changes: Any
    ) -> Credentials:
        """Credentials that began now and live 15 minutes."""
        members: dict[str, Any] = {
            "access_key_id": access_key_id(account_id, self.randomness.token_bytes(8)),
            "account_id": account_id,
            "principal_kind": kind,
            "principal_arn": arn,
            "principal_id": principal_id,
            "issued_at": self.now,
            "expires_at": self.now + 900,
        }
        claims = SessionClaims(**(members | changes))
        key_id = self.ring.current.key_id
        return Credentials(
            claims.access_key_id,
            Secret(temporary_secret_key(self.ring, claims, key_id=key_id)),
            Secret(seal_session_token(self.ring, claims, key_id=key_id)),
        )

    async def new_user(self, name: str, *policies: str | dict[str, object], path: str = "/") -> Credentials:
        """A user of the first account with policies attached: ARNs, or statements for a policy of its own."""
        created = await self.call(self.root, "iam", "CreateUser", UserName=name, Path=path)
        assert created.status == 200, created.text
        for number, policy in enumerate(policies):
            arn = policy if isinstance(policy, str) else await self.new_policy(f"{name}-{number}", policy)
            attached = await self.call(self.root, "iam", "AttachUserPolicy", UserName=name, PolicyArn=arn)
            assert attached.status == 200, attached.text
        return self.credentials(ACCOUNT, "user", created.value("User/Arn"), created.value("User/UserId"))

    async def new_policy(self, name: str, *statements: dict[str, object]) -> str:
        """The ARN of a new policy of the first account."""
        created = await self.call(
            self.root, "iam", "CreatePolicy", PolicyName=name, PolicyDocument=policy_text(*statements)
        )
        assert created.status == 200, created.text
        return created.value("Policy/Arn")

    async def new_role(self, name: str, *trust: dict[str, object], **more: str) -> str:
        """The ARN of a new role of the first account."""
        created = await self.call(
            self.root,
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=policy_text(*trust),
            **more,
        )
        assert created.status == 200, created.text
        return created.value("Role/Arn")

    async def call(self, credentials: Credentials, service: str, action: str, **parameters: str) -> Answer:
        """One signed POST."""
        form = {"Action": action, "Version": VERSIONS[service], **parameters}
        return await self.post(credentials, service, urlencode(form).encode())

    async def call_unsigned(self, action: str, **parameters: str) -> Answer:
        """One POST to STS without a signature."""
        form = {"Action": action, "Version": VERSIONS["sts"], **parameters}
        headers = (("Host", "127.0.0.1:1"), ("Content-Type", "application/x-www-form-urlencoded"))
        return await self.send("POST", "", headers, urlencode(form).encode())

    async def post(
        self,
        credentials: Credentials,
        service: str,
        body: bytes,
        *,
        region: str = "us-east-1",
        signed_body: bytes | None = None,
        signed_at: int | None = None,
    ) -> Answer:
        """A signed body; `signed_body` signs another one."""
        request = WireRequest(
            "POST", "/", "", (("Host", "127.0.0.1:1"), ("Content-Type", "application/x-www-form-urlencoded"))
        )
        headers = sign_request(
            credentials,
            request,
            region=region,
            service=service,
            now=self.now if signed_at is None else signed_at,
            payload_hash=sha256(body if signed_body is None else signed_body).hexdigest(),
            is_s3=False,
        )
        return await self.send("POST", "", headers, body)

    async def send(
        self, method: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes = b""
    ) -> Answer:
        """One request through ASGI, its body in two pieces."""
        scope = {
            "type": "http",
            "method": method,
            "path": "/",
            "raw_path": b"/",
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            CALLER_KEY: Caller(self.randomness.uuid(), "127.0.0.1", "test/1", is_secure=False),
        }
        half = len(body) // 2
        pieces = [
            {"type": "http.request", "body": body[half:], "more_body": False},
            {"type": "http.request", "body": body[:half], "more_body": True},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return pieces.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app_for(scope)(scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert int(answered["content-length"]) == len(sent[1]["body"])
        return Answer(sent[0]["status"], answered, sent[1]["body"].decode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As an ASGI application for a real server: what the outermost app does, and no more."""
        if scope["type"] == "http":
            scope[CALLER_KEY] = Caller(self.randomness.uuid(), scope["client"][0], "", is_secure=False)
            await self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Any) -> Any:
        return self.json_app if wants_json_api(scope) else self.app


async def open_query_world(*, clock_starts_at: int = NOW) -> QueryWorld:
    """A world with the two accounts. Close its `storage`."""
    storage = await open_storage("sqlite://")
    await storage.migrate()
    hasher = QuickHasher()
    for account_id, alias in ((ACCOUNT, "example"), (OTHER_ACCOUNT, None)):
        password_hash = await hasher.hash(Secret(f"root password of {account_id}"))
        await storage.accounts.create_account(
            Account(account_id, alias, f"root@{account_id}.example.com", password_hash, 0, NOW)
        )
    return QueryWorld(storage, clock_starts_at=clock_starts_at)


def policy_text(*statements: dict[str, object]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


def trust(principal: object, action: str = "sts:AssumeRole", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


class ServedWorld:
    """A uvicorn on a loopback port, in the running loop. Use as an async context manager."""

    def __init__(self, world: QueryWorld) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(world, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        )

    async def __aenter__(self) -> str:
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # uvicorn has no event to await
            await asyncio.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task


def encode_query(parameters: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in parameters.items())
