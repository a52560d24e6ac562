"""IAM users and login profiles over the wire: shapes, words, refusals."""

import asyncio
import re

import pytest

from daypass.secret import Secret
from support.query_world import ACCOUNT, NOW, QueryWorld, allow, deny

PASSWORD = "correct horse battery"


async def test_a_user_is_created_and_found(world: QueryWorld) -> None:
    created = await world.call(world.root, "iam", "CreateUser", UserName="Alice", Path="/team/a/")
    assert created.text.startswith(
        '<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User>'
    )
    assert created.value("User/Path") == "/team/a/"
    assert created.value("User/UserName") == "Alice"
    assert created.value("User/Arn") == f"arn:aws:iam::{ACCOUNT}:user/team/a/Alice"
    assert created.value("User/CreateDate") == "2030-03-17T17:46:40Z"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", created.value("User/UserId"))
    found = await world.call(world.root, "iam", "GetUser", UserName="aLICE")
    assert found.value("User/UserId") == created.value("User/UserId")


async def test_a_name_is_taken_whatever_its_case(world: QueryWorld) -> None:
    await world.new_user("alice")
    answer = await world.call(world.root, "iam", "CreateUser", UserName="ALICE")
    assert (answer.status, answer.code) == (409, "EntityAlreadyExists")
    assert answer.message == "User with name ALICE already exists."


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "ü", "<a>"])
async def test_a_user_name_outside_the_pattern_is_refused(world: QueryWorld, name: str) -> None:
    answer = await world.call(world.root, "iam", "CreateUser", UserName=name)
    assert (answer.status, answer.code) == (400, "ValidationError")
    if name:
        assert f">{name}<" not in answer.text


@pytest.mark.parametrize("path", ["", "x", "/x", "x/", "/ü/", "/a b/", "/" + "x" * 511 + "/"])
async def test_a_path_outside_the_pattern_is_refused(world: QueryWorld, path: str) -> None:
    answer = await world.call(world.root, "iam", "CreateUser", UserName="alice", Path=path)
    assert answer.code == "ValidationError"


async def test_a_missing_user_name_is_refused(world: QueryWorld) -> None:
    answer = await world.call(world.root, "iam", "CreateUser")
    assert answer.message == (
        "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize("parameter", ["Unheard", "Unheard.member.1.Key", "Path.member.1"])
async def test_parameters_that_are_not_understood_are_refused(world: QueryWorld, parameter: str) -> None:
    answer = await world.call(world.root, "iam", "CreateUser", UserName="alice", **{parameter: "x"})
    assert (answer.code, answer.message) == (
        "ValidationError",
        f"The parameter {parameter.partition('.')[0]} is not supported yet",
    )
    assert (await world.call(world.root, "iam", "GetUser", UserName="alice")).code == "NoSuchEntity"


async def test_without_a_name_the_caller_is_meant(world: QueryWorld) -> None:
    alice = await world.new_user(
        "alice", allow("iam:GetUser", resource="arn:aws:iam::*:user/${aws:username}")
    )
    assert (await world.call(alice, "iam", "GetUser")).value("User/UserName") == "alice"
    root = await world.call(world.root, "iam", "GetUser")
    assert root.value("User/Arn") == f"arn:aws:iam::{ACCOUNT}:root"
    assert root.value("User/UserId") == ACCOUNT
    assert root.value("User/UserName") == "example"
    other = await world.call(world.other_root, "iam", "GetUser")
    assert other.value("User/UserName") == "444455556666"


async def test_an_account_sees_its_own_users_only(world: QueryWorld) -> None:
    await world.new_user("alice")
    assert (await world.call(world.other_root, "iam", "GetUser", UserName="alice")).code == "NoSuchEntity"
    assert (await world.call(world.other_root, "iam", "ListUsers")).values("UserName") == []


async def test_users_are_listed_in_pages(world: QueryWorld) -> None:
    for name in ("delta", "Alpha", "charlie", "bravo"):
        await world.new_user(name, path="/x/")
    await world.new_user("echo")
    seen: list[str] = []
    more = {"PathPrefix": "/x", "MaxItems": "3"}
    page = await world.call(world.root, "iam", "ListUsers", **more)
    assert page.value("IsTruncated") == "true"
    seen += page.values("UserName")
    marker = page.value("Marker")
    assert "charlie" not in marker
    page = await world.call(world.root, "iam", "ListUsers", **more, Marker=marker)
    assert page.value("IsTruncated") == "false"
    assert not page.has("Marker")
    assert seen + page.values("UserName") == ["Alpha", "bravo", "charlie", "delta"]


async def test_a_marker_of_another_listing_is_refused(world: QueryWorld) -> None:
    for name in ("alice", "bob"):
        await world.new_user(name)
    marker = (await world.call(world.root, "iam", "ListUsers", MaxItems="1")).value("Marker")
    for who, more in (
        (world.other_root, {"Marker": marker}),
        (world.root, {"Marker": marker, "PathPrefix": "/x/"}),
        (world.root, {"Marker": marker[:-1]}),
        (world.root, {"Marker": "x"}),
    ):
        assert (await world.call(who, "iam", "ListUsers", **more)).message == "Invalid Marker."
    assert (await world.call(world.root, "iam", "ListRoles", Marker=marker)).code == "ValidationError"


@pytest.mark.parametrize("size", ["0", "1001", "x", "-1"])
async def test_a_page_size_out_of_range_is_refused(world: QueryWorld, size: str) -> None:
    assert (await world.call(world.root, "iam", "ListUsers", MaxItems=size)).code == "ValidationError"


async def test_a_user_is_deleted_when_nothing_hangs_on_it(world: QueryWorld) -> None:
    await world.new_user("alice", "arn:aws:iam::aws:policy/ReadOnlyAccess")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    first = await world.call(world.root, "iam", "DeleteUser", UserName="alice")
    assert (first.status, first.code) == (409, "DeleteConflict")
    assert first.message == "Cannot delete entity, must delete login profile first."
    await world.call(world.root, "iam", "DeleteLoginProfile", UserName="alice")
    second = await world.call(world.root, "iam", "DeleteUser", UserName="alice")
    assert second.message == "Cannot delete entity, must detach all policies first."
    await world.call(
        world.root,
        "iam",
        "DetachUserPolicy",
        UserName="alice",
        PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    gone = await world.call(world.root, "iam", "DeleteUser", UserName="alice")
    assert gone.status == 200
    assert not gone.has("DeleteUserResult")
    missing = await world.call(world.root, "iam", "DeleteUser", UserName="alice")
    assert (missing.status, missing.code) == (404, "NoSuchEntity")
    assert missing.message == "The user with name alice cannot be found."


async def test_denials_name_action_resource_and_kind(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await world.new_user("bob", path="/team/")
    me = f"arn:aws:iam::{ACCOUNT}:user/alice"
    answer = await world.call(alice, "iam", "DeleteUser", UserName="bob")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.message == (
        f"User: {me} is not authorized to perform: iam:DeleteUser on resource: arn:aws:iam::{ACCOUNT}:user/team/bob "
        "because no identity-based policy allows the iam:DeleteUser action"
    )
    carol = await world.new_user("carol", allow("iam:*"), deny("iam:DeleteUser"))
    answer = await world.call(carol, "iam", "DeleteUser", UserName="nobody")
    assert answer.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/carol is not authorized to perform: iam:DeleteUser on resource: "
        f"arn:aws:iam::{ACCOUNT}:user/nobody with an explicit deny in an identity-based policy"
    )


async def test_permission_ends_at_the_resource(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("iam:*", resource=f"arn:aws:iam::{ACCOUNT}:user/team/*"))
    assert (await world.call(alice, "iam", "CreateUser", UserName="bob", Path="/team/")).status == 200
    assert (await world.call(alice, "iam", "CreateUser", UserName="team", Path="/")).code == "AccessDenied"
    assert (await world.call(alice, "iam", "DeleteUser", UserName="bob")).status == 200


async def test_a_login_profile_is_created_changed_and_removed(world: QueryWorld) -> None:
    await world.new_user("alice")
    created = await world.call(
        world.root,
        "iam",
        "CreateLoginProfile",
        UserName="alice",
        Password=PASSWORD,
        PasswordResetRequired="true",
    )
    assert created.value("LoginProfile/UserName") == "alice"
    assert created.value("LoginProfile/PasswordResetRequired") == "true"
    assert PASSWORD not in created.text
    again = await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    assert (again.status, again.code) == (409, "EntityAlreadyExists")
    await world.call(world.root, "iam", "UpdateLoginProfile", UserName="alice", PasswordResetRequired="false")
    got = await world.call(world.root, "iam", "GetLoginProfile", UserName="alice")
    assert got.value("PasswordResetRequired") == "false"
    await world.call(world.root, "iam", "DeleteLoginProfile", UserName="alice")
    gone = await world.call(world.root, "iam", "GetLoginProfile", UserName="alice")
    assert (gone.code, gone.message) == ("NoSuchEntity", "Login Profile for User alice cannot be found.")
    changed = await world.call(world.root, "iam", "UpdateLoginProfile", UserName="alice", Password=PASSWORD)
    assert changed.code == "NoSuchEntity"


@pytest.mark.parametrize(
    "password, code",
    [
        ("x" * 11, "PasswordPolicyViolation"),
        ("x" * 129, "ValidationError"),
        ("", "ValidationError"),
        ("\u20ac" * 12, "ValidationError"),
        ("long-user-name", "PasswordPolicyViolation"),
    ],
)
async def test_a_weak_or_impossible_password_is_refused(world: QueryWorld, password: str, code: str) -> None:
    await world.new_user("Long-User-Name")
    for action in ("CreateLoginProfile", "UpdateLoginProfile"):
        answer = await world.call(world.root, "iam", action, UserName="Long-User-Name", Password=password)
        assert answer.code == code


async def test_a_changed_password_raises_the_epoch_and_leaves_live_credentials(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    before = await world.storage.users.load_user(ACCOUNT, "alice")
    await world.call(world.root, "iam", "UpdateLoginProfile", UserName="alice", PasswordResetRequired="true")
    same = await world.storage.users.load_user(ACCOUNT, "alice")
    await world.call(world.root, "iam", "UpdateLoginProfile", UserName="alice", Password=PASSWORD + "!")
    after = await world.storage.users.load_user(ACCOUNT, "alice")
    assert before is not None
    assert same is not None
    assert after is not None
    assert (same.credentials_epoch, after.credentials_epoch) == (
        before.credentials_epoch,
        before.credentials_epoch + 1,
    )
    assert (await world.call(alice, "sts", "GetCallerIdentity")).status == 200


async def test_a_user_changes_the_own_password_with_the_old_one(world: QueryWorld) -> None:
    alice = await world.new_user("alice", "arn:aws:iam::aws:policy/IAMUserChangePassword")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    wrong = await world.call(
        alice, "iam", "ChangePassword", OldPassword="wrong", NewPassword="another good one"
    )
    assert (wrong.code, wrong.message) == ("AccessDenied", "The old password was incorrect.")
    weak = await world.call(alice, "iam", "ChangePassword", OldPassword=PASSWORD, NewPassword="short")
    assert weak.code == "PasswordPolicyViolation"
    done = await world.call(
        alice, "iam", "ChangePassword", OldPassword=PASSWORD, NewPassword="another good one"
    )
    assert done.status == 200
    user = await world.storage.users.load_user(ACCOUNT, "alice")
    assert user is not None
    profile = await world.storage.users.load_login_profile(ACCOUNT, user.user_id)
    assert profile is not None
    assert not await world.hasher.verify(profile.password_hash, Secret("another good one"))
    assert (await world.call(world.root, "iam", "ChangePassword", OldPassword="x", NewPassword="y")).code == (
        "InvalidUserType"
    )


async def test_changing_the_password_needs_permission(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    answer = await world.call(
        alice, "iam", "ChangePassword", OldPassword=PASSWORD, NewPassword="another good one"
    )
    assert answer.code == "AccessDenied"
    assert "iam:ChangePassword" in answer.message


async def test_stolen_credentials_are_no_way_to_guess_a_password(world: QueryWorld) -> None:
    alice = await world.new_user("alice", "arn:aws:iam::aws:policy/IAMUserChangePassword")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    guess = {"OldPassword": "guess", "NewPassword": "another good one"}
    for _ in range(5):
        assert (await world.call(alice, "iam", "ChangePassword", **guess)).code == "AccessDenied"
    right = guess | {"OldPassword": PASSWORD}
    assert (await world.call(alice, "iam", "ChangePassword", **right)).code == "Throttling"


async def test_guesses_made_at_the_same_time_are_counted_like_others(
    world: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = world.hasher.verify

    async def verify_off_the_loop(password_hash: str, password: Secret) -> bool:
        await asyncio.sleep(0)  # as Argon2 does: every guess has arrived before the first is judged
        return bool(await verify(password_hash, password))

    monkeypatch.setattr(world.hasher, "verify", verify_off_the_loop)
    alice = await world.new_user("alice", "arn:aws:iam::aws:policy/IAMUserChangePassword")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password=PASSWORD)
    answers = await asyncio.gather(
        *(
            world.call(
                alice, "iam", "ChangePassword", OldPassword=f"guess {number}", NewPassword="another good one"
            )
            for number in range(30)
        )
    )
    assert sorted(answer.code for answer in answers) == ["AccessDenied"] * 5 + ["Throttling"] * 25


async def test_every_change_and_every_denial_is_audited_and_reads_are_not(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    await world.call(world.root, "iam", "CreateLoginProfile", UserName="alice", Password="a secret password")
    await world.call(world.root, "iam", "ListUsers")
    await world.call(alice, "iam", "ListUsers", PathPrefix="/x")
    events = await world.storage.audit.list_events(account_id=ACCOUNT, since=NOW, limit=10)
    asked = [
        {name: value for name, value in event.detail.items() if not name.startswith("caller_")}
        for event in events
    ]
    assert [
        (event.event_name, event.error_code, detail) for event, detail in zip(events, asked, strict=True)
    ] == [
        ("ListUsers", "AccessDenied", {"pathPrefix": "/x"}),
        ("CreateLoginProfile", "", {"userName": "alice"}),
        ("CreateUser", "", {"path": "/", "userName": "alice"}),
    ]
    assert {event.event_source for event in events} == {"iam.amazonaws.com"}
    assert events[0].principal_arn == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert events[1].principal_arn == f"arn:aws:iam::{ACCOUNT}:root"
