"""We ask a provider to sign a person in: AuthnRequest by redirect (Core §3.4.1, Profiles §4.1.4.1).

It asks for nothing but an answer by POST to one place: how the person is authenticated is the provider's business.
"""

from lxml import etree

from daypass.protocol.aws.errors import InvalidInput
from daypass.server.adapters.saml.metadata import load_provider
from daypass.server.adapters.saml.names import HTTP_POST, SAML, SAMLP, saml, samlp
from daypass.server.adapters.saml.redirect import build_redirect
from daypass.server.adapters.saml.times import format_instant
from daypass.server.adapters.saml.xml_source import serialize
from daypass.server.domain.identity_provider import SamlProvider

__all__ = ["build_sign_on_url"]


def build_sign_on_url(
    provider: SamlProvider,
    *,
    request_id: str,
    entity_id: str,
    consumer_url: str,
    relay_state: str,
    service_key: bytes,
    now: int,
) -> str:
    """`request_id` becomes an XML ID: it begins with a letter or `_`. Raises InvalidInput: no place to send it to."""
    known = load_provider(provider.metadata_document).metadata
    if not known.sign_on_url:
        raise InvalidInput("the identity provider takes no sign-in requests; begin at the identity provider")
    request = etree.Element(
        samlp("AuthnRequest"),
        {
            "ID": request_id,
            "Version": "2.0",
            "IssueInstant": format_instant(now),
            "Destination": known.sign_on_url,
            "AssertionConsumerServiceURL": consumer_url,
            "ProtocolBinding": HTTP_POST,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(request, saml("Issuer")).text = entity_id
    etree.SubElement(request, samlp("NameIDPolicy"), {"AllowCreate": "true"})
    return build_redirect(
        known.sign_on_url,
        parameter="SAMLRequest",
        message=serialize(request),
        relay_state=relay_state,
        service_key=service_key if known.wants_signed_requests else None,
    )
