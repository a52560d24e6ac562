"""Attacks on the admin pages: forged forms, other accounts' names, texts with markup, framing, sessions that may nothing.

Each test fails when the check it names is taken away (OWASP cheat sheets: Cross-Site Request Forgery Prevention,
Cross Site Scripting Prevention, Clickjacking Defense).
"""

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from daypass.server.domain.account import Account, Group, InlinePolicy, ManagedPolicy, Role, User
from daypass.server.domain.audit import AuditEvent, Caller
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.web.admin_button_table import BUTTONS
from support.admin_world import TRUST, enter, open_admin_world, press
from support.query_world import allow, policy_text
from support.sign_in_world import ACCOUNT, ENDPOINT, NOW, SignInWorld, Tab
from support.stand_in_providers import saml_provider

OTHER = "444455556666"
EVIL = "<script>alert(1)</script>\"'</textarea></code><img src=x onerror=alert(1)>"
FORGED = [
    ("another site by Fetch Metadata", {"Sec-Fetch-Site": "cross-site"}),
    ("a sibling host by Fetch Metadata", {"Sec-Fetch-Site": "same-site"}),
    ("another site by Origin", {"Origin": "https://evil.example"}),
    ("the same host over another scheme", {"Origin": ENDPOINT.replace("http", "https")}),
]


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_admin_world()
    yield site
    await site.storage.close()


# Forged forms


@pytest.mark.parametrize(("what", "headers"), FORGED)
async def test_no_other_site_presses_a_button_even_with_the_token(
    site: SignInWorld, what: str, headers: dict[str, str]
) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=CreateUser")
    fields = {**tab.hidden, "call": "CreateUser", "UserName": "eve"}
    answer = await tab.post(f"{base}/call", fields, headers=list(headers.items()))
    assert answer.status == 403, what
    assert await site.storage.users.load_user(ACCOUNT, "eve") is None


@pytest.mark.parametrize("call", sorted(BUTTONS))
async def test_no_button_works_without_the_token_of_this_browser(site: SignInWorld, call: str) -> None:
    tab, base = await enter(site)
    other, elsewhere = await enter(site)
    await other.get(f"{elsewhere}/call?call=CreateUser")
    before = len(await site.audit())
    for csrf in ("", other.hidden["csrf"]):
        answer = await tab.post(f"{base}/call", {"csrf": csrf, "call": call, "confirmed": "yes"})
        assert answer.status == 403
    assert len(await site.audit()) == before


# Other accounts


@pytest.fixture
async def neighbour(site: SignInWorld) -> SignInWorld:
    """Another account with one of everything."""
    storage = site.storage
    await storage.accounts.create_account(Account(OTHER, "other", "other@example.com", "x", 0, NOW))
    await storage.users.create_user(User(OTHER, "AIDAOTHER000000000000", "zoe", "/", NOW))
    await storage.groups.create_group(Group(OTHER, "AGPAOTHER000000000000", "zoos", "/", NOW))
    await storage.roles.create_role(Role(OTHER, "AROAOTHER000000000000", "Zookeeper", "/", TRUST, NOW))
    document = policy_text(allow("s3:TheirSecretAction"))
    await storage.policies.create_policy(
        ManagedPolicy(OTHER, "ANPAOTHER000000000000", "Zoo", "/", document, NOW)
    )
    await storage.saml_providers.create_saml_provider(
        saml_provider(site.parts.ring, "Theirs", OTHER, now=NOW)
    )
    await storage.oidc_providers.create_oidc_provider(
        OidcProvider(OTHER, "https://zoo.example", ("their-client",), (), NOW)
    )
    return site


@pytest.mark.parametrize(
    "place",
    [
        "/user?name=zoe",
        "/group?name=zoos",
        "/role?name=Zookeeper",
        f"/policy?arn=arn:aws:iam::{OTHER}:policy/Zoo",
        f"/provider?arn=arn:aws:iam::{OTHER}:saml-provider/Theirs",
        f"/provider?arn=arn:aws:iam::{OTHER}:oidc-provider/zoo.example",
        f"/sessions?principal=arn:aws:iam::{OTHER}:user/zoe",
        f"/explain?principal=arn:aws:iam::{OTHER}:user/zoe&action=s3:GetObject&resource=*",
    ],
)
async def test_root_of_one_account_sees_nothing_of_another(neighbour: SignInWorld, place: str) -> None:
    tab, base = await enter(neighbour)
    answer = await tab.get(base + place)
    assert answer.status in (400, 403, 404)
    for word in ("TheirSecretAction", "their-client", "&lt;metadata/&gt;", "Who said what"):
        assert word not in answer.text


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("DeletePolicy", {"PolicyArn": f"arn:aws:iam::{OTHER}:policy/Zoo"}),
        ("TagPolicy", {"PolicyArn": f"arn:aws:iam::{OTHER}:policy/Zoo", "Tags.member.1.Key": "x"}),
        ("DeleteSAMLProvider", {"SAMLProviderArn": f"arn:aws:iam::{OTHER}:saml-provider/Theirs"}),
        (
            "AddClientIDToOpenIDConnectProvider",
            {
                "OpenIDConnectProviderArn": f"arn:aws:iam::{OTHER}:oidc-provider/zoo.example",
                "ClientID": "mine",
            },
        ),
        ("DeleteUser", {"UserName": "zoe"}),
        ("CreateAccessKey", {"UserName": "zoe"}),
        ("DeleteRole", {"RoleName": "Zookeeper"}),
        ("RevokeSessions", {"PrincipalArn": f"arn:aws:iam::{OTHER}:user/zoe"}),
        ("DeleteAccountAlias", {"AccountAlias": "other"}),
    ],
)
async def test_root_of_one_account_changes_nothing_of_another(
    neighbour: SignInWorld, call: str, fields: dict[str, str]
) -> None:
    tab, base = await enter(neighbour)
    assert (await press(tab, base, call, **fields)).status in (400, 403, 404)
    storage = neighbour.storage
    assert await storage.policies.load_policy(f"arn:aws:iam::{OTHER}:policy/Zoo") is not None
    assert await storage.users.load_user(OTHER, "zoe") is not None
    assert await storage.roles.load_role(OTHER, "Zookeeper") is not None
    provider = await storage.oidc_providers.load_oidc_provider(
        f"arn:aws:iam::{OTHER}:oidc-provider/zoo.example"
    )
    assert provider is not None
    assert provider.client_ids == ("their-client",)
    account = await storage.accounts.load_account(OTHER)
    assert account is not None
    assert account.alias == "other"


# Texts with markup, and texts for a shell


async def _plant(site: SignInWorld) -> None:
    storage, alice = site.storage, await site.user("alice")
    tags = ((EVIL, EVIL),)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": EVIL, "Effect": "Allow"}]})
    await storage.users.update_user(ACCOUNT, "alice", tags=tags, tags_before=())
    role = Role(ACCOUNT, "AROAEVIL0000000000000", "Evil", "/", document, NOW, EVIL, tags=tags)
    await storage.roles.create_role(role)
    policy = ManagedPolicy(
        ACCOUNT, "ANPAEVIL0000000000000", "Evil", "/", document, NOW, description=EVIL, tags=tags
    )
    await storage.policies.create_policy(policy)
    await storage.policy_versions.create_policy_version(
        policy.arn, policy_text(allow(EVIL)), set_as_default=True, limit=5, now=NOW
    )
    saml = saml_provider(site.parts.ring, "Evil", ACCOUNT, now=NOW)
    evil = replace(saml, metadata_document=EVIL, entity_id=EVIL, tags=tags, assertion_encryption=EVIL)
    await storage.saml_providers.create_saml_provider(evil)
    await storage.oidc_providers.create_oidc_provider(
        OidcProvider(ACCOUNT, "https://evil.example", (EVIL,), (EVIL,), NOW, tags)
    )
    for session in await storage.sign_in_sessions.list_sessions_of_principal(
        ACCOUNT, alice.user_id, now=site.now
    ):
        await storage.session_origins.note_origin(SessionOrigin(session.session_id, EVIL, EVIL, NOW))
    await storage.audit.append(
        AuditEvent(
            "00000000-0000-4000-8000-000000000001",
            NOW,
            "iam.amazonaws.com",
            EVIL,
            ACCOUNT,
            EVIL,
            Caller("r", EVIL, EVIL, is_secure=False),
            error_code=EVIL,
        )
    )


EVIL_PLACES = [
    "/user?name=alice",
    "/roles",
    "/role?name=Evil",
    "/policies",
    f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/Evil",
    f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/Evil&version=v1&against=v2",
    f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/Evil&version=v1&against={quote(EVIL)}",
    "/providers",
    f"/provider?arn=arn:aws:iam::{ACCOUNT}:saml-provider/Evil",
    f"/provider?arn=arn:aws:iam::{ACCOUNT}:oidc-provider/evil.example",
    f"/provider?arn={quote(EVIL)}",
    "/sessions?kind=browser",
    "/audit",
    "/event?id=00000000-0000-4000-8000-000000000001",
    f"/call?call=UpdateSAMLProvider&SAMLProviderArn=arn:aws:iam::{ACCOUNT}:saml-provider/Evil",
    f"/call?call=TagUser&UserName={quote(EVIL)}&Tags.member.1.Key={quote(EVIL)}",
    f"/call?call=DeleteAccountAlias&AccountAlias={quote(EVIL)}",
]


async def test_nothing_that_was_stored_becomes_markup(site: SignInWorld) -> None:
    person = site.tab()
    await person.get("/signin/user")
    await person.sign_in("alice")
    await _plant(site)
    tab, base = await enter(site)
    seen = 0
    for place in EVIL_PLACES:
        answer = await tab.get(base + place)
        for markup in ("<script>", "<img src=x", "</textarea></code>"):
            assert markup not in answer.text, place
        seen += EVIL in html.unescape(answer.shown)
    assert seen >= 12


async def test_a_command_to_copy_is_one_command(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/call?call=DeleteUser&UserName={quote('x; rm -rf ~ $(id)')}")
    text = html.unescape(tab.answer.text)
    assert "aws iam delete-user --user-name 'x; rm -rf ~ $(id)'" in text
    await tab.get(f"{base}/call?call=RevokeSessions&PrincipalArn={quote('a+b&Action=DeleteUser')}")
    assert "--data-urlencode 'PrincipalArn=a+b&Action=DeleteUser'" in html.unescape(tab.answer.text)


# Framing, caching, and sessions that may nothing


@pytest.mark.parametrize(
    "place", ["", "/users", "/providers", "/call?call=DeleteUser&UserName=alice", "/user?name=nobody"]
)
async def test_no_page_is_framed_sniffed_kept_or_runs_foreign_scripts(site: SignInWorld, place: str) -> None:
    tab, base = await enter(site)
    headers = (await tab.get(base + place)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert not re.search(r"\son\w+=|style=|javascript:", tab.answer.text)


async def _enter_as_role(site: SignInWorld) -> tuple[Tab, str]:
    """Alice in a role that may nothing here."""
    alice = await site.user("alice")
    given = InlinePolicy(alice.user_id, "take", policy_text(allow("sts:AssumeRole")))
    await site.storage.inline_policies.put_inline_policy(ACCOUNT, given)
    tab, _ = await enter(site, "alice")
    await tab.get("/switchrole")
    await tab.submit("/signin/switch-role", session=tab.session_ids[0], account=ACCOUNT, role="Archivist")
    assert len(tab.session_ids) == 2
    return tab, f"/admin/{tab.session_ids[0]}"


async def test_a_session_of_a_role_without_permissions_reads_access_denied_everywhere(
    site: SignInWorld,
) -> None:
    tab, base = await _enter_as_role(site)
    for place in (
        "/users",
        "/user?name=alice",
        "/groups",
        "/roles",
        "/policies",
        "/sessions",
        "/audit",
        "/credential-report.csv",
    ):
        answer = await tab.get(base + place)
        assert answer.status == 403, place
        assert "<h1>Access denied</h1>" in answer.text, place
        assert "assumed-role/Archivist" in answer.shown, place
    for place in ("", "/providers"):
        answer = await tab.get(base + place)
        assert answer.shown.count("Access denied: User: ") >= 2, place
    answer = await press(tab, base, "CreateUser", UserName="eve")
    assert answer.status == 403
    assert "Access denied: User: " in answer.shown
    assert await site.storage.users.load_user(ACCOUNT, "eve") is None
