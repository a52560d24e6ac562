"""Temporary root credentials made from a server's own key ring file, for tests that are not about signing in."""

import time
from pathlib import Path

from daypass.server.adapters.key_ring_file import read_key_ring_file
from daypass.server.domain.session import LoginSession
from daypass.server.issuers.built_in import BuiltInIssuer

__all__ = ["root_credentials"]


def root_credentials(key_ring_file: Path, account_id: str) -> dict[str, str]:
    """Arguments for a boto3 client: keys and session token of the account's root user, good for 15 minutes."""
    ring = read_key_ring_file(key_ring_file)
    now = int(time.time())
    session = LoginSession(
        session_id="00000000-0000-4000-8000-000000000000",
        account_id=account_id,
        principal_kind="root",
        principal_arn=f"arn:aws:iam::{account_id}:root",
        principal_id=account_id,
        credentials_epoch=0,
        client_id="arn:aws:signin:::devtools/same-device",
        dpop_jkt="x" * 43,
        generation=0,
        rotated_at=now,
        sealed_by=ring.current.key_id,
        created_at=now,
        ends_at=now + 43_200,
    )
    issuer = BuiltInIssuer(ring, credentials_lifetime=900, id_token_issuer="http://127.0.0.1")
    tokens = issuer.issue(session, now=now, with_id_token=False)
    return {
        "aws_access_key_id": tokens.access_key_id,
        "aws_secret_access_key": tokens.secret_access_key.reveal(),
        "aws_session_token": tokens.session_token.reveal(),
    }
