"""Whose words are these? The one place where an enveloped XML signature is verified (Core §5.4, XML Signature §3.2).

`verify_signed` takes an element and returns what its signature covers, parsed again from the very bytes that were
digested. Callers read that and nothing else. The element is first cut out of its document, so that a reference can
only lead to the element itself: moving signed parts elsewhere (signature wrapping) leaves nothing to find. Keys come
from the provider's metadata; a KeyInfo is thrown away unread, and so is every algorithm that is not listed here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from daypass.server.adapters.saml.names import DS, ds
from daypass.server.adapters.saml.refusals import Unreadable, refused
from daypass.server.adapters.saml.xml_source import Element, new_parser, parse_xml, serialize

__all__ = ["current_certificates", "has_signature", "verify_signed"]

_EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = DS + "enveloped-signature"
_INCLUSIVE_NAMESPACES = f"{{{_EXCLUSIVE_C14N}}}InclusiveNamespaces"
_SIGNATURE_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
    }
)  # fmt: skip
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_METHOD_URIS = frozenset(method.value for method in _SIGNATURE_METHODS)
_DIGEST_URIS = frozenset(method.value for method in _DIGESTS)
_LARGER_THAN_ANY = 16 * 1024 * 1024


def has_signature(element: Element) -> bool:
    """Is there a signature among the element's children?"""
    return element.find(ds("Signature")) is not None


def verify_signed(element: Element, certificates: Iterable[x509.Certificate], *, now: int) -> Element:
    """The element as it was signed, without its signature. Raises InvalidIdentityToken.

    It must have one signature child, by a key of `certificates` that is valid now, over itself as a whole.
    """
    alone = _cut_out(element)
    signature = _only_child(alone, ds("Signature"))
    _check_shape(signature, alone.get("ID", ""))
    for part in (*signature.findall(ds("KeyInfo")), *signature.findall(ds("Object"))):
        signature.remove(part)
    for certificate in current_certificates(certificates, now=now):
        signed = _verify_with(alone, certificate, now)
        if signed is not None:
            if signed.tag != alone.tag or signed.get("ID") != alone.get("ID"):
                raise refused("the signature covers another element")
            return signed
    raise refused("no signing certificate of the provider proves the signature")


def current_certificates(certificates: Iterable[x509.Certificate], *, now: int) -> list[x509.Certificate]:
    """Those valid now: a provider that lets its last one run out proves nothing any more."""
    current = [
        item
        for item in certificates
        if item.not_valid_before_utc.timestamp() <= now < item.not_valid_after_utc.timestamp()
    ]
    if not current:
        raise refused("no signing certificate of the provider is valid now")
    return current


def _cut_out(element: Element) -> Element:
    try:
        return parse_xml(serialize(element), limit=_LARGER_THAN_ANY)
    except Unreadable as unreadable:
        raise refused(str(unreadable)) from None


def _check_shape(signature: Element, signed_id: str) -> None:
    """Only the form that SAML prescribes (Core §5.4.2–5.4.4): anything else is an invitation to look elsewhere."""
    signed_info = _only_child(signature, ds("SignedInfo"))
    if _algorithm(signed_info, "CanonicalizationMethod") != _EXCLUSIVE_C14N:
        raise refused("the signature's canonicalization is not exclusive C14N without comments")
    if _algorithm(signed_info, "SignatureMethod") not in _METHOD_URIS:
        raise refused("the signature's algorithm is not accepted")
    reference = _only_child(signed_info, ds("Reference"))
    if not signed_id or reference.get("URI") != "#" + signed_id:
        raise refused("the signature does not refer to the element around it")
    if _algorithm(reference, "DigestMethod") not in _DIGEST_URIS:
        raise refused("the signature's digest is not accepted")
    transforms = _only_child(reference, ds("Transforms"))
    if [item.get("Algorithm") for item in transforms] != [_ENVELOPED, _EXCLUSIVE_C14N]:
        raise refused("the signature's transforms are not enveloped, then exclusive C14N")
    for parameters in (child for item in transforms for child in item):
        if parameters.tag != _INCLUSIVE_NAMESPACES:
            raise refused("a transform of the signature has parameters")


def _algorithm(parent: Element, name: str) -> str:
    return str(_only_child(parent, ds(name)).get("Algorithm", ""))


def _only_child(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise refused("the signature does not have exactly one of each part")
    return found[0]


def _verify_with(alone: Element, certificate: x509.Certificate, now: int) -> Element | None:
    configuration = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_SIGNATURE_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    try:
        result = XMLVerifier().verify(
            alone, x509_cert=certificate, id_attribute="ID", parser=new_parser(), expect_config=configuration
        )
    except Exception:  # noqa: BLE001  # whatever the library stumbles over in hostile input, the signature does not hold
        return None
    return result.signed_xml if isinstance(result, VerifyResult) else None
