"""What an assertion says of a person: the name and the attributes (Core §2.4.1, §2.7.3). Reading only, no rules of time or place.

`read_unverified` does the same for a response nobody proved yet: enough to find the provider that could.
"""

import base64
import hashlib
from dataclasses import dataclass

from daypass.server.adapters.saml.layout import check_is_response, check_response_layout, only_assertion
from daypass.server.adapters.saml.names import saml
from daypass.server.adapters.saml.profile import value
from daypass.server.adapters.saml.refusals import refused
from daypass.server.adapters.saml.xml_source import Element
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.ports.saml import UnverifiedSamlResponse

__all__ = ["Subject", "read_attributes", "read_subject", "read_unverified"]

_ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
_MOST_PROVIDERS = 20
_LONGEST_NAME = 1024
_SHORT_FORMATS = {
    f"urn:oasis:names:tc:SAML:2.0:nameid-format:{name}": name for name in ("persistent", "transient")
}
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who it is about."""

    name: str
    name_type: str
    """`persistent`, `transient`, or the format's URI (STS reference, "AssumeRoleWithSAML", SubjectType)."""
    qualifier: str


def read_subject(assertion: Element, provider: SamlProvider) -> Subject:
    """The one NameID. Raises InvalidIdentityToken when there is none to read (EncryptedID is not read).

    It is printable, as `sub` of OpenID Connect is: it stands on the page where the person says "that is me", and in
    logs; line breaks, terminal controls and marks that turn the direction of writing could make it look like another.
    """
    names = assertion.findall(f"{saml('Subject')}/{saml('NameID')}")
    if len(names) != 1:
        raise refused("the assertion does not have exactly one NameID")
    name = value(names[0])
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise refused("the NameID is empty, too long or not printable")
    name_format = names[0].get("Format") or _UNSPECIFIED
    return Subject(name, _SHORT_FORMATS.get(name_format, name_format), _qualifier(provider))


def _qualifier(provider: SamlProvider) -> str:
    """The hash the STS reference describes for NameQualifier: a name of the provider, no protection of anything."""
    text = f"{provider.entity_id}{provider.account_id}/{provider.name}"
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode("ascii")


def read_attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    """Text values by Name, values of repeated names together. A value with elements inside is left out.

    Raises InvalidIdentityToken for comments inside values and for EncryptedAttribute: a tag that could not be read
    might be the one a policy denies by.
    """
    found: dict[str, tuple[str, ...]] = {}
    if assertion.find(f"{saml('AttributeStatement')}/{saml('EncryptedAttribute')}") is not None:
        raise refused("an attribute is encrypted by itself")
    for attribute in assertion.findall(f"{saml('AttributeStatement')}/{saml('Attribute')}"):
        items = attribute.findall(saml("AttributeValue"))
        texts = tuple(value(item) for item in items if not _has_elements(item))
        found[attribute.get("Name", "")] = found.get(attribute.get("Name", ""), ()) + texts
    return found


def _has_elements(item: Element) -> bool:
    return next(item.iterchildren("*"), None) is not None


def read_unverified(response: Element) -> UnverifiedSamlResponse:
    """Raises InvalidIdentityToken for what no provider could prove, and for more than 20 distinct providers.

    A response without an assertion is how a provider says no: it is read too, so that it can be told to the person.
    """
    check_is_response(response)
    issuer, provider_arns = response.find(saml("Issuer")), tuple[str, ...]()
    if response.find(saml("Assertion")) is not None or response.find(saml("EncryptedAssertion")) is not None:
        check_response_layout(response)
        assertion = only_assertion(response)
        issuer = assertion.find(saml("Issuer")) if issuer is None else issuer
        provider_arns = _provider_arns(assertion)
    return UnverifiedSamlResponse(
        issuer="" if issuer is None else value(issuer),
        in_response_to=response.get("InResponseTo", ""),
        provider_arns=provider_arns,
    )


def _provider_arns(assertion: Element) -> tuple[str, ...]:
    """The provider's half of each pair; none when the assertion is encrypted."""
    roles = read_attributes(assertion).get(_ROLE, ())
    arns = (part.strip() for role in roles for part in role.split(",") if ":saml-provider/" in part)
    distinct = tuple(dict.fromkeys(arns))
    if len(distinct) > _MOST_PROVIDERS:
        raise refused("the Role attribute names too many providers")
    return distinct
