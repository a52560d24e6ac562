"""The policies somebody has, as the admin pages show them: attached, inline with their texts, and the boundary's name."""

import json
from dataclasses import dataclass

from daypass.server.flows.iam.holders import HolderKind
from daypass.server.web.admin_desk import AdminDesk, AdminVisit, Look

__all__ = ["HeldPolicies", "find_held", "pretty"]

_ALL = {"MaxItems": "1000"}


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """Of a user, a group or a role."""

    kind: HolderKind
    field: str
    """The wire's name of who has them."""
    name: str
    attached: Look
    """ARNs."""
    inline: Look
    """(name, text) pairs; a text that may not be read is empty."""


async def find_held(desk: AdminDesk, admin: AdminVisit, kind: HolderKind, name: str) -> HeldPolicies:
    """Read with the API's own operations. Raises StorageError."""
    holder = {f"{kind}Name": name}
    attached = await desk.look(admin, f"ListAttached{kind}Policies", {**holder, **_ALL})
    names = await desk.look(admin, f"List{kind}Policies", {**holder, **_ALL})
    texts: list[tuple[str, str]] = []
    for each in names.value.items if names.value else ():
        found = await desk.look(admin, f"Get{kind}Policy", {**holder, "PolicyName": each})
        texts.append((each, pretty(found.value.policy.document) if found.value else ""))
    return HeldPolicies(kind, f"{kind}Name", name, attached, Look(texts, names.refusal))


def pretty(document: str) -> str:
    """A policy's JSON over lines; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(document), indent=2, ensure_ascii=False)
    except ValueError:
        return document
