"""Passwords that grow old, and the setting that lets everybody change the own one, with a clock that can be moved."""

import pytest

from support.query_world import ACCOUNT, QueryWorld

FIRST, SECOND = "First-Password-1", "Second-Password-2"
DAY = 86_400


async def _with_password(world: QueryWorld, **policy: str) -> None:
    await world.new_user("ada")
    asked = {"AllowUsersToChangePassword": "true", **policy}
    set_policy = await world.call(world.root, "iam", "UpdateAccountPasswordPolicy", **asked)
    assert set_policy.status == 200, set_policy.text
    made = await world.call(world.root, "iam", "CreateLoginProfile", UserName="ada", Password=FIRST)
    assert made.status == 200, made.text


async def _change(world: QueryWorld, old: str, new: str) -> str:
    user = await world.storage.users.load_user(ACCOUNT, "ada")
    assert user is not None
    ada = world.credentials(ACCOUNT, "user", user.arn, user.user_id)
    answer = await world.call(ada, "iam", "ChangePassword", OldPassword=old, NewPassword=new)
    return answer.message if answer.code else ""


async def test_an_expired_password_is_changed_by_its_owner(world: QueryWorld) -> None:
    await _with_password(world, MaxPasswordAge="1")
    world.now += 2 * DAY
    assert await _change(world, FIRST, SECOND) == ""


async def test_one_that_expires_hard_is_set_anew_by_an_administrator_only(world: QueryWorld) -> None:
    await _with_password(world, MaxPasswordAge="1", HardExpiry="true")
    world.now += 2 * DAY
    assert "expired" in await _change(world, FIRST, SECOND)
    await world.call(world.root, "iam", "UpdateLoginProfile", UserName="ada", Password=SECOND)
    assert await _change(world, SECOND, "Third-Password-3") == ""


async def test_without_the_setting_a_permission_is_needed(world: QueryWorld) -> None:
    await _with_password(world, AllowUsersToChangePassword="false")
    assert "not authorized to perform: iam:ChangePassword" in await _change(world, FIRST, SECOND)


@pytest.mark.parametrize("kept, is_refused", [("1", False), ("2", True)])
async def test_so_many_old_passwords_may_not_come_back(
    world: QueryWorld, kept: str, is_refused: bool
) -> None:
    await _with_password(world, PasswordReusePrevention=kept)
    assert "used before" in await _change(world, FIRST, FIRST)
    assert await _change(world, FIRST, SECOND) == ""
    assert ("used before" in await _change(world, SECOND, FIRST)) is is_refused


async def test_setting_a_policy_replaces_it_whole(world: QueryWorld) -> None:
    await world.call(
        world.root, "iam", "UpdateAccountPasswordPolicy", RequireSymbols="true", MaxPasswordAge="9"
    )
    await world.call(world.root, "iam", "UpdateAccountPasswordPolicy", RequireNumbers="true")
    policy = await world.call(world.root, "iam", "GetAccountPasswordPolicy")
    assert (policy.value("RequireSymbols"), policy.value("RequireNumbers")) == ("false", "true")
    assert policy.value("MinimumPasswordLength") == "6"
    assert not policy.has("MaxPasswordAge")
