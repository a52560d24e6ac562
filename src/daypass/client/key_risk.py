"""Sightings become findings, one per key, each weighed with its reasons and one command to type next.

Pure. Points are few and plain, so that a person can follow the verdict: the factors are age (CIS's 90 days), last use,
number of places, who can read them, and whether git has them. Four points are high, two medium.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from daypass.client.key_account import AccountView
from daypass.client.key_places import KIND_NAMES, WORKLOAD_KINDS
from daypass.client.key_scan import Place, Sighting
from daypass.client.key_text import masked
from daypass.protocol.aws.access_key import account_of_key
from daypass.secret import Secret

__all__ = ["Finding", "Reason", "group_by_key", "next_command", "weigh"]

DAY = 86_400
"""Seconds."""
OLD_AFTER = 90 * DAY
"""CIS AWS Foundations Benchmark: keys are replaced, and unused ones switched off, after 90 days or sooner."""
_HIGH, _MEDIUM = 4, 2


@dataclass(frozen=True, slots=True)
class Reason:
    """One factor of the verdict."""

    code: str
    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One key and everything found about it."""

    access_key_id: str
    places: tuple[Place, ...]
    secret_access_key: Secret | None
    view: AccountView | None = None
    """None when the account was not asked."""

    @property
    def account_id(self) -> str | None:
        """From the account's own answer, else from the key id."""
        if self.view is not None and self.view.identity is not None:
            return self.view.identity.account_id
        return account_of_key(self.access_key_id)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The AWS profiles this is the key of."""
        return tuple(dict.fromkeys(place.profile for place in self.places if place.profile is not None))


def group_by_key(sightings: Iterable[Sighting]) -> list[Finding]:
    """One finding per key, in order of first sight; the first secret seen stands for all."""
    grouped: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        grouped.setdefault(sighting.access_key_id, []).append(sighting)
    return [
        Finding(
            access_key_id,
            tuple(dict.fromkeys(each.place for each in group)),
            next((each.secret_access_key for each in group if each.secret_access_key), None),
        )
        for access_key_id, group in grouped.items()
    ]


def weigh(finding: Finding, now: int) -> tuple[str, list[Reason]]:
    """`low`, `medium` or `high`, and why, heaviest first."""
    view = finding.view
    reasons = [*_reasons_of_places(finding.places), *(_reasons_of_account(view, now) if view else ())]
    reasons.sort(key=lambda reason: -reason.points)
    if view is not None and view.status in ("Inactive", "Refused"):
        return "low", reasons
    points = sum(reason.points for reason in reasons)
    return ("high" if points >= _HIGH else "medium" if points >= _MEDIUM else "low"), reasons


def _reasons_of_places(places: tuple[Place, ...]) -> Iterable[Reason]:
    tracked = [place.path for place in places if place.is_tracked_by_git]
    if tracked:
        yield Reason("tracked_by_git", f"git has it: {tracked[0]}", 4)
    readable = [place.path for place in places if place.is_readable_by_others]
    if readable:
        yield Reason("readable_by_others", f"other users of this machine can read {readable[0]}", 2)
    workload = next((place for place in places if place.kind in WORKLOAD_KINDS), None)
    if workload is not None:
        yield Reason("workload", f"a program without a person may use it: {KIND_NAMES[workload.kind]}", 1)
    files = {place.path for place in places}
    if len(files) > 1:
        yield Reason("many_places", f"it lies in {len(files)} places", 1 if len(files) < 4 else 2)


def _reasons_of_account(view: AccountView, now: int) -> Iterable[Reason]:
    if view.status == "Refused":
        yield Reason("refused", "the account does not accept it any more", 0)
    elif view.status == "Inactive":
        yield Reason("inactive", "it is switched off", 0)
    if view.is_root:
        yield Reason("root", "it is a key of the root user", 4)
    if view.created_at is not None and now - view.created_at > OLD_AFTER:
        days = (now - view.created_at) // DAY
        yield Reason("old", f"it is {days} days old", 2 if days <= 365 else 3)
    if view.use is None:
        return
    if view.use.used_at is None:
        yield Reason("never_used", "it was never used", 1)
    elif now - view.use.used_at > OLD_AFTER:
        yield Reason("unused", f"it was last used {(now - view.use.used_at) // DAY} days ago", 1)


def next_command(finding: Finding) -> str:
    """The one thing to do next about this key."""
    status = finding.view.status if finding.view is not None else ""
    key = f"--access-key-id {finding.access_key_id}"
    if any(place.is_tracked_by_git for place in finding.places) and status not in ("Inactive", "Refused"):
        return f"aws iam update-access-key {key} --status Inactive"
    if finding.profiles:
        return f"daypass migrate {masked(shlex.quote(finding.profiles[0]))}"
    if any(place.kind in WORKLOAD_KINDS for place in finding.places):
        return f"aws iam get-access-key-last-used {key}"
    if all(place.kind == "environment" for place in finding.places):
        return "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
    if status == "Inactive":
        return f"aws iam delete-access-key {key}"
    return "daypass login"
