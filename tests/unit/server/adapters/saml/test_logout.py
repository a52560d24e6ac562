"""LogoutRequest by redirect and by POST: only the provider's own, in time, for this place (Core §3.7, Bindings §3.4.4)."""

import base64
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from lxml import etree
from signxml import XMLSigner

from daypass.errors import DaypassError
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.adapters.saml.times import CLOCK_SKEW, USE_WITHIN
from daypass.server.adapters.saml.xml_source import RESPONSE_BYTES
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.ports.saml import VerifiedLogout
from support.saml_forge import IDP, NOW, NS, SLO, SigningKey, at, key, make_key, metadata

SP = Saml2ServiceProvider()
HERE = "https://login.example.com/saml/logout/SAMLAAAABBBBCCCCDDDD"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def request(
    *,
    attributes: str = f'Version="2.0" ID="_logout1" IssueInstant="{at(0)}" Destination="{HERE}"',
    issuer: str = f"<saml:Issuer>{IDP}</saml:Issuer>",
    body: str = "<saml:NameID>ada</saml:NameID><samlp:SessionIndex>_s1</samlp:SessionIndex>",
) -> bytes:
    spaces = f'xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}"'
    return f"<samlp:LogoutRequest {spaces} {attributes}>{issuer}{body}</samlp:LogoutRequest>".encode()


def by_redirect(
    document: bytes, *, who: SigningKey | None = None, algorithm: str = RSA_SHA256, relay_state: str = ""
) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflater.compress(document) + deflater.flush())
    query = "SAMLRequest=" + quote(packed, safe="")
    if relay_state:
        query += "&RelayState=" + relay_state
    query += "&SigAlg=" + quote(algorithm, safe="")
    private_key = (who or key("idp")).private_key
    digest = hashes.SHA1() if algorithm.endswith("sha1") else getattr(hashes, "SHA" + algorithm[-3:])()
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        raw = private_key.sign(query.encode(), ec.ECDSA(digest))
    else:
        raw = private_key.sign(query.encode(), padding.PKCS1v15(), digest)
    return query + "&Signature=" + quote(base64.b64encode(raw), safe="")


def by_post(document: bytes, *, who: SigningKey | None = None) -> str:
    root = etree.fromstring(document)
    place = etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap={"ds": NS["ds"]})
    root.insert(1, place)
    who = who or key("idp")
    signer = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    signed = signer.sign(
        root, key=who.private_key, cert=[who.certificate], reference_uri=root.get("ID"), id_attribute="ID"
    )
    return base64.b64encode(etree.tostring(signed)).decode()


def verify(provider: SamlProvider, now: int = NOW, **binding: Any) -> VerifiedLogout:
    both: dict[str, Any] = {"query": None, "form": None} | binding
    return SP.verify_logout_request(provider=provider, destination=HERE, now=now, **both)


def refusal(provider: SamlProvider, now: int = NOW, **binding: Any) -> tuple[str, str]:
    with pytest.raises(DaypassError) as refused:
        verify(provider, now, **binding)
    return type(refused.value).__name__, refused.value.detail


@pytest.mark.parametrize("binding", ["query", "form"])
def test_a_signed_request_is_read_whole(binding: str, provider: SamlProvider) -> None:
    made = by_redirect(request()) if binding == "query" else by_post(request())
    expected = VerifiedLogout("_logout1", "ada", ("_s1",), NOW + USE_WITHIN + CLOCK_SKEW)
    assert verify(provider, **{binding: made}) == expected


def test_the_octets_of_the_query_count_as_they_were_sent(provider: SamlProvider) -> None:
    """A provider that escapes in lower case signs lower case; the same values escaped again are another message."""
    query = by_redirect(request(), relay_state="a%2fb+c")
    assert verify(provider, query=query).subject == "ada"
    for other in (query.replace("%2fb", "%2Fb"), query.replace("+c", "%20c")):
        assert refusal(provider, query=other)[1] == "no signing certificate of the provider proves the query"


@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_rsa_and_ecdsa_prove_a_query(bits: str, provider: SamlProvider) -> None:
    more = "http://www.w3.org/2001/04/xmldsig-more#"
    assert verify(provider, query=by_redirect(request(), algorithm=f"{more}rsa-sha{bits}")).subject == "ada"
    curve = make_key("ec", private_key=ec.generate_private_key(ec.SECP256R1()))
    known = replace(provider, metadata_document=metadata(key("next"), curve))
    query = by_redirect(request(), who=curve, algorithm=f"{more}ecdsa-sha{bits}")
    assert verify(known, query=query).subject == "ada"


def test_a_query_that_is_not_the_providers_is_refused(provider: SamlProvider) -> None:
    good = by_redirect(request())
    unsigned, _, _ = good.partition("&SigAlg")
    no_key = "no signing certificate of the provider proves the query"
    sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    twice = "a parameter of the query is there twice"
    rows = [
        (unsigned, "the query is not a signed message"),
        (good.partition("&Signature")[0], "the query is not a signed message"),
        (unsigned + "&Signature=" + good.rpartition("=")[2], "the query is not a signed message"),
        ("", "the query is not a signed message"),
        (good.replace("SAMLRequest", "SAMLResponse"), "the query is not a signed message"),
        (by_redirect(request(), who=key("attacker")), no_key),
        (good + "&RelayState=x", no_key),
        (good + "&SAMLRequest=x", twice),
        ("SAMLRequest=x&" + good, twice),
        (by_redirect(request(), algorithm=sha1), "the query's signature algorithm is not accepted"),
        (good.replace("rsa-sha256", "ecdsa-sha256"), no_key),
        (good[:-4] + "%25%25", "a parameter of the query is not base64"),
        ("x" * 65_537, "the query is too long"),
        (good.replace("SAMLRequest=", "SAMLRequest=\ud800"), no_key),
    ]
    for query, reason in rows:
        assert refusal(provider, query=query) == ("InvalidIdentityToken", reason)


def test_a_signed_query_that_is_no_message_is_refused(provider: SamlProvider) -> None:
    def sealed(packed: bytes) -> str:
        query = "SAMLRequest=" + quote(base64.b64encode(packed), safe="")
        query += "&SigAlg=" + quote(RSA_SHA256, safe="")
        raw = key("idp").private_key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        return query + "&Signature=" + quote(base64.b64encode(raw), safe="")

    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(b" " * (RESPONSE_BYTES + 1)) + deflater.flush()
    assert refusal(provider, query=sealed(b"\xff\xff"))[1] == "the message is not deflated"
    assert refusal(provider, query=sealed(bomb))[1] == "the message is cut off or too large"
    assert refusal(provider, query=sealed(bomb[:20]))[1] == "the message is cut off or too large"
    for document, reason in (
        (b"<a/>", "the message is of another kind"),
        (b"<a", "the document is not well-formed XML in UTF-8"),
        (request().replace(b"2.0", b"1.1", 1).replace(b'Version="2.0"', b'Version="1.1"'), None),
    ):
        found = refusal(provider, query=by_redirect(document))
        assert found[0] == "InvalidIdentityToken" and (reason is None or found[1] == reason)


def test_a_form_that_is_not_the_providers_is_refused(provider: SamlProvider) -> None:
    unsigned = base64.b64encode(request()).decode()
    parts = "the signature does not have exactly one of each part"
    assert refusal(provider, form=unsigned) == ("InvalidIdentityToken", parts)
    forged = by_post(request(), who=key("attacker"))
    assert refusal(provider, form=forged)[1] == "no signing certificate of the provider proves the signature"
    altered = base64.b64encode(base64.b64decode(by_post(request())).replace(b">ada<", b">eve<")).decode()
    assert refusal(provider, form=altered)[1] == "no signing certificate of the provider proves the signature"
    assert refusal(provider, form="%")[1] == "the message is not base64"


def test_a_form_signed_in_another_place_is_refused(provider: SamlProvider) -> None:
    root = etree.fromstring(base64.b64decode(by_post(request())))
    root.find("saml:NameID", NS).append(root.find("ds:Signature", NS))
    form = base64.b64encode(etree.tostring(root)).decode()
    assert refusal(provider, form=form)[1] == "there is a signature in an unexpected place"


def test_a_request_with_an_id_twice_is_refused(provider: SamlProvider) -> None:
    made = request(body='<saml:NameID>a</saml:NameID><samlp:Extensions ID="_logout1"/>')
    assert refusal(provider, query=by_redirect(made))[1] == "two elements have the same ID"


def test_exactly_one_binding_is_used(provider: SamlProvider) -> None:
    reason = "a logout request comes by redirect or by POST"
    assert refusal(provider)[1] == reason
    assert refusal(provider, query=by_redirect(request()), form=by_post(request()))[1] == reason


BASE = f'Version="2.0" ID="_l" Destination="{HERE}"'
NAME = "the logout request does not name exactly one person"
TIMES = "the logout request has no IssueInstant or one in the future"


@pytest.mark.parametrize(
    ("parts", "kind", "reason"),
    [
        ({"attributes": f'Version="2.0" ID="_l" IssueInstant="{at(0)}" Destination="{HERE}/x"'}, "InvalidIdentityToken", "the message's Destination is another place"),
        ({"attributes": f'Version="2.0" ID="_l" IssueInstant="{at(0)}"'}, "InvalidIdentityToken", "the signed message has no Destination"),
        ({"attributes": f'Version="2.0" IssueInstant="{at(0)}" Destination="{HERE}"'}, "InvalidIdentityToken", NAME),
        ({"issuer": "<saml:Issuer>https://o.example</saml:Issuer>"}, "InvalidIdentityToken", "the issuer is not the provider"),
        ({"issuer": ""}, "InvalidIdentityToken", "the issuer is not the provider"),
        ({"attributes": BASE}, "InvalidIdentityToken", TIMES),
        ({"attributes": f'{BASE} IssueInstant="{at(CLOCK_SKEW + 1)}"'}, "InvalidIdentityToken", TIMES),
        ({"attributes": f'{BASE} IssueInstant="{at(-USE_WITHIN - CLOCK_SKEW)}"'}, "ExpiredIdentityToken", "the logout request has expired"),
        ({"attributes": f'{BASE} IssueInstant="{at(-1)}" NotOnOrAfter="{at(-CLOCK_SKEW)}"'}, "ExpiredIdentityToken", "the logout request has expired"),
        ({"body": ""}, "InvalidIdentityToken", NAME),
        ({"body": "<saml:NameID/>"}, "InvalidIdentityToken", NAME),
        ({"body": "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>"}, "InvalidIdentityToken", NAME),
        ({"body": "<saml:NameID>a<!---->b</saml:NameID>"}, "InvalidIdentityToken", "a value has something other than text inside"),
    ],
)  # fmt: skip
def test_a_signed_request_that_breaks_one_rule_is_refused(
    parts: dict[str, str], kind: str, reason: str, provider: SamlProvider
) -> None:
    assert refusal(provider, query=by_redirect(request(**parts))) == (kind, reason)


def test_a_requests_own_end_counts_when_it_is_earlier(provider: SamlProvider) -> None:
    made = request(attributes=f'{BASE} IssueInstant="{at(0)}" NotOnOrAfter="{at(10)}"')
    assert verify(provider, NOW + 9 + CLOCK_SKEW, query=by_redirect(made)).expires_at == NOW + 10 + CLOCK_SKEW
    long = request(attributes=f'{BASE} IssueInstant="{at(CLOCK_SKEW)}" NotOnOrAfter="{at(9999)}"')
    assert verify(provider, query=by_redirect(long)).expires_at == NOW + USE_WITHIN + 2 * CLOCK_SKEW


def test_a_provider_whose_metadata_has_ended_ends_no_session(provider: SamlProvider) -> None:
    ended = replace(provider, metadata_document=metadata(key("idp"), attributes=f'validUntil="{at(0)}"'))
    assert refusal(ended, query=by_redirect(request()))[1] == "the provider's metadata has expired"


def test_our_answer_is_signed_and_says_what_it_answers(provider: SamlProvider) -> None:
    values: dict[str, Any] = {
        "in_response_to": "_logout1",
        "response_id": "_answer1",
        "entity_id": "E",
        "relay_state": "r",
        "service_key": key("ours").private_der,
        "now": NOW,
    }
    url = SP.build_logout_response_url(provider, **values)
    signed, _, _ = urlsplit(url).query.rpartition("&Signature=")
    packed = signed.split("&")[0].removeprefix("SAMLResponse=").replace("%2B", "+")
    raw = base64.b64decode(packed.replace("%2F", "/").replace("%3D", "="))
    answer = etree.fromstring(zlib.decompress(raw, -15))
    assert url.startswith(SLO + "?") and "&RelayState=r&SigAlg=" in signed
    assert (answer.get("InResponseTo"), answer.get("ID"), answer.get("Destination")) == (
        "_logout1",
        "_answer1",
        SLO,
    )
    assert answer.find("samlp:Status/samlp:StatusCode", NS).get("Value").endswith(":Success")
    nowhere = replace(provider, metadata_document=metadata(key("idp"), slo=""))
    assert SP.build_logout_response_url(nowhere, **values) == ""
