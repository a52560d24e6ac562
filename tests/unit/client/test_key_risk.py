"""The verdict on a key: each factor by itself, the levels, and the next command."""

import pytest

from daypass.client.caller_identity import CallerIdentity
from daypass.client.key_account import AccountView, KeyUse, user_of_arn
from daypass.client.key_risk import DAY, Finding, group_by_key, next_command, weigh
from daypass.client.key_scan import Place, Sighting
from daypass.secret import Secret

NOW = 1_767_226_500
KEY = "AKIAY34FZKBOKMUTVV7A"
PLACE = Place("keys_file", "~/.aws/credentials", 2, "dev")
SHELL = Place("shell", "~/.zshrc", 1, None)
ROOT = CallerIdentity("arn:aws:iam::609629065308:root", "609629065308", "609629065308")


def _weighed(*places: Place, view: AccountView | None = None) -> tuple[str, list[tuple[str, int]]]:
    level, reasons = weigh(Finding(KEY, places, None, view), NOW)
    return level, [(reason.code, reason.points) for reason in reasons]


@pytest.mark.parametrize(
    ("places", "view", "verdict"),
    [
        ((PLACE,), None, ("low", [])),
        ((PLACE, SHELL), None, ("low", [("many_places", 1)])),
        ((PLACE, Place("keys_file", PLACE.path, 9, None)), None, ("low", [])),
        (
            tuple(Place("shell", f"~/{n}", 1, None) for n in range(4)),
            None,
            ("medium", [("many_places", 2)]),
        ),
        (
            (Place("shell", "~/.zshrc", 1, None, is_readable_by_others=True),),
            None,
            ("medium", [("readable_by_others", 2)]),
        ),
        (
            (Place("env_file", "~/.env", 1, None, is_tracked_by_git=True),),
            None,
            ("high", [("tracked_by_git", 4)]),
        ),
        ((Place("ci", "~/x.yml", 1, None),), None, ("low", [("workload", 1)])),
        ((PLACE,), AccountView(created_at=NOW - 90 * DAY), ("low", [])),
        ((PLACE,), AccountView(created_at=NOW - 91 * DAY - 1), ("medium", [("old", 2)])),
        ((PLACE,), AccountView(created_at=NOW - 400 * DAY), ("medium", [("old", 3)])),
        (
            (PLACE,),
            AccountView(created_at=NOW - 400 * DAY, use=KeyUse(None)),
            ("high", [("old", 3), ("never_used", 1)]),
        ),
        ((PLACE,), AccountView(use=KeyUse(NOW - 91 * DAY, "s3", "x")), ("low", [("unused", 1)])),
        ((PLACE,), AccountView(use=KeyUse(NOW - DAY, "s3", "x")), ("low", [])),
        ((PLACE,), AccountView(identity=ROOT), ("high", [("root", 4)])),
        ((PLACE,), AccountView(identity=ROOT, status="Inactive"), ("low", [("root", 4), ("inactive", 0)])),
        ((PLACE,), AccountView(status="Refused"), ("low", [("refused", 0)])),
    ],
)
def test_each_factor_has_its_points(
    places: tuple[Place, ...], view: AccountView | None, verdict: tuple[str, list[tuple[str, int]]]
) -> None:
    assert _weighed(*places, view=view) == verdict


@pytest.mark.parametrize(
    ("places", "status", "command"),
    [
        ((PLACE, SHELL), "", "daypass migrate dev"),
        ((Place("config", "c", 1, "my dev"),), "", "daypass migrate 'my dev'"),
        ((SHELL,), "", "daypass login"),
        (
            (Place("environment", "AWS_ACCESS_KEY_ID", None, None),),
            "",
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
        ),
        (
            (Place("ci", "x.yml", 1, None), SHELL),
            "",
            f"aws iam get-access-key-last-used --access-key-id {KEY}",
        ),
        ((SHELL,), "Inactive", f"aws iam delete-access-key --access-key-id {KEY}"),
        (
            (Place("env_file", ".env", 1, None, is_tracked_by_git=True), PLACE),
            "Active",
            f"aws iam update-access-key --access-key-id {KEY} --status Inactive",
        ),
        (
            (Place("env_file", ".env", 1, None, is_tracked_by_git=True),),
            "Inactive",
            f"aws iam delete-access-key --access-key-id {KEY}",
        ),
    ],
)
def test_each_key_has_one_next_command(places: tuple[Place, ...], status: str, command: str) -> None:
    assert next_command(Finding(KEY, places, None, AccountView(status=status))) == command


def test_sightings_of_one_key_are_one_finding_with_the_secret_that_was_seen() -> None:
    secret = Secret("s")
    found = group_by_key(
        [Sighting(KEY, SHELL, None), Sighting("AKIA" + "B" * 16, SHELL, None), Sighting(KEY, PLACE, secret)]
    )
    assert found == [Finding(KEY, (SHELL, PLACE), secret), Finding("AKIA" + "B" * 16, (SHELL,), None)]
    assert (found[0].profiles, found[0].account_id) == (("dev",), "609629065308")


@pytest.mark.parametrize(
    ("arn", "user"),
    [
        ("arn:aws:iam::609629065308:user/alice", "alice"),
        ("arn:aws-cn:iam::609629065308:user/a/b/alice", "alice"),
        ("arn:aws:iam::609629065308:root", None),
        ("arn:aws:sts::609629065308:assumed-role/r/s", None),
        ("", None),
    ],
)
def test_only_a_user_has_a_user_name(arn: str, user: str | None) -> None:
    assert user_of_arn(arn) == user
