"""Our own metadata document: what an administrator gives to the identity provider (Metadata §2.4.4).

It asks for signed assertions, names one place for answers, and, when it is one provider's own, our key for signing
and for encryption with the algorithms we open (decryption.py), strongest first. It lists no wanted attributes:
providers that are given a list send nothing else, and the names of tags (`PrincipalTag:…`) are not ours to know.
"""

from lxml import etree

from daypass.server.adapters.saml.names import DS, HTTP_POST, HTTP_REDIRECT, MD, SAMLP, XENC, XENC11, ds, md

__all__ = ["build_metadata"]

_ENCRYPTION_METHODS = (
    f"{XENC11}aes256-gcm",
    f"{XENC11}aes128-gcm",
    f"{XENC}aes256-cbc",
    f"{XENC}aes128-cbc",
    f"{XENC}rsa-oaep-mgf1p",
)
_NAME_FORMATS = (
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
)


def build_metadata(*, entity_id: str, consumer_url: str, logout_url: str, certificate: str | None) -> bytes:
    """UTF-8 XML. `logout_url` may be empty; `certificate` is base64 of DER."""
    root = etree.Element(md("EntityDescriptor"), {"entityID": entity_id}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        root,
        md("SPSSODescriptor"),
        {
            "AuthnRequestsSigned": "true" if certificate else "false",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": SAMLP,
        },
    )
    if certificate:
        _add_key(role, "signing", certificate)
        encryption = _add_key(role, "encryption", certificate)
        for method in _ENCRYPTION_METHODS:
            etree.SubElement(encryption, md("EncryptionMethod"), {"Algorithm": method})
    if logout_url:
        for binding in (HTTP_REDIRECT, HTTP_POST):
            etree.SubElement(role, md("SingleLogoutService"), {"Binding": binding, "Location": logout_url})
    for name_format in _NAME_FORMATS:
        etree.SubElement(role, md("NameIDFormat")).text = name_format
    place = {"Binding": HTTP_POST, "Location": consumer_url, "index": "0", "isDefault": "true"}
    etree.SubElement(role, md("AssertionConsumerService"), place)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _add_key(role: etree._Element, use: str, certificate: str) -> etree._Element:
    descriptor = etree.SubElement(role, md("KeyDescriptor"), {"use": use})
    carrier = etree.SubElement(etree.SubElement(descriptor, ds("KeyInfo")), ds("X509Data"))
    etree.SubElement(carrier, ds("X509Certificate")).text = certificate
    return descriptor
