"""Sealing, opening and resealing the private keys of a SAML provider."""

import base64
from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import InternalFailure
from daypass.secret import Secret
from daypass.server.domain.identity_provider import SamlPrivateKey, SamlProvider
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.saml_keys import (
    open_service_keys,
    reseal_keys,
    seal_private_key,
    unwrap_service_key,
)

OLD = MasterKey("00000001", 1, b"1" * 32)
NEW = MasterKey("00000002", 2, b"2" * 32)
OLD_RING, BOTH, NEW_RING = KeyRing([OLD]), KeyRing([OLD, NEW]), KeyRing([NEW])


def _provider(ring: KeyRing) -> SamlProvider:
    return SamlProvider(
        account_id="111122223333",
        name="Example",
        provider_uuid="SAML" + "A" * 32,
        metadata_document="<xml/>",
        entity_id="https://idp.example.com",
        created_at=0,
        valid_until=1,
        sealed_service_key=seal_private_key(ring, b"our own"),
        service_certificate="",
        private_keys=(
            SamlPrivateKey("KEY" + "A" * 32, 0, seal_private_key(ring, b"first")),
            SamlPrivateKey("KEY" + "B" * 32, 0, seal_private_key(ring, b"second")),
        ),
    )


def test_our_own_key_comes_first_and_opens_assertions_too() -> None:
    assert open_service_keys(OLD_RING, _provider(OLD_RING)) == (b"our own", (b"our own", b"first", b"second"))


def test_a_private_key_is_sealed_for_this_purpose_only() -> None:
    provider = replace(_provider(OLD_RING), sealed_service_key=OLD_RING.seal("federation", b"our own"))
    with pytest.raises(InternalFailure):
        open_service_keys(OLD_RING, provider)


def test_no_representation_of_a_provider_shows_its_keys() -> None:
    provider = _provider(OLD_RING)
    assert provider.sealed_service_key not in repr(provider)
    assert provider.private_keys[0].sealed_key not in repr(provider)


def test_resealing_moves_every_key_under_the_newest() -> None:
    moved = reseal_keys(BOTH, _provider(OLD_RING))
    assert open_service_keys(NEW_RING, moved) == (b"our own", (b"our own", b"first", b"second"))
    assert reseal_keys(BOTH, moved) is moved
    partly = replace(moved, private_keys=_provider(OLD_RING).private_keys)
    assert open_service_keys(NEW_RING, reseal_keys(BOTH, partly))


def test_a_key_the_ring_has_lost_is_named_to_the_operator_only() -> None:
    with pytest.raises(InternalFailure) as refused:
        open_service_keys(NEW_RING, _provider(OLD_RING))
    assert "saml-provider/Example" in refused.value.detail
    assert "111122223333" not in refused.value.message


def test_a_new_service_key_is_unwrapped_to_its_bytes() -> None:
    assert unwrap_service_key(Secret(base64.b64encode(b"der").decode())) == b"der"
