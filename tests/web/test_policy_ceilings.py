"""Boundaries, session policies and service control policies at STS and IAM: each refuses, and says that it was it."""

from daypass.protocol.aws.sigv4 import Credentials
from daypass.server.domain.account_settings import ServiceControlPolicy
from support.query_world import ACCOUNT, NOW, Answer, QueryWorld, allow, deny, policy_text, trust
from support.sts_credentials import session_of

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


async def _bound(world: QueryWorld, *statements: dict[str, object], user: str = "", role: str = "") -> str:
    arn = await world.new_policy("bound", *statements)
    if user:
        await world.storage.users.update_user(ACCOUNT, user, permissions_boundary=arn)
    if role:
        await world.storage.roles.update_role(ACCOUNT, role, permissions_boundary=arn)
    world.now += 1  # a snapshot is at most a second old
    return arn


async def _ceiling(world: QueryWorld, *statements: dict[str, object]) -> None:
    document = policy_text(*statements)
    await world.storage.account_settings.put_service_control_policy(
        ServiceControlPolicy(ACCOUNT, "ceiling", document, NOW)
    )
    world.now += 1


async def _assume(world: QueryWorld, who: Credentials, role: str, **more: str) -> Answer:
    return await world.call(who, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work", **more)


async def test_what_the_boundary_does_not_allow_no_policy_gives(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:*"))
    await _bound(world, allow("iam:ListUsers"), user="alice")
    assert (await world.call(alice, "iam", "ListUsers")).status == 200
    refused = await world.call(alice, "iam", "ListRoles")
    assert refused.message.endswith("because no permissions boundary allows the iam:ListRoles action")


async def test_a_boundary_gives_nothing_and_its_deny_counts(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:List*"))
    await _bound(world, allow("*"), deny("iam:ListRoles"), user="alice")
    refused = await world.call(alice, "iam", "GetUser", UserName="alice")
    assert refused.message.endswith("because no identity-based policy allows the iam:GetUser action")
    refused = await world.call(alice, "iam", "ListRoles")
    assert refused.message.endswith("with an explicit deny in a permissions boundary")


async def test_a_service_control_policy_binds_everybody_root_included(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:*"))
    await _ceiling(world, allow("iam:Get*"), deny("iam:GetRole"))
    for who in (alice, world.root):
        refused = await world.call(who, "iam", "ListUsers")
        assert refused.message.endswith("because no service control policy allows the iam:ListUsers action")
        refused = await world.call(who, "iam", "GetRole", RoleName="any")
        assert refused.message.endswith("with an explicit deny in a service control policy")
        assert (await world.call(who, "iam", "GetUser", UserName="alice")).status == 200
    assert (await world.call(world.other_root, "iam", "ListUsers")).status == 200


async def test_nobody_can_be_denied_to_ask_who_they_are(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await _ceiling(world, deny("*"))
    for who in (alice, world.root):
        assert (await world.call(who, "sts", "GetCallerIdentity")).status == 200


async def test_session_policies_bind_the_session_and_are_named(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:*"))
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    own = await world.new_policy("all", allow("iam:*"))
    await world.call(world.root, "iam", "AttachRolePolicy", RoleName="reader", PolicyArn=own)
    narrow = policy_text(allow("iam:ListUsers"))
    session = session_of(await _assume(world, alice, role, Policy=narrow))
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    refused = await world.call(session, "iam", "ListRoles")
    assert refused.message.endswith("because no session policy allows the iam:ListRoles action")


async def test_the_boundary_of_the_caller_limits_which_roles_it_assumes(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("sts:*"))
    named = await world.new_role("named", trust({"AWS": ALICE}))
    trusted = await world.new_role("trusted", trust({"AWS": ACCOUNT}))
    await _bound(world, allow("sts:AssumeRole", resource=named), user="alice")
    assert (await _assume(world, alice, named)).status == 200
    assert (await _assume(world, alice, trusted)).code == "AccessDenied"


async def test_a_trust_policy_that_names_the_caller_lifts_no_ceiling(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    assert (await _assume(world, alice, role)).status == 200
    await _bound(world, allow("s3:*"), user="alice")
    assert (await _assume(world, alice, role)).code == "AccessDenied"
    await world.storage.users.update_user(ACCOUNT, "alice", permissions_boundary="")
    await _ceiling(world, allow("s3:*"))
    assert (await _assume(world, alice, role)).code == "AccessDenied"


async def test_a_narrowed_session_assumes_no_role_that_its_policies_leave_out(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    first = await world.new_role("first", trust({"AWS": ALICE}))
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/work"
    second = await world.new_role("second", trust({"AWS": session_arn}))
    free = session_of(await _assume(world, alice, first))
    assert (await _assume(world, free, second)).status == 200
    narrowed = session_of(await _assume(world, alice, first, Policy=policy_text(allow("s3:*"))))
    assert (await _assume(world, narrowed, second)).code == "AccessDenied"


async def test_a_boundary_of_the_assumed_role_binds_its_sessions(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    own = await world.new_policy("all", allow("iam:*"))
    await world.call(world.root, "iam", "AttachRolePolicy", RoleName="reader", PolicyArn=own)
    await _bound(world, allow("iam:ListUsers"), role="reader")
    session = session_of(await _assume(world, alice, role))
    assert (await world.call(session, "iam", "ListUsers")).status == 200
    assert "permissions boundary" in (await world.call(session, "iam", "ListRoles")).message
