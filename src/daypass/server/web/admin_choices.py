"""What an administrator may choose from while typing: names and ARNs, as far as the listing is theirs to see.

A help, not a gate: who may not list types the name, and nothing is refused or recorded because of it.
"""

from collections.abc import Mapping, Sequence

from daypass.server.web.admin_buttons import Button
from daypass.server.web.admin_desk import AdminDesk, AdminVisit

__all__ = ["find_choices"]

_MOST = {"MaxItems": "200"}


async def find_choices(desk: AdminDesk, admin: AdminVisit, button: Button) -> Mapping[str, Sequence[str]]:
    """By field. Raises StorageError."""
    names = {field.name for field in button.fields if field.kind == "text"}
    choices: dict[str, Sequence[str]] = {}
    if names & {"PolicyArn", "PermissionsBoundary"} and admin.call.decide("iam:ListPolicies", "*").is_allowed:
        found = await desk.ask(admin, "ListPolicies", _MOST)
        arns = [counted.policy.arn for counted in found.items]
        choices |= dict.fromkeys(names & {"PolicyArn", "PermissionsBoundary"}, arns)
    groups = f"arn:aws:iam::{admin.call.account_id}:group/"
    is_joining = "GroupName" in names and button.key != "CreateGroup"
    if is_joining and admin.call.decide("iam:ListGroups", groups).is_allowed:
        found = await desk.ask(admin, "ListGroups", _MOST)
        choices["GroupName"] = [group.group_name for group in found.items]
    return choices
