"""Which signatures prove a provider's words: algorithms, transforms, keys (Core §5.4, XML Signature §6)."""

import base64
import copy
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod
from signxml.algorithms import CanonicalizationMethod

from daypass.server.adapters.saml import signature
from support.saml_forge import NS, Draft, key, make_key, metadata, parse

NO_KEY = ("InvalidIdentityToken", "no signing certificate of the provider proves the signature")
ALGORITHM = ("InvalidIdentityToken", "the signature's algorithm is not accepted")
CANONICAL = (
    "InvalidIdentityToken",
    "the signature's canonicalization is not exclusive C14N without comments",
)
TRANSFORMS = ("InvalidIdentityToken", "the signature's transforms are not enveloped, then exclusive C14N")
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def altered(path: str, name: str, value: str, draft: Draft | None = None) -> etree._Element:
    """A signed response with one attribute of its signature changed afterwards."""
    response = (draft or Draft()).element()
    response.find(f".//{path}", NS).set(name, value)
    return response


@pytest.mark.parametrize(("sign_assertion", "sign_response"), [(True, False), (False, True), (True, True)])
def test_assertion_or_response_or_both_may_be_signed(
    sign_assertion: bool, sign_response: bool, judge
) -> None:
    draft = Draft(sign_assertion=sign_assertion, sign_response=sign_response)
    assert judge(draft).subject == "ada@example.com"


def test_an_unsigned_response_is_refused(refusal) -> None:
    reason = "neither the response nor the assertion is signed"
    assert refusal(Draft(sign_assertion=False)) == ("InvalidIdentityToken", reason)


@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_rsa_with_sha2_is_accepted(bits: str, judge) -> None:
    draft = Draft(method=SignatureMethod[f"RSA_SHA{bits}"], digest=DigestAlgorithm[f"SHA{bits}"])
    assert judge(draft).subject == "ada@example.com"


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda c: c.name)
@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_ecdsa_with_sha2_is_accepted(curve: ec.EllipticCurve, bits: str, judge) -> None:
    who = make_key("ec", private_key=ec.generate_private_key(curve))
    draft = Draft(signed_by=who, method=SignatureMethod[f"ECDSA_SHA{bits}"])
    assert judge(draft, record={"metadata_document": metadata(who)}).subject == "ada@example.com"


@pytest.mark.parametrize(
    "method", [SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA224, SignatureMethod.SHA256_RSA_MGF1]
)
def test_other_signature_algorithms_are_refused(method: SignatureMethod, refusal) -> None:
    assert refusal(Draft(method=method)) == ALGORITHM


@pytest.mark.parametrize("digest", [DigestAlgorithm.SHA1, DigestAlgorithm.SHA224, DigestAlgorithm.SHA3_256])
def test_other_digests_are_refused(digest: DigestAlgorithm, refusal) -> None:
    assert refusal(Draft(digest=digest)) == ("InvalidIdentityToken", "the signature's digest is not accepted")


def test_a_mac_keyed_with_the_public_certificate_is_refused(refusal) -> None:
    """Algorithm confusion: everybody knows the certificate, so everybody could compute this."""
    response = altered("ds:SignatureMethod", "Algorithm", SignatureMethod.HMAC_SHA256.value)
    signed_info = response.find(".//ds:SignedInfo", NS)
    octets = etree.tostring(signed_info, method="c14n", exclusive=True)
    for secret in (key("idp").pem.encode(), key("idp").bare.encode()):
        value = hmac.new(secret, octets, hashlib.sha256).digest()
        response.find(".//ds:SignatureValue", NS).text = base64.b64encode(value).decode()
        assert refusal(response) == ALGORITHM


@pytest.mark.parametrize(
    "method",
    [
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS,
        CanonicalizationMethod.CANONICAL_XML_1_0,
        CanonicalizationMethod.CANONICAL_XML_1_0_WITH_COMMENTS,
        CanonicalizationMethod.CANONICAL_XML_1_1,
    ],
)
def test_other_canonicalizations_are_refused(method: CanonicalizationMethod, refusal) -> None:
    assert refusal(Draft(c14n=method)) == CANONICAL


@pytest.mark.parametrize(
    "algorithms",
    [
        [],
        [ENVELOPED],
        [EXCLUSIVE],
        [EXCLUSIVE, ENVELOPED],
        [ENVELOPED, EXCLUSIVE + "WithComments"],
        [ENVELOPED, EXCLUSIVE, EXCLUSIVE],
        [ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"],
        [ENVELOPED, "http://www.w3.org/2002/06/xmldsig-filter2"],
        [ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"],
        [ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"],
    ],
)
def test_other_transforms_are_refused(algorithms: list[str], refusal) -> None:
    """XPath and XSLT choose what is signed; nobody's response needs them."""
    response = Draft().element()
    transforms = response.find(".//ds:Transforms", NS)
    for child in list(transforms):
        transforms.remove(child)
    for algorithm in algorithms:
        etree.SubElement(transforms, f"{{{NS['ds']}}}Transform", Algorithm=algorithm)
    assert refusal(response) == TRANSFORMS


def test_a_transform_with_an_expression_inside_is_refused(refusal) -> None:
    response = Draft().element()
    transform = response.find(".//ds:Transform", NS)
    etree.SubElement(transform, f"{{{NS['ds']}}}XPath").text = "true()"
    assert refusal(response) == ("InvalidIdentityToken", "a transform of the signature has parameters")


def test_two_references_are_refused(refusal) -> None:
    response = Draft().element()
    reference = response.find(".//ds:Reference", NS)
    reference.addnext(etree.fromstring(etree.tostring(reference)))
    reason = "the signature does not have exactly one of each part"
    assert refusal(response) == ("InvalidIdentityToken", reason)


def test_a_signature_by_another_key_is_refused_though_it_brings_its_certificate(refusal) -> None:
    draft = Draft(signed_by=key("attacker"))
    assert b"X509Certificate" in draft.xml()
    assert refusal(draft) == NO_KEY


def test_the_certificate_a_signature_brings_is_not_read(judge) -> None:
    """The provider's signature holds whatever stands in its KeyInfo."""
    response = Draft().element()
    response.find(".//ds:X509Certificate", NS).text = key("attacker").bare
    assert judge(response).subject == "ada@example.com"
    signature = response.find(".//ds:Signature", NS)
    signature.remove(signature.find("ds:KeyInfo", NS))
    assert judge(response).subject == "ada@example.com"


def test_either_of_two_published_keys_proves_a_response(judge, refusal) -> None:
    both = {"metadata_document": metadata(key("idp"), key("next"))}
    for name in ("idp", "next"):
        assert judge(Draft(signed_by=key(name)), record=both).subject == "ada@example.com"
    assert refusal(Draft(signed_by=key("attacker")), record=both) == NO_KEY


def test_a_key_proves_only_while_its_certificate_is_valid(judge, refusal) -> None:
    old, new = make_key("old", end=-1), make_key("new", start=-10)
    both = {"metadata_document": metadata(old, new)}
    assert judge(Draft(signed_by=new), record=both).subject == "ada@example.com"
    assert refusal(Draft(signed_by=old), record=both) == NO_KEY
    future = make_key("future", start=100)
    only = {"metadata_document": metadata(future)}
    reason = "no signing certificate of the provider is valid now"
    assert refusal(Draft(signed_by=future), record=only) == ("InvalidIdentityToken", reason)


def test_metadata_that_has_ended_proves_nothing(refusal) -> None:
    ended = {"metadata_document": metadata(key("idp"), attributes='validUntil="2027-01-15T07:59:59Z"')}
    assert refusal(Draft(), record=ended) == ("InvalidIdentityToken", "the provider's metadata has expired")


def test_every_refusal_tells_the_sender_the_same(judge) -> None:
    texts = set()
    for draft in (Draft(sign_assertion=False), Draft(audience="x"), Draft(signed_by=key("attacker"))):
        with pytest.raises(Exception, match="not acceptable") as refused:
            judge(draft)
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_a_broken_signature_value_is_refused(refusal) -> None:
    for text in ("", "%", "AAAA", None):
        response = Draft().element()
        response.find(".//ds:SignatureValue", NS).text = text
        assert refusal(response) == NO_KEY


@pytest.mark.parametrize("change", [{"tag": "{urn:x}Assertion"}, {"ID": "_another"}])
def test_what_the_library_says_was_signed_is_held_against_what_was_asked(
    change: dict[str, str], refusal, monkeypatch
) -> None:
    """The last wall, should a reference ever lead elsewhere."""

    def covers_another(alone: etree._Element, *_: object) -> etree._Element:
        other = copy.deepcopy(alone)
        other.tag = change.get("tag", other.tag)
        other.set("ID", change.get("ID", other.get("ID")))
        return other

    monkeypatch.setattr(signature, "_verify_with", covers_another)
    assert refusal(Draft()) == ("InvalidIdentityToken", "the signature covers another element")


def test_a_key_info_is_not_read_whatever_it_says(judge) -> None:
    """The metadata's key decides; what stands in the message neither helps nor hurts."""
    response = Draft().element()
    key_info = response.find(".//ds:KeyInfo", NS)
    for part in list(key_info):
        key_info.remove(part)
    key_info.extend(
        parse(
            f"<ds:X509Data><ds:X509Certificate>{key('attacker').bare}</ds:X509Certificate></ds:X509Data>"
            "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
            "</ds:RSAKeyValue></ds:KeyValue>"
        )
    )
    assert judge(response).subject == "ada@example.com"
