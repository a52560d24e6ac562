"""The how-to pages about signing in: their policies decide, their programs run, their buttons are there.

Every JSON document, program and shell line that a page gives is taken from the page and used; what follows is
compared with what the page says.
"""

import ast
import asyncio
import base64
import hashlib
import hmac
import io
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.errors import JoseError
from pyotp.totp import TOTP

from daypass.protocol.aws.sigv4 import Credentials
from daypass.protocol.oauth.errors import SignInError
from daypass.secret import Secret
from daypass.server.adapters.password_judge import LocalPasswordJudge
from daypass.server.adapters.sign_in_webhook import _body  # pyright: ignore[reportPrivateUsage] # its shape
from daypass.server.domain.account import ManagedPolicy, Role
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.session_origin import SessionBegan, SessionOrigin
from daypass.server.web.metadata import build_metadata_app
from support.query_world import EXTERNAL_URL, QueryWorld, allow, open_query_world
from support.sign_in_world import (
    ACCOUNT,
    GRANT,
    NOW,
    SignInWorld,
    Tab,
    Terminal,
    call_app,
    open_sign_in_world,
)

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "how-to"
TEMPLATES = REPOSITORY / "src" / "daypass" / "server" / "web" / "templates"
SEED = base64.b32encode(bytes(range(20))).decode()


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    text = (PAGES / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_sign_in_world()
    yield site
    await site.storage.close()


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()


async def attach(site: SignInWorld, user_id: str, document: str) -> None:
    policy = ManagedPolicy(ACCOUNT, "ANPAOFTHEPAGEOFTHEPAG", "OfThePage", "/", document, NOW)
    await site.storage.policies.create_policy(policy)
    await site.storage.policies.attach_policy(ACCOUNT, user_id, policy.arn)
    site.now += 2


async def give_phone(site: SignInWorld, user_id: str) -> None:
    sealed = site.parts.ring.seal("mfa-seed", SEED.encode())
    await site.storage.mfa_devices.create_mfa_device(
        MfaDevice(
            f"arn:aws:iam::{ACCOUNT}:mfa/phone", ACCOUNT, user_id, "totp", NOW, NOW, sealed_seed=sealed
        ),
        limit=8,
    )


async def log_in(site: SignInWorld, name: str, *, with_code: bool = False) -> tuple[Tab, Terminal]:
    """The tab's last answer is what policy said to the login."""
    tab, terminal = site.tab(), Terminal(site)
    await tab.get(terminal.authorize_url)
    await tab.sign_in(name)
    if with_code:
        await tab.submit("/signin/mfa", code=TOTP(SEED).at(site.now))
    return tab, terminal


# A second factor by policy


async def test_the_deny_of_the_page_asks_terminals_for_a_second_factor_and_says_so(site: SignInWorld) -> None:
    user = await site.user("alice")
    tab, terminal = await log_in(site, "alice")
    tokens = await terminal.redeem(terminal.code_from(tab.answer.location))
    await attach(site, user.user_id, blocks("ask-for-a-second-factor-by-policy.md", "json")[0])
    with pytest.raises(SignInError):
        await terminal.refresh(tokens.refresh_token)
    tab, _ = await log_in(site, "alice")
    assert tab.answer.status == 403
    assert "asks for a second factor here" in tab.answer.text
    await give_phone(site, user.user_id)
    tab, terminal = await log_in(site, "alice", with_code=True)
    tokens = await terminal.redeem(terminal.code_from(tab.answer.location))
    assert (await terminal.refresh(tokens.refresh_token)).access_key_id.startswith("ASIA")


async def test_who_the_deny_of_the_page_refuses_can_still_open_their_own_page(site: SignInWorld) -> None:
    user = await site.user("alice")
    await attach(site, user.user_id, blocks("ask-for-a-second-factor-by-policy.md", "json")[0])
    tab, _ = await log_in(site, "alice")
    leads_to = re.search(r'href="(/account/[^"]+)"', tab.answer.text)
    assert leads_to is not None
    page = await tab.get(leads_to[1])
    assert (page.status, "Add an authenticator app" in page.text) == (200, True)
    changed = await tab.submit(
        f"{leads_to[1]}/password",
        old_password="correct horse battery",
        password="violet anchor pebble",
        repeated="violet anchor pebble",
    )
    assert "Your password is changed" in changed.text


async def test_the_deny_of_the_page_stops_access_keys_until_they_bring_a_code(world: QueryWorld) -> None:
    await world.new_user("alice", allow("iam:*"))
    made = await world.call(world.root, "iam", "CreateAccessKey", UserName="alice")
    key = Credentials(made.value("AccessKeyId"), Secret(made.value("SecretAccessKey")), None)
    assert (await world.call(key, "iam", "ListUsers")).status == 200
    document = blocks("ask-for-a-second-factor-by-policy.md", "json")[0]
    await world.call(
        world.root, "iam", "PutUserPolicy", UserName="alice", PolicyName="page", PolicyDocument=document
    )
    world.now += 2
    assert (await world.call(key, "iam", "ListUsers")).code == "AccessDenied"
    user = await world.storage.users.load_user(ACCOUNT, "alice")
    assert user is not None
    sealed = world.ring.seal("mfa-seed", SEED.encode())
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
    await world.storage.mfa_devices.create_mfa_device(
        MfaDevice(serial, ACCOUNT, user.user_id, "totp", NOW, NOW, sealed_seed=sealed), limit=8
    )
    answer = await world.call(
        key, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=TOTP(SEED).at(world.now)
    )
    session = Credentials(
        answer.value("AccessKeyId"),
        Secret(answer.value("SecretAccessKey")),
        Secret(answer.value("SessionToken")),
    )
    assert (await world.call(session, "iam", "ListUsers")).status == 200


def test_the_column_that_the_page_cuts_out_is_the_second_factors() -> None:
    [command] = [line for line in _shell_lines("ask-for-a-second-factor-by-policy.md") if "cut -d," in line]
    header = subprocess.run(
        ["bash", "-c", command.rpartition("|")[2]],
        input="user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert header.stdout == "user,mfa_active\n"


def _shell_lines(page: str) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines()]


@pytest.mark.parametrize(
    "page",
    [path.name for path in sorted(PAGES.glob("*.md")) if "Version" in path.read_text(encoding="utf-8")],
)
async def test_every_policy_on_a_how_to_page_is_one_the_server_takes(world: QueryWorld, page: str) -> None:
    for number, text in enumerate(blocks(page, "json")):
        if '"Version"' not in text:
            continue
        [statement, *_] = _listed(json.loads(text)["Statement"])
        if "Principal" not in statement:
            made = await world.call(
                world.root, "iam", "CreatePolicy", PolicyName=f"page-{number}", PolicyDocument=text
            )
            assert made.status == 200, made.text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# A role in the browser


async def test_the_role_of_the_page_is_taken_by_its_link_with_a_second_factor(site: SignInWorld) -> None:
    trust, take = (
        text.replace("111122223333", ACCOUNT).replace("444455556666", ACCOUNT)
        for text in blocks("give-a-role-in-the-browser.md", "json")
    )
    role = Role(ACCOUNT, "AROAAUDITORAUDITORAUD", "auditor", "/", trust, NOW, max_session_duration=14400)
    await site.storage.roles.create_role(role)
    await site.storage.policies.attach_policy(ACCOUNT, role.role_id, GRANT)
    user = await site.user("alice")
    await attach(site, user.user_id, take)
    await give_phone(site, user.user_id)
    tab = site.tab()
    await tab.get("/signin/user")
    await tab.sign_in("alice")
    await tab.submit("/signin/mfa", code=TOTP(SEED).at(site.now))
    [link] = [line for line in blocks("give-a-role-in-the-browser.md", "text") if "switchrole" in line]
    page = await tab.get(urlsplit(link.strip()).path + "?" + urlsplit(link.strip()).query)
    assert 'value="444455556666"' in page.text
    assert 'value="auditor"' in page.text
    await tab.submit("/signin/switch-role", session=tab.session_ids[0], account=ACCOUNT, role="auditor")
    sessions = await tab.get("/")
    assert "assumed-role/auditor/alice" in sessions.shown


# A web identity token


async def test_the_check_of_the_page_takes_its_own_tokens_and_no_others(
    world: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "take-a-web-identity-token-to-another-service.md"
    documents = {
        f"{EXTERNAL_URL}{path}": (await call_app(_metadata(world), "GET", path)).body
        for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json")
    }
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: io.BytesIO(documents[url]))
    [program] = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(program, names)
    names["ISSUER"] = EXTERNAL_URL
    monkeypatch.setattr(time, "time", lambda: float(world.now))
    statement = json.loads(blocks(page, "json")[0])["Statement"][0]
    alice = await world.new_user("alice", statement)

    async def token_for(audience: str, **more: str) -> Any:
        return await world.call(
            alice,
            "sts",
            "GetWebIdentityToken",
            **{"Audience.member.1": audience, "SigningAlgorithm": "ES384", **more},
        )

    ours = (await token_for("https://deploy.example.com")).value("WebIdentityToken")
    assert names["caller_of"](ours)["sub"].endswith("user/alice")
    assert (await token_for("https://other.example.com")).code == "AccessDenied"
    too_long = await token_for("https://deploy.example.com", DurationSeconds="301")
    assert too_long.code == "AccessDenied"
    names["AUDIENCE"] = "https://other.example.com"
    with pytest.raises(JoseError):
        names["caller_of"](ours)
    names["AUDIENCE"] = "https://deploy.example.com"
    monkeypatch.setattr(time, "time", lambda: float(world.now + 400))
    with pytest.raises(JoseError):
        names["caller_of"](ours)


def _metadata(world: QueryWorld) -> Any:
    return build_metadata_app(ring=world.ring, external_url=EXTERNAL_URL)


# The webhook


def test_the_check_of_the_page_takes_our_signature_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    [program] = blocks("announce-sign-ins-to-a-webhook.md", "python")
    names: dict[str, Any] = {}
    exec(program, names)
    check, body, secret = names["is_from_daypass"], b'{"event": "session_began"}', "sixteen letters!"
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    signature = hmac.new(secret.encode(), f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    header = f"t={NOW},v1={signature}"
    assert check(header, body, secret)
    for wrong in (
        header[:-1],
        f"t={NOW - 1},v1={signature}",
        "",
        "t=,v1=",
        "v1",
        f"t=²,v1={signature}",
        "t=é,v1=é",
    ):
        assert not check(wrong, body, secret), wrong
    assert not check(header, body + b" ", secret)
    assert not check(header, body, "another secret!!")
    monkeypatch.setattr(time, "time", lambda: float(NOW + 301))
    assert not check(header, body, secret), "old ones are refused"


def test_the_announcement_of_the_page_has_the_members_that_are_sent() -> None:
    shown = json.loads(blocks("announce-sign-ins-to-a-webhook.md", "json")[0])
    began = SessionBegan(shown["kind"], shown["principal_arn"], shown["account_id"], True, shown["scope"])
    origin = SessionOrigin(shown["session"], shown["source_ip"], shown["user_agent"], shown["ends_at"], began)
    assert json.loads(_body(origin, now=shown["time"])) == shown


# Breached passwords


async def test_the_list_that_the_page_makes_is_one_the_server_searches(tmp_path: Path) -> None:
    words = ["password1234", "Tr0ub4dor&3xx", "zwölf zeichen", "hunter2hunter2", "password1234"]
    (tmp_path / "words.txt").write_bytes(
        "\r\n".join(words[:2]).encode() + b"\n" + "\n".join(words[2:]).encode()
    )
    [command] = blocks("refuse-breached-passwords.md", "sh")
    made = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-ec", command],
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        check=True,
    )
    assert made.returncode == 0
    judge = LocalPasswordJudge(tmp_path / "breached.txt")
    assert [await judge.is_breached(Secret(word)) for word in words] == [True] * 5
    assert not await judge.is_breached(Secret("violet anchor pebble"))


# The person's own pages


@pytest.mark.parametrize(
    "page",
    [
        "protect-your-account-with-a-second-factor.md",
        "see-and-end-your-sessions.md",
        "give-a-role-in-the-browser.md",
    ],
)
def test_every_control_that_the_page_names_is_on_a_page_of_ours(page: str) -> None:
    named = set(re.findall(r"\*\*([^*`]+[^*`.])\*\*", (PAGES / page).read_text(encoding="utf-8")))
    assert named
    shown = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    assert {name for name in named if not re.search(rf'[>"]\s*{re.escape(name)}\s*[<"]', shown)} == set()


# Condition keys


def _condition_keys(tree: ast.AST) -> set[str]:
    """Texts like `aws:Name` that a module writes as a mapping's key."""
    texts: set[str] = set()
    for node in ast.walk(tree):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = list(node.keys)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            keys = [node.slice]
        for key in keys:
            if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
                key = key.values[0]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                texts.add(key.value)
    keys = {text for text in texts if re.match(r"(aws|sts|iam|signin|s3):[A-Za-z]", text)}
    return keys - {"s3:BypassGovernanceRetention"}  # an action, of a table of actions


def test_every_condition_key_that_the_server_gives_a_value_is_on_the_policy_page() -> None:
    page = (REPOSITORY / "docs" / "reference" / "policy-language.md").read_text(encoding="utf-8").lower()
    server = REPOSITORY / "src" / "daypass" / "server"
    keys = set().union(*(_condition_keys(ast.parse(path.read_bytes())) for path in server.rglob("*.py")))
    assert {"aws:PrincipalArn", "aws:MultiFactorAuthPresent", "sts:ExternalId"} <= keys, "the search works"
    assert {key for key in keys if f"`{key.lower()}" not in page} == set()
