"""SAML 2.0 as a service provider: the XML behind `ports.saml`. Import it lazily: it brings lxml and signxml.

    form field ──xml_source──▶ Element ──layout──▶ one assertion ──signature──▶ the provider's words
                                                        │  ▲
                                                        └──┴ decryption (EncryptedAssertion)
    the provider's words ──profile──▶ right place, time, audience ──assertion──▶ VerifiedAssertion

No flow, no storage, no clock: `now` and keys are arguments. lxml and signxml are imported in this package only.
"""

from daypass.server.adapters.saml.service_provider import Saml2ServiceProvider

__all__ = ["Saml2ServiceProvider"]
