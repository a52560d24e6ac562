"""The sign-in service's own actions on the Query wire: ListSessions, RevokeSession, RevokeSessions.

The same table as the admin pages' buttons; who has another account, or no permission, sees and ends nothing.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.role_session import RoleSession
from daypass.server.domain.session import SignInSession
from support.query_world import ACCOUNT, NOW, OTHER_ACCOUNT, QueryWorld, allow, open_query_world, trust


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()


async def sign_in(world: QueryWorld, number: int, principal_id: str, arn: str, **changes: Any) -> str:
    """A browser's session; returns its id."""
    session = SignInSession(
        **{
            "session_id": f"00000000-0000-4000-8000-{number:012d}",
            "browser_hash": bytes([number + 1]) * 32,
            "account_id": ACCOUNT,
            "principal_kind": "user",
            "principal_arn": arn,
            "principal_id": principal_id,
            "credentials_epoch": 0,
            "authenticated_at": NOW,
            "expires_at": NOW + 3600,
            "last_used_at": NOW,
            **changes,
        }
    )
    placement = await world.storage.sign_in_sessions.place_sign_in_session(
        session, old_browser=session.browser_hash, limit=5, now=NOW
    )
    assert placement == "placed"
    return session.session_id


async def test_live_sessions_are_listed_in_pages(world: QueryWorld) -> None:
    await world.new_user("alice")
    alice = await world.storage.users.load_user(ACCOUNT, "alice")
    assert alice is not None
    ids = [await sign_in(world, number, alice.user_id, alice.arn) for number in range(5)]
    await sign_in(world, 9, alice.user_id, alice.arn, expires_at=NOW)
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        answer = await world.call(
            world.root, "signin", "ListSessions", SessionKind="browser", MaxItems="2", **more
        )
        assert answer.status == 200, answer.text
        found += answer.values("Sessions/member/SessionId")
        if answer.value("IsTruncated") == "false":
            break
        more = {"Marker": answer.value("Marker")}
    assert found == ids
    one = await world.call(
        world.root, "signin", "ListSessions", SessionKind="browser", PrincipalArn=alice.arn
    )
    assert one.values("PrincipalArn") == [alice.arn] * 5


async def test_a_roles_sessions_are_found_under_the_role(world: QueryWorld) -> None:
    arn = await world.new_role("Ops", trust({"AWS": "*"}))
    role = await world.storage.roles.load_role(ACCOUNT, "Ops")
    assert role is not None
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/x"
    await sign_in(world, 1, f"{role.role_id}:x", session_arn, principal_kind="role")
    answer = await world.call(world.root, "signin", "ListSessions", SessionKind="browser", PrincipalArn=arn)
    assert answer.values("PrincipalArn") == [session_arn]
    ended = await world.call(world.root, "signin", "RevokeSessions", PrincipalArn=arn)
    assert ended.value("EndedSessions") == "1"


async def test_another_account_sees_and_ends_nothing(world: QueryWorld) -> None:
    await world.new_user("alice")
    alice = await world.storage.users.load_user(ACCOUNT, "alice")
    assert alice is not None
    session_id = await sign_in(world, 1, alice.user_id, alice.arn)
    stranger = world.other_root
    answer = await world.call(stranger, "signin", "ListSessions", SessionKind="browser")
    assert answer.values("SessionId") == []
    for action, more in (
        ("RevokeSession", {"SessionId": session_id}),
        ("RevokeSessions", {}),
        ("ListSessions", {"SessionKind": "browser"}),
    ):
        answer = await world.call(stranger, "signin", action, PrincipalArn=alice.arn, **more)
        assert answer.code in ("NoSuchEntity", "AccessDenied"), action
    assert await world.storage.sign_in_sessions.load_sign_in_session(session_id, now=NOW) is not None


async def test_a_permission_for_one_person_ends_nobody_elses_session(world: QueryWorld) -> None:
    """Whatever session's id stands beside that person's name; and a name must be whole, path and account."""
    await world.new_user("alice", path="/team/")
    await world.new_user("bob")
    await world.new_role("ops", trust({"AWS": "*"}), Path="/team/")
    alice = await world.storage.users.load_user(ACCOUNT, "alice")
    assert alice is not None
    session_id = await sign_in(world, 1, alice.user_id, alice.arn)
    bob = f"arn:aws:iam::{ACCOUNT}:user/bob"
    helper = await world.new_user("carol", allow("signin:RevokeSession", resource=bob))
    answer = await world.call(helper, "signin", "RevokeSession", SessionId=session_id, PrincipalArn=bob)
    assert answer.code == "NoSuchEntity"
    for wrong in ("user/alice", "user/other/alice", "role/ops"):
        arn = f"arn:aws:iam::{ACCOUNT}:{wrong}"
        answer = await world.call(world.root, "signin", "RevokeSessions", PrincipalArn=arn)
        assert answer.code == "NoSuchEntity", wrong
    root = f"arn:aws:iam::{ACCOUNT}:root"
    own = await sign_in(world, 2, OTHER_ACCOUNT, root, account_id=OTHER_ACCOUNT, principal_kind="root")
    answer = await world.call(world.other_root, "signin", "RevokeSessions", PrincipalArn=root)
    assert answer.code == "NoSuchEntity", "root of another account is not root of one's own"
    for each in (session_id, own):
        assert await world.storage.sign_in_sessions.load_sign_in_session(each, now=NOW) is not None


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("ListSessions", {"SessionKind": "terminal"}),
        ("RevokeSession", {"SessionId": "x", "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/bob"}),
        ("RevokeSessions", {"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/bob"}),
    ],
)
async def test_policy_decides(world: QueryWorld, action: str, more: dict[str, str]) -> None:
    allowed = await world.new_user("alice", allow("signin:ListSessions", "signin:RevokeSession"))
    await world.new_user("bob")
    nobody = await world.new_user(
        "carol", allow("signin:RevokeSession", resource=f"arn:aws:iam::{ACCOUNT}:user/x")
    )
    assert (await world.call(nobody, "signin", action, **more)).code == "AccessDenied"
    assert (await world.call(allowed, "signin", action, **more)).code in ("", "NoSuchEntity")


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("ListSessions", {}),
        ("ListSessions", {"SessionKind": "telephone"}),
        ("ListSessions", {"SessionKind": "browser", "MaxItems": "0"}),
        ("ListSessions", {"SessionKind": "browser", "PrincipalArn": "alice"}),
        ("ListSessions", {"SessionKind": "browser", "Marker": "nonsense"}),
        ("RevokeSession", {"SessionId": "x"}),
        ("RevokeSessions", {}),
        ("RevokeSessions", {"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root", "Force": "true"}),
    ],
)
async def test_what_is_not_understood_is_refused(
    world: QueryWorld, action: str, more: dict[str, str]
) -> None:
    assert (await world.call(world.root, "signin", action, **more)).code == "ValidationError"


async def test_other_services_do_not_have_these_actions(world: QueryWorld) -> None:
    assert (
        await world.call(world.root, "iam", "ListSessions", SessionKind="browser")
    ).code == "InvalidAction"


@pytest.mark.parametrize("kind", [{"is_session_token": True}, {"userid": f"{ACCOUNT}:bob"}])
async def test_what_may_not_call_iam_may_not_end_sessions_either(
    world: QueryWorld, kind: dict[str, Any]
) -> None:
    """STS reference, "GetSessionToken" and "GetFederationToken": such credentials administer nothing."""
    await world.new_user("alice", allow("*"))
    alice = await world.storage.users.load_user(ACCOUNT, "alice")
    assert alice is not None
    credentials = world.credentials(ACCOUNT, "user", alice.arn, alice.user_id, **kind)
    answer = await world.call(credentials, "signin", "RevokeSessions", PrincipalArn=alice.arn)
    assert answer.code == "AccessDenied"


async def test_revoking_a_users_sessions_ends_the_roles_the_user_took_whatever_the_account(
    world: QueryWorld,
) -> None:
    """They are the user's; those of others in the same role go on."""
    await world.new_user("alice")
    alice = await world.storage.users.load_user(ACCOUNT, "alice")
    assert alice is not None
    arn = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/Ops/alice"
    role = {"account_id": OTHER_ACCOUNT, "principal_kind": "role"}
    for number, owner in ((1, alice.user_id), (2, "AIDASOMEBODYELSE")):
        taken = RoleSession("role", owner=RoleOwner(ACCOUNT, owner, 0))
        await sign_in(world, number, "AROAOPS:alice", arn, role_session=taken, **role)
    ended = await world.call(world.root, "signin", "RevokeSessions", PrincipalArn=alice.arn)
    assert ended.value("EndedSessions") == "1"
    left = await world.call(world.other_root, "signin", "ListSessions", SessionKind="browser")
    assert left.values("SessionId") == ["00000000-0000-4000-8000-000000000002"]
