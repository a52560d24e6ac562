"""The credential report: one line of CSV per user with what it can sign in with (IAM user guide, "Generate credential
reports for your AWS account", which lists the columns).
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from daypass.server.domain.access_key import AccessKey
from daypass.server.domain.account import Account, LoginProfile, User
from daypass.server.domain.account_settings import PasswordPolicy

__all__ = ["ReportedUser", "write_report"]

_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NO_CERTIFICATES = ("false", "N/A", "false", "N/A")
_NO_KEY = ("false", "N/A", "N/A", "N/A", "N/A")
_DAY = 86_400
_RISKY_BEGINNINGS = ("=", "+", "-", "@")
"""What a spreadsheet would take for a formula; a user name may begin so."""


@dataclass(frozen=True, slots=True)
class ReportedUser:
    """A user and what it can sign in with."""

    user: User
    profile: LoginProfile | None
    has_device: bool
    access_keys: Sequence[AccessKey]


def write_report(
    account: Account,
    users: Sequence[ReportedUser],
    *,
    root_has_device: bool,
    policy: PasswordPolicy | None,
) -> bytes:
    """The report: root first, then the users in the order given."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerow(
        (
            "<root_account>",
            f"arn:aws:iam::{account.account_id}:root",
            _time(account.created_at),
            "not_supported",
            "no_information",
            "not_supported",
            "not_supported",
            _word(root_has_device),
            *_NO_KEY,
            *_NO_KEY,
            *_NO_CERTIFICATES,
        )
    )
    for reported in users:
        writer.writerow(_row(reported, policy))
    return text.getvalue().encode()


def _row(reported: ReportedUser, policy: PasswordPolicy | None) -> tuple[str, ...]:
    user, keys = reported.user, list(reported.access_keys)
    name = f"'{user.user_name}" if user.user_name.startswith(_RISKY_BEGINNINGS) else user.user_name
    first, second = (_key(keys[place]) if place < len(keys) else _NO_KEY for place in (0, 1))
    return (
        name,
        user.arn,
        _time(user.created_at),
        _word(reported.profile is not None),
        *_password(user, reported.profile, policy),
        _word(reported.has_device),
        *first,
        *second,
        *_NO_CERTIFICATES,
    )


def _password(
    user: User, profile: LoginProfile | None, policy: PasswordPolicy | None
) -> tuple[str, str, str]:
    """Last used, last changed, to be changed."""
    if profile is None:
        return "N/A", "N/A", "N/A"
    changed_at = profile.password_changed_at or profile.created_at
    used = _time(user.password_last_used) if user.password_last_used else "no_information"
    if policy is None or not policy.max_password_age:
        return used, _time(changed_at), "N/A"
    return used, _time(changed_at), _time(changed_at + policy.max_password_age * _DAY)


def _key(key: AccessKey) -> tuple[str, ...]:
    return (
        _word(key.status == "Active"),
        _time(key.created_at),
        _time(key.last_used_at) if key.last_used_at else "N/A",
        key.last_used_region or "N/A",
        key.last_used_service or "N/A",
    )


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _word(is_so: bool) -> str:
    return "true" if is_so else "false"
