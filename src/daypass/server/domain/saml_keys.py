"""The private keys of a SAML provider, sealed for keeping and opened for use.

They outlive every other sealed value, so they are the only ones that have to be sealed anew when the ring
has a newer key: a key of the ring is dropped once nothing that expires can still be sealed by it.
"""

import base64
from dataclasses import replace

from daypass.protocol.aws.errors import InternalFailure
from daypass.secret import Secret
from daypass.server.domain.identity_provider import SamlProvider
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["open_service_keys", "reseal_keys", "seal_private_key", "unwrap_service_key"]


def unwrap_service_key(private_key: Secret) -> bytes:
    """The PKCS #8 DER bytes of a `ports.saml.ServiceKey`."""
    return base64.b64decode(private_key.reveal(), validate=True)


def seal_private_key(ring: KeyRing, private_key: bytes) -> str:
    """PKCS #8 DER bytes, sealed under the current key."""
    return ring.seal("saml-key", private_key)


def open_service_keys(ring: KeyRing, provider: SamlProvider) -> tuple[bytes, tuple[bytes, ...]]:
    """Our own key for the provider, and the keys that open its assertions: our own first, then the added ones.

    All are PKCS #8 DER. Raises InternalFailure when the ring has lost the key that sealed one of them.
    """
    try:
        service_key = _open(ring, provider.sealed_service_key)
        added = [_open(ring, key.sealed_key) for key in provider.private_keys]
    except SealBroken:
        raise InternalFailure(
            "The keys of this SAML provider cannot be opened.",
            detail=f"{provider.arn}: sealed by a key the key ring does not have; delete and create the provider",
        ) from None
    return service_key, (service_key, *added)


def reseal_keys(ring: KeyRing, provider: SamlProvider) -> SamlProvider:
    """The provider with every key under the current key of the ring; the same object when that is so already.

    Raises InternalFailure like `open_service_keys`.
    """
    sealed = [provider.sealed_service_key, *(key.sealed_key for key in provider.private_keys)]
    service_key, opened = open_service_keys(ring, provider)
    # Sealing is deterministic: what is under the current key already seals to itself.
    resealed = [seal_private_key(ring, key) for key in opened]
    if resealed == sealed:
        return provider
    return replace(
        provider,
        sealed_service_key=seal_private_key(ring, service_key),
        private_keys=tuple(
            replace(key, sealed_key=text)
            for key, text in zip(provider.private_keys, resealed[1:], strict=True)
        ),
    )


def _open(ring: KeyRing, sealed: str) -> bytes:
    return ring.open("saml-key", sealed)[0]
