"""The sign-in service back to back with the client's own protocol modules: no socket, a clock that stands still.

`SignInWorld` holds one account with a root user and three users (`alice` may log in, `bob` has no policy,
`carol` is forbidden), and puts the parts together as the composition root does. `Terminal` is the client's
side of one login; `Tab` is a browser reduced to cookies and forms.
"""

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.oauth.authorization_request import AuthorizationRequest, build_authorization_url
from daypass.protocol.oauth.authorization_response import parse_authorization_response
from daypass.protocol.oauth.dpop import build_dpop_proof
from daypass.protocol.oauth.pkce import code_challenge
from daypass.protocol.oauth.registered_client import CROSS_DEVICE, SAME_DEVICE
from daypass.protocol.oauth.token_request import build_code_grant_body, build_refresh_grant_body
from daypass.protocol.oauth.token_response import TokenSet, parse_token_response
from daypass.secret import Secret
from daypass.server.adapters.passkeys import WebAuthnPasskeys
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.adapters.principal_cache import PrincipalCache
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.account import Account, LoginProfile, ManagedPolicy, User
from daypass.server.domain.audit import CALLER_KEY, AuditEvent, Caller
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.lifetimes import Lifetimes
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.ports.storage import Storage
from daypass.server.web.metadata import build_metadata_app
from daypass.server.web.pages import build_pages_app
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.token import build_token_app
from support.query_world import CountingMetrics, QuickHasher
from support.stand_in_providers import StandInOidc, StandInSaml

ACCOUNT = "111122223333"
ROOT_EMAIL = "root@example.com"
PASSWORD = "correct horse battery"
GRANT = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
ENDPOINT = "http://127.0.0.1:8080"
CONFIRMATION = f"{ENDPOINT}/v1/sessions/confirmation"
CALLBACK = "http://127.0.0.1:49821/oauth/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
NOW = 1_900_000_000
KEY = MasterKey("0a0b0c0d", 1, bytes(range(32)))


class CountedRandomness:
    """`ports.clock.Randomness`: never the same twice, always the same run."""

    def __init__(self) -> None:
        self._count = 0

    def token_bytes(self, length: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(b"random %d" % self._count).digest(length)

    def uuid(self) -> str:
        text = self.token_bytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def shown(self) -> str:
        """The page's text without the marks that say where a line may break."""
        return self.text.replace("<wbr>", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers["location"]


class SignInWorld:
    """The service."""

    def __init__(self, storage: Storage, **changes: Any) -> None:
        self.now = NOW
        self.storage = storage
        self.metrics = CountingMetrics()
        self.parts = SignInParts(
            **{
                "storage": storage,
                "ring": KeyRing([KEY]),
                "directory": PrincipalCache(storage, lambda: self.now, SHIPPED_POLICIES),
                "hasher": QuickHasher(),
                "clock": lambda: self.now,
                "randomness": CountedRandomness(),
                "metrics": self.metrics,
                "saml": StandInSaml(),
                "oidc": StandInOidc(),
                "judge": LocalPasswordJudge(None),
                "passkeys": WebAuthnPasskeys(changes.get("external_url", ENDPOINT)),
                "external_url": ENDPOINT,
                "region": "us-east-1",
                **changes,
            }
        )
        self.token_app = build_token_app(self.parts)
        self.pages_app = build_pages_app(self.parts)
        self.metadata_app = build_metadata_app(ring=self.parts.ring, external_url=self.parts.external_url)

    def rebuilt(self, **changes: Any) -> "SignInWorld":
        """The same database and clock behind a server that was started anew with other parts."""
        world = SignInWorld(
            self.storage, **{"lifetimes": self.parts.lifetimes, "ring": self.parts.ring} | changes
        )
        world.now = self.now
        return world

    def tab(self, **changes: Any) -> "Tab":
        return Tab(self, **changes)

    async def audit(self) -> list[AuditEvent]:
        """Oldest first."""
        return list(reversed(await self.storage.audit.list_events(account_id=None, since=0, limit=500)))

    async def last_event(self) -> AuditEvent:
        return (await self.audit())[-1]

    async def user(self, name: str) -> User:
        user = await self.storage.users.load_user(ACCOUNT, name)
        assert user is not None
        return user

    async def change_password(self, name: str, password: str) -> None:
        user = await self.user(name)
        await self.storage.users.update_login_profile(
            ACCOUNT,
            user.user_id,
            password_hash=await self.parts.hasher.hash(Secret(password)),
            password_reset_required=None,
            changed=True,
        )


async def open_sign_in_world(url: str = "sqlite://", **changes: Any) -> SignInWorld:
    storage = await open_storage(url)
    await storage.migrate()
    world = SignInWorld(storage, **changes)
    password_hash = await world.parts.hasher.hash(Secret(PASSWORD))
    await storage.accounts.create_account(Account(ACCOUNT, "acme", ROOT_EMAIL, password_hash, 0, NOW))
    forbidden = ManagedPolicy(
        ACCOUNT,
        "ANPAFORBIDDENFORBIDDE",
        "NoTerminals",
        "/",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Sid": "Never", "Effect": "Deny", "Action": "signin:*", "Resource": "*"}],
            }
        ),
        NOW,
    )
    await storage.policies.create_policy(forbidden)
    for number, (name, policies) in enumerate(
        {"alice": [GRANT], "bob": [], "carol": [GRANT, forbidden.arn]}.items()
    ):
        user = User(ACCOUNT, f"AIDA{number:017d}", name, "/", NOW)
        await storage.users.create_user(user)
        await storage.users.create_login_profile(LoginProfile(ACCOUNT, user.user_id, password_hash, NOW))
        for policy in policies:
            await storage.policies.attach_policy(ACCOUNT, user.user_id, policy)
    return world


async def call_app(
    app: Any,
    method: str,
    url: str,
    *,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    source_ip: str = "127.0.0.1",
) -> Answer:
    """One request through ASGI, with the caller that the outermost app would leave."""
    parts = urlsplit(url)
    caller = Caller("11111111-2222-4333-8444-555555555555", source_ip, "test", False)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme or "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers or []],
        "server": ("127.0.0.1", 8080),
        "client": (source_ip, 1),
        CALLER_KEY: caller,
    }
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    pairs = [(name.decode().lower(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    return Answer(
        sent[0]["status"],
        dict(pairs),
        [value for name, value in pairs if name == "set-cookie"],
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


@dataclass
class Terminal:
    """The client's side of one login."""

    world: SignInWorld
    client_id: str = SAME_DEVICE
    redirect_uri: str = CALLBACK
    state: str = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
    verifier: str = VERIFIER
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _proofs: int = 0

    @property
    def authorize_url(self) -> str:
        request = AuthorizationRequest(
            self.client_id, self.redirect_uri, self.state, code_challenge(self.verifier)
        )
        return build_authorization_url(ENDPOINT, request)

    def with_other_key(self) -> "Terminal":
        return replace(self, key=ec.generate_private_key(ec.SECP256R1()))

    def proof(self, **changes: Any) -> str:
        self._proofs += 1
        values = {
            "url": f"{ENDPOINT}/v1/token",
            "now": self.world.now,
            "jti": f"proof-{self._proofs}-{id(self)}",
        }
        return build_dpop_proof(self.key, **(values | changes))

    def code_from(self, location: str) -> str:
        return parse_authorization_response(urlsplit(location).query, expected_state=self.state)

    def code_body(self, code: str, **changes: Any) -> bytes:
        values: dict[str, Any] = {
            "client_id": self.client_id,
            "code": Secret(code),
            "redirect_uri": self.redirect_uri,
            "code_verifier": Secret(self.verifier),
        }
        return build_code_grant_body(**(values | changes))

    def refresh_body(self, refresh_token: Secret) -> bytes:
        return build_refresh_grant_body(client_id=self.client_id, refresh_token=refresh_token)

    async def post(
        self, body: bytes, *, proof: str | None = None, content_type: str = "application/json"
    ) -> Answer:
        headers = [("Content-Type", content_type), ("DPoP", proof or self.proof())]
        return await call_app(self.world.token_app, "POST", "/v1/token", headers=headers, body=body)

    async def redeem(self, code: str, **changes: Any) -> TokenSet:
        """Raises the matching SignInError."""
        return parse(await self.post(self.code_body(code, **changes)))

    async def refresh(self, refresh_token: Secret, *, proof: str | None = None) -> TokenSet:
        """Raises the matching SignInError."""
        return parse(await self.post(self.refresh_body(refresh_token), proof=proof))


def parse(answer: Answer) -> TokenSet:
    return parse_token_response(answer.status, answer.headers, answer.body)


def remote_terminal(world: SignInWorld) -> Terminal:
    """A terminal on another device."""
    return Terminal(world, client_id=CROSS_DEVICE, redirect_uri=CONFIRMATION)


class Tab:
    """A browser reduced to cookies and forms."""

    def __init__(self, world: SignInWorld, *, source_ip: str = "127.0.0.1") -> None:
        self.world = world
        self.cookies: dict[str, str] = {}
        self.source_ip = source_ip
        self.answer = Answer(0, {}, [], b"")

    async def get(self, url: str, *, follow: bool = True) -> Answer:
        return await self._go("GET", url, b"", [], follow=follow)

    async def post(
        self,
        url: str,
        fields: dict[str, str],
        *,
        headers: list[tuple[str, str]] | None = None,
        follow: bool = True,
    ) -> Answer:
        """Send a form as it stands: `csrf` and `request` are only what `fields` says."""
        more = [("Content-Type", "application/x-www-form-urlencoded")]
        more += [("Sec-Fetch-Site", "same-origin")] if headers is None else headers
        return await self._go("POST", url, urlencode(fields).encode(), more, follow=follow)

    async def submit(self, url: str, *, follow: bool = True, **fields: str) -> Answer:
        """Send a form of the page in view, with its hidden fields."""
        return await self.post(url, {**self.hidden, **fields}, follow=follow)

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields every form of the page in view has."""
        pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.answer.text)
        return {name: html.unescape(value) for name, value in pairs}

    @property
    def session_ids(self) -> list[str]:
        return list(dict.fromkeys(re.findall(r'name="session" value="([^"]+)"', self.answer.text)))

    async def sign_in(self, user_name: str, password: str = PASSWORD, *, account: str = ACCOUNT) -> Answer:
        """Fill the form of the page in view, whatever page it is, as an IAM user."""
        return await self.submit(
            "/signin/user", kind="user", account=account, user_name=user_name, password=password
        )

    async def sign_in_root(self, password: str = PASSWORD, *, email: str = ROOT_EMAIL) -> Answer:
        return await self.submit("/signin/user", kind="root", email=email, password=password)

    async def approve(self, terminal: Terminal, user_name: str = "alice") -> str:
        """From the terminal's link through the form to the code."""
        await self.get(terminal.authorize_url)
        query = urlencode({"request": self.hidden["request"]})
        await self.get(f"/signin/user?{query}")
        answer = await (self.sign_in_root() if user_name == "root" else self.sign_in(user_name))
        assert answer.status in (200, 302), answer.text
        return terminal.code_from(answer.location if answer.status == 302 else self.url)

    async def _go(
        self, method: str, url: str, body: bytes, headers: list[tuple[str, str]], *, follow: bool
    ) -> Answer:
        for _ in range(10):
            self.url = url
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = [*headers, ("Cookie", cookie)] if cookie else headers
            app = self.world.pages_app
            self.answer = await call_app(app, method, url, headers=sent, body=body, source_ip=self.source_ip)
            for line in self.answer.cookies:
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            location = self.answer.headers.get("location", "")
            is_ours = location.startswith(("/", ENDPOINT))
            if not follow or self.answer.status not in (302, 303) or not is_ours:
                return self.answer
            method, url, body, headers = "GET", location, b"", []
        raise AssertionError("redirects go round in circles")


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def claims_of(jwt: str) -> Any:
    payload = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


SHORT = Lifetimes(credentials=60, login_session=900, code=30)
