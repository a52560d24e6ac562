"""`daypass server account set-policy`: put a service control policy over an account, replace it, or take it away.

The operator's ceiling: it binds everybody in the account, root included, and nobody inside can change it. The server
may be running: it is heard within a second. Checked whole before anything is written.
"""

import argparse
import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path

from daypass.errors import UsageError
from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import SystemRandomness
from daypass.server.commands.account_create import add_database_flags, chosen_database
from daypass.server.commands.terminal import say
from daypass.server.domain.account_settings import ServiceControlPolicy
from daypass.server.domain.operator_events import operator_event
from daypass.server.ports.storage import Storage

__all__ = ["MAX_SERVICE_CONTROL_POLICY_CHARACTERS", "run"]

MAX_SERVICE_CONTROL_POLICY_CHARACTERS = 10_240
"""White space not counted (AWS Organizations user guide, "Quotas")."""

_is_account_id = re.compile(r"[0-9]{12}", re.ASCII).fullmatch
_is_name = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII).fullmatch


def run(argv: Sequence[str]) -> int:
    """Write or remove. Returns the exit code; raises ConfigError, UsageError, StorageError, AwsError."""
    parser = argparse.ArgumentParser(
        "daypass server account set-policy",
        description="set or remove a service control policy",
        allow_abbrev=False,
    )
    parser.add_argument("account", metavar="ACCOUNT", help="twelve digits")
    parser.add_argument("--name", required=True, metavar="NAME", help="how the policy is called")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, metavar="FILE", help="the policy, JSON; replaces one of this name")
    what.add_argument("--remove", action="store_true", help="take the policy of this name away")
    add_database_flags(parser)
    words = parser.parse_args(argv)
    if not _is_account_id(words.account):
        raise UsageError("the account is not twelve digits")
    if not _is_name(words.name):
        raise UsageError("the name has from 1 to 128 letters, digits and _+=,.@-")
    policy = None if words.remove else _read_policy(words)
    allows = asyncio.run(_change(chosen_database(words), words.account, words.name, policy))
    say(f"the policy {words.name} is {'gone from' if policy is None else 'over'} account {words.account}")
    if not allows:
        say("no policy over the account allows anything: every request of it is refused now")
    return 0


def _read_policy(words: argparse.Namespace) -> ServiceControlPolicy:
    """Raises UsageError."""
    try:
        text = words.file.read_text(encoding="utf-8")
        _parse(words.name, text)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the policy file cannot be read", detail=str(error)) from error
    except MalformedPolicyDocument as refusal:
        raise UsageError(f"the policy is refused: {refusal.message}") from refusal
    return ServiceControlPolicy(words.account, words.name, text, int(time.time()))


def _parse(name: str, text: str) -> PolicyDocument:
    return parse_policy(text, name=name, max_characters=MAX_SERVICE_CONTROL_POLICY_CHARACTERS)


async def _change(database_url: str, account_id: str, name: str, policy: ServiceControlPolicy | None) -> bool:
    """Whether something is still allowed: some policy over the account allows, or there is none."""
    storage = await open_storage(database_url)
    try:
        await storage.migrate()
        settings = storage.account_settings
        if policy is None:
            await settings.delete_service_control_policy(account_id, name)
        else:
            await settings.put_service_control_policy(policy)
        await _record(storage, account_id, name, is_removed=policy is None)
        return await _allows_something(storage, account_id)
    finally:
        await storage.close()


async def _record(storage: Storage, account_id: str, name: str, *, is_removed: bool) -> None:
    await storage.audit.append(
        operator_event(
            "DeleteServiceControlPolicy" if is_removed else "PutServiceControlPolicy",
            command="server account set-policy",
            event_id=SystemRandomness().uuid(),
            now=int(time.time()),
            account_id=account_id,
            detail={"policyName": name},
        )
    )


async def _allows_something(storage: Storage, account_id: str) -> bool:
    policies = await storage.account_settings.list_service_control_policies(account_id)
    effects = [
        statement.effect
        for each in policies
        for statement in _parse(each.policy_name, each.document).statements
    ]
    return not policies or Effect.ALLOWED in effects
