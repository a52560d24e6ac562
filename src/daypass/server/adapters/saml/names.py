"""The URIs and qualified names of SAML V2.0, XML Signature and XML Encryption that we read or write. Constants only.

Whatever is not listed here is not understood, and what is not understood is refused (signature.py, decryption.py).
"""

__all__ = [
    "BEARER",
    "DS",
    "ENTITY_FORMAT",
    "HTTP_POST",
    "HTTP_REDIRECT",
    "MD",
    "SAML",
    "SAMLP",
    "STATUS_SUCCESS",
    "XENC",
    "XENC11",
    "ds",
    "md",
    "saml",
    "samlp",
    "xenc",
    "xenc11",
]

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"

HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
STATUS_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
ENTITY_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"


def saml(name: str) -> str:
    """An element of the assertion schema, as lxml writes names."""
    return f"{{{SAML}}}{name}"


def samlp(name: str) -> str:
    """An element of the protocol schema."""
    return f"{{{SAMLP}}}{name}"


def md(name: str) -> str:
    """An element of the metadata schema."""
    return f"{{{MD}}}{name}"


def ds(name: str) -> str:
    """An element of XML Signature."""
    return f"{{{DS}}}{name}"


def xenc(name: str) -> str:
    """An element of XML Encryption."""
    return f"{{{XENC}}}{name}"


def xenc11(name: str) -> str:
    """An element of XML Encryption 1.1."""
    return f"{{{XENC11}}}{name}"
