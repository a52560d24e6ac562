"""The Web Browser SSO profile's rules (Profiles §4.1.4.2–3), each by a response that breaks only that one."""

import pytest
from lxml import etree

from daypass.server.adapters.saml.times import CLOCK_SKEW, USE_WITHIN
from daypass.server.domain.verified_identity import VerifiedAssertion
from support.saml_forge import (
    ACS,
    GENERIC_ACS,
    IDP,
    NOW,
    NS,
    PROVIDER_ARN,
    ROLE,
    ROLE_PAIR,
    ROLE_SESSION_NAME,
    Change,
    Draft,
    append,
    at,
    remove,
    set_attribute,
    set_text,
)

DATA = "saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
CONFIRMATION = "saml:Subject/saml:SubjectConfirmation"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
REFUSED, EXPIRED = "InvalidIdentityToken", "ExpiredIdentityToken"


def test_a_response_is_read_whole(judge) -> None:
    assert judge(Draft(in_response_to="_request1")) == VerifiedAssertion(
        provider_arn=PROVIDER_ARN,
        assertion_id="_assertion1",
        issuer=IDP,
        subject="ada@example.com",
        subject_type="persistent",
        # printf '%s' https://idp.example.com/metadata123456789012/Example | openssl sha1 -binary | base64
        name_qualifier="/0aRAgJKHHfL53bU7VaRDukfK5k=",
        audience=ACS,
        in_response_to="_request1",
        idp_session="_session1",
        session_ends_at=NOW + 28_800,
        expires_at=NOW + 200 + CLOCK_SKEW,
        attributes={ROLE: (ROLE_PAIR,), ROLE_SESSION_NAME: ("ada",)},
    )


ASSERTION_RULES: list[tuple[str, tuple[Change, ...], str, str]] = [
    ("version", (set_attribute(".", "Version", "1.1"),), REFUSED, "the assertion has no ID or is not of version 2.0"),
    ("no issue instant", (set_attribute(".", "IssueInstant", None),), REFUSED, "the assertion has no IssueInstant"),
    ("odd instant", (set_attribute(".", "IssueInstant", "now"),), REFUSED, "IssueInstant: an instant is not a UTC xs:dateTime"),
    ("impossible instant", (set_attribute(".", "IssueInstant", "2026-02-30T00:00:00Z"),), REFUSED, "IssueInstant: an instant does not exist"),
    ("other zone", (set_attribute(".", "IssueInstant", "2027-01-15T08:00:00+01:00"),), REFUSED, "IssueInstant: an instant is not a UTC xs:dateTime"),
    ("issuer", (set_text("saml:Issuer", "https://other.example.com"),), REFUSED, "the issuer is not the provider"),
    ("two issuers", (append(".", f"<saml:Issuer>{IDP}</saml:Issuer>"),), REFUSED, "the issuer is not the provider"),
    ("issuer format", (set_attribute("saml:Issuer", "Format", "urn:x"),), REFUSED, "the issuer is not named as an entity"),
    ("no subject", (remove("saml:Subject"),), REFUSED, "the assertion has no bearer confirmation"),
    ("no confirmation", (remove(CONFIRMATION),), REFUSED, "the assertion has no bearer confirmation"),
    ("holder of key", (set_attribute(CONFIRMATION, "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),), REFUSED, "the assertion has no bearer confirmation"),
    ("no data", (remove(DATA),), REFUSED, "the bearer confirmation has no data"),
    ("recipient", (set_attribute(DATA, "Recipient", GENERIC_ACS),), REFUSED, "the Recipient is missing or another place"),
    ("no recipient", (set_attribute(DATA, "Recipient", None),), REFUSED, "the Recipient is missing or another place"),
    ("answers what was not asked", (set_attribute(DATA, "InResponseTo", "_x"),), REFUSED, "response and confirmation answer different requests"),
    ("not before", (set_attribute(DATA, "NotBefore", at(-10)),), REFUSED, "the bearer confirmation has a NotBefore"),
    ("no end", (set_attribute(DATA, "NotOnOrAfter", None),), REFUSED, "the bearer confirmation has no end"),
    ("no conditions", (remove("saml:Conditions"),), REFUSED, "the assertion does not have exactly one Conditions"),
    ("two conditions", (append(".", "<saml:Conditions/>"),), REFUSED, "the assertion does not have exactly one Conditions"),
    ("unknown condition", (append("saml:Conditions", '<saml:Condition/>'),), REFUSED, "the assertion has a condition that is not understood"),
    ("no audience restriction", (remove("saml:Conditions/saml:AudienceRestriction"),), REFUSED, "the assertion is for any audience"),
    ("audience", (set_text(".//saml:Audience", "https://other.example.com"),), REFUSED, "the assertion is for another audience"),
    ("second restriction", (append("saml:Conditions", "<saml:AudienceRestriction><saml:Audience>https://o.example</saml:Audience></saml:AudienceRestriction>"),), REFUSED, "the assertion is for another audience"),
    ("no authentication", (remove("saml:AuthnStatement"),), REFUSED, "the assertion states no authentication"),
    ("no name", (remove("saml:Subject/saml:NameID"),), REFUSED, "the assertion does not have exactly one NameID"),
    ("empty name", (set_text("saml:Subject/saml:NameID", ""),), REFUSED, "the NameID is empty, too long or not printable"),
    ("long name", (set_text("saml:Subject/saml:NameID", "x" * 1025),), REFUSED, "the NameID is empty, too long or not printable"),
    ("name with a line break", (set_text("saml:Subject/saml:NameID", "ada\nroot"),), REFUSED, "the NameID is empty, too long or not printable"),
    ("name with a terminal control", (set_text("saml:Subject/saml:NameID", "ada\x9b2J"),), REFUSED, "the NameID is empty, too long or not printable"),
    ("name written backwards", (set_text("saml:Subject/saml:NameID", "\u202etoor"),), REFUSED, "the NameID is empty, too long or not printable"),
    ("element in name", (append("saml:Subject/saml:NameID", "<saml:X/>"),), REFUSED, "a value has something other than text inside"),
    ("encrypted attribute", (append("saml:AttributeStatement", "<saml:EncryptedAttribute/>"),), REFUSED, "an attribute is encrypted by itself"),
    ("session over", (set_attribute("saml:AuthnStatement", "SessionNotOnOrAfter", at(0)),), EXPIRED, "the provider's session has ended"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [row[1:] for row in ASSERTION_RULES],
    ids=[row[0] for row in ASSERTION_RULES],
)
@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_an_assertion_that_breaks_one_rule_is_refused(
    changes: tuple[Change, ...], kind: str, reason: str, whole: bool, refusal
) -> None:
    draft = Draft(assertion_changes=changes, sign_assertion=not whole, sign_response=whole)
    assert refusal(draft) == (kind, reason)


SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
STATUS = "samlp:Status/samlp:StatusCode"
NO_PROVIDER = "the issuer is not the provider"
RESPONSE_RULES: list[tuple[str, Draft, str, str]] = [
    ("kind", Draft(response_changes=(lambda r: setattr(r, "tag", f"{{{NS['samlp']}}}ArtifactResponse"),)), REFUSED, "the message is of another kind"),
    ("version", Draft(response_changes=(set_attribute(".", "Version", "2.1"),)), REFUSED, "the message is not of version 2.0"),
    ("destination", Draft(destination=GENERIC_ACS), REFUSED, "the message's Destination is another place"),
    ("destination, signed", Draft(destination=GENERIC_ACS, sign_response=True), REFUSED, "the message's Destination is another place"),
    ("no destination, signed", Draft(destination="", sign_response=True), REFUSED, "the signed message has no Destination"),
    ("issuer", Draft(response_changes=(set_text("saml:Issuer", "x"),)), REFUSED, NO_PROVIDER),
    ("two issuers", Draft(response_changes=(append(".", f"<saml:Issuer>{IDP}</saml:Issuer>"),)), REFUSED, NO_PROVIDER),
    ("answer taken away", Draft(in_response_to="_r", response_changes=(set_attribute(".", "InResponseTo", None),)), REFUSED, "response and confirmation answer different requests"),
    ("answer exchanged", Draft(in_response_to="_r", response_changes=(set_attribute(".", "InResponseTo", "_s"),)), REFUSED, "response and confirmation answer different requests"),
    ("no status", Draft(response_changes=(remove("samlp:Status"),)), "IDPRejectedClaim", "status []"),
    ("two statuses", Draft(response_changes=(append(".", f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>'),)), "IDPRejectedClaim", f"status [{SUCCESS!r}, {SUCCESS!r}]"),
    ("refusal", Draft(response_changes=(set_attribute(STATUS, "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"),)), "IDPRejectedClaim", "status ['urn:oasis:names:tc:SAML:2.0:status:Responder']"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "kind", "reason"), [row[1:] for row in RESPONSE_RULES], ids=[row[0] for row in RESPONSE_RULES]
)
def test_a_response_that_breaks_one_rule_is_refused(draft: Draft, kind: str, reason: str, refusal) -> None:
    assert refusal(draft) == (kind, reason)


def test_a_refusal_of_the_provider_without_any_assertion_is_its_refusal(refusal) -> None:
    draft = Draft(
        response_changes=(
            set_attribute(STATUS, "Value", "urn:oasis:names:tc:SAML:2.0:status:Requester"),
            remove("saml:Assertion"),
        )
    )
    assert refusal(draft)[0] == "IDPRejectedClaim"


def test_an_unsigned_response_needs_no_destination_and_no_issuer(judge) -> None:
    assert (
        judge(Draft(destination="", response_changes=(remove("saml:Issuer"),))).subject == "ada@example.com"
    )


def test_an_assertion_without_an_issuer_is_refused(refusal) -> None:
    draft = Draft(sign_assertion=False, sign_response=True, assertion_changes=(remove("saml:Issuer"),))
    assert refusal(draft) == (REFUSED, NO_PROVIDER)


def test_a_signed_response_needs_an_issuer(refusal) -> None:
    def nothing(response: etree._Element) -> None:
        """Where the signer puts its work, as no Issuer is there."""
        response.find("saml:Issuer", NS).tag = f"{{{NS['saml']}}}Other"

    draft = Draft(sign_response=True, response_changes=(nothing,))
    assert refusal(draft) == (REFUSED, NO_PROVIDER)


@pytest.mark.parametrize(
    ("change", "last", "kind", "reason"),
    [
        (set_attribute(DATA, "NotOnOrAfter", at(100)), 100, EXPIRED, "the bearer confirmation has expired"),
        (set_attribute("saml:Conditions", "NotOnOrAfter", at(100)), 100, EXPIRED, "the assertion has expired"),
        (set_attribute(DATA, "NotOnOrAfter", at(9999)), 250, EXPIRED, "the assertion has expired"),
    ],
)  # fmt: skip
def test_an_end_counts_two_minutes_later_and_not_a_second_more(
    change: Change, last: int, kind: str, reason: str, judge, refusal
) -> None:
    draft = Draft(assertion_changes=(change,))
    assert judge(draft, now=NOW + last + CLOCK_SKEW - 1).expires_at == NOW + last + CLOCK_SKEW
    assert refusal(draft, now=NOW + last + CLOCK_SKEW) == (kind, reason)


def test_an_assertion_is_used_within_five_minutes_of_its_making(judge, refusal) -> None:
    long = (
        set_attribute(DATA, "NotOnOrAfter", at(9999)),
        set_attribute("saml:Conditions", "NotOnOrAfter", at(9999)),
    )
    end = USE_WITHIN + CLOCK_SKEW
    assert judge(Draft(assertion_changes=long), now=NOW + end - 1).expires_at == NOW + end
    reason = "the assertion was issued too long ago"
    assert refusal(Draft(assertion_changes=long), now=NOW + end) == (EXPIRED, reason)
    without = (long[0], set_attribute("saml:Conditions", "NotOnOrAfter", None))
    assert judge(Draft(assertion_changes=without)).expires_at == NOW + end


def test_a_beginning_counts_two_minutes_early_and_not_a_second_more(judge, refusal) -> None:
    draft = Draft(assertion_changes=(set_attribute("saml:Conditions", "NotBefore", at(60)),))
    assert judge(draft, now=NOW + 60 - CLOCK_SKEW).subject == "ada@example.com"
    assert refusal(draft, now=NOW + 59 - CLOCK_SKEW) == (REFUSED, "the assertion is not valid yet")
    always = Draft(assertion_changes=(set_attribute("saml:Conditions", "NotBefore", None),))
    assert judge(always, now=NOW - CLOCK_SKEW).subject == "ada@example.com"
    reason = "the assertion was issued in the future"
    assert refusal(always, now=NOW - CLOCK_SKEW - 1) == (REFUSED, reason)


def test_one_good_bearer_confirmation_among_others_is_enough(judge, refusal) -> None:
    other = f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData Recipient="https://x.example" NotOnOrAfter="{at(99)}"/></saml:SubjectConfirmation>'
    assert judge(Draft(assertion_changes=(append("saml:Subject", other),))).audience == ACS
    first = Draft(recipient="https://y.example", assertion_changes=(append("saml:Subject", other),))
    assert refusal(first)[1] == "the Recipient is missing or another place"


def test_one_of_several_audiences_and_recipients_is_enough(judge) -> None:
    more = append(
        "saml:Conditions/saml:AudienceRestriction", "<saml:Audience>https://o.example</saml:Audience>"
    )
    draft = Draft(audience=GENERIC_ACS, assertion_changes=(more,))
    both = frozenset({ACS, GENERIC_ACS})
    assert judge(draft, audiences=both, recipients=both).audience == ACS


def test_the_earliest_end_of_the_providers_session_is_returned(judge) -> None:
    more = f'<saml:AuthnStatement AuthnInstant="{at(0)}" SessionIndex="_two" SessionNotOnOrAfter="{at(60)}"/>'
    found = judge(Draft(assertion_changes=(append(".", more),)))
    assert (found.idp_session, found.session_ends_at) == ("_session1", NOW + 60)
    none = set_attribute("saml:AuthnStatement", "SessionNotOnOrAfter", None)
    index = set_attribute("saml:AuthnStatement", "SessionIndex", None)
    found = judge(Draft(assertion_changes=(none, index)))
    assert (found.idp_session, found.session_ends_at) == ("", None)


@pytest.mark.parametrize(
    ("name_format", "expected"),
    [
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient"),
        ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
        (None, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
    ],
)  # fmt: skip
def test_the_kind_of_name_is_told_as_sts_tells_it(name_format: str | None, expected: str, judge) -> None:
    change = set_attribute("saml:Subject/saml:NameID", "Format", name_format)
    assert judge(Draft(assertion_changes=(change,))).subject_type == expected


def test_values_of_a_repeated_attribute_stand_together_and_structured_ones_are_left_out(judge) -> None:
    more = '<saml:Attribute Name="a"><saml:AttributeValue>2</saml:AttributeValue></saml:Attribute>'
    nested = '<saml:Attribute Name="e"><saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue></saml:Attribute>'
    draft = Draft(
        attributes={"a": ["1"], "b": [""]},
        assertion_changes=(append("saml:AttributeStatement", more + nested),),
    )
    assert judge(draft).attributes == {"a": ("1", "2"), "b": ("",), "e": ()}


def test_fractions_of_a_second_and_a_missing_zone_are_read(judge) -> None:
    for text in (at(0).replace("Z", ".123456Z"), at(0).removesuffix("Z")):
        change = set_attribute(".", "IssueInstant", text)
        assert judge(Draft(assertion_changes=(change,))).subject == "ada@example.com"
