"""EncryptedAssertion: what is opened, what is not, and that nobody learns why (XML Encryption 1.1)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from support.saml_forge import NS, Draft, append, encryptor, key, make_key, set_attribute

OURS = key("ours")
NOT_OPENED = "the assertion cannot be decrypted: "
CIPHERS = [f"aes{bits}-{mode}" for bits in (128, 192, 256) for mode in ("cbc", "gcm")]


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("beside", [False, True], ids=["key inside", "key beside"])
@pytest.mark.parametrize(("sign_assertion", "sign_response"), [(True, False), (False, True), (True, True)])
def test_an_encrypted_assertion_is_opened(
    cipher: str, beside: bool, sign_assertion: bool, sign_response: bool, judge
) -> None:
    draft = Draft(
        encrypt=encryptor(OURS, cipher=cipher, beside=beside),
        sign_assertion=sign_assertion,
        sign_response=sign_response,
    )
    assert judge(draft) == judge(Draft())


@pytest.mark.parametrize(
    ("transport", "digest", "mask"),
    [
        ("rsa-oaep-mgf1p", None, None),
        ("rsa-oaep-mgf1p", "sha1", None),
        ("rsa-oaep-mgf1p", "sha256", None),
        ("rsa-oaep", None, None),
        ("rsa-oaep", "sha256", "sha1"),
        ("rsa-oaep", "sha256", "sha256"),
        ("rsa-oaep", "sha384", "sha384"),
        ("rsa-oaep", "sha512", "sha512"),
    ],
)
def test_the_variants_of_oaep_are_opened(transport: str, digest: str | None, mask: str | None, judge) -> None:
    for label in (None, b"label"):
        encrypt = encryptor(OURS, transport=transport, digest=digest, mask=mask, label=label)
        assert judge(Draft(encrypt=encrypt)).subject == "ada@example.com"


def test_rsa_1_5_is_refused_unread(refusal) -> None:
    draft = Draft(encrypt=encryptor(OURS, transport="rsa-1_5"))
    assert refusal(draft) == ("InvalidIdentityToken", NOT_OPENED + "the key transport is not RSA-OAEP")


def test_an_unsigned_assertion_in_an_unsigned_response_is_refused_though_it_was_encrypted(refusal) -> None:
    """Anybody can encrypt for us: our certificate is public."""
    for cipher in CIPHERS:
        draft = Draft(encrypt=encryptor(OURS, cipher=cipher), sign_assertion=False)
        reason = "neither the response nor the assertion is signed"
        assert refusal(draft) == ("InvalidIdentityToken", reason)


def test_every_failure_to_open_tells_the_sender_the_same(judge, refusal) -> None:
    def flip(sealed: bytes) -> bytes:
        return sealed[:-1] + bytes([sealed[-1] ^ 0x55])

    broken = [
        Draft(encrypt=encryptor(key("attacker"))),
        Draft(encrypt=encryptor(OURS, transport="rsa-1_5")),
        *[Draft(encrypt=encryptor(OURS, cipher=cipher, damage=flip)) for cipher in CIPHERS],
        *[
            Draft(encrypt=encryptor(OURS, cipher=cipher, damage=lambda sealed: sealed[:-16]))
            for cipher in CIPHERS
        ],
        *[Draft(encrypt=encryptor(OURS, cipher=cipher, damage=lambda sealed: b"")) for cipher in CIPHERS],
    ]
    texts = set()
    for draft in broken:
        assert refusal(draft)[0] == "InvalidIdentityToken"
        with pytest.raises(Exception, match="not acceptable") as refused:
            judge(draft)
        texts.add((str(refused.value), refused.value.__cause__, refused.value.__suppress_context__))
    assert len({text for text, _, _ in texts}) == 1


def test_every_byte_of_padding_is_one_refusal(refusal, judge) -> None:
    """CBC: the attacker walks through all values of the byte before the last block; no answer differs."""
    answers = set()
    for value in range(256):

        def damage(sealed: bytes, value: int = value) -> bytes:
            altered = bytearray(sealed)
            altered[-17] ^= value
            return bytes(altered)

        draft = Draft(encrypt=encryptor(OURS, cipher="aes128-cbc", damage=damage), assertion_changes=())
        if value == 0:
            assert judge(draft).subject == "ada@example.com"
            continue
        try:
            answers.add(refusal(draft)[0])
        except pytest.fail.Exception:  # only the random filler changed: the same assertion came out
            continue
    assert answers == {"InvalidIdentityToken"}


@pytest.mark.parametrize("claimed", [0, 17, 32, 255])
def test_padding_longer_than_a_block_or_none_is_refused(claimed: int, judge, refusal) -> None:
    """Even where cutting so much off would leave the good assertion."""

    def pad(plaintext: bytes, claimed: int = claimed) -> bytes:
        room = -len(plaintext) % 16 + 256
        end = bytes([claimed]) if claimed else b"\0"
        return plaintext + b" " * (room - max(claimed, 1)) + b" " * (max(claimed, 1) - 1) + end

    good = Draft(encrypt=encryptor(OURS, cipher="aes256-cbc", pad=lambda text: pad(text, 16)))
    assert judge(good).subject == "ada@example.com"
    draft = Draft(encrypt=encryptor(OURS, cipher="aes256-cbc", pad=pad))
    assert refusal(draft)[1] == NOT_OPENED + "the plaintext is damaged"


def test_a_key_meant_for_somebody_else_is_passed_over(judge) -> None:
    theirs = etree.fromstring(encryptor(key("attacker"))(b"<x/>")).find(".//xenc:EncryptedKey", NS)

    def both(response: etree._Element) -> None:
        response.find(".//xenc:EncryptedKey", NS).addprevious(theirs)

    assert judge(Draft(encrypt=encryptor(OURS), response_changes=(both,))).subject == "ada@example.com"


def test_only_four_wrapped_keys_are_tried(refusal) -> None:
    def many(response: etree._Element) -> None:
        ours = response.find(".//xenc:EncryptedKey", NS)
        for _ in range(4):
            theirs = etree.fromstring(encryptor(key("attacker"))(b"<x/>")).find(".//xenc:EncryptedKey", NS)
            ours.addprevious(theirs)

    draft = Draft(encrypt=encryptor(OURS), response_changes=(many,))
    assert refusal(draft)[1] == NOT_OPENED + "none of our keys opens it"


def test_any_of_our_keys_may_open_it(judge, refusal) -> None:
    draft = Draft(encrypt=encryptor(OURS))
    curve = make_key("ec", private_key=ec.generate_private_key(ec.SECP256R1()))
    keys = (curve.private_der, key("next").private_der, OURS.private_der)
    assert judge(draft, decryption_keys=keys).subject == "ada@example.com"
    for none in ((), keys[:2]):
        assert refusal(draft, decryption_keys=none)[1] == NOT_OPENED + "none of our keys opens it"


def test_a_content_key_of_another_length_is_refused(refusal) -> None:
    def exchange(response: etree._Element) -> None:
        response.find("saml:EncryptedAssertion/xenc:EncryptedData/xenc:EncryptionMethod", NS).set(
            "Algorithm", NS["xenc"] + "aes256-cbc"
        )

    draft = Draft(encrypt=encryptor(OURS, cipher="aes128-cbc"), response_changes=(exchange,))
    assert refusal(draft)[1] == NOT_OPENED + "none of our keys opens it"


@pytest.mark.parametrize("algorithm", ["tripledes-cbc", "", "aes256-ctr"])
def test_other_ciphers_are_refused(algorithm: str, refusal) -> None:
    def exchange(response: etree._Element) -> None:
        response.find("saml:EncryptedAssertion/xenc:EncryptedData/xenc:EncryptionMethod", NS).set(
            "Algorithm", NS["xenc"] + algorithm
        )

    draft = Draft(encrypt=encryptor(OURS), response_changes=(exchange,))
    assert refusal(draft)[1] == NOT_OPENED + "the content cipher is not accepted"


def test_what_comes_out_must_be_one_assertion(refusal) -> None:
    assertion = etree.tostring(Draft().element().find("saml:Assertion", NS))
    encrypt = encryptor(OURS)
    rows = [
        (b"", NOT_OPENED + "the plaintext is not one element"),
        (assertion + b"<x/>", NOT_OPENED + "the plaintext is not one element"),
        (assertion + b"x", NOT_OPENED + "the plaintext is not one element"),
        (b"x" + assertion, NOT_OPENED + "the plaintext is not one element"),
        (b"</frame><frame>", NOT_OPENED + "the document is not well-formed XML in UTF-8"),
        (b"<!DOCTYPE a>" + assertion, NOT_OPENED + "the document has a document type"),
        (b"<x/>", "the message is of another kind"),
        (b'<?xml version="1.0"?><x/>', "the message is of another kind"),
    ]
    for plaintext, reason in rows:
        text = encrypt(plaintext)
        assert refusal(Draft(encrypt=lambda _, text=text: text)) == ("InvalidIdentityToken", reason)


def test_an_encrypted_document_with_its_declaration_is_opened(judge) -> None:
    encrypt = encryptor(OURS)
    draft = Draft(encrypt=lambda plaintext: encrypt(b'<?xml version="1.0"?>' + plaintext))
    assert judge(draft).subject == "ada@example.com"


def test_prefixes_declared_around_the_data_are_known_inside(judge) -> None:
    """xmlsec1 writes an element out without its ancestors' declarations."""
    encrypt = encryptor(OURS)
    declaration = b' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    draft = Draft(encrypt=lambda plaintext: encrypt(plaintext.replace(declaration, b"", 1)))
    assert judge(draft).subject == "ada@example.com"


def test_an_encrypted_assertion_must_not_hold_another(refusal) -> None:
    inner = '<saml:Advice><saml:Assertion ID="_a" Version="2.0" IssueInstant="x"/></saml:Advice>'
    draft = Draft(encrypt=encryptor(OURS), assertion_changes=(append(".", inner),))
    assert refusal(draft) == ("InvalidIdentityToken", "the encrypted assertion holds another assertion")


def test_an_encrypted_assertion_must_not_use_an_id_twice(refusal) -> None:
    twice = set_attribute("saml:AuthnStatement", "ID", "_assertion1")
    draft = Draft(
        encrypt=encryptor(OURS), assertion_changes=(twice,), sign_assertion=False, sign_response=True
    )
    assert refusal(draft) == ("InvalidIdentityToken", "two elements have the same ID")


def test_a_signature_in_an_unexpected_place_of_an_encrypted_assertion_is_refused(refusal) -> None:
    stray = append("saml:Subject", "<ds:Signature/>")
    draft = Draft(encrypt=encryptor(OURS), assertion_changes=(stray,))
    assert refusal(draft) == ("InvalidIdentityToken", "there is a signature in an unexpected place")


def test_parts_of_an_encryption_are_there_once(refusal) -> None:
    for path in (
        "xenc:EncryptedData",
        "xenc:EncryptedData/xenc:EncryptionMethod",
        "xenc:EncryptedData/xenc:CipherData",
    ):

        def double(response: etree._Element, path: str = path) -> None:
            part = response.find("saml:EncryptedAssertion/" + path, NS)
            part.addnext(etree.fromstring(etree.tostring(part)))

        def drop(response: etree._Element, path: str = path) -> None:
            part = response.find("saml:EncryptedAssertion/" + path, NS)
            part.getparent().remove(part)

        for change in (double, drop):
            draft = Draft(encrypt=encryptor(OURS), response_changes=(change,))
            assert refusal(draft)[1] == NOT_OPENED + "a part is missing or there twice"


def test_a_comment_left_in_a_decrypted_name_is_refused(refusal) -> None:
    """Under a signed response the plaintext is not canonicalized: the comment is still there."""
    draft = Draft(
        subject="root@example.com<!---->.attacker.example",
        encrypt=encryptor(OURS),
        sign_assertion=False,
        sign_response=True,
    )
    assert refusal(draft) == ("InvalidIdentityToken", "a value has something other than text inside")


def test_a_provider_that_must_encrypt_cannot_leave_it(judge, refusal) -> None:
    must = {"assertion_encryption": "Required"}
    assert judge(Draft(encrypt=encryptor(OURS)), record=must).subject == "ada@example.com"
    reason = "the provider's assertions must be encrypted"
    assert refusal(Draft(), record=must) == ("InvalidIdentityToken", reason)
    assert judge(Draft(), record={"assertion_encryption": "Allowed"}).subject == "ada@example.com"


def test_the_response_around_an_encrypted_assertion_names_its_issuer(refusal) -> None:
    def nameless(response: etree._Element) -> None:
        response.remove(response.find("saml:Issuer", NS))

    draft = Draft(encrypt=encryptor(OURS), response_changes=(nameless,))
    assert refusal(draft) == ("InvalidIdentityToken", "the issuer is not the provider")


def test_a_ciphertext_altered_under_a_signed_response_is_not_even_decrypted(refusal) -> None:
    response = Draft(encrypt=encryptor(OURS), sign_response=True).element()
    value = response.find("saml:EncryptedAssertion/xenc:EncryptedData/xenc:CipherData/xenc:CipherValue", NS)
    value.text = base64.b64encode(base64.b64decode(value.text)[:-1] + b"x").decode()
    reason = "no signing certificate of the provider proves the signature"
    assert refusal(response) == ("InvalidIdentityToken", reason)
