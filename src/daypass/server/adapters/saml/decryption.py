"""Opening an EncryptedAssertion (Core §2.3.4, XML Encryption 1.1): one key is unwrapped, one element comes out.

RSA-OAEP only: RSA 1.5 is what Bleichenbacher's oracle needs, and is refused unread. CBC has no integrity of its own;
that is why the assertion inside must be signed unless the response around it was (verify.py), and why everything
that can go wrong here is one refusal with one text, padding included (Jager and Somorovsky, 2011). Use GCM.
"""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from daypass.protocol.aws.errors import InvalidIdentityToken
from daypass.server.adapters.saml.keys import load_service_key
from daypass.server.adapters.saml.names import DS, XENC, XENC11, ds, xenc, xenc11
from daypass.server.adapters.saml.refusals import Unreadable, refused
from daypass.server.adapters.saml.xml_source import (
    RESPONSE_BYTES,
    Element,
    decode_base64,
    parse_xml,
    serialize,
    text_of,
)

__all__ = ["decrypt_assertion"]

_KEYS_TRIED = 4
"""EncryptedKey elements looked at: one per recipient, and we are one of them."""

_CBC = {f"{XENC}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
_GCM = {f"{XENC11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_OAEP_MGF1P = XENC + "rsa-oaep-mgf1p"
_OAEP = XENC11 + "rsa-oaep"
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    DS + "sha1": hashes.SHA1,
    XENC + "sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    XENC + "sha512": hashes.SHA512,
}
_MASKS: dict[str, type[hashes.HashAlgorithm]] = {
    XENC11 + "mgf1sha1": hashes.SHA1,
    XENC11 + "mgf1sha256": hashes.SHA256,
    XENC11 + "mgf1sha384": hashes.SHA384,
    XENC11 + "mgf1sha512": hashes.SHA512,
}


def decrypt_assertion(encrypted: Element, private_keys: tuple[bytes, ...]) -> Element:
    """The element inside, as a document of its own. Raises InvalidIdentityToken, always with the same text.

    `private_keys` are PKCS #8 DER; the first that opens one of the wrapped keys is used.
    """
    try:
        return _decrypt(encrypted, private_keys)
    except Unreadable as unreadable:
        raise _not_opened(str(unreadable)) from None
    except Exception as broken:  # noqa: BLE001  # one refusal for all: no cause may be told from another
        raise _not_opened(type(broken).__name__) from None


def _not_opened(reason: str) -> InvalidIdentityToken:
    return refused(f"the assertion cannot be decrypted: {reason}")


def _decrypt(encrypted: Element, private_keys: tuple[bytes, ...]) -> Element:
    encrypted_data = _only(encrypted, xenc("EncryptedData"))
    method = _only(encrypted_data, xenc("EncryptionMethod")).get("Algorithm", "")
    key_size = _CBC.get(method) or _GCM.get(method)
    if key_size is None:
        raise Unreadable("the content cipher is not accepted")
    content_key = _unwrap(_wrapped_keys(encrypted, encrypted_data), private_keys, key_size)
    sealed = _cipher_value(encrypted_data)
    if method in _GCM:
        plaintext = AESGCM(content_key).decrypt(sealed[:12], sealed[12:], None)
    else:
        plaintext = _decrypt_cbc(content_key, sealed)
    return _parse_inside(plaintext, encrypted)


def _wrapped_keys(encrypted: Element, encrypted_data: Element) -> list[Element]:
    """In the data's KeyInfo, or beside the data (Core §6.2)."""
    inside = encrypted_data.findall(f"{ds('KeyInfo')}/{xenc('EncryptedKey')}")
    return [*inside, *encrypted.findall(xenc("EncryptedKey"))][:_KEYS_TRIED]


def _unwrap(wrapped_keys: list[Element], private_keys: tuple[bytes, ...], key_size: int) -> bytes:
    for wrapped in wrapped_keys:
        scheme = _oaep(_only(wrapped, xenc("EncryptionMethod")))
        sealed = _cipher_value(wrapped)
        for der in private_keys:
            try:
                content_key = load_service_key(der).decrypt(sealed, scheme)
            except ValueError:
                continue
            if len(content_key) == key_size:
                return content_key
    raise Unreadable("none of our keys opens it")


def _oaep(method: Element) -> padding.OAEP:
    """XML Encryption 1.1 §5.5.2: `rsa-oaep-mgf1p` fixes the mask to SHA-1, `rsa-oaep` lets it be named."""
    algorithm = method.get("Algorithm")
    if algorithm not in (_OAEP_MGF1P, _OAEP):
        raise Unreadable("the key transport is not RSA-OAEP")
    digest, mask, label = (
        method.find(ds("DigestMethod")),
        method.find(xenc11("MGF")),
        method.find(xenc("OAEPparams")),
    )
    named_mask = None if mask is None or algorithm == _OAEP_MGF1P else mask.get("Algorithm", "")
    return padding.OAEP(
        mgf=padding.MGF1(hashes.SHA1() if named_mask is None else _MASKS[named_mask]()),  # noqa: S303  # a mask, not a digest
        algorithm=hashes.SHA1() if digest is None else _DIGESTS[digest.get("Algorithm", "")](),  # noqa: S303  # as the RFC 8017 default; OAEP does not need collision resistance
        label=None if label is None else decode_base64(text_of(label), limit=1024),
    )


def _decrypt_cbc(content_key: bytes, sealed: bytes) -> bytes:
    """XML Encryption §5.2: the last byte says how many bytes of padding there are, itself included."""
    opener = Cipher(algorithms.AES(content_key), modes.CBC(sealed[:16])).decryptor()
    padded = opener.update(sealed[16:]) + opener.finalize()
    size = padded[-1]
    if not 1 <= size <= 16:
        raise Unreadable("the plaintext is damaged")
    return padded[:-size]


def _parse_inside(plaintext: bytes, encrypted: Element) -> Element:
    """The plaintext may use prefixes declared around it: it is read inside an element that declares them too."""
    if plaintext.lstrip().startswith(b"<?xml"):
        return parse_xml(plaintext, limit=RESPONSE_BYTES)
    hollow = etree.Element("frame", nsmap=encrypted.nsmap)  # type: ignore[arg-type]  # the stubs forget the default namespace
    hollow.text = "."
    opening, closing = serialize(hollow).rsplit(b".</", 1)
    opened = parse_xml(opening + plaintext + b"</" + closing, limit=RESPONSE_BYTES * 2)
    if len(opened) != 1 or (opened.text or "").strip() or (opened[0].tail or "").strip():
        raise Unreadable("the plaintext is not one element")
    return parse_xml(serialize(opened[0]), limit=RESPONSE_BYTES * 2)


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise Unreadable("a part is missing or there twice")
    return found[0]


def _cipher_value(parent: Element) -> bytes:
    carrier = _only(_only(parent, xenc("CipherData")), xenc("CipherValue"))
    return decode_base64(text_of(carrier), limit=RESPONSE_BYTES)
