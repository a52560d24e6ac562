"""The admin pages: who may look, what each page shows, and what is shown of names and texts with markup in them.

Every look is an operation of the API, so a person without permission reads the API's own refusal.
"""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

import pytest

from daypass.server.domain.account import Account, Group, InlinePolicy, ManagedPolicy, Role, User
from daypass.server.domain.account_settings import ServiceControlPolicy
from daypass.server.ports.bucket_storage import Bucket
from support.admin_world import FORM, enter, open_admin_world
from support.query_world import allow, policy_text
from support.sign_in_world import ACCOUNT, NOW, SignInWorld, Terminal

PLACES = (
    "",
    "/users",
    "/user?name=alice",
    "/groups",
    "/group?name=readers",
    "/roles",
    "/role?name=Archivist",
    "/policies",
    "/policies?scope=AWS",
    f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/NoTerminals",
    "/policy?arn=arn:aws:iam::aws:policy/ReadOnlyAccess",
    "/providers",
    f"/provider?arn=arn:aws:iam::{ACCOUNT}:saml-provider/Okta",
    f"/provider?arn=arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com",
    "/explain",
    "/sessions",
    "/sessions?kind=browser",
    "/audit",
    "/call?call=CreateUser",
)


@pytest.fixture
async def site() -> AsyncIterator[SignInWorld]:
    site = await open_admin_world()
    yield site
    await site.storage.close()


async def give(site: SignInWorld, name: str, *statements: dict[str, object]) -> None:
    """Write an inline policy."""
    user = await site.user(name)
    policy = InlinePolicy(user.user_id, "given", policy_text(*statements))
    await site.storage.inline_policies.put_inline_policy(ACCOUNT, policy)


# Who may look


@pytest.mark.parametrize("place", PLACES)
async def test_an_administrator_sees_the_page(site: SignInWorld, place: str) -> None:
    tab, base = await enter(site)
    answer = await tab.get(base + place)
    assert answer.status == 200
    assert "style=" not in answer.text
    assert (
        answer.text.count("<script")
        == answer.text.count('<script src="/static/admin.js" defer></script>')
        == 1
    )


@pytest.mark.parametrize("place", PLACES)
async def test_another_browsers_session_leads_home(site: SignInWorld, place: str) -> None:
    _, base = await enter(site)
    other, _ = await enter(site)
    answer = await other.get(base + place, follow=False)
    assert (answer.status, answer.location) == (303, "/")


@pytest.mark.parametrize(
    ("place", "action"),
    [
        ("/users", "iam:ListUsers"),
        ("/user?name=alice", "iam:GetUser"),
        ("/groups", "iam:ListGroups"),
        ("/group?name=readers", "iam:GetGroup"),
        ("/roles", "iam:ListRoles"),
        ("/role?name=Archivist", "iam:GetRole"),
        ("/policies", "iam:ListPolicies"),
        (f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/NoTerminals", "iam:GetPolicy"),
        ("/sessions", "signin:ListSessions"),
        ("/audit", "cloudtrail:LookupEvents"),
        ("/event?id=x", "cloudtrail:LookupEvents"),
    ],
)
async def test_who_may_not_reads_the_refusal_and_it_is_recorded(
    site: SignInWorld, place: str, action: str
) -> None:
    tab, base = await enter(site, "bob")
    answer = await tab.get(base + place)
    assert answer.status == 403
    assert f"arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: {action}" in answer.text
    event = await site.last_event()
    assert (event.event_name, event.error_code) == (action.partition(":")[2], "AccessDenied")
    assert event.principal_arn == f"arn:aws:iam::{ACCOUNT}:user/bob"


async def test_the_explain_view_needs_the_permission_to_simulate_that_principal(site: SignInWorld) -> None:
    await give(
        site, "bob", allow("iam:SimulatePrincipalPolicy", resource=f"arn:aws:iam::{ACCOUNT}:user/carol")
    )
    tab, base = await enter(site, "bob")
    where = f"{base}/explain?action=s3:GetObject&principal=arn:aws:iam::{ACCOUNT}:user/"
    assert (await tab.get(f"{where}alice")).status == 403
    assert "not authorized to perform: iam:SimulatePrincipalPolicy" in tab.answer.text
    assert (await tab.get(f"{where}carol")).status == 200


async def test_a_page_shows_what_may_be_seen_and_refuses_the_rest_in_place(site: SignInWorld) -> None:
    await give(site, "bob", allow("iam:GetUser"))
    tab, base = await enter(site, "bob")
    answer = await tab.get(f"{base}/user?name=alice")
    assert answer.status == 200
    assert "not authorized to perform: iam:ListAccessKeys" in answer.text


async def test_the_way_to_the_pages_is_shown_to_administrators_only(site: SignInWorld) -> None:
    tab, base = await enter(site)
    assert f'href="{base}"' in tab.answer.text
    await tab.get(base.replace("/admin/", "/account/"))
    assert f'href="{base}"' in tab.answer.text
    other, elsewhere = await enter(site, "bob")
    assert "Administer" not in other.answer.text
    await other.get(elsewhere.replace("/admin/", "/account/"))
    assert "Administer" not in other.answer.text


async def test_what_is_not_there_is_said(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await tab.get(f"{base}/user?name=nobody")
    assert answer.status == 404
    assert "nobody cannot be found" in answer.text


# What is shown


async def test_users_are_found_by_the_beginning_of_their_name_over_pages(site: SignInWorld) -> None:
    for number in range(60):
        name = f"dora{number:02d}"
        await site.storage.users.create_user(User(ACCOUNT, f"AIDAD{number:016d}", name, "/", NOW))
    await site.storage.users.create_user(User(ACCOUNT, "AIDAE0000000000000000", "dor", "/", NOW))
    tab, base = await enter(site)
    await tab.get(f"{base}/users?beginning=DORA")
    found = re.findall(r"name=(dora\d\d)\"", tab.answer.text)
    assert len(found) == 50
    assert "name=alice" not in tab.answer.text
    [following] = re.findall(r'href="([^"]+)">Next page', tab.answer.text)
    await tab.get(following.replace("&amp;", "&"))
    found += re.findall(r"name=(dora\d\d)\"", tab.answer.text)
    assert found == [f"dora{number:02d}" for number in range(60)]
    assert "Next page" not in tab.answer.text
    await tab.get(f"{base}/users?beginning=dor")
    assert 'name=dor"' in tab.answer.text


@pytest.mark.parametrize("beginning", ["%EE%80%80", "%3Cscript%3E", "~", "%20", "x" * 100])
async def test_no_beginning_breaks_the_search(site: SignInWorld, beginning: str) -> None:
    tab, base = await enter(site)
    answer = await tab.get(f"{base}/users?beginning={beginning}")
    assert answer.status == 200
    assert "<script>" not in answer.text


async def test_groups_roles_and_policies_are_found_by_a_part_of_their_name(site: SignInWorld) -> None:
    for number in range(1005):
        group = Group(ACCOUNT, f"AGPAD{number:016d}", f"team-{number:04d}", "/", NOW)
        await site.storage.groups.create_group(group)
    tab, base = await enter(site)
    await tab.get(f"{base}/groups?containing=AM-100")
    found = re.findall(r"name=(team-\d+)\"", tab.answer.text)
    assert found == [f"team-{number}" for number in range(1000, 1005)]
    for place, name in (("roles", "Archivist"), ("policies", "NoTerminals")):
        await tab.get(f"{base}/{place}?containing={name[2:6].upper()}")
        assert f">{name}</a>" in tab.answer.text
        await tab.get(f"{base}/{place}?containing=nothing")
        assert "No name contains that." in tab.answer.text
    await tab.get(f"{base}/policies?scope=AWS&containing=S3Read")
    assert re.findall(r">(\w+)</a></th>", tab.answer.text) == ["AmazonS3ReadOnlyAccess"]
    assert 'name="scope" value="AWS"' in tab.answer.text


@pytest.mark.parametrize("place", ["users", "groups", "roles", "policies", "sessions"])
async def test_a_marker_that_is_not_ours_is_refused(site: SignInWorld, place: str) -> None:
    tab, base = await enter(site)
    assert (await tab.get(f"{base}/{place}?marker=nonsense")).status == 400


async def test_names_and_texts_with_markup_are_shown_as_they_are(site: SignInWorld) -> None:
    """OWASP Cross Site Scripting Prevention Cheat Sheet: output is encoded where it is written."""
    evil = "<script>alert(1)</script>\"'</textarea><b>"
    alice = await site.user("alice")
    document = policy_text(allow("s3:*", resource=f"arn:aws:s3:::{evil}"))
    await site.storage.inline_policies.put_inline_policy(ACCOUNT, InlinePolicy(alice.user_id, "p", document))
    await site.storage.users.update_user(ACCOUNT, "alice", tags=((evil, evil),), tags_before=())
    await site.storage.policies.create_policy(
        ManagedPolicy(ACCOUNT, "ANPAEVIL0000000000000", "Evil", "/", document, NOW, description=evil)
    )
    await site.storage.roles.create_role(
        Role(ACCOUNT, "AROA0000000000000000B", "Evil", "/", document, NOW, description=evil)
    )
    tab, base = await enter(site)
    for place in (
        "/user?name=alice",
        "/policies",
        f"/policy?arn=arn:aws:iam::{ACCOUNT}:policy/Evil",
        "/roles",
        "/role?name=Evil",
        f"/explain?principal={quote(evil)}&action={quote(evil)}&resource={quote(evil)}&context={quote(evil)}",
        f"/audit?name={quote(evil)}&principal={quote(evil)}",
        f"/users?beginning={quote(evil)}",
        f"/sessions?principal={quote(evil)}",
        f"/user?name={quote(evil)}&done={quote(evil)}",
        f"/event?id={quote(evil)}",
        f"/call?call=DeleteUser&UserName={quote(evil)}",
    ):
        answer = await tab.get(base + place)
        assert "<script>" not in answer.text, place
        assert "<b>" not in answer.text, place


async def test_each_page_shows_the_same_with_the_aws_cli(site: SignInWorld) -> None:
    tab, base = await enter(site)
    await tab.get(f"{base}/user?name=alice")
    for command in (
        "aws iam delete-user --user-name alice",
        "aws iam attach-user-policy --user-name alice --policy-arn POLICY_ARN",
        "aws iam put-user-policy --user-name alice --policy-name POLICY_NAME --policy-document file://policy.json",
        "aws iam deactivate-mfa-device --user-name alice --serial-number SERIAL_NUMBER",
        "aws iam tag-user --user-name alice --tags Key=KEY,Value=VALUE",
    ):
        assert command in tab.answer.text


# Explain


async def test_the_explain_view_names_the_statement_that_decides(site: SignInWorld) -> None:
    tab, base = await enter(site)
    principal = f"arn:aws:iam::{ACCOUNT}:user/carol"
    await tab.get(f"{base}/explain?principal={principal}&action=signin:AuthorizeOAuth2Access&resource=*")
    assert "No, refused" in tab.answer.text
    assert f"arn:aws:iam::{ACCOUNT}:policy/NoTerminals, statement 1 (Never)" in tab.answer.shown


async def test_the_explain_view_takes_condition_values_and_says_what_nearly_matched(
    site: SignInWorld,
) -> None:
    await give(site, "bob", allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
    tab, base = await enter(site)
    where = f"{base}/explain?principal=arn:aws:iam::{ACCOUNT}:user/bob&action=s3:GetObject&resource=*"
    await tab.get(where)
    assert "No, refused" in tab.answer.text
    assert "aws:sourceip" in tab.answer.text
    await tab.get(f"{where}&context=aws:SourceIp%3D192.0.2.7")
    assert "Yes, allowed" in tab.answer.text
    assert (await tab.get(f"{where}&context=nonsense")).status == 400


async def test_nobody_explains_principals_of_another_account(site: SignInWorld) -> None:
    tab, base = await enter(site)
    answer = await tab.get(
        f"{base}/explain?principal=arn:aws:iam::444455556666:user/x&action=s3:GetObject&resource=*"
    )
    assert answer.status in (403, 404)


# Sessions and audit


async def test_terminals_and_browsers_of_the_account_are_listed_over_pages(site: SignInWorld) -> None:
    for _ in range(27):
        other = site.tab()
        await other.get(FORM)
        await other.sign_in("bob")
    terminal = Terminal(site)
    await terminal.redeem(await site.tab().approve(terminal))
    tab, base = await enter(site)
    await tab.get(f"{base}/sessions")
    assert f"arn:aws:iam::{ACCOUNT}:user/alice" in tab.answer.shown
    assert "region us-east-1" in tab.answer.shown
    await tab.get(f"{base}/sessions?kind=browser&principal=arn:aws:iam::{ACCOUNT}:user/bob")
    ids = re.findall(r'name="SessionId" value="([^"]+)"', tab.answer.text)
    assert len(ids) == 25
    [following] = re.findall(r'href="([^"]+)">Next page', tab.answer.text)
    await tab.get(following.replace("&amp;", "&"))
    ids += re.findall(r'name="SessionId" value="([^"]+)"', tab.answer.text)
    assert len(set(ids)) == 27


async def test_the_log_is_filtered_and_shows_one_event_as_cloudtrail_does(site: SignInWorld) -> None:
    bob, elsewhere = await enter(site, "bob")
    await bob.get(f"{elsewhere}/users")
    tab, base = await enter(site)
    await tab.get(f"{base}/audit?errors=yes&principal=bob")
    [event_id] = re.findall(r'event\?id=([^"]+)"', tab.answer.text)
    assert "AccessDenied" in tab.answer.text
    await tab.get(f"{base}/event?id={event_id}")
    text = tab.answer.text.replace("&#34;", '"')
    assert f'"eventID": "{unquote(event_id)}"' in text
    assert '"errorCode": "AccessDenied"' in text
    await tab.get(f"{base}/audit?name=NothingLikeIt")
    assert "Nothing of that kind" in tab.answer.text


async def test_events_of_another_account_are_not_there(site: SignInWorld) -> None:
    from daypass.server.domain.audit import AuditEvent, Caller

    caller = Caller("r", "192.0.2.1", "", is_secure=False)
    event = AuditEvent(
        "00000000-0000-4000-8000-000000000001",
        NOW,
        "iam.amazonaws.com",
        "CreateUser",
        "444455556666",
        "x",
        caller,
    )
    await site.storage.audit.append(event)
    tab, base = await enter(site)
    assert (await tab.get(f"{base}/event?id={event.event_id}")).status == 404
    await tab.get(f"{base}/audit?name=CreateUser")
    assert "Nothing of that kind" in tab.answer.text


async def test_a_place_in_the_log_that_is_none_is_refused(site: SignInWorld) -> None:
    tab, base = await enter(site)
    assert (await tab.get(f"{base}/audit?behind=nonsense")).status == 400


async def test_of_the_operators_ceiling_only_its_decision_is_told(site: SignInWorld) -> None:
    """Whoever administers an account does not read what the operator wrote over it."""
    ceiling = policy_text(
        allow("*"),
        {"Sid": "Secret", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {
            "Sid": "Hidden",
            "Effect": "Deny",
            "Action": "sqs:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
    )
    policy = ServiceControlPolicy(ACCOUNT, "OperatorsOwn", ceiling, NOW)
    await site.storage.account_settings.put_service_control_policy(policy)
    await give(site, "bob", allow("*"))
    site.now += 2
    tab, base = await enter(site)
    where = f"{base}/explain?principal=arn:aws:iam::{ACCOUNT}:user/bob&resource=*&action="
    for action in ("s3:GetObject", "sqs:SendMessage"):
        await tab.get(where + action)
        assert "Who said what" in tab.answer.text
        for word in ("OperatorsOwn", "Secret", "Hidden", "requestedregion"):
            assert word not in tab.answer.text
    await tab.get(f"{where}s3:GetObject")
    assert "with an explicit deny in a service control policy" in tab.answer.text


async def test_of_another_accounts_bucket_policy_only_its_decision_is_told(site: SignInWorld) -> None:
    await site.storage.accounts.create_account(
        Account("444455556666", "other", "other@example.com", "x", 0, NOW)
    )
    await site.storage.buckets.claim_bucket(Bucket("theirs", "444455556666", NOW))
    document = policy_text(
        {
            "Sid": "Theirs",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::theirs/*",
        }
    )
    await site.storage.buckets.put_bucket_policy("theirs", "444455556666", document)
    tab, base = await enter(site)
    await tab.get(
        f"{base}/explain?principal=arn:aws:iam::{ACCOUNT}:user/bob&action=s3:GetObject"
        "&resource=arn:aws:s3:::theirs/x"
    )
    assert "with an explicit deny in a resource-based policy" in tab.answer.text
    assert "Theirs" not in tab.answer.text
