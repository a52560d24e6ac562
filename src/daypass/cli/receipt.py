"""`daypass receipt [PROFILE] [--json]`: who a profile acts as, by what it is narrowed, until when: asked of STS just now.

For the log of an agent, and for a ticket. It shows no secret. The members of `--json`: docs/reference/json-output.md.
"""

import argparse
import hashlib
import json
import os
import time
from shlex import quote

from daypass.cli.arguments import CommandParser, add_no_input, add_profile, chosen_profile, may_prompt
from daypass.cli.output import data
from daypass.cli.renewing import credential_supply, find_profile, login_session_of, store_for
from daypass.client.aws_config import Profile, load_config
from daypass.client.caller_identity import CallerIdentity, get_caller_identity
from daypass.client.narrow import compact_policy, key_thumbprint
from daypass.client.narrow_profile import arn_of_session, read_narrowed
from daypass.client.receipt import Receipt
from daypass.client.role_profile import RoleChain, find_chain
from daypass.client.session_cache import CacheEntry
from daypass.client.transport import send
from daypass.errors import LoginRequired, UsageError
from daypass.protocol.aws.endpoints import signin_endpoint, sts_endpoint
from daypass.protocol.oauth.id_token import read_session_end

__all__ = ["receipt_of", "run"]


def run(argv: list[str]) -> int:
    """Ask STS and print one block, or one JSON object."""
    arguments = _parse(argv)
    profile = find_profile(load_config(os.environ), chosen_profile(arguments, os.environ))
    asks = may_prompt(arguments)
    entry = credential_supply(profile, os.environ, may_prompt=asks)()
    now = int(time.time())
    region = _region(profile, entry)
    identity = get_caller_identity(entry, endpoint=_sts(profile, region), region=region, now=now, send=send)
    receipt = receipt_of(profile, entry, identity, now=now, may_prompt=asks)
    data(json.dumps(receipt.members()) if arguments.json else receipt.text())
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("receipt", "Show who a profile acts as, what narrows it, and until when.")
    parser.add_argument("named", nargs="?", metavar="PROFILE", help="the profile")
    add_profile(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_no_input(parser)
    arguments = parser.parse_args(argv)
    if arguments.named and arguments.profile and arguments.named != arguments.profile:
        raise UsageError("two profiles were named", hint=f"daypass receipt {arguments.named}")
    arguments.profile = arguments.named or arguments.profile
    return arguments


def receipt_of(
    profile: Profile,
    entry: CacheEntry,
    identity: CallerIdentity | None,
    *,
    now: int,
    may_prompt: bool | None = None,
) -> Receipt:
    """The receipt of the profile's credentials; `identity` is what STS said of them, None when it was not to be had."""
    chain = find_chain(load_config(os.environ), profile, os.environ)
    login = profile if chain is None else chain.login
    words = read_narrowed(login) if chain is None else None
    login_entry = entry if chain is None else _login_entry(chain, may_prompt)
    name, arns, sha256 = (
        ("", (), "") if words is None else (words.name, words.policy_arns, words.policy_sha256)
    )
    if chain is not None:
        name, arns, sha256 = _role_scope(chain)
    region = _region(profile, entry)
    return Receipt(
        profile=profile.name,
        account=entry.account_id,
        identity=arn_of_session(login_session_of(login)) if identity is None else identity.arn,
        confirmed_at=None if identity is None else now,
        confirmed_by="" if identity is None else _sts(profile, region),
        narrowed_from="" if words is None else words.parent,
        login_profile="" if chain is None else chain.login.name,
        scope_name=name,
        policy_arns=arns,
        policy_sha256=sha256,
        session_ends_at=read_session_end(login_entry.id_token.reveal()),
        session_key=key_thumbprint(login_entry),
        server=login.endpoint("signin", os.environ) or signin_endpoint(login_entry.sign_in_region or region),
    )


def _role_scope(chain: RoleChain) -> tuple[str, tuple[str, ...], str]:
    policy = chain.role.policy
    sha256 = hashlib.sha256(compact_policy(policy).encode()).hexdigest() if policy else ""
    return chain.role.session_name, chain.role.policy_arns, sha256


def _login_entry(chain: RoleChain, may_prompt: bool | None) -> CacheEntry:
    found = store_for(chain.login, os.environ, may_prompt=may_prompt).load(chain.login_session)
    if found is None:
        raise LoginRequired(
            f'profile "{chain.login.name}" is not signed in',
            hint=f"daypass login --profile {quote(chain.login.name)}",
        )
    return found


def _region(profile: Profile, entry: CacheEntry) -> str:
    return profile.text("region") or entry.sign_in_region or "us-east-1"


def _sts(profile: Profile, region: str) -> str:
    return profile.endpoint("sts", os.environ) or sts_endpoint(region)
