"""`daypass server audit`: the audit log on the terminal, filtered, followed, as CloudTrail's records, or verified.

Reads only, from the server's database; the server may be running. Events are data and go to standard output, oldest
first. What a stranger may have written (a name, a reason) is shown without control characters.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from daypass.errors import UsageError
from daypass.server.adapters.audit_head_file import AuditHeadFile
from daypass.server.adapters.key_ring_file import load_key_ring
from daypass.server.adapters.sql import open_storage
from daypass.server.adapters.system import system_clock
from daypass.server.app import audit_head_file
from daypass.server.commands.account_create import add_database_flags, chosen_settings
from daypass.server.commands.audit_lines import chain_json, chain_lines, event_json, event_lines
from daypass.server.domain.audit_head import Head
from daypass.server.domain.audit_search import EventFilter, EventPosition, LoggedEvent
from daypass.server.domain.cloudtrail_times import read_moment
from daypass.server.flows.verify_audit_log import ChainReport, verify_audit_log
from daypass.server.ports.storage import AuditStore
from daypass.server.settings import Settings

__all__ = ["run"]

_DEFAULT_LIMIT = 50
_MOST = 100_000
_POLL_SECONDS = 1.0
_OVERLAP = 1000
"""Numbers looked at again by each poll: PostgreSQL may show a lower number after a higher one."""
_BROKEN = 1


def run(argv: Sequence[str]) -> int:
    """Print events, or the chain's state. Returns 1 for a broken chain; raises UsageError, ConfigError, StorageError."""
    words = _parser().parse_args(argv)
    settings = chosen_settings(words)
    if words.verify:
        return _verify(settings, words)
    if words.head:
        raise UsageError("--head goes with --verify")
    if not 1 <= words.limit <= _MOST:
        raise UsageError(f"--limit is a number from 1 to {_MOST}")
    try:
        asyncio.run(_Reader(settings, words).read())
    except BrokenPipeError:
        # Whoever read has enough (`| head`); the interpreter must not try to flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "daypass server audit", description="read the audit log, or verify it", allow_abbrev=False
    )
    add = parser.add_argument
    add("--account", metavar="ID", help="only events of this account")
    add("--event", default="", metavar="NAME", help="only events of this name, such as ConsoleLogin")
    add(
        "--principal",
        default="",
        metavar="CALLER",
        help="only events of this caller: an ARN, or the name of a user or a role session, or root",
    )
    add("--access-key", default="", metavar="ID", help="only calls signed with this access key")
    add("--source", default="", metavar="IP", help="only events from this address")
    add("--errors", action="store_true", help="only what was refused")
    add("--since", default="", metavar="TIME", help="90s, 15m, 2h, 3d or 1w ago, or an ISO 8601 time")
    add("--until", default="", metavar="TIME", help="the same")
    add(
        "--limit",
        type=int,
        default=_DEFAULT_LIMIT,
        metavar="N",
        help=f"the newest N events ({_DEFAULT_LIMIT} when nothing is said)",
    )
    add("--follow", action="store_true", help="go on with new events, until interrupted")
    add("--json", action="store_true", help="print CloudTrail records, one to a line")
    add("--verify", action="store_true", help="verify the whole hash chain instead of printing events")
    add(
        "--head",
        default="",
        metavar="BLOCK:DIGEST",
        help="a head noted earlier, to be found again by --verify",
    )
    add_database_flags(parser)
    return parser


def _verify(settings: Settings, words: argparse.Namespace) -> int:
    kept = [_read_head(words.head)] if words.head else []
    report = asyncio.run(_walk(settings, kept))
    text = chain_json(report) if words.json else "".join(f"{line}\n" for line in chain_lines(report))
    sys.stdout.write(text)
    return _BROKEN if report.breaks else 0


async def _walk(settings: Settings, kept: list[Head]) -> ChainReport:
    ring = load_key_ring(
        text=settings.key_ring, command=settings.key_ring_command, path=settings.key_ring_file
    )
    head_file = audit_head_file(settings)
    own = None if head_file is None else AuditHeadFile(head_file, ring).load()
    if own is not None:
        kept = [*kept, own]
    storage = await open_storage(settings.database_url)
    try:
        await storage.migrate()
        return await verify_audit_log(storage.audit_blocks, ring, kept=kept)
    finally:
        await storage.close()


def _read_head(text: str) -> Head:
    number, _, digest = text.partition(":")
    try:
        head = Head(int(number), bytes.fromhex(digest))
    except ValueError:
        head = Head(0, b"")
    if head.block_number < 1 or len(head.digest) != 32:
        raise UsageError("--head is a block's number, a colon, and its digest in hex, as --verify prints it")
    return head


class _Reader:
    """One reading of the log."""

    def __init__(self, settings: Settings, words: argparse.Namespace) -> None:
        self._settings = settings
        self._words = words
        self._wanted = _read_filter(words)
        self._seen: set[int] = set()
        self._newest = 0

    async def read(self) -> None:
        """Print the newest events that are wanted, and with `--follow` what comes after them."""
        storage = await open_storage(self._settings.database_url)
        try:
            await storage.migrate()
            await self._mark_newest(storage.audit)
            self._print(await self._load_newest(storage.audit))
            while self._words.follow:
                await asyncio.sleep(_POLL_SECONDS)
                await self._print_new(storage.audit)
        finally:
            await storage.close()

    async def _mark_newest(self, audit: AuditStore) -> None:
        """What is there when following begins is not new."""
        self._newest = await audit.load_newest_number()
        if self._words.follow:
            there = await audit.follow_events(
                EventFilter(), after_number=self._newest - _OVERLAP, limit=2 * _OVERLAP
            )
            self._seen = {each.audit_number for each in there}

    async def _load_newest(self, audit: AuditStore) -> list[LoggedEvent]:
        """The newest of them, oldest first."""
        found: list[LoggedEvent] = []
        behind: EventPosition | None = None
        while len(found) < self._words.limit:
            limit = min(self._words.limit - len(found), 1000)
            page = await audit.search_events(self._wanted, behind=behind, limit=limit)
            found += page.events
            behind = page.older
            if behind is None:
                break
        return found[::-1]

    async def _print_new(self, audit: AuditStore) -> None:
        """Each event once, in order of the numbers, save one whose number appears late."""
        after = self._newest - _OVERLAP
        self._newest = await audit.load_newest_number()
        while True:
            found = await audit.follow_events(self._wanted, after_number=after, limit=2 * _OVERLAP)
            self._print([each for each in found if each.audit_number not in self._seen])
            self._seen.update(each.audit_number for each in found)
            if len(found) < 2 * _OVERLAP:
                break
            after = found[-1].audit_number
        self._seen = {number for number in self._seen if number > self._newest - _OVERLAP}

    def _print(self, events: Sequence[LoggedEvent]) -> None:
        for each in events:
            if self._words.json:
                sys.stdout.write(event_json(each.event, region=self._settings.region))
            else:
                sys.stdout.write("".join(f"{line}\n" for line in event_lines(each.event)))
        sys.stdout.flush()


def _read_filter(words: argparse.Namespace) -> EventFilter:
    now = system_clock()
    return EventFilter(
        account_id=words.account,
        since=_read_time("--since", words.since, now) if words.since else 0,
        until=_read_time("--until", words.until, now) if words.until else None,
        event_name=words.event,
        principal=words.principal,
        access_key_id=words.access_key,
        source_ip=words.source,
        only_errors=words.errors,
    )


def _read_time(flag: str, text: str, now: int) -> int:
    try:
        return read_moment(text, now=now)
    except ValueError:
        raise UsageError(f"{flag} is 90s, 15m, 2h, 3d or 1w ago, or an ISO 8601 time") from None
