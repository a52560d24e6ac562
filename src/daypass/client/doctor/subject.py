"""What the checks are about: a profile as it was found, its session read without touching it, looks that were begun."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from daypass.client.aws_config import AwsConfig, Profile
from daypass.client.caller_identity import get_caller_identity
from daypass.client.doctor.sight import Look, Sighting, look_at
from daypass.client.narrow_profile import read_narrowed, way_back
from daypass.client.session_cache import CacheEntry, parse_entry
from daypass.client.session_store import SessionStore, open_store
from daypass.client.storage_choice import VAULT
from daypass.client.transport import send
from daypass.errors import CacheError, ConfigError, DaypassError, KeyringError
from daypass.protocol.aws.endpoints import signin_endpoint, sts_endpoint

__all__ = ["Looks", "Subject", "begin_looks", "read_session"]

_LARGEST_ENTRY = 1 << 20


@dataclass(frozen=True, slots=True)
class Looks:
    """Hosts that are being looked at, by the service's name, and the answer to "who am I"."""

    hosts: Mapping[str, Look[Sighting]] = field(default_factory=dict)
    identity: "Look[str | DaypassError | None] | None" = None
    """The ARN, why not, or None when no answer came in time. No look without live credentials."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts."""

    profile: Profile
    config: AwsConfig
    environ: Mapping[str, str]
    now: int
    """Epoch seconds."""
    pythons: tuple[str, ...] = ()
    """Paths of interpreters to ask."""
    locks: tuple[str, ...] = ()
    """Paths of projects' lock files to read."""
    entry: CacheEntry | None = None
    """The saved session where it can be understood, whatever is wrong with its file."""
    keyring_fault: KeyringError | None = None
    """Why the key of a vault was not to be had."""
    looks: Looks = field(default_factory=Looks)

    @property
    def login_session(self) -> str | None:
        """The profile's."""
        return self.profile.text("login_session")

    @property
    def session_path(self) -> Path | None:
        """Where its file lies or would lie."""
        return self.store.path(self.login_session) if self.login_session else None

    @property
    def store(self) -> SessionStore:
        """Where the session is. A keyring that is locked stays locked."""
        return open_store(self.profile.storage, self.environ, profile=self.profile.name, may_prompt=False)

    @property
    def login_command(self) -> str:
        """The command that mends most."""
        return way_back(self.profile)

    @property
    def sign_in_command(self) -> str:
        """The one that opens a browser: of a narrowed login it is its parent's."""
        words = read_narrowed(self.profile)
        return self.login_command if words is None else f"daypass login --profile {quote(words.parent)}"

    @property
    def sign_in_region(self) -> str:
        """Where the session is renewed: its own region, else what a new sign-in would take."""
        return (self.entry.sign_in_region if self.entry else "") or self.region or "us-east-1"

    @property
    def region(self) -> str | None:
        """Where the profile works, by AWS's precedence."""
        return (
            self.environ.get("AWS_REGION")
            or self.environ.get("AWS_DEFAULT_REGION")
            or self.profile.text("region")
        )


def read_session(subject: Subject) -> Subject:
    """The subject with its session as it is: no lock, no repair, nothing unlocked."""
    if subject.profile.storage != VAULT:
        return replace(subject, entry=_read_file(subject))
    try:
        return replace(subject, entry=subject.store.load(subject.login_session or ""))
    except KeyringError as problem:
        return replace(subject, keyring_fault=problem)
    except (CacheError, ConfigError):
        return subject


def _read_file(subject: Subject) -> CacheEntry | None:
    """None when it is missing or cannot be understood."""
    path = subject.session_path
    if path is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            return parse_entry(json.loads(file.read(_LARGEST_ENTRY)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def begin_looks(subject: Subject) -> Looks:
    """Everything that may have to wait begins at once."""
    hosts = {}
    for service, default in (("signin", signin_endpoint), ("sts", sts_endpoint)):
        region = subject.sign_in_region if service == "signin" else subject.region or subject.sign_in_region
        try:
            url = subject.profile.endpoint(service, subject.environ) or default(region)
        except ConfigError:
            continue  # a region that is none is said by the check of regions
        hosts[service] = Look(_looking(url, subject.environ), Sighting(url, "timeout"))
    return Looks(hosts, _begin_identity(subject))


def _looking(url: str, environ: Mapping[str, str]) -> Callable[[], Sighting]:
    return lambda: look_at(url, environ)


def _begin_identity(subject: Subject) -> "Look[str | DaypassError | None] | None":
    """Ask STS who the live credentials are: it changes nothing and needs no permission (STS API reference)."""
    entry = subject.entry
    if entry is None or entry.expires_at <= subject.now:
        return None

    def ask(living: CacheEntry = entry) -> str | DaypassError | None:
        region = subject.region or subject.sign_in_region
        try:
            endpoint = subject.profile.endpoint("sts", subject.environ) or sts_endpoint(region)
            return get_caller_identity(
                living, endpoint=endpoint, region=region, now=subject.now, send=send
            ).arn
        except DaypassError as problem:
            return problem
        except ValueError:
            return None  # an address that is none; the check of the network says so

    return Look(ask, None)
