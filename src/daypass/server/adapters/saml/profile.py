"""The Web Browser SSO profile's rules for a response whose words are proven, one check per function (Profiles §4.1.4.2–3).

Nothing here looks at signatures, and nothing here is reached before they hold. Times are compared with one tolerance
(times.py); `check_…` raises InvalidIdentityToken, or ExpiredIdentityToken where only time makes the difference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daypass.errors import DaypassError
from daypass.server.adapters.saml.names import BEARER, ENTITY_FORMAT, saml
from daypass.server.adapters.saml.refusals import Unreadable, expired, refused
from daypass.server.adapters.saml.times import CLOCK_SKEW, USE_WITHIN, parse_instant
from daypass.server.adapters.saml.xml_source import Element, text_of

__all__ = [
    "Confirmation",
    "check_audience",
    "check_authentication",
    "check_bearer",
    "check_conditions",
    "check_destination",
    "check_issue_instant",
    "check_issuer",
    "instant",
    "value",
]

_UNDERSTOOD = frozenset(saml(name) for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The bearer confirmation that holds."""

    recipient: str
    in_response_to: str
    ends_at: int


def check_destination(message: Element, recipients: frozenset[str], *, is_signed: bool) -> None:
    """A signed message must say where it goes, and any message that says so must be there (Bindings §3.5.5.2)."""
    destination = message.get("Destination", "")
    if not destination and is_signed:
        raise refused("the signed message has no Destination")
    if destination and destination not in recipients:
        raise refused("the message's Destination is another place")


def check_issuer(message: Element, entity_id: str, *, is_required: bool) -> None:
    """The issuer is the provider whose metadata we hold; its Format, if given, is an entity's (Core §2.2.5)."""
    issuers = message.findall(saml("Issuer"))
    if not issuers and not is_required:
        return
    if len(issuers) != 1 or value(issuers[0]) != entity_id:
        raise refused("the issuer is not the provider")
    if issuers[0].get("Format", ENTITY_FORMAT) != ENTITY_FORMAT:
        raise refused("the issuer is not named as an entity")


def check_issue_instant(assertion: Element, *, now: int) -> int:
    """The assertion was made within the last minutes. Returns the moment after which that is no longer so."""
    issued_at = instant(assertion, "IssueInstant")
    if issued_at is None:
        raise refused("the assertion has no IssueInstant")
    if issued_at > now + CLOCK_SKEW:
        raise refused("the assertion was issued in the future")
    return _check_end(issued_at + USE_WITHIN, now, "the assertion was issued too long ago")


def check_bearer(
    assertion: Element, recipients: frozenset[str], *, in_response_to: str, now: int
) -> Confirmation:
    """At least one bearer confirmation holds: right place, in time, for the request the response answers."""
    refusal: DaypassError = refused("the assertion has no bearer confirmation")
    path = f"{saml('Subject')}/{saml('SubjectConfirmation')}"
    for confirmation in assertion.findall(path):
        if confirmation.get("Method") == BEARER:
            try:
                return _check_confirmation(confirmation, recipients, in_response_to=in_response_to, now=now)
            except DaypassError as reason:
                refusal = reason
    raise refusal


def _check_confirmation(
    confirmation: Element, recipients: frozenset[str], *, in_response_to: str, now: int
) -> Confirmation:
    details = confirmation.findall(saml("SubjectConfirmationData"))
    if len(details) != 1:
        raise refused("the bearer confirmation has no data")
    recipient = details[0].get("Recipient", "")
    if recipient not in recipients:
        raise refused("the Recipient is missing or another place")
    if details[0].get("InResponseTo", "") != in_response_to:
        raise refused("response and confirmation answer different requests")
    if details[0].get("NotBefore") is not None:
        raise refused("the bearer confirmation has a NotBefore")
    ends_at = instant(details[0], "NotOnOrAfter")
    if ends_at is None:
        raise refused("the bearer confirmation has no end")
    return Confirmation(
        recipient, in_response_to, _check_end(ends_at, now, "the bearer confirmation has expired")
    )


def check_conditions(assertion: Element, *, now: int) -> int | None:
    """The one Conditions element is in force, and every condition is understood (Core §2.5.1). Returns its end."""
    found = assertion.findall(saml("Conditions"))
    if len(found) != 1:
        raise refused("the assertion does not have exactly one Conditions")
    if any(condition.tag not in _UNDERSTOOD for condition in found[0]):
        raise refused("the assertion has a condition that is not understood")
    begins_at, ends_at = instant(found[0], "NotBefore"), instant(found[0], "NotOnOrAfter")
    if begins_at is not None and now < begins_at - CLOCK_SKEW:
        raise refused("the assertion is not valid yet")
    return None if ends_at is None else _check_end(ends_at, now, "the assertion has expired")


def check_audience(assertion: Element, audiences: frozenset[str]) -> None:
    """There is a restriction, and each one names us (Core §2.5.1.4: several restrictions must all hold)."""
    restrictions = assertion.findall(f"{saml('Conditions')}/{saml('AudienceRestriction')}")
    if not restrictions:
        raise refused("the assertion is for any audience")
    for restriction in restrictions:
        if audiences.isdisjoint(value(item) for item in restriction.findall(saml("Audience"))):
            raise refused("the assertion is for another audience")


def check_authentication(assertion: Element, *, now: int) -> tuple[str, int | None]:
    """Somebody was authenticated. Returns SessionIndex and the earliest SessionNotOnOrAfter."""
    statements = assertion.findall(saml("AuthnStatement"))
    if not statements:
        raise refused("the assertion states no authentication")
    ends = [end for end in (instant(item, "SessionNotOnOrAfter") for item in statements) if end is not None]
    if ends and min(ends) <= now:
        raise expired("the provider's session has ended")
    return next(_present(item.get("SessionIndex") for item in statements), ""), min(ends, default=None)


def instant(element: Element, name: str) -> int | None:
    """An attribute's instant in epoch seconds, None when there is no such attribute."""
    text = element.get(name)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except Unreadable as unreadable:
        raise refused(f"{name}: {unreadable}") from None


def value(element: Element) -> str:
    """An element's text, which must be all there is in it."""
    try:
        return text_of(element)
    except Unreadable as unreadable:
        raise refused(str(unreadable)) from None


def _check_end(ends_at: int, now: int, reason: str) -> int:
    if now >= ends_at + CLOCK_SKEW:
        raise expired(reason)
    return ends_at


def _present(texts: Iterable[str | None]) -> Iterator[str]:
    return (text for text in texts if text)
