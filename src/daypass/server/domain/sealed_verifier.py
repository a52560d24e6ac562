"""The PKCE verifier of a sign-in at an OpenID Connect provider, while the person is away (RFC 7636 §4.1).

It lies sealed beside `state` and nonce: who reads the database cannot redeem a code that is on its way. A mark in
front keeps it apart from whatever else is sealed for federation.
"""

from daypass.secret import Secret
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["open_verifier", "seal_verifier"]

_MARK = b"verifier "


def seal_verifier(ring: KeyRing, verifier: Secret) -> str:
    """The text for `FederationRequest.sealed_verifier`."""
    return ring.seal("federation", _MARK + verifier.reveal().encode("ascii"))


def open_verifier(ring: KeyRing, sealed: str) -> Secret:
    """Raises SealBroken."""
    plaintext = ring.open("federation", sealed)[0]
    if not plaintext.startswith(_MARK):
        raise SealBroken("not a verifier")
    return Secret(plaintext[len(_MARK) :].decode("ascii"))
