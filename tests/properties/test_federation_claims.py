"""What strangers can write into an assertion or a token never makes the readers raise anything but our refusals."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import InvalidIdentityToken, ValidationError
from daypass.server.domain.identity_provider import OidcProvider
from daypass.server.domain.saml_claims import read_role_pairs, read_saml_caller
from daypass.server.domain.session_tags import MAX_SESSION_TAGS, check_session_tags, inherit_tags
from daypass.server.domain.verified_identity import VerifiedAssertion, VerifiedIdToken
from daypass.server.domain.web_identity_claims import read_web_identity_caller

laws = settings(max_examples=150, deadline=None)

PREFIX = "https://aws.amazon.com/SAML/Attributes/"
PROVIDER = OidcProvider("111122223333", "https://idp.example.com/team", ("daypass", "second"), (), 1)
KEY = "idp.example.com/team"

_texts = st.text(max_size=20) | st.sampled_from(
    [
        "900",
        "ada",
        "arn:aws:iam::111122223333:role/r,arn:aws:iam::111122223333:saml-provider/p",
        "arn:aws:iam::111122223333:saml-provider/p",
        "team",
        "aws:team",
    ]
)
_names = st.sampled_from(
    [
        PREFIX + name
        for name in (
            "Role",
            "RoleSessionName",
            "SessionDuration",
            "SourceIdentity",
            "TransitiveTagKeys",
            "PrincipalTag:team",
            "PrincipalTag:",
        )
    ]
    + ["urn:oid:2.5.4.3", "urn:oid:2.5.4.4"]
)
_attributes = st.dictionaries(
    _names | st.text(max_size=10), st.lists(_texts, max_size=3).map(tuple), max_size=8
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_claim_names = st.text(max_size=8) | st.sampled_from(
    [
        "aud",
        "azp",
        "sub",
        "SUB",
        "email",
        "amr",
        "https://aws.amazon.com/tags",
        "https://aws.amazon.com/tags/principal_tags/team",
        "https://aws.amazon.com/tags/transitive_tag_keys",
        "https://aws.amazon.com/source_identity",
    ]
)
_tags = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=60)


def _assertion(attributes: dict[str, tuple[str, ...]]) -> VerifiedAssertion:
    return VerifiedAssertion(
        "arn:aws:iam::111122223333:saml-provider/p",
        "_1",
        "https://idp.example.com",
        "ada",
        "persistent",
        "q",
        "https://login.example.com/saml",
        "",
        "",
        None,
        2,
        attributes,
    )


@laws
@given(_attributes)
def test_any_attributes_are_read_or_refused(attributes: dict[str, tuple[str, ...]]) -> None:
    for read in (read_saml_caller, read_role_pairs):
        with contextlib.suppress(InvalidIdentityToken):
            read(_assertion(attributes))


@laws
@given(st.dictionaries(_claim_names, _json, max_size=8), st.text(max_size=300), st.none() | st.just("ada"))
def test_any_claims_are_read_or_refused(
    claims: dict[str, object], subject: str, session_name: str | None
) -> None:
    token = VerifiedIdToken(PROVIDER.url, subject, "daypass", claims, 2)
    try:
        who = read_web_identity_caller(token, PROVIDER, session_name=session_name)
    except InvalidIdentityToken:
        return
    assert who.condition_values[f"{KEY}:sub"] == subject
    assert who.condition_values[f"{KEY}:aud"] in {"daypass", "second"}
    assert len({name.lower() for name in who.condition_values}) == len(who.condition_values)
    assert 2 <= len(who.session_name) <= 64


@laws
@given(_tags, _tags)
def test_tags_are_legal_or_refused_and_inherited_ones_stay(
    given_tags: list[tuple[str, str]], carried: list[tuple[str, str]]
) -> None:
    try:
        tags, carried_tags = check_session_tags(given_tags), check_session_tags(carried)
        keys = tuple(key for key, _ in carried_tags[:2])
        together, transitive = inherit_tags(tags, (), carried=carried_tags, carried_keys=keys)
    except ValidationError:
        return
    assert len(together) <= MAX_SESSION_TAGS
    assert set(together) == set(tags) | set(carried_tags[:2])
    assert set(transitive) == set(keys)


@pytest.mark.parametrize(
    "claims, audience",
    [
        ({"aud": "daypass"}, "daypass"),
        ({"aud": ["daypass", "second", "foreign"]}, ("daypass", "second")),
        ({"aud": ["daypass", "foreign"]}, "daypass"),
        ({"aud": "daypass", "azp": "second"}, "second"),
        ({"aud": "daypass", "azp": "foreign"}, "daypass"),
        ({"aud": "daypass", "azp": 7}, "daypass"),
        ({"aud": "daypass", "AUD": "second"}, "daypass"),
    ],
)
def test_the_audience_policies_see_is_one_of_the_provider_s(
    claims: dict[str, object], audience: str | tuple[str, ...]
) -> None:
    who = read_web_identity_caller(
        VerifiedIdToken(PROVIDER.url, "ada", "daypass", claims, 2), PROVIDER, session_name=None
    )
    assert who.condition_values[f"{KEY}:aud"] == audience


@pytest.mark.parametrize(
    "claims, name",
    [
        ({}, "google-oauth2-117"),
        ({"email": "ada@example.com"}, "ada@example.com"),
        ({"preferred_username": "ada lovelace"}, "ada-lovelace"),
        ({"email": "boss@example.com", "email_verified": False, "preferred_username": "ada"}, "ada"),
        ({"email": "boss@example.com", "email_verified": "false"}, "google-oauth2-117"),
        ({"email": "ada@example.com", "email_verified": True, "preferred_username": "x"}, "ada@example.com"),
        ({"email": "", "preferred_username": "é"}, "--"),
        ({"email": "x" * 80}, "x" * 64),
    ],
)
def test_without_a_name_the_session_is_called_after_the_person(claims: dict[str, object], name: str) -> None:
    token = VerifiedIdToken(PROVIDER.url, "google-oauth2|117", "daypass", claims, 2)
    assert read_web_identity_caller(token, PROVIDER, session_name=None).session_name == name


@pytest.mark.parametrize("host", ["aws", "saml", "STS"])
def test_a_provider_cannot_be_called_like_a_family_of_condition_keys(host: str) -> None:
    provider = OidcProvider("111122223333", f"https://{host}", ("daypass",), (), 1)
    token = VerifiedIdToken(provider.url, "ada", "daypass", {"PrincipalArn": "x"}, 2)
    with pytest.raises(InvalidIdentityToken):
        read_web_identity_caller(token, provider, session_name=None)


def test_claims_that_differ_in_case_only_cannot_pass_for_the_verified_ones() -> None:
    claims: dict[str, object] = {
        "sub": "x",
        "SUB": "y",
        "email": "ada@example.com",
        "EMAIL": "eve@example.com",
    }
    token = VerifiedIdToken(PROVIDER.url, "ada", "daypass", claims, 2)
    values = read_web_identity_caller(token, PROVIDER, session_name=None).condition_values
    assert values == {f"{KEY}:sub": "ada", f"{KEY}:email": "ada@example.com", f"{KEY}:aud": "daypass"}


@pytest.mark.parametrize("subject", ["", "x" * 256, "ada\x00", "ada\n", "\ud800"])
def test_a_subject_no_log_could_hold_is_refused(subject: str) -> None:
    token = VerifiedIdToken(PROVIDER.url, subject, "daypass", {}, 2)
    with pytest.raises(InvalidIdentityToken):
        read_web_identity_caller(token, PROVIDER, session_name="ada")
