"""What a sign-in server says about itself: RFC 8414 metadata and its JWK Set (RFC 7517 §5).

`aws login` reads neither; other clients do. The issuer is also the root of every endpoint, because AWS
clients drop path prefixes. Both names of the one PKCE transform are listed.
"""

from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric import ec

from daypass.protocol.jose.jwk import public_jwk

__all__ = ["build_jwks", "build_metadata"]


def build_metadata(
    issuer: str, *, s3_endpoint: str = "", algorithms: Sequence[str] = ("ES256", "ES384")
) -> dict[str, object]:
    """Authorization server metadata (RFC 8414 §2). `issuer`: scheme, host and port, no trailing slash.

    `s3_endpoint` is a member of ours (§2 allows more): where the S3 gateway of this service is. `algorithms`: what
    the keys of the JWK Set sign with.
    """
    document: dict[str, object] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/v1/authorize",
        "token_endpoint": f"{issuer}/v1/token",
        "revocation_endpoint": f"{issuer}/v1/revoke",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": ["openid"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256", "SHA-256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [*algorithms],
        "authorization_response_iss_parameter_supported": False,
    }
    return document | ({"s3_endpoint": s3_endpoint} if s3_endpoint else {})


def build_jwks(
    keys: Iterable[tuple[str, ec.EllipticCurvePublicKey]], others: Iterable[Mapping[str, str]] = ()
) -> dict[str, object]:
    """The JWK Set of ID token keys, given as (key id, public key), and of `others`, which are JWKs already."""
    id_token_keys = [
        {**public_jwk(public_key), "kid": key_id, "use": "sig", "alg": "ES256"} for key_id, public_key in keys
    ]
    return {"keys": [*id_token_keys, *others]}
