"""Names, ARNs and URLs of identity providers."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.document import parse_policy
from daypass.protocol.aws.errors import AwsError
from daypass.server.domain import provider_identifiers as checks
from daypass.server.domain.identity_provider import OidcProvider

CHECKS = [
    checks.check_saml_provider_arn,
    checks.check_oidc_provider_arn,
    checks.check_issuer_url,
    checks.check_client_id,
    checks.check_thumbprint,
]


def _trust_naming(arn: str) -> str:
    return (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",'
        f'"Principal":{{"Federated":"{arn}"}}}}}}'
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.google.com",
        "https://idp.example.com:8443/realms/staff",
        "https://login.microsoftonline.com/6f1a0000-0000-0000-0000-000000000000/v2.0",
        "https://tenant.auth0.com/",
        "http://127.0.0.1:9000",
        "http://localhost:9000/x_y.z",
    ],
)
def test_an_issuer_s_url_makes_an_arn_a_trust_policy_can_name(url: str) -> None:
    assert checks.check_issuer_url("url", url) == url
    arn = OidcProvider("111122223333", url, (), (), 0).arn
    assert checks.check_oidc_provider_arn("openIDConnectProviderArn", arn) == arn
    assert parse_policy(_trust_naming(arn), name="trust", kind="trust").statements


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.example.com",
        "http://idp.example.com",
        "http://127.0.0.2",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "https://user@idp.example.com",
        "https://user:secret@idp.example.com",
        "https://idp.example.com?x=1",
        "https://idp.example.com#x",
        "https://idp.example.com/a?",
        "https://idp.example.com/a b",
        "https://idp.example.com\n",
        "https://idp.example.com/\n",
        "https://idp.example.com/..",
        "https://idp.example.com/./x",
        "https://idp.example.com/%2e%2e",
        "https://idp.example.com:0",
        "https://idp.example.com:65536",
        "https://idp.example.com:",
        "https://IDP.example.com",
        "https://idp..example.com",
        "https://-idp.example.com",
        "https://[::1]/",
        "https://" + "a" * 248,
        "ftp://idp.example.com",
        "https:///x",
        "https://idp.example.com\\@evil.example",
    ],
)
def test_what_is_not_an_issuer_s_url_is_refused(url: str) -> None:
    with pytest.raises(AwsError) as refused:
        checks.check_issuer_url("url", url)
    assert refused.value.code in ("InvalidInput", "ValidationError")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:saml-provider/",
        "arn:aws:iam::111122223333:saml-provider/a/b",
        "arn:aws:iam::111122223333:saml-provider/*",
        "arn:aws:iam::11112222333:saml-provider/a",
        "arn:aws:iam::111122223333:oidc-provider/a",
    ],
)
def test_what_is_not_a_saml_provider_s_arn_is_refused(arn: str) -> None:
    with pytest.raises(AwsError) as refused:
        checks.check_saml_provider_arn("sAMLProviderArn", arn)
    assert refused.value.code == "InvalidInput"


@pytest.mark.parametrize("text", ["", "a\x00b", "a\n", "é", "x" * 256])
def test_what_is_not_a_client_id_is_refused(text: str) -> None:
    with pytest.raises(AwsError):
        checks.check_client_id("clientID", text)


@pytest.mark.parametrize("text", ["", "a" * 39, "a" * 41, "g" * 40])
def test_what_is_not_a_thumbprint_is_refused(text: str) -> None:
    with pytest.raises(AwsError):
        checks.check_thumbprint("thumbprintList", text)
    assert checks.check_thumbprint("thumbprintList", "A" * 40) == "a" * 40


@pytest.mark.parametrize("prefix", ["SAML", "KEY"])
def test_long_ids_fit_the_model(prefix: str) -> None:
    made = checks.build_long_id(prefix, bytes(range(checks.LONG_ID_SEED_BYTES)))
    assert re.fullmatch(rf"{prefix}[A-Z2-7]{{32}}", made)
    assert 22 <= len(made) <= 64


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CHECKS), st.text() | st.from_regex(r"https?://[a-z.:@/?#\[\]0-9]*"))
def test_no_text_makes_a_provider_check_raise_anything_but_our_refusals(check: object, text: str) -> None:
    assert callable(check)
    with contextlib.suppress(AwsError):
        check("member", text)
