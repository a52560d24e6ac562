"""Signature wrapping: the eight variants of Somorovsky et al., "On Breaking SAML" (2012), numbered as SAML Raider does.

Each must meet two walls that know nothing of each other: layout.py refuses what says two things, and with that wall
taken away signature.py still never lets the evil words through.
"""

import base64
import copy
from collections.abc import Callable

import pytest
from lxml import etree

from daypass.errors import DaypassError
from daypass.server.adapters.saml import Saml2ServiceProvider, layout, verify
from daypass.server.domain.identity_provider import SamlProvider
from support.saml_forge import NOW, NS, Draft, append, key, set_attribute

Element = etree._Element
SIGNATURE = f"{{{NS['ds']}}}Signature"


def _evil(element: Element) -> Element:
    """Alter whom the element speaks of, and its own ID."""
    element.set("ID", "_evil")
    for name in element.iterfind(".//saml:NameID", NS):
        name.text = "root@example.com"
    for index, inner in enumerate(element.iterfind(".//saml:Assertion", NS)):
        inner.set("ID", f"_evil_inner{index}")
    return element


def _without_signature(element: Element) -> Element:
    made = copy.deepcopy(element)
    made.remove(made.find("ds:Signature", NS))
    return made


def xsw1(response: Element) -> Element:
    """Evil response at the root; the signed one inside its signature."""
    honest = _without_signature(response)
    _evil(response).find("ds:Signature", NS).append(honest)
    return response


def xsw2(response: Element) -> Element:
    """Evil response at the root; the signed one before its signature."""
    honest = _without_signature(response)
    _evil(response).find("ds:Signature", NS).addprevious(honest)
    return response


def xsw3(response: Element) -> Element:
    """Evil assertion before the signed one."""
    honest = response.find("saml:Assertion", NS)
    honest.addprevious(_evil(_without_signature(honest)))
    return response


def xsw4(response: Element) -> Element:
    """Evil assertion around the signed one."""
    honest = response.find("saml:Assertion", NS)
    evil = _evil(_without_signature(honest))
    response.replace(honest, evil)
    evil.append(honest)
    return response


def xsw5(response: Element) -> Element:
    """Evil assertion keeps the signature; the signed one, bare, at the end."""
    assertion = response.find("saml:Assertion", NS)
    honest = _without_signature(assertion)
    _evil(assertion)
    response.append(honest)
    return response


def xsw6(response: Element) -> Element:
    """Evil assertion keeps the signature; the signed one inside the signature."""
    assertion = response.find("saml:Assertion", NS)
    honest = _without_signature(assertion)
    _evil(assertion).find("ds:Signature", NS).append(honest)
    return response


def xsw7(response: Element) -> Element:
    """Evil assertion in an Extensions element, whose schema is lax."""
    assertion = response.find("saml:Assertion", NS)
    extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
    extensions.append(_evil(_without_signature(assertion)))
    assertion.addprevious(extensions)
    return response


def xsw8(response: Element) -> Element:
    """Evil assertion keeps the signature; the signed one in an Object of the signature."""
    assertion = response.find("saml:Assertion", NS)
    honest = _without_signature(assertion)
    place = etree.SubElement(_evil(assertion).find("ds:Signature", NS), f"{{{NS['ds']}}}Object")
    place.append(honest)
    return response


VARIANTS = [xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8]
MORE = "the response holds more than one response or assertion"
TWO = "the response does not have exactly one assertion"
REASONS = {xsw1: MORE, xsw2: MORE, xsw3: TWO, xsw4: MORE, xsw5: TWO, xsw6: MORE, xsw7: MORE, xsw8: MORE}


def _wrapped(variant: Callable[[Element], Element]) -> Element:
    whole = variant in (xsw1, xsw2)
    return variant(Draft(sign_response=whole, sign_assertion=not whole).element())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_wrapped_response_is_refused_by_its_layout(variant: Callable[[Element], Element], refusal) -> None:
    assert refusal(_wrapped(variant)) == ("InvalidIdentityToken", REASONS[variant])


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_wrapped_word_passes_the_signature_even_without_the_layout_rules(
    variant: Callable[[Element], Element], provider: SamlProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_assertion(response: Element) -> Element:
        return next(response.iter(f"{{{NS['saml']}}}Assertion"))

    def last_assertion(response: Element) -> Element:
        return list(response.iter(f"{{{NS['saml']}}}Assertion"))[-1]

    document = etree.tostring(_wrapped(variant))
    known = verify.open_provider(provider, now=NOW)
    for choose in (first_assertion, last_assertion):
        monkeypatch.setattr(verify, "only_assertion", choose)
        try:
            proven = verify.prove(etree.fromstring(document), known, decryption_keys=(), now=NOW)
        except DaypassError:
            continue
        assert proven.assertion.findtext("saml:Subject/saml:NameID", None, NS) == "ada@example.com"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_wrapped_response_is_refused_without_the_layout_rules_too(
    variant: Callable[[Element], Element], refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "check_response_layout", lambda response: None)
    if variant is xsw7:  # the evil words are where nobody reads: without layout rules that is merely ignored
        return
    assert refusal(_wrapped(variant))[0] == "InvalidIdentityToken"


def test_two_signed_assertions_are_one_too_many(refusal) -> None:
    response = Draft().element()
    response.append(Draft(assertion_id="_assertion2").element().find("saml:Assertion", NS))
    assert refusal(response) == ("InvalidIdentityToken", TWO)


def test_no_assertion_is_refused(refusal) -> None:
    response = Draft().element()
    response.remove(response.find("saml:Assertion", NS))
    assert refusal(response) == ("InvalidIdentityToken", TWO)


def test_an_unsigned_assertion_beside_the_signed_response_is_refused(refusal) -> None:
    """The signed response becomes a child of an unsigned one that holds the evil assertion."""
    honest = Draft(sign_response=True, sign_assertion=False).element()
    outer = Draft(sign_assertion=False, response_id="_outer", assertion_id="_evil").element()
    outer.append(honest)
    assert refusal(outer) == ("InvalidIdentityToken", MORE)


def test_two_elements_with_one_id_are_refused(refusal) -> None:
    for spelling in ("ID", "Id", "id", "{urn:x}ID", "{http://www.w3.org/XML/1998/namespace}id"):
        response = Draft().element()
        response.find("samlp:Status", NS).set(spelling, "_assertion1")
        assert refusal(response) == ("InvalidIdentityToken", "two elements have the same ID")


def test_a_signature_moved_elsewhere_in_the_assertion_is_refused(refusal) -> None:
    response = Draft().element()
    signature = response.find(".//ds:Signature", NS)
    response.find(".//saml:Subject", NS).append(signature)
    assert refusal(response) == ("InvalidIdentityToken", "there is a signature in an unexpected place")


def test_a_signature_moved_to_the_response_does_not_refer_to_it(refusal) -> None:
    response = Draft().element()
    response.insert(1, response.find(".//ds:Signature", NS))
    reason = "the signature does not refer to the element around it"
    assert refusal(response) == ("InvalidIdentityToken", reason)


def test_a_second_signature_is_refused(refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    response = Draft().element()
    signature = response.find(".//ds:Signature", NS)
    signature.addnext(copy.deepcopy(signature))
    assert refusal(response) == ("InvalidIdentityToken", "an element has two signatures")
    monkeypatch.setattr(layout, "_check_signatures", lambda root, *places: None)
    assert refusal(response)[1] == "the signature does not have exactly one of each part"


def test_the_assertion_of_a_signed_response_must_keep_a_signature_that_holds(refusal) -> None:
    """Both are signed; the inner signature is by another key. Each signature that is there must hold."""
    response = Draft(signed_by=key("attacker")).element()
    assert response.find("ds:Signature", NS) is None
    text = etree.tostring(response.find("saml:Assertion", NS))
    outer = Draft(
        sign_assertion=False,
        sign_response=True,
        response_changes=(lambda r: r.replace(r.find("saml:Assertion", NS), etree.fromstring(text)),),
    )
    reason = "no signing certificate of the provider proves the signature"
    assert refusal(outer) == ("InvalidIdentityToken", reason)


def test_a_reference_to_the_whole_document_is_refused(refusal) -> None:
    response = Draft().element()
    response.find(".//ds:Reference", NS).set("URI", "")
    reason = "the signature does not refer to the element around it"
    assert refusal(response) == ("InvalidIdentityToken", reason)


def test_an_assertion_without_an_id_is_refused_even_when_the_reference_agrees(refusal) -> None:
    response = Draft().element()
    del response.find("saml:Assertion", NS).attrib["ID"]
    response.find(".//ds:Reference", NS).set("URI", "#")
    reason = "the signature does not refer to the element around it"
    assert refusal(response) == ("InvalidIdentityToken", reason)


def test_an_unsigned_assertion_without_an_id_in_a_signed_response_is_refused(refusal) -> None:
    draft = Draft(
        sign_assertion=False, sign_response=True, assertion_changes=(set_attribute(".", "ID", None),)
    )
    assert refusal(draft)[1] == "the assertion has no ID or is not of version 2.0"


def test_an_assertion_inside_advice_is_refused(refusal) -> None:
    inner = f'<saml:Advice><saml:Assertion ID="_advice" Version="2.0" IssueInstant="{NOW}"/></saml:Advice>'
    draft = Draft(assertion_changes=(append(".", inner),))
    assert refusal(draft) == ("InvalidIdentityToken", MORE)


@pytest.mark.parametrize("mark", ["<!--x-->", "<?x y?>"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_comment_in_the_name_never_cuts_it_short(mark: str, whole: bool, judge, refusal) -> None:
    """CVE-2017-11427 and its kin: the name is read whole, or not at all."""
    draft = Draft(subject="root@example.com.attacker.example", sign_response=whole, sign_assertion=not whole)
    altered = draft.xml().replace(b"root@example.com", b"root@example.com" + mark.encode())
    if mark == "<!--x-->":
        assert judge(altered).subject == "root@example.com.attacker.example"
    else:
        assert refusal(altered)[1] == "no signing certificate of the provider proves the signature"
    signed_with_it = Draft(subject=f"root@example.com{mark}.attacker.example")
    if mark == "<!--x-->":
        assert judge(signed_with_it).subject == "root@example.com.attacker.example"
    else:
        assert refusal(signed_with_it)[1] == "a value has something other than text inside"


def test_an_element_has_at_most_fifty_attributes_because_reading_them_costs_their_number_squared(
    judge, refusal
) -> None:
    def with_attributes(count: int) -> Draft:
        extra = " ".join(f'a{number}=""' for number in range(count))
        return Draft(response_changes=(append("samlp:Status", f"<samlp:StatusDetail {extra}/>"),))

    assert judge(with_attributes(50)).subject == "ada@example.com"
    crowded = with_attributes(51)
    assert refusal(crowded) == ("InvalidIdentityToken", "an element has too many attributes")
    with pytest.raises(DaypassError) as refused:  # the first look, before any provider is known
        Saml2ServiceProvider().read_response(crowded.field())
    assert refused.value.detail == "an element has too many attributes"


def test_every_altered_bit_of_the_signed_bytes_is_refused_or_means_nothing(judge) -> None:
    """One bit at a time over the assertion: refused, or exactly the same words (case of base64 padding, white space)."""
    document = Draft().xml()
    honest = judge(document)
    start = document.index(b"<saml:Assertion")
    for position in range(start, len(document), 3):
        altered = bytearray(document)
        altered[position] ^= 1 << (position % 7)
        try:
            found = judge(base64.b64encode(bytes(altered)).decode())
        except DaypassError:
            continue
        assert found == honest
