"""An identity provider's metadata: what is taken from it, and what is no provider's (Metadata §2)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.aws.errors import InvalidInput
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.adapters.saml.metadata import METADATA_BYTES, load_provider
from daypass.server.ports.saml import SamlMetadata
from support.saml_forge import IDP, NOW, SLO, SSO, SigningKey, at, key, make_key, metadata

SP = Saml2ServiceProvider()
END = NOW + 86_400 * 365
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def refusal(document: str, now: int = NOW) -> str:
    with pytest.raises(InvalidInput) as refused:
        SP.parse_metadata(document, now=now)
    return str(refused.value).removeprefix("the metadata cannot be used: ")


def test_a_providers_metadata_is_read_whole() -> None:
    document = metadata(key("idp"), role_attributes='WantAuthnRequestsSigned="true"')
    assert SP.parse_metadata(document, now=NOW) == SamlMetadata(
        entity_id=IDP, valid_until=END, sign_on_url=SSO, logout_url=SLO, wants_signed_requests=True
    )
    one = metadata(key("idp"), role_attributes='WantAuthnRequestsSigned="1"')
    assert SP.parse_metadata(one, now=NOW).wants_signed_requests


def test_a_provider_without_endpoints_takes_no_requests() -> None:
    found = SP.parse_metadata(metadata(key("idp"), sso="", slo=""), now=NOW)
    assert (found.sign_on_url, found.logout_url, found.wants_signed_requests) == ("", "", False)


def test_answers_to_a_logout_go_to_the_response_location_when_there_is_one() -> None:
    other = f'<md:SingleLogoutService Binding="{REDIRECT}" Location="{SLO}" ResponseLocation="{SLO}/done"/>'
    assert SP.parse_metadata(metadata(key("idp"), slo="", extra=other), now=NOW).logout_url == SLO + "/done"
    by_post = f'<md:SingleLogoutService Binding="{POST}" Location="{SLO}"/>'
    assert SP.parse_metadata(metadata(key("idp"), slo="", extra=by_post), now=NOW).logout_url == ""


def test_the_end_is_the_earliest_of_its_own_and_the_last_certificates() -> None:
    short, long = make_key("short", end=100), make_key("long", end=1000)
    assert SP.parse_metadata(metadata(short, long), now=NOW).valid_until == NOW + 1000
    own = metadata(short, long, attributes=f'validUntil="{at(50)}"')
    assert SP.parse_metadata(own, now=NOW).valid_until == NOW + 50
    roles = metadata(short, long, role_attributes=f'validUntil="{at(40)}"')
    assert SP.parse_metadata(roles, now=NOW).valid_until == NOW + 40


def test_an_ended_document_is_refused_at_its_last_second() -> None:
    own = metadata(key("idp"), attributes=f'validUntil="{at(50)}"')
    SP.parse_metadata(own, now=NOW + 49)
    text = "the metadata document, or each signing certificate in it, has expired"
    assert refusal(own, NOW + 50) == text
    assert refusal(metadata(make_key("old", end=-1))) == text


def test_certificates_for_encryption_and_issuers_of_certificates_prove_nothing() -> None:
    issuer = f"<ds:X509Certificate>{key('attacker').bare}</ds:X509Certificate></ds:X509Data>"
    document = metadata(key("idp"), key("next")).replace("</ds:X509Data>", issuer)
    encryption = metadata(key("attacker")).split("<md:KeyDescriptor")[1].split("</md:KeyDescriptor>")[0]
    encryption = "<md:KeyDescriptor" + encryption.replace("signing", "encryption") + "</md:KeyDescriptor>"
    document = document.replace("<md:SingleLogoutService", encryption + "<md:SingleLogoutService")
    assert load_provider(document).certificates == (key("idp").certificate, key("next").certificate)
    anything = metadata(key("idp")).replace(' use="signing"', "")
    assert load_provider(anything).certificates == (key("idp").certificate,)


def _weak(private_key: object) -> SigningKey:
    return make_key("weak", private_key=private_key)  # type: ignore[arg-type]  # an RSA or EC key


def test_what_is_not_one_provider_with_a_strong_key_is_refused() -> None:
    good = metadata(key("idp"))
    role = good[good.index("<md:IDPSSODescriptor") : good.index("</md:EntityDescriptor>")]
    weak = "a signing key is neither RSA of 2048 to 8192 bits nor P-256, P-384 or P-521"
    one_role = "it must have one IDPSSODescriptor for SAML 2.0"
    cut = "a signing certificate is not readable (ValueError)"
    rows = [
        ("", "the document is not well-formed XML in UTF-8"),
        ("<a/>", "it is not a SAML 2.0 EntityDescriptor"),
        ("\ud800", "the document is not well-formed XML in UTF-8"),
        ("<!DOCTYPE a>" + good, "the document has a document type"),
        (f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{good}</md:EntitiesDescriptor>', "it describes several entities (EntitiesDescriptor); give one EntityDescriptor"),
        (good.replace(f'entityID="{IDP}"', ""), "entityID must have 1 to 1024 characters"),
        (good.replace(IDP, "x" * 1025), "entityID must have 1 to 1024 characters"),
        (good.replace(role, ""), one_role),
        (good.replace(role, role + role), one_role),
        (good.replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"), one_role),
        (metadata(), "it has no signing certificate"),
        (good.replace('use="signing"', 'use="encryption"'), "it has no signing certificate"),
        (metadata(*[key("idp")] * 11), "it has more than 10 signing certificates"),
        (good.replace(key("idp").bare, "%"), "a signing certificate is not readable (Unreadable)"),
        (good.replace(key("idp").bare, "AAAA"), cut),
        (metadata(_weak(ec.generate_private_key(ec.SECP224R1()))), weak),
        (metadata(make_key("short", bits=1024)), weak),
        (metadata(key("idp"), attributes='validUntil="soon"'), "an instant is not a UTC xs:dateTime"),
        (metadata(key("idp"), attributes='validUntil=""'), "an instant is not a UTC xs:dateTime"),
        *[(metadata(key("idp"), sso=place), "an endpoint's location is not a web address") for place in ("javascript:alert(1)", "javascript://x/%0aalert(1)", "ftp://x/", "https:///x", "/sso", "https://a b/", "https://é.example/", "https://[x/", "https://x/#y", "https://x/&#10;y")],
        (metadata(key("idp"), slo="data:x"), "an endpoint's location is not a web address"),
    ]  # fmt: skip
    for document, reason in rows:
        assert refusal(document) == reason, document[:300]


def test_a_document_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    document = metadata(key("idp"))
    SP.parse_metadata(document + " " * (METADATA_BYTES - len(document)), now=NOW)
    assert refusal(document + " " * (METADATA_BYTES - len(document) + 1)) == "the document is too large"
