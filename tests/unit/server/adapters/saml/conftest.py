"""One provider as IAM stores it, and two ways to ask: what is verified, and why something is refused."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from daypass.errors import DaypassError
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.verified_identity import VerifiedAssertion
from support.saml_forge import ACS, IDP, NOW, Draft, key, metadata

Message = Draft | etree._Element | bytes | str
Judge = Callable[..., VerifiedAssertion]
Refusal = Callable[..., tuple[str, str]]


@pytest.fixture(scope="session")
def provider() -> SamlProvider:
    return SamlProvider(
        account_id="123456789012",
        name="Example",
        provider_uuid="SAMLAAAABBBBCCCCDDDD",
        metadata_document=metadata(key("idp")),
        entity_id=IDP,
        created_at=0,
        valid_until=NOW + 86_400,
        sealed_service_key="",
        service_certificate="",
    )


@pytest.fixture(scope="session")
def judge(provider: SamlProvider) -> Judge:
    """Verify a message; keyword arguments override those of `verify_response`, and `provider` fields by `record`."""

    def verify(
        message: Message, *, record: dict[str, Any] | None = None, **changes: Any
    ) -> VerifiedAssertion:
        usual: dict[str, Any] = {
            "decryption_keys": (key("ours").private_der,),
            "recipients": frozenset({ACS}),
            "audiences": frozenset({ACS}),
            "now": NOW,
        }
        known = replace(provider, **(record or {}))
        return Saml2ServiceProvider().verify_response(as_field(message), known, **(usual | changes))

    return verify


@pytest.fixture(scope="session")
def refusal(judge: Judge) -> Refusal:
    """The class name and the log's reason of a refusal; a message that is accepted fails the test."""

    def ask(message: Message, **changes: Any) -> tuple[str, str]:
        with pytest.raises(DaypassError) as refused:
            judge(message, **changes)
        return type(refused.value).__name__, refused.value.detail

    return ask


def as_field(message: Message) -> str:
    if isinstance(message, Draft):
        return message.field()
    if isinstance(message, str):
        return message
    return base64.b64encode(message if isinstance(message, bytes) else etree.tostring(message)).decode()
