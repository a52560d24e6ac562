"""What the server says about itself."""

import json

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import KeySet

from daypass.protocol.oauth.metadata import build_jwks, build_metadata
from support.dpop_forge import jwk_of


def test_metadata_names_every_endpoint_under_the_issuer() -> None:
    """RFC 8414 §2; one origin, no prefix."""
    assert build_metadata("https://signin.example.test") == {
        "issuer": "https://signin.example.test",
        "authorization_endpoint": "https://signin.example.test/v1/authorize",
        "token_endpoint": "https://signin.example.test/v1/token",
        "revocation_endpoint": "https://signin.example.test/v1/revoke",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "jwks_uri": "https://signin.example.test/.well-known/jwks.json",
        "scopes_supported": ["openid"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256", "SHA-256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "ES384"],
        "authorization_response_iss_parameter_supported": False,
    }


def test_the_jwk_set_has_public_keys_only_and_another_implementation_reads_it() -> None:
    """RFC 7517 §5: key id, use, algorithm; no private member."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    jwks = build_jwks((f"k{number}", key.public_key()) for number, key in enumerate(keys))
    expected = [
        jwk_of(key) | {"kid": f"k{number}", "use": "sig", "alg": "ES256"} for number, key in enumerate(keys)
    ]
    assert jwks == {"keys": expected}
    assert [key.kid for key in KeySet.import_key_set(json.loads(json.dumps(jwks))).keys] == ["k0", "k1"]


def test_the_metadata_may_name_the_s3_endpoint_and_changes_in_nothing_else() -> None:
    """RFC 8414 §2 allows further members; an unknown endpoint is absent, not empty."""
    document = build_metadata("https://h", s3_endpoint="https://s3.h")
    assert document == build_metadata("https://h") | {"s3_endpoint": "https://s3.h"}
