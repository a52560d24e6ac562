"""`ports.passkeys.Passkeys` over the library `webauthn`: WebAuthn Level 3 §7.1 and §7.2, none attestation.

Loaded on first use: the library brings its own parsers of certificates and CBOR, which few requests need. They raise
whatever comes to them about bytes that make no sense, so anything they raise is the answer's fault and a refusal.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json,
    parse_authentication_credential_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from daypass.server.domain.relying_party import has_relying_party_id
from daypass.server.ports.passkeys import NewPasskey, PasskeyRefused

__all__ = ["WebAuthnPasskeys"]

_TIMEOUT_MS = 300_000
_LONGEST_ANSWER = 16_384


class WebAuthnPasskeys:
    """One relying party: this server under its external URL."""

    def __init__(self, external_url: str) -> None:
        self._host = urlsplit(external_url).hostname or ""
        self._origin = external_url

    @property
    def is_available(self) -> bool:
        """See the port."""
        return has_relying_party_id(self._origin)

    def registration_options(
        self, *, challenge: bytes, user_id: bytes, user_name: str, exclude: Sequence[bytes]
    ) -> str:
        """See the port. User verification is not asked for: the password was the first factor."""
        return options_to_json(
            webauthn.generate_registration_options(
                rp_id=self._host,
                rp_name="daypass",
                user_id=user_id,
                user_name=user_name,
                challenge=challenge,
                timeout=_TIMEOUT_MS,
                attestation=AttestationConveyancePreference.NONE,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.DISCOURAGED,
                    user_verification=UserVerificationRequirement.PREFERRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in exclude],
            )
        )

    def verify_registration(self, answer: str, *, challenge: bytes) -> NewPasskey:
        """See the port."""
        _check_length(answer)
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=False,
            )
            # None attestation proves no key: one that could never verify would lock its owner out.
            decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
        except Exception as refusal:  # noqa: BLE001 - the library's parsers have no common class
            raise PasskeyRefused(_words(refusal)) from None
        return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)

    def authentication_options(self, *, challenge: bytes, allow: Sequence[bytes]) -> str:
        """See the port."""
        return options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self._host,
                challenge=challenge,
                timeout=_TIMEOUT_MS,
                allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allow],
                user_verification=UserVerificationRequirement.PREFERRED,
            )
        )

    def read_credential_id(self, unverified_answer: str) -> bytes:
        """See the port."""
        _check_length(unverified_answer)
        try:
            return parse_authentication_credential_json(unverified_answer).raw_id
        except Exception as refusal:  # noqa: BLE001 - the library's parsers have no common class
            raise PasskeyRefused(_words(refusal)) from None

    def verify_authentication(
        self, answer: str, *, challenge: bytes, public_key: bytes, sign_count: int
    ) -> int:
        """See the port."""
        _check_length(answer)
        try:
            proven = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=False,
            )
        except Exception as refusal:  # noqa: BLE001 - the library's parsers have no common class
            raise PasskeyRefused(_words(refusal)) from None
        return proven.new_sign_count


def _check_length(answer: str) -> None:
    if len(answer) > _LONGEST_ANSWER:
        raise PasskeyRefused("the answer is too long")


def _words(refusal: Exception) -> str:
    return f"{type(refusal).__name__}: {refusal}"
