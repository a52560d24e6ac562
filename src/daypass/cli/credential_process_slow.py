"""`daypass credential-process` when the cache alone does not answer: parse properly, refresh, explain.

Never prompts, never lets a keyring prompt, never opens a browser. Standard output holds the JSON or nothing.
"""

import os

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.renewing import credential_supply, find_profile
from daypass.client import credential_cache
from daypass.client.aws_config import load_config
from daypass.client.session_cache import format_time

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Print credentials as JSON (AWS CLI guide, "Sourcing credentials with an external process")."""
    parser = CommandParser(
        "credential-process", "Print credentials as JSON, refreshing them when they near their end."
    )
    add_profile(parser)
    profile = find_profile(load_config(os.environ), chosen_profile(parser.parse_args(argv), os.environ))
    entry = credential_supply(profile, os.environ, may_prompt=False)()
    token = {
        "accessKeyId": entry.access_key_id,
        "secretAccessKey": entry.secret_access_key.reveal(),
        "sessionToken": entry.session_token.reveal(),
        "accountId": entry.account_id,
        "expiresAt": format_time(entry.expires_at),
    }
    os.write(1, credential_cache.process_output(token).encode("ascii"))
    return 0
