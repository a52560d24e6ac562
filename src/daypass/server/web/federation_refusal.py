"""The words of a federated sign-in that did not happen: what it means, and what the person does next.

One sentence per cause. What a stranger wrote is not among the values, only what a provider of ours signed (names of
roles), bounded; the exact reason is in the audit log under the request id the page shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.server.domain.federation_refusal import FederationRefused, RefusalReason

__all__ = ["describe_federation_refusal", "refusal_status"]

_MOST_ROLES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Words:
    """`{provider}` is the provider's label."""

    status: int
    title: str
    lead: str
    advice: str


_AGAIN = "Start again. If you are still signed in at {provider}, it takes one click."
_WORDS: Mapping[RefusalReason, _Words] = {
    "unknown_provider": _Words(
        404,
        "This identity provider is not set up here",
        "It is not one of this sign-in service’s providers, or it was removed.",
        "Choose another way to sign in, or ask the administrator of your account which one to use.",
    ),
    "not_asked": _Words(
        400,
        "No sign-in is waiting for this answer",
        "It was finished before, took longer than ten minutes, or did not begin here.",
        _AGAIN,
    ),
    "not_acceptable": _Words(
        403,
        "The answer of {provider} was not accepted",
        "It was not made for this sign-in service, its signature does not hold, or something in it is not as it must be.",
        "Trying again rarely helps. Show this page to your administrator.",
    ),
    "expired": _Words(
        400,
        "This sign-in took too long",
        "The word of {provider} is good for a few minutes only, and they are over.",
        "Start again. If this happens at once and every time, a clock is wrong, here or at {provider}: tell your administrator.",
    ),
    "rejected": _Words(
        403,
        "The sign-in was cancelled at {provider}",
        "You were not signed in there. Either you cancelled, or you may not use this application.",
        "Start again, or ask whoever manages {provider} for access to this application.",
    ),
    "unreachable": _Words(
        502,
        "{provider} cannot be reached",
        "This sign-in service got no useful answer from it.",
        "Wait a minute and try again. If it lasts, tell your administrator.",
    ),
    "replayed": _Words(
        403,
        "This sign-in was used before",
        "Every answer of {provider} signs in once. Reloading a page, or going back to it, sends the same answer again.",
        "Start again. If you did neither, tell your administrator: somebody may have copied it.",
    ),
    "other_browser": _Words(
        403,
        "This sign-in began in another browser",
        "It can be finished only where it began.",
        "Go back to that browser window, or start again in this one.",
    ),
    "no_role": _Words(
        403,
        "There is no role for you here",
        "{provider} knows you, but no role in the account takes you.",
        "Ask an administrator of the account to name the provider in a role’s trust policy, or whoever manages {provider} to give you one of the account’s roles.",
    ),
    "too_many_roles": _Words(
        400,
        "Too many roles at once",
        "{provider} sent more roles and attributes than fit on one page.",
        "Ask whoever manages {provider} to send fewer: for example one application per account.",
    ),
    "role_changed": _Words(
        403,
        "This role is no longer open to you",
        "It was removed, or its trust policy changed, since the page was made.",
        "Start again to see the roles you have now.",
    ),
    "ticket_used": _Words(
        409,
        "You have chosen already",
        "Each choice counts once. If it was you, you are signed in.",
        "Look at your sessions, or start again to take another role.",
    ),
    "full": _Words(
        409,
        "This browser holds five sessions",
        "That is the most. The new one was not added.",
        "Sign one of them out, then choose the role again.",
    ),
}


def refusal_status(refusal: FederationRefused) -> int:
    """The HTTP status."""
    return _WORDS[refusal.reason].status


def describe_federation_refusal(refusal: FederationRefused, label: str) -> dict[str, object]:
    """Values for `federation_refused.html`."""
    words = _WORDS[refusal.reason]
    provider = label or "the identity provider"
    roles = refusal.role_arns[:_MOST_ROLES_SHOWN]
    title = words.title.format(provider=provider)
    return {
        "title": title[0].upper() + title[1:],
        "lead": words.lead.format(provider=provider),
        "advice": words.advice.format(provider=provider),
        "message": refusal.message if refusal.reason == "not_acceptable" else "",
        "roles": [role[:200] for role in roles],
        "more_roles": len(refusal.role_arns) - len(roles),
    }
