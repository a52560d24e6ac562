"""One SeaweedFS and one gateway process per test session, and people with credentials to use them.

Everything is real: the store, the sockets, SQLite, the policies. Only the sign-in is skipped: credentials
are sealed with the key ring that the gateway was given.
"""

import asyncio
import functools
import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from daypass.protocol.aws.sigv4 import Credentials
from daypass.secret import Secret
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.account import Account, ManagedPolicy, Role, User
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.tokens import (
    SessionClaims,
    access_key_id,
    seal_session_token,
    temporary_secret_key,
)
from support.gateway_process import GatewayConfig, RunningGateway, run_gateway
from support.seaweedfs import RunningSeaweedFS, run_seaweedfs

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
RING_KEY = bytes(range(32))
RING = KeyRing([MasterKey("0badc0de", 0, RING_KEY)])

_ALLOW_ALL_S3 = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
_READ_ONLY = [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}]
_HOME_ONLY = [
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "*",
        "Condition": {"StringLike": {"s3:prefix": "home/*"}},
    },
    {"Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::*/home/*"},
]
_UPLOAD_ONLY = [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]
_NOTHING: list[dict[str, Any]] = [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]

USERS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "alice": (ACCOUNT, _ALLOW_ALL_S3),
    "reader": (ACCOUNT, _READ_ONLY),
    "homer": (ACCOUNT, _HOME_ONLY),
    "uploader": (ACCOUNT, _UPLOAD_ONLY),
    "nobody": (ACCOUNT, _NOTHING),
    "mallory": (OTHER_ACCOUNT, _ALLOW_ALL_S3),
}


def _user_id(name: str) -> str:
    return "AIDA" + name.upper().ljust(17, "0")


async def _seed(database_url: str) -> None:
    storage = await open_storage(database_url)
    await storage.migrate()
    for account_id in (ACCOUNT, OTHER_ACCOUNT):
        await storage.accounts.create_account(
            Account(account_id, None, f"root@{account_id}.example", "", 0, 1_700_000_000)
        )
    for name, (account_id, statements) in USERS.items():
        await storage.users.create_user(User(account_id, _user_id(name), name, "/", 1_700_000_000))
        await _attach(storage, account_id, _user_id(name), name, statements)
    role = Role(ACCOUNT, "AROA0000000000READER0", "reading", "/", "{}", 1_700_000_000)
    await storage.roles.create_role(role)
    await _attach(storage, ACCOUNT, role.role_id, "reading-role", _READ_ONLY)
    await storage.close()


async def _attach(
    storage: Any, account_id: str, principal_id: str, name: str, statements: list[dict[str, Any]]
) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    policy_id = "ANPA" + name.upper().replace("-", "").ljust(17, "0")
    policy = ManagedPolicy(account_id, policy_id, name, "/", document, 1_700_000_000)
    await storage.policies.create_policy(policy)
    await storage.policies.attach_policy(account_id, principal_id, policy.arn)


def seal_credentials(
    account_id: str, kind: PrincipalKind, arn: str, principal_id: str, *, expires_at: int | None = None
) -> Credentials:
    """Temporary credentials as the sign-in service would hand them out."""
    now = int(time.time())
    claims = SessionClaims(
        access_key_id=access_key_id(account_id, secrets.token_bytes(8)),
        account_id=account_id,
        principal_kind=kind,
        principal_arn=arn,
        principal_id=principal_id,
        issued_at=now,
        expires_at=now + 900 if expires_at is None else expires_at,
    )
    return Credentials(
        claims.access_key_id,
        Secret(temporary_secret_key(RING, claims, key_id="0badc0de")),
        Secret(seal_session_token(RING, claims, key_id="0badc0de")),
    )


def credentials_of(name: str, *, expires_at: int | None = None) -> Credentials:
    """Of a user of `USERS`, of `root`, of `other-root`, or of a session of the `reading` role."""
    if name in ("root", "other-root"):
        account_id = ACCOUNT if name == "root" else OTHER_ACCOUNT
        return seal_credentials(account_id, "root", f"arn:aws:iam::{account_id}:root", account_id)
    if name == "role":
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/reading/terminal"
        return seal_credentials(ACCOUNT, "role", arn, "AROA0000000000READER0:terminal")
    account_id = USERS[name][0]
    arn = f"arn:aws:iam::{account_id}:user/{name}"
    return seal_credentials(account_id, "user", arn, _user_id(name), expires_at=expires_at)


@dataclass(frozen=True)
class Site:
    """The running pair, and ways to speak to it."""

    store: RunningSeaweedFS
    gateway: RunningGateway
    config: GatewayConfig
    folder: Path

    def client(self, name: str, **settings: Any) -> Any:
        """A boto3 S3 client through the gateway; no retries, so that a refusal is seen as it is."""
        return s3_client(self.gateway.endpoint_url, credentials_of(name), **settings)

    def credentials(self, name: str, *, expires_at: int | None = None) -> Credentials:
        """Of a user of `USERS`, `root`, `other-root`, or `role`."""
        return credentials_of(name, expires_at=expires_at)

    def ghost_credentials(self) -> Credentials:
        """Good credentials of a user who does not exist any more."""
        return seal_credentials(
            ACCOUNT, "user", f"arn:aws:iam::{ACCOUNT}:user/ghost", "AIDAGHOST000000000000"
        )

    def direct_client(self) -> Any:
        """A boto3 S3 client that goes to the store itself with the backend's keys."""
        store = self.store
        keys = Credentials(store.access_key_id, Secret(store.secret_access_key), None)
        return s3_client(store.endpoint_url, keys)

    def audit_events(self, name: str) -> list[AuditEvent]:
        """What the audit log holds under an event name, newest first."""

        async def read() -> list[AuditEvent]:
            storage = await open_storage(self.config.database_url)
            try:
                events = await storage.audit.list_events(account_id=None, since=0, limit=1000)
            finally:
                await storage.close()
            return [event for event in events if event.event_name == name]

        return asyncio.run(read())


@functools.cache
def _session() -> Any:
    """Loading boto3's models is slow; one session serves every client."""
    return boto3.session.Session()


def s3_client(endpoint_url: str, credentials: Credentials, *, verify: Any = None, **settings: Any) -> Any:
    """Unmodified boto3 but for the endpoint, path-style addresses and no retries."""
    token = credentials.session_token
    return _session().client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal(),
        aws_session_token=token.reveal() if token else None,
        verify=verify,
        config=Config(
            retries={"max_attempts": 0}, s3={"addressing_style": "path"}, read_timeout=120, **settings
        ),
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSeaweedFS]:
    """One real SeaweedFS."""
    with run_seaweedfs(tmp_path_factory.mktemp("weed")) as running:
        yield running


@pytest.fixture(scope="session")
def site(store: RunningSeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One gateway process in front of it."""
    folder = tmp_path_factory.mktemp("gateway")
    config = GatewayConfig(
        database_url=f"sqlite:///{folder}/gateway.db",
        ring_key_hex=RING_KEY.hex(),
        backend_url=store.endpoint_url,
        backend_access_key_id=store.access_key_id,
        backend_secret_access_key=store.secret_access_key,
        virtual_host_suffix="s3.localhost",
    )
    asyncio.run(_seed(config.database_url))
    with run_gateway(config, folder) as gateway:
        yield Site(store, gateway, config, folder)


_numbers = itertools.count(1)


@pytest.fixture
def new_bucket_name() -> Callable[[], str]:
    """Names nobody used before."""
    return lambda: f"bucket-{next(_numbers)}-{secrets.token_hex(4)}"


@pytest.fixture
def bucket(site: Site, new_bucket_name: Callable[[], str]) -> str:
    """A bucket of alice's account, made through the gateway."""
    name = new_bucket_name()
    site.client("alice").create_bucket(Bucket=name)
    return name
