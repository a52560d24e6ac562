"""How long a password counts, and what an account may ask of it."""

import pytest

from daypass.protocol.aws.errors import PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.account import LoginProfile
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.password_policy import check_new_password, password_age_state

ACCOUNT = "111122223333"
NOW = 1_900_000_000
DAY = 86_400


@pytest.mark.parametrize(
    "age, hard, state",
    [(89, False, "fresh"), (90, False, "expired"), (90, True, "locked"), (0, True, "fresh")],
)
def test_a_password_grows_old(age: int, hard: bool, state: str) -> None:
    profile = LoginProfile(ACCOUNT, "u", "hash", NOW - age * DAY)
    policy = PasswordPolicy(max_password_age=90, hard_expiry=hard)
    assert password_age_state(policy, profile, now=NOW) == state
    assert password_age_state(None, profile, now=NOW) == "fresh"
    assert password_age_state(PasswordPolicy(), profile, now=NOW) == "fresh"


def test_a_password_changed_lately_is_fresh_however_old_its_profile() -> None:
    profile = LoginProfile(ACCOUNT, "u", "hash", 0, password_changed_at=NOW - DAY)
    assert password_age_state(PasswordPolicy(max_password_age=90), profile, now=NOW) == "fresh"


def test_an_account_asks_for_more_and_never_for_less_than_the_server() -> None:
    lenient = PasswordPolicy(minimum_password_length=6)
    with pytest.raises(PasswordPolicyViolation, match="length of 12"):
        check_new_password(Secret("eleven char"), user_name="ada", policy=lenient)
    check_new_password(Secret("twelve chars"), user_name="ada", policy=lenient)
