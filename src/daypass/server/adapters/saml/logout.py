"""The provider says that a person's session is over: LogoutRequest in, LogoutResponse out (Core §3.7, Profiles §4.4).

An unsigned request would let anybody end anybody's session, so there is none: a redirect is signed over its query,
a POST by an enveloped signature. The session itself is ended by the flow, which also remembers the request's ID.
"""

from lxml import etree

from daypass.server.adapters.saml.layout import check_logout_layout
from daypass.server.adapters.saml.metadata import IdentityProvider, load_provider
from daypass.server.adapters.saml.names import SAML, SAMLP, STATUS_SUCCESS, saml, samlp
from daypass.server.adapters.saml.profile import check_destination, check_issuer, instant, value
from daypass.server.adapters.saml.redirect import build_redirect, read_redirect
from daypass.server.adapters.saml.refusals import Unreadable, expired, refused
from daypass.server.adapters.saml.signature import verify_signed
from daypass.server.adapters.saml.times import CLOCK_SKEW, USE_WITHIN, format_instant
from daypass.server.adapters.saml.verify import open_provider, parse_message
from daypass.server.adapters.saml.xml_source import RESPONSE_BYTES, Element, parse_xml, serialize
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.ports.saml import VerifiedLogout

__all__ = ["build_logout_response_url", "verify_logout_request"]


def verify_logout_request(
    *, query: str | None, form: str | None, provider: SamlProvider, destination: str, now: int
) -> VerifiedLogout:
    """`ports.saml.SamlServiceProvider.verify_logout_request`."""
    known = open_provider(provider, now=now)
    request = _prove(query, form, known, now)
    check_destination(request, frozenset({destination}), is_signed=True)
    check_issuer(request, provider.entity_id, is_required=True)
    ends_at = _check_times(request, now)
    names = request.findall(saml("NameID"))
    if len(names) != 1 or not value(names[0]) or not request.get("ID"):
        raise refused("the logout request does not name exactly one person")
    return VerifiedLogout(
        request_id=request.get("ID", ""),
        subject=value(names[0]),
        session_indexes=tuple(value(item) for item in request.findall(samlp("SessionIndex"))),
        expires_at=ends_at + CLOCK_SKEW,
    )


def _prove(query: str | None, form: str | None, known: IdentityProvider, now: int) -> Element:
    """The request's words, by whichever binding: exactly one of the two is there."""
    if (query is None) == (form is None):
        raise refused("a logout request comes by redirect or by POST")
    if form is not None:
        request = parse_message(form)
        check_logout_layout(request)
        return verify_signed(request, known.certificates, now=now)
    document = read_redirect(query or "", known, parameter="SAMLRequest", now=now)
    try:
        request = parse_xml(document, limit=RESPONSE_BYTES)
    except Unreadable as unreadable:
        raise refused(str(unreadable)) from None
    check_logout_layout(request)
    return request


def _check_times(request: Element, now: int) -> int:
    """Made within the last minutes, and not past its own end. Returns the earlier end."""
    issued_at = instant(request, "IssueInstant")
    if issued_at is None or issued_at > now + CLOCK_SKEW:
        raise refused("the logout request has no IssueInstant or one in the future")
    own_end = instant(request, "NotOnOrAfter")
    ends_at = issued_at + USE_WITHIN if own_end is None else min(own_end, issued_at + USE_WITHIN)
    if now >= ends_at + CLOCK_SKEW:
        raise expired("the logout request has expired")
    return ends_at


def build_logout_response_url(
    provider: SamlProvider,
    *,
    in_response_to: str,
    response_id: str,
    entity_id: str,
    relay_state: str,
    service_key: bytes,
    now: int,
) -> str:
    """The signed answer "done", by redirect; empty when the provider names no place for it."""
    location = load_provider(provider.metadata_document).metadata.logout_url
    if not location:
        return ""
    response = etree.Element(
        samlp("LogoutResponse"),
        {
            "ID": response_id,
            "Version": "2.0",
            "IssueInstant": format_instant(now),
            "Destination": location,
            "InResponseTo": in_response_to,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(response, saml("Issuer")).text = entity_id
    status = etree.SubElement(response, samlp("Status"))
    etree.SubElement(status, samlp("StatusCode"), {"Value": STATUS_SUCCESS})
    return build_redirect(
        location,
        parameter="SAMLResponse",
        message=serialize(response),
        relay_state=relay_state,
        service_key=service_key,
    )
