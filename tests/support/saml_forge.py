"""A SAML identity provider's pen: builds responses from parts, signs and encrypts them, and forges them.

Nothing of the code under test is used, so both cannot share a mistake. Keys are fresh per process. Signing is
signxml's signer; encryption is spelled out from XML Encryption 1.1.
"""

import base64
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner
from signxml.algorithms import CanonicalizationMethod

NOW = 1_800_000_000
ACS = "https://login.example.com/saml/acs/SAMLAAAABBBBCCCCDDDD"
GENERIC_ACS = "https://login.example.com/saml"
IDP = "https://idp.example.com/metadata"
SSO = "https://idp.example.com/sso"
SLO = "https://idp.example.com/slo"
ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
ROLE_SESSION_NAME = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
PROVIDER_ARN = "arn:aws:iam::123456789012:saml-provider/Example"
ROLE_PAIR = f"arn:aws:iam::123456789012:role/Reader,{PROVIDER_ARN}"
NS = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xenc11": "http://www.w3.org/2009/xmlenc11#",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Change = Callable[[etree._Element], object]


def at(seconds: int) -> str:
    """An instant `seconds` from NOW, as SAML writes it."""
    return datetime.fromtimestamp(NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class SigningKey:
    """A private key and its certificate."""

    private_key: PrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def bare(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def private_pem(self) -> bytes:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def private_der(self) -> bytes:
        return self.private_key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make_key(
    name: str,
    *,
    private_key: PrivateKey | None = None,
    bits: int = 2048,
    start: int = -86_400,
    end: int = 86_400 * 365,
) -> SigningKey:
    """A self-signed key; `start` and `end` are seconds from NOW."""
    private_key = private_key or rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    epoch = datetime.fromtimestamp(NOW, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(epoch + timedelta(seconds=start))
        .not_valid_after(epoch + timedelta(seconds=end))
        .sign(private_key, hashes.SHA256())
    )
    return SigningKey(private_key, certificate)


@functools.cache
def key(name: str) -> SigningKey:
    """One RSA key per name and process: `idp`, `next`, `attacker`, `ours`."""
    return make_key(name)


def metadata(
    *keys: SigningKey,
    entity_id: str = IDP,
    sso: str = SSO,
    slo: str = SLO,
    attributes: str = "",
    role_attributes: str = "",
    extra: str = "",
) -> str:
    """An identity provider's EntityDescriptor."""
    descriptors = "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{item.bare}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for item in keys
    )
    redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    logout = f'<md:SingleLogoutService Binding="{redirect}" Location="{slo}"/>' if slo else ""
    sign_on = f'<md:SingleSignOnService Binding="{redirect}" Location="{sso}"/>' if sso else ""
    return (
        f'<md:EntityDescriptor xmlns:md="{NS["md"]}" xmlns:ds="{NS["ds"]}" entityID="{entity_id}" {attributes}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{NS["samlp"]}" {role_attributes}>'
        f"{descriptors}{extra}{logout}{sign_on}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


@dataclass(frozen=True)
class Draft:
    """A response before it is signed. `assertion_changes` and `response_changes` see the element before its signature."""

    assertion_id: str = "_assertion1"
    response_id: str = "_response1"
    issuer: str = IDP
    subject: str = "ada@example.com"
    recipient: str = ACS
    destination: str = ACS
    audience: str = ACS
    in_response_to: str = ""
    attributes: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {ROLE: [ROLE_PAIR], ROLE_SESSION_NAME: ["ada"]}
    )
    assertion_changes: tuple[Change, ...] = ()
    response_changes: tuple[Change, ...] = ()
    sign_assertion: bool = True
    sign_response: bool = False
    signed_by: SigningKey | None = None
    method: SignatureMethod = SignatureMethod.RSA_SHA256
    digest: DigestAlgorithm = DigestAlgorithm.SHA256
    c14n: CanonicalizationMethod = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
    encrypt: Callable[[bytes], str] | None = None

    def with_(self, **changes: object) -> "Draft":
        return replace(self, **changes)  # type: ignore[arg-type]  # fields by name

    def element(self) -> etree._Element:
        """The signed (and encrypted) response."""
        assertion = etree.fromstring(self._assertion())
        for change in self.assertion_changes:
            change(assertion)
        if self.sign_assertion:
            assertion = self._sign(assertion)
        response = etree.fromstring(self._shell())
        if self.encrypt is None:
            response.append(assertion)
        else:
            response.append(etree.fromstring(self.encrypt(etree.tostring(assertion))))
        for change in self.response_changes:
            change(response)
        return self._sign(response) if self.sign_response else response

    def xml(self) -> bytes:
        return etree.tostring(self.element())

    def field(self) -> str:
        """The form field."""
        return base64.b64encode(self.xml()).decode()

    def _sign(self, element: etree._Element) -> etree._Element:
        signer = _Signer(
            signature_algorithm=self.method, digest_algorithm=self.digest, c14n_algorithm=self.c14n
        )
        issuer = element.find("saml:Issuer", NS)
        issuer = element[0] if issuer is None else issuer
        placeholder = etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap={"ds": NS["ds"]})
        issuer.addnext(placeholder)
        who = self.signed_by or key("idp")
        return signer.sign(
            element,
            key=who.private_key,
            cert=[who.certificate],
            reference_uri=element.get("ID"),
            id_attribute="ID",
        )

    def _assertion(self) -> str:
        answer = f' InResponseTo="{self.in_response_to}"' if self.in_response_to else ""
        attributes = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{item}</saml:AttributeValue>" for item in items)
            + "</saml:Attribute>"
            for name, items in self.attributes.items()
        )
        return (
            f'<saml:Assertion xmlns:saml="{NS["saml"]}" ID="{self.assertion_id}" Version="2.0" IssueInstant="{at(0)}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>"
            '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
            f"{self.subject}</saml:NameID>"
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData Recipient="{self.recipient}" NotOnOrAfter="{at(200)}"{answer}/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{at(-5)}" NotOnOrAfter="{at(250)}"><saml:AudienceRestriction>'
            f"<saml:Audience>{self.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{at(0)}" SessionIndex="_session1" SessionNotOnOrAfter="{at(28800)}">'
            "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
        )

    def _shell(self) -> str:
        answer = f' InResponseTo="{self.in_response_to}"' if self.in_response_to else ""
        destination = f' Destination="{self.destination}"' if self.destination else ""
        return (
            f'<samlp:Response xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="{self.response_id}"'
            f' Version="2.0" IssueInstant="{at(0)}"{destination}{answer}><saml:Issuer>{self.issuer}</saml:Issuer>'
            '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            "</samlp:Response>"
        )


class _Signer(XMLSigner):
    """Signs with anything it is told to: refusing weak algorithms is the verifier's business."""

    def check_deprecated_methods(self) -> None:
        pass


def set_attribute(path: str, name: str, value: str | None) -> Change:
    """A change: the attribute of the element at `path` (`.` is the element itself) becomes `value`, or goes."""

    def change(element: etree._Element) -> None:
        target = element if path == "." else element.find(path, NS)
        if value is None:
            del target.attrib[name]
        else:
            target.set(name, value)

    return change


def set_text(path: str, value: str) -> Change:
    """A change: the text of the element at `path`."""

    def change(element: etree._Element) -> None:
        element.find(path, NS).text = value

    return change


def remove(path: str) -> Change:
    """A change: the element at `path` goes."""

    def change(element: etree._Element) -> None:
        target = element.find(path, NS)
        target.getparent().remove(target)

    return change


def append(path: str, xml: str) -> Change:
    """A change: `xml` (prefixes of NS may be used) becomes the last child of the element at `path`."""

    def change(element: etree._Element) -> None:
        target = element if path == "." else element.find(path, NS)
        target.extend(parse(xml))

    return change


def parse(xml: str) -> list[etree._Element]:
    """Elements from a text that uses the prefixes of NS."""
    declarations = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return list(etree.fromstring(f"<frame {declarations}>{xml}</frame>"))


# Encryption.

_DIGESTS = {
    "sha1": ("http://www.w3.org/2000/09/xmldsig#sha1", hashes.SHA1),
    "sha256": ("http://www.w3.org/2001/04/xmlenc#sha256", hashes.SHA256),
    "sha384": ("http://www.w3.org/2001/04/xmldsig-more#sha384", hashes.SHA384),
    "sha512": ("http://www.w3.org/2001/04/xmlenc#sha512", hashes.SHA512),
}


def encryptor(
    recipient: SigningKey,
    *,
    cipher: str = "aes256-gcm",
    transport: str = "rsa-oaep-mgf1p",
    digest: str | None = None,
    mask: str | None = None,
    label: bytes | None = None,
    beside: bool = False,
    damage: Callable[[bytes], bytes] = bytes,
    pad: Callable[[bytes], bytes] | None = None,
) -> Callable[[bytes], str]:
    """Makes EncryptedAssertion texts. `beside` puts the EncryptedKey next to the data; `damage` alters the ciphertext,
    `pad` is what CBC pads with."""

    def encrypt(plaintext: bytes) -> str:
        content_key = os.urandom(int(cipher[3:6]) // 8)
        sealed = base64.b64encode(damage(_seal(cipher, content_key, plaintext, pad))).decode()
        space = "xenc11" if cipher.endswith("gcm") else "xenc"
        wrapped = _wrap(recipient, content_key, transport, digest, mask, label)
        inside = "" if beside else f"<ds:KeyInfo>{wrapped}</ds:KeyInfo>"
        declarations = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
        return (
            f'<saml:EncryptedAssertion {declarations}><xenc:EncryptedData Type="{NS["xenc"]}Element">'
            f'<xenc:EncryptionMethod Algorithm="{NS[space]}{cipher}"/>{inside}'
            f"<xenc:CipherData><xenc:CipherValue>{sealed}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
            f"{wrapped if beside else ''}</saml:EncryptedAssertion>"
        )

    return encrypt


def _padding(plaintext: bytes) -> bytes:
    size = 16 - len(plaintext) % 16
    return plaintext + os.urandom(size - 1) + bytes([size])


def _seal(cipher: str, content_key: bytes, plaintext: bytes, pad: Callable[[bytes], bytes] | None) -> bytes:
    if cipher.endswith("gcm"):
        start = os.urandom(12)
        return start + AESGCM(content_key).encrypt(start, plaintext, None)
    start = os.urandom(16)
    sealer = Cipher(algorithms.AES(content_key), modes.CBC(start)).encryptor()
    return start + sealer.update((pad or _padding)(plaintext)) + sealer.finalize()


def _wrap(
    recipient: SigningKey,
    content_key: bytes,
    transport: str,
    digest: str | None,
    mask: str | None,
    label: bytes | None,
) -> str:
    public_key = recipient.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    space, details = "xenc", ""
    if transport == "rsa-1_5":
        raw = public_key.encrypt(content_key, padding.PKCS1v15())
    else:
        space = "xenc11" if transport == "rsa-oaep" else "xenc"
        mask_digest = _DIGESTS[mask or "sha1"][1]()
        scheme = padding.OAEP(padding.MGF1(mask_digest), _DIGESTS[digest or "sha1"][1](), label)
        raw = public_key.encrypt(content_key, scheme)
        if label is not None:
            details += f"<xenc:OAEPparams>{base64.b64encode(label).decode()}</xenc:OAEPparams>"
        if digest:
            details += f'<ds:DigestMethod Algorithm="{_DIGESTS[digest][0]}"/>'
        if mask:
            details += f'<xenc11:MGF Algorithm="{NS["xenc11"]}mgf1{mask}"/>'
    return (
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{NS[space]}{transport}">{details}</xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(raw).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )
