"""The sign-in story: an e-mail or a user name and a password become a session in this browser.

Order: look the name up, count the attempt, refuse when there were too many, check the password (a name that
is unknown costs the same Argon2id computation). Then a session begins, unless the person has a second factor or must
choose a new password: a sealed ticket remembers what was proven. The attempt is counted *before* the password is checked, in one atomic write, so that any number of
parallel guesses get only the free ones. Success clears the count. Failures of one source are counted together too,
whatever the names, so that one password cannot be tried on everybody.  An unknown account, an unknown name and a
wrong password are one answer.
"""

from dataclasses import dataclass, field
from typing import Literal

from daypass.protocol.aws.errors import NoSuchEntity
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.password_policy import password_age_state
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.sign_in_name import RootName, UserName
from daypass.server.domain.sign_in_steps import PasswordChangeNeeded, SecondFactorNeeded
from daypass.server.domain.sign_in_ticket import (
    CHALLENGE_BYTES,
    TICKET_LIFETIME,
    SignInTicket,
    seal_sign_in_ticket,
)
from daypass.server.domain.throttle import SIGN_IN_THROTTLE, SOURCE_THROTTLE, attempt_key, source_key
from daypass.server.ports.clock import Randomness
from daypass.server.ports.password_hasher import PasswordHasher, PasswordMismatch
from daypass.server.ports.session_beginning import Proven, SessionBeginning, SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["SignInFlow", "SignInRefused"]

_NOBODY = "000000000000"


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """`mismatch`: unknown or wrong. `throttled`: too many tries. `expired`: right, but too old to change oneself."""

    reason: Literal["mismatch", "throttled", "expired"]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Who the name would be, and what to check the password against. Empty texts for nobody."""

    counted_as: tuple[str, str]
    """Account and name under which failures are counted."""
    account_id: str = ""
    kind: Literal["root", "user"] = "user"
    principal_id: str = ""
    principal_arn: str = ""
    password_hash: str = field(default="", repr=False)
    credentials_epoch: int = 0
    reset_required: bool = False
    is_locked: bool = False
    """Whether the password is too old to be used even once more (HardExpiry)."""


class SignInFlow:
    """The story with its neighbours."""

    __slots__ = ("_beginning", "_hasher", "_randomness", "_ring", "_storage")

    def __init__(
        self,
        *,
        storage: Storage,
        hasher: PasswordHasher,
        ring: KeyRing,
        randomness: Randomness,
        beginning: SessionBeginning,
    ) -> None:
        self._storage = storage
        self._hasher = hasher
        self._ring = ring
        self._randomness = randomness
        self._beginning = beginning

    async def sign_in(
        self, name: RootName | UserName, password: Secret, *, old_browser: bytes, caller: Caller, now: int
    ) -> SignedIn | SessionFull | SecondFactorNeeded | PasswordChangeNeeded | SignInRefused:
        """`old_browser` is the hash of the browser's present secret. Raises Throttling when hashing is busy."""
        candidate = await (
            self._find_root(name) if isinstance(name, RootName) else self._find_user(name, now)
        )
        account, typed_name = candidate.counted_as
        attempts = attempt_key(self._ring, account=account, name=typed_name, source_ip=caller.source_ip)
        source = source_key(self._ring, caller.source_ip)
        count = await self._storage.attempts.record_failure(attempts, now=now, window=SIGN_IN_THROTTLE.window)
        if (
            count > SIGN_IN_THROTTLE.free_failures
            or await self._storage.attempts.count_attempts(source, now=now) >= SOURCE_THROTTLE.free_failures
        ):
            return await self._refuse("throttled", candidate, caller, now)
        try:
            is_outdated = await self._hasher.verify(candidate.password_hash, password)
        except PasswordMismatch:
            await self._storage.attempts.record_failure(source, now=now, window=SOURCE_THROTTLE.window)
            return await self._refuse("mismatch", candidate, caller, now)
        await self._storage.attempts.clear_attempts(attempts)
        if candidate.is_locked:
            return await self._refuse("expired", candidate, caller, now)
        if is_outdated:
            await self._renew_hash(candidate, await self._hasher.hash(password))
        devices = await self._storage.mfa_devices.list_mfa_devices(
            candidate.account_id, candidate.principal_id
        )
        if devices or candidate.reset_required:
            ticket = self._ticket(candidate, old_browser, now)
            sealed = seal_sign_in_ticket(self._ring, ticket)
            if devices:
                return SecondFactorNeeded(ticket, sealed, tuple(devices))
            return PasswordChangeNeeded(ticket, sealed)
        proven = Proven(
            candidate.account_id,
            candidate.kind,
            candidate.principal_id,
            candidate.principal_arn,
            candidate.credentials_epoch,
        )
        return await self._beginning.begin(proven, old_browser=old_browser, caller=caller, now=now)

    def _ticket(self, candidate: _Candidate, old_browser: bytes, now: int) -> SignInTicket:
        return SignInTicket(
            ticket_id=self._randomness.token_bytes(16).hex(),
            account_id=candidate.account_id,
            principal_kind=candidate.kind,
            principal_id=candidate.principal_id,
            principal_arn=candidate.principal_arn,
            credentials_epoch=candidate.credentials_epoch,
            reset_required=candidate.reset_required,
            browser_hash=old_browser,
            expires_at=now + TICKET_LIFETIME,
            challenge=self._randomness.token_bytes(CHALLENGE_BYTES),
        )

    async def _find_root(self, name: RootName) -> _Candidate:
        account = await self._storage.accounts.find_account_by_root_email(name.email)
        counted_as = ("root", name.email)
        if account is None:
            return _Candidate(counted_as)
        return _Candidate(
            counted_as,
            account_id=account.account_id,
            kind="root",
            principal_id=account.account_id,
            principal_arn=f"arn:aws:iam::{account.account_id}:root",
            password_hash=account.root_password_hash,
            credentials_epoch=account.root_credentials_epoch,
        )

    async def _find_user(self, name: UserName, now: int) -> _Candidate:
        """The same four reads whoever is asked for."""
        if name.is_account_id:
            account = await self._storage.accounts.load_account(name.account)
        else:
            account = await self._storage.accounts.find_account_by_alias(name.account)
        account_id = account.account_id if account is not None else _NOBODY
        user = await self._storage.users.load_user(account_id, name.user_name)
        user_id = user.user_id if user is not None else ""
        profile = await self._storage.users.load_login_profile(account_id, user_id)
        policy = await self._storage.account_settings.load_password_policy(account_id)
        # An account has two names, id and alias, and one count.
        counted_as = (account_id if account is not None else name.account, name.user_name)
        if user is None or profile is None:
            return _Candidate(counted_as)
        age = password_age_state(policy, profile, now=now)
        return _Candidate(
            counted_as,
            account_id=user.account_id,
            principal_id=user.user_id,
            principal_arn=user.arn,
            password_hash=profile.password_hash,
            credentials_epoch=user.credentials_epoch,
            reset_required=profile.password_reset_required or age == "expired",
            is_locked=age == "locked",
        )

    async def _renew_hash(self, candidate: _Candidate, password_hash: str) -> None:
        """Today's parameters for the same password: not a change of credentials. One that changed meanwhile stays."""
        old_hash = candidate.password_hash
        try:
            if candidate.kind == "root":
                await self._storage.accounts.set_root_password(
                    candidate.account_id, password_hash, changed=False, replacing=old_hash
                )
            else:
                await self._storage.users.update_login_profile(
                    candidate.account_id,
                    candidate.principal_id,
                    password_hash=password_hash,
                    password_reset_required=None,
                    changed=False,
                    replacing=old_hash,
                )
        except NoSuchEntity:
            return

    async def _refuse(
        self,
        reason: Literal["mismatch", "throttled", "expired"],
        candidate: _Candidate,
        caller: Caller,
        now: int,
    ) -> SignInRefused:
        await self._storage.audit.append(
            sign_in_event(
                "ConsoleLogin",
                event_id=self._randomness.uuid(),
                caller=caller,
                now=now,
                principal=(candidate.account_id, candidate.principal_arn),
                error_code=reason,
            )
        )
        return SignInRefused(reason)
