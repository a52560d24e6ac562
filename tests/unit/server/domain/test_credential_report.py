"""The credential report, line by line."""

import csv
import io

from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Account, LoginProfile, User
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.credential_report import ReportedUser, write_report

ACCOUNT = "111122223333"
NOW = 1_900_000_000
DAY = 86_400


def _user(name: str = "ada", **more: int) -> User:
    return User(ACCOUNT, "AIDA" + "A" * 17, name, "/", NOW - 100 * DAY, **more)


def _report(*users: ReportedUser, policy: PasswordPolicy | None = None) -> list[dict[str, str]]:
    account = Account(ACCOUNT, None, "root@example.com", "", 0, NOW - 200 * DAY)
    text = write_report(account, users, root_has_device=True, policy=policy).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_report_tells_what_everybody_can_sign_in_with() -> None:
    key = AccessKey(
        "AKIA" + "A" * 16, ACCOUNT, "u", "sealed", "Inactive", NOW - 5 * DAY, NOW, "s3", "eu-west-1"
    )
    profile = LoginProfile(ACCOUNT, "u", "hash", NOW - 9 * DAY, password_changed_at=NOW - 2 * DAY)
    policy = PasswordPolicy(max_password_age=90)
    root, ada = _report(
        ReportedUser(_user(password_last_used=NOW - DAY), profile, True, [key]), policy=policy
    )
    assert (root["user"], root["mfa_active"]) == ("<root_account>", "true")
    assert root["password_enabled"] == "not_supported"
    assert ada["password_last_changed"] == "2030-03-15T17:46:40+00:00"
    assert ada["password_next_rotation"] == "2030-06-13T17:46:40+00:00"
    assert ada["password_last_used"] == "2030-03-16T17:46:40+00:00"
    assert (ada["access_key_1_active"], ada["access_key_1_last_used_region"]) == ("false", "eu-west-1")
    assert (ada["access_key_2_active"], ada["access_key_2_last_rotated"]) == ("false", "N/A")
    assert "sealed" not in str(ada)
    assert "hash" not in str(ada)


def test_a_name_that_a_spreadsheet_would_run_is_only_shown() -> None:
    assert _report(ReportedUser(_user("=1+1"), None, False, []))[1]["user"] == "'=1+1"
