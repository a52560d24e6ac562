"""Our own documents, keys and requests; and what is read of a response that nobody proved yet."""

import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding
from lxml import etree

from daypass.errors import DaypassError
from daypass.protocol.aws.errors import InvalidIdentityToken, InvalidInput
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.adapters.saml.redirect import build_redirect
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.ports.saml import SamlServiceProvider, UnverifiedSamlResponse
from support.saml_forge import (
    ACS,
    IDP,
    NOW,
    NS,
    PROVIDER_ARN,
    ROLE,
    SLO,
    SSO,
    Draft,
    append,
    encryptor,
    key,
    make_key,
    metadata,
    remove,
    set_attribute,
)

SP: SamlServiceProvider = Saml2ServiceProvider()
STATUS = "samlp:Status/samlp:StatusCode"


async def test_a_made_key_and_its_certificate_belong_together() -> None:
    made = await SP.make_service_key()
    private_key = serialization.load_der_private_key(base64.b64decode(made.private_key.reveal()), None)
    certificate = x509.load_der_x509_certificate(base64.b64decode(made.certificate))
    assert private_key.public_key() == certificate.public_key()
    assert private_key.key_size == 2048
    assert certificate.signature_hash_algorithm is not None
    assert certificate.signature_hash_algorithm.name == "sha256"
    assert certificate.not_valid_before_utc.year == 2000 and certificate.not_valid_after_utc.year == 2046


def test_an_administrators_key_is_read_and_other_texts_are_not() -> None:
    ours = key("ours")
    assert SP.read_private_key(ours.private_pem.decode()) == ours.private_der
    rsa1 = ours.private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert SP.read_private_key(rsa1.decode()) == ours.private_der
    locked = ours.private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    curve = make_key("ec", private_key=ec.generate_private_key(ec.SECP256R1()))
    small = make_key("small", bits=1024)
    other = dsa.generate_private_key(2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    no_key = "the private key is not an unencrypted RSA key in PEM"
    size = "the private key must be RSA of 2048 to 8192 bits"
    rows = [
        ("", no_key), ("\ud800", no_key), (ours.pem, no_key), (locked.decode(), no_key), (curve.private_pem.decode(), size),
        (small.private_pem.decode(), size), (other.decode(), size), ("x" * 20_000, "the private key is too long"),
    ]  # fmt: skip
    for text, reason in rows:
        with pytest.raises(InvalidInput) as refused:
            SP.read_private_key(text)
        assert str(refused.value) == reason


def test_our_metadata_names_our_places_and_our_key() -> None:
    document = SP.build_metadata(entity_id="E&1", consumer_url=ACS, logout_url=SLO, certificate="QUJD")
    root = etree.fromstring(document)
    role = root.find("md:SPSSODescriptor", NS)
    assert root.get("entityID") == "E&1"
    assert role.get("WantAssertionsSigned") == "true" and role.get("AuthnRequestsSigned") == "true"
    assert [item.get("use") for item in role.findall("md:KeyDescriptor", NS)] == ["signing", "encryption"]
    assert [item.text for item in role.iterfind(".//ds:X509Certificate", NS)] == ["QUJD", "QUJD"]
    assert {item.get("Location") for item in role.findall("md:SingleLogoutService", NS)} == {SLO}
    (place,) = role.findall("md:AssertionConsumerService", NS)
    assert (place.get("Location"), place.get("Binding")[-9:]) == (ACS, "HTTP-POST")


def test_our_generic_metadata_has_no_key_and_no_logout() -> None:
    root = etree.fromstring(
        SP.build_metadata(entity_id="E", consumer_url=ACS, logout_url="", certificate=None)
    )
    role = root.find("md:SPSSODescriptor", NS)
    assert role.get("AuthnRequestsSigned") == "false"
    assert [etree.QName(item).localname for item in role] == ["NameIDFormat"] * 4 + [
        "AssertionConsumerService"
    ]


def _ask(provider: SamlProvider, document: str, relay_state: str = "r/1") -> str:
    return SP.build_sign_on_url(
        replace(provider, metadata_document=document),
        request_id="_request1",
        entity_id="E",
        consumer_url=ACS,
        relay_state=relay_state,
        service_key=key("ours").private_der,
        now=NOW,
    )


def _message(url: str, parameter: str) -> etree._Element:
    (packed,) = parse_qs(urlsplit(url).query)[parameter]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


def test_a_request_says_who_asks_and_where_the_answer_goes(provider: SamlProvider) -> None:
    url = _ask(provider, metadata(key("idp"), sso=SSO + "?tenant=1").replace("?tenant=1&", "?tenant=1&amp;"))
    assert url.startswith(SSO + "?tenant=1&SAMLRequest=") and url.endswith("&RelayState=r%2F1")
    request = _message(url, "SAMLRequest")
    assert dict(request.attrib) == {
        "ID": "_request1",
        "Version": "2.0",
        "IssueInstant": "2027-01-15T08:00:00Z",
        "Destination": SSO + "?tenant=1",
        "AssertionConsumerServiceURL": ACS,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }
    assert request.findtext("saml:Issuer", None, NS) == "E"


def test_a_request_is_signed_over_the_octets_of_its_query_when_the_provider_wants_it(
    provider: SamlProvider,
) -> None:
    url = _ask(provider, metadata(key("idp"), role_attributes='WantAuthnRequestsSigned="true"'))
    signed, _, signature = urlsplit(url).query.rpartition("&Signature=")
    assert [name for name, _ in parse_qsl(signed)] == ["SAMLRequest", "RelayState", "SigAlg"]
    raw = base64.b64decode(parse_qs("s=" + signature)["s"][0])
    key("ours").certificate.public_key().verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_provider_that_takes_no_requests_is_not_asked(provider: SamlProvider) -> None:
    with pytest.raises(InvalidInput, match="begin at the identity provider"):
        _ask(provider, metadata(key("idp"), sso=""))


def test_a_relay_state_has_at_most_eighty_bytes(provider: SamlProvider) -> None:
    _ask(provider, metadata(key("idp")), "x" * 80)
    with pytest.raises(ValueError, match="80 bytes"):
        _ask(provider, metadata(key("idp")), "é" * 41)
    assert "RelayState" not in build_redirect(
        SSO, parameter="SAMLRequest", message=b"", relay_state="", service_key=None
    )


def test_an_unproven_response_says_which_provider_could_prove_it() -> None:
    other = PROVIDER_ARN + "2"
    roles = [f"{PROVIDER_ARN}, arn:aws:iam::1:role/A", f"arn:aws:iam::1:role/B,{other}", f"x,{PROVIDER_ARN}"]
    field = Draft(attributes={ROLE: roles}, sign_assertion=False, in_response_to="_r").field()
    assert SP.read_response(field) == UnverifiedSamlResponse(IDP, "_r", (PROVIDER_ARN, other))


def test_an_encrypted_response_names_no_provider() -> None:
    field = Draft(encrypt=encryptor(key("ours")), response_changes=(remove("saml:Issuer"),)).field()
    assert SP.read_response(field) == UnverifiedSamlResponse("", "", ())


def test_the_issuer_is_the_assertions_when_the_response_has_none() -> None:
    assert SP.read_response(Draft(response_changes=(remove("saml:Issuer"),)).field()).issuer == IDP


def test_a_providers_no_is_read_without_an_assertion() -> None:
    no = set_attribute(STATUS, "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    field = Draft(in_response_to="_r", response_changes=(no, remove("saml:Assertion"))).field()
    assert SP.read_response(field) == UnverifiedSamlResponse(IDP, "_r", ())


def test_twenty_providers_are_read_and_one_more_is_refused() -> None:
    def field(count: int) -> str:
        return Draft(attributes={ROLE: [f"r,{PROVIDER_ARN}{i}" for i in range(count)]}).field()

    assert len(SP.read_response(field(20)).provider_arns) == 20
    with pytest.raises(InvalidIdentityToken) as refused:
        SP.read_response(field(21))
    assert refused.value.detail == "the Role attribute names too many providers"


def test_reading_refuses_what_verifying_would() -> None:
    nested = append(
        ".", '<saml:Advice><saml:Assertion ID="_a" Version="2.0" IssueInstant="x"/></saml:Advice>'
    )
    with pytest.raises(InvalidIdentityToken) as refused:
        SP.read_response(Draft(assertion_changes=(nested,)).field())
    assert refused.value.detail == "the response holds more than one response or assertion"
    response = Draft().element()
    response.append(Draft(assertion_id="_2").element().find("saml:Assertion", NS))
    with pytest.raises(DaypassError, match="not acceptable"):
        SP.read_response(base64.b64encode(etree.tostring(response)).decode())
    with pytest.raises(DaypassError, match="not acceptable"):
        SP.read_response("AAAA")
    with pytest.raises(DaypassError, match="not acceptable"):
        SP.read_response(base64.b64encode(b"<a/>").decode())
