"""From a form field to a verified assertion: the whole order of checks on one screen.

    read      base64, XML without document type              xml_source.py
    ask       did the provider say yes?                       here
    lay out   one response, one assertion, nothing twice      layout.py
    prove     signature(s), decryption in between             signature.py, decryption.py
    apply     the profile's rules to the proven words         profile.py

What is returned was read from elements that `verify_signed` returned (or that a signed response enclosed).
"""

from dataclasses import dataclass

from daypass.server.adapters.saml.assertion import read_attributes, read_subject
from daypass.server.adapters.saml.decryption import decrypt_assertion
from daypass.server.adapters.saml.layout import (
    check_assertion_layout,
    check_is_response,
    check_response_layout,
    only_assertion,
)
from daypass.server.adapters.saml.metadata import IdentityProvider, load_provider
from daypass.server.adapters.saml.names import STATUS_SUCCESS, saml, samlp
from daypass.server.adapters.saml.profile import (
    check_audience,
    check_authentication,
    check_bearer,
    check_conditions,
    check_destination,
    check_issue_instant,
    check_issuer,
)
from daypass.server.adapters.saml.refusals import Unreadable, refused, rejected
from daypass.server.adapters.saml.signature import has_signature, verify_signed
from daypass.server.adapters.saml.times import CLOCK_SKEW
from daypass.server.adapters.saml.xml_source import RESPONSE_BYTES, Element, decode_base64, parse_xml
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.verified_identity import VerifiedAssertion

__all__ = ["open_provider", "parse_message", "verify_response"]


@dataclass(frozen=True, slots=True)
class _Proven:
    """The provider's words. `response` is only a shell unless it was signed itself."""

    response: Element
    assertion: Element
    response_is_signed: bool
    was_encrypted: bool


def verify_response(
    saml_response: str,
    provider: SamlProvider,
    *,
    decryption_keys: tuple[bytes, ...],
    recipients: frozenset[str],
    audiences: frozenset[str],
    now: int,
) -> VerifiedAssertion:
    """`ports.saml.SamlServiceProvider.verify_response`."""
    response = parse_message(saml_response)
    check_is_response(response)
    check_status(response)
    check_response_layout(response)
    known = open_provider(provider, now=now)
    proven = prove(response, known, decryption_keys=decryption_keys, now=now)
    if provider.assertion_encryption == "Required" and not proven.was_encrypted:
        raise refused("the provider's assertions must be encrypted")
    return apply_profile(proven, provider, recipients=recipients, audiences=audiences, now=now)


def parse_message(field: str) -> Element:
    """A form field's XML. Raises InvalidIdentityToken."""
    try:
        return parse_xml(decode_base64(field, limit=RESPONSE_BYTES), limit=RESPONSE_BYTES)
    except Unreadable as unreadable:
        raise refused(str(unreadable)) from None


def open_provider(provider: SamlProvider, *, now: int) -> IdentityProvider:
    """The stored provider's metadata, which must not have ended. Raises InvalidIdentityToken."""
    known = load_provider(provider.metadata_document)
    if known.metadata.valid_until <= now:
        raise refused("the provider's metadata has expired")
    return known


def check_status(response: Element) -> None:
    """Raises IDPRejectedClaim unless the provider reports success; no signature is needed to believe a no."""
    codes = response.findall(f"{samlp('Status')}/{samlp('StatusCode')}")
    if len(codes) != 1 or codes[0].get("Value") != STATUS_SUCCESS:
        words = [code.get("Value", "")[-80:] for code in response.iter(samlp("StatusCode"))][:2]
        raise rejected(f"status {words!r}")


def prove(
    response: Element, known: IdentityProvider, *, decryption_keys: tuple[bytes, ...], now: int
) -> _Proven:
    """A signature of the provider covers the assertion; each signature that is there holds."""
    response_is_signed = has_signature(response)
    if response_is_signed:
        response = verify_signed(response, known.certificates, now=now)
    assertion = only_assertion(response)
    was_encrypted = assertion.tag == saml("EncryptedAssertion")
    if was_encrypted:
        assertion = decrypt_assertion(assertion, decryption_keys)
        check_assertion_layout(assertion)
    if has_signature(assertion):
        assertion = verify_signed(assertion, known.certificates, now=now)
    elif not response_is_signed:
        raise refused("neither the response nor the assertion is signed")
    return _Proven(response, assertion, response_is_signed, was_encrypted)


def apply_profile(
    proven: _Proven,
    provider: SamlProvider,
    *,
    recipients: frozenset[str],
    audiences: frozenset[str],
    now: int,
) -> VerifiedAssertion:
    """Every rule of the profile, in order; then, and only then, the values."""
    response, assertion, is_signed = proven.response, proven.assertion, proven.response_is_signed
    if assertion.get("Version") != "2.0" or not assertion.get("ID"):
        raise refused("the assertion has no ID or is not of version 2.0")
    check_destination(response, recipients, is_signed=is_signed)
    check_issuer(response, provider.entity_id, is_required=is_signed or proven.was_encrypted)
    check_issuer(assertion, provider.entity_id, is_required=True)
    use_by = check_issue_instant(assertion, now=now)
    answers = response.get("InResponseTo", "")
    bearer = check_bearer(assertion, recipients, in_response_to=answers, now=now)
    conditions_end = check_conditions(assertion, now=now)
    check_audience(assertion, audiences)
    idp_session, session_ends_at = check_authentication(assertion, now=now)
    subject = read_subject(assertion, provider)
    ends = (use_by, bearer.ends_at, use_by if conditions_end is None else conditions_end)
    return VerifiedAssertion(
        provider_arn=provider.arn,
        assertion_id=assertion.get("ID", ""),
        issuer=provider.entity_id,
        subject=subject.name,
        subject_type=subject.name_type,
        name_qualifier=subject.qualifier,
        audience=bearer.recipient,
        in_response_to=bearer.in_response_to,
        idp_session=idp_session,
        session_ends_at=session_ends_at,
        expires_at=min(ends) + CLOCK_SKEW,
        attributes=read_attributes(assertion),
    )
