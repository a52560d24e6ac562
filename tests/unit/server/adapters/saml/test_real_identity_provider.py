"""What pysaml2 and xmlsec1 make, we read; what we make, they read. A separate process, over HTTP, at the present time."""

import html
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from daypass.protocol.aws.errors import InvalidIdentityToken
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.verified_identity import VerifiedAssertion
from support.saml_forge import ACS, PROVIDER_ARN, key
from support.saml_idp import (
    PRINCIPAL_TAG,
    ROLE,
    ROLE_SESSION_NAME,
    SESSION_DURATION,
    RunningSamlIdp,
    SamlUser,
    running_saml_idp,
)

pytestmark = pytest.mark.processes

SLO = "https://login.example.com/saml/logout/SAMLAAAABBBBCCCCDDDD"
SP = Saml2ServiceProvider()
ATTRIBUTES = {
    ROLE: [f"arn:aws:iam::123456789012:role/Reader,{PROVIDER_ARN}"],
    ROLE_SESSION_NAME: ["ada@example.com"],
    SESSION_DURATION: ["1800"],
    PRINCIPAL_TAG + "CostCenter": ["r&d <1>"],
}


class Provider:
    """The running provider, and our record of it."""

    def __init__(self, idp: RunningSamlIdp) -> None:
        self.idp = idp
        self.load()

    def load(self) -> None:
        """Take over its metadata as it is now, as `aws iam update-saml-provider` would."""
        document = self.idp.metadata()
        found = SP.parse_metadata(document, now=int(time.time()))
        self.record = SamlProvider(
            account_id="123456789012",
            name="Example",
            provider_uuid="SAMLAAAABBBBCCCCDDDD",
            metadata_document=document,
            entity_id=found.entity_id,
            created_at=0,
            valid_until=found.valid_until,
            sealed_service_key="",
            service_certificate="",
        )

    def sign_on_url(self, request_id: str = "_request1") -> str:
        return SP.build_sign_on_url(
            self.record,
            request_id=request_id,
            entity_id=ACS,
            consumer_url=ACS,
            relay_state="a-b&c",
            service_key=key("ours").private_der,
            now=int(time.time()),
        )

    def verify(self, field: str) -> VerifiedAssertion:
        return SP.verify_response(
            field,
            self.record,
            decryption_keys=(key("ours").private_der,),
            recipients=frozenset({ACS}),
            audiences=frozenset({ACS}),
            now=int(time.time()),
        )

    def initiated(self) -> str:
        """The form field of an IdP-initiated response."""
        return fields(get(self.idp.start_url("ada", ACS)))["SAMLResponse"]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder: Path = tmp_path_factory.mktemp("idp")
    ours = SP.build_metadata(entity_id=ACS, consumer_url=ACS, logout_url=SLO, certificate=key("ours").bare)
    users = {"ada": SamlUser("secret", ATTRIBUTES)}
    with running_saml_idp(folder, users=users, service_providers=[ours], session_seconds=7200) as idp:
        yield Provider(idp)


@pytest.fixture(autouse=True)
def _as_it_was(provider: Provider) -> Iterator[None]:
    yield
    provider.idp.change(
        encrypt="",
        sign_assertion=True,
        sign_response=False,
        want_signed_requests=False,
        signing_key="one",
        published_keys=["one"],
    )
    provider.load()


def get(url: str, form: dict[str, str] | None = None) -> str:
    data = None if form is None else urlencode(form).encode()
    with urllib.request.urlopen(url, data, timeout=30) as answer:
        return answer.read().decode()


def fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def location(url: str) -> str:
    """Where a redirect leads, without going there."""
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(_Stay).open(url, timeout=30)
    answer.value.close()
    return answer.value.headers["Location"]


def test_a_request_of_ours_is_answered_by_a_response_that_verifies(provider: Provider) -> None:
    form = fields(get(provider.sign_on_url()))
    assert form["acs"] == ACS and form["sp"] == ACS and form["relay_state"] == "a-b&c"
    page = fields(get(provider.idp.base + "/login", {**form, "user": "ada", "password": "secret"}))
    assert page["RelayState"] == "a-b&c"
    verified = provider.verify(page["SAMLResponse"])
    assert verified.in_response_to == "_request1"
    assert verified.subject == "ada" and verified.subject_type == "persistent"
    assert verified.issuer == provider.idp.entity_id and verified.audience == ACS
    assert verified.attributes == {name: tuple(values) for name, values in ATTRIBUTES.items()}
    assert verified.session_ends_at is not None and abs(verified.session_ends_at - time.time() - 7200) < 60
    assert verified.idp_session


def test_a_wrong_password_gives_no_response(provider: Provider) -> None:
    form = fields(get(provider.sign_on_url()))
    assert "SAMLResponse" not in get(provider.idp.base + "/login", {**form, "user": "ada", "password": "x"})


def test_an_initiated_response_answers_no_request(provider: Provider) -> None:
    assert provider.verify(provider.initiated()).in_response_to == ""


def test_an_unsigned_response_of_the_real_provider_is_refused(provider: Provider) -> None:
    provider.idp.change(sign_assertion=False)
    with pytest.raises(InvalidIdentityToken) as refusal:
        provider.verify(provider.initiated())
    assert refusal.value.detail == "neither the response nor the assertion is signed"


@pytest.mark.parametrize("sign_assertion", [True, False])
def test_a_response_signed_as_a_whole_verifies(provider: Provider, sign_assertion: bool) -> None:
    provider.idp.change(sign_assertion=sign_assertion, sign_response=True)
    assert provider.verify(provider.initiated()).subject == "ada"


@pytest.mark.parametrize("cipher", ["aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm"])
@pytest.mark.parametrize("sign_response", [True, False])
def test_what_xmlsec1_encrypts_we_open(provider: Provider, cipher: str, sign_response: bool) -> None:
    provider.idp.change(encrypt=cipher, sign_response=sign_response)
    field = provider.initiated()
    assert SP.read_response(field).provider_arns == ()
    assert provider.verify(field).attributes[ROLE] == tuple(ATTRIBUTES[ROLE])


def test_a_signed_request_of_ours_is_accepted_where_requests_must_be_signed(provider: Provider) -> None:
    provider.idp.change(want_signed_requests=True)
    provider.load()
    url = provider.sign_on_url()
    assert "Signature=" in urlsplit(url).query
    assert fields(get(url))["in_response_to"] == "_request1"


def test_a_signed_request_that_was_altered_is_refused_by_the_provider(provider: Provider) -> None:
    provider.idp.change(want_signed_requests=True)
    provider.load()
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(provider.sign_on_url().replace("RelayState=a", "RelayState=x"))
    refused.value.close()
    assert refused.value.code == 400


def test_a_key_changed_in_the_middle_is_accepted_once_its_certificate_is_published(
    provider: Provider,
) -> None:
    provider.idp.change(published_keys=["one", "two"])
    provider.load()
    assert provider.verify(provider.initiated()).subject == "ada"
    provider.idp.change(signing_key="two")
    assert provider.verify(provider.initiated()).subject == "ada"
    provider.idp.change(published_keys=["two"])
    provider.load()
    provider.idp.change(signing_key="one")
    with pytest.raises(InvalidIdentityToken, match="not acceptable"):
        provider.verify(provider.initiated())


def test_a_logout_request_of_the_real_provider_verifies_and_our_answer_is_read(provider: Provider) -> None:
    verified = provider.verify(provider.initiated())
    now = int(time.time())
    query = urlsplit(location(provider.idp.logout_url("ada"))).query
    request = SP.verify_logout_request(
        query=query, form=None, provider=provider.record, destination=SLO, now=now
    )
    assert (request.subject, request.session_indexes) == ("ada", (verified.idp_session,))
    answer = SP.build_logout_response_url(
        provider.record,
        in_response_to=request.request_id,
        response_id="_answer1",
        entity_id=ACS,
        relay_state="",
        service_key=key("ours").private_der,
        now=now,
    )
    assert answer.startswith(provider.idp.base + "/slo?")
    assert "Logged out" in get(answer)
