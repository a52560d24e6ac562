"""Our side of OpenID Connect: a relying party that redirects, redeems a code and verifies tokens.

    relying_party.py   the port's implementation: which document, which keys, which checks, in which order
    discovery.py       the provider's document (OpenID Connect Discovery 1.0)
    jwks.py            its signing keys (RFC 7517)          document_cache.py  how long both are kept
    code_exchange.py   the code for tokens (RFC 6749 §4.1.3, RFC 7636)
    signed_token.py    a signature that holds (RFC 7515)    claim_checks.py    what each claim must say
    refusals.py        two sentences for everything that is refused
    id_token.py        an ID token's checks (Core §3.1.3.7) logout_token.py    a logout token's (Back-Channel §2.6)

It knows no flow, no page and no database. Heavy libraries (joserfc, urllib3) are imported here and in
`outbound_http.py` only.
"""

from daypass.server.adapters.oidc.relying_party import RelyingParty

__all__ = ["RelyingParty"]
