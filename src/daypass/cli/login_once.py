"""Whether a browser has to open at all: another login may be under way, or the profile is signed in already.

    lock free ──> a session came meanwhile, or there is one with time left ──> say so, 0
             └──> nobody may be asked ──> 4
             └──> the third tab in a row that nobody looked at is closed ──> 4, until a person comes
             └──> sign in
    lock held ──> nobody may be asked ──> 4
             └──> wait ──> its session ──> 0, its failure ──> 4

"Time left" is proven by a refresh: a revoked session looks good in the cache, and whoever types `login` may have seen it
fail. A proof that does not come is no obstacle: then a browser opens.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from daypass.cli.login_events import LoginEvents, waiting_line
from daypass.cli.output import say
from daypass.cli.renewing import renewal_for
from daypass.cli.time_left import duration_text, session_seconds_left
from daypass.client.aws_config import Profile, load_config
from daypass.client.pending_login import PendingLogin
from daypass.client.refresh import renew_now
from daypass.client.session_cache import CacheEntry
from daypass.client.session_store import SessionStore
from daypass.errors import CacheError, DaypassError, LoginRequired, LoginTimedOut

__all__ = ["LoginOnce", "present_session"]

_PLENTY = 1800
"""Seconds of session that make a new sign-in needless; below it a run that begins now may not end in time."""
_LOOK_EVERY = 0.2  # seconds
_TABS_FOR_NOBODY = 3
"""Browsers that are opened in a row for callers without a terminal while no session comes of it (Teleport, kubelogin and
others learned that a program which retries opens them for ever)."""
_PATIENCE = 660
"""Seconds to wait for another process's sign-in: its own ten minutes, and one for the exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOnce:
    """One call of `daypass login`, from its beginning on."""

    profile: Profile
    events: LoginEvents
    may_ask: bool
    """Whether a person may be sent to a browser."""
    opens_browser: bool
    """Whether a tab is opened without anybody's doing."""
    is_attended: bool
    """Whether there is a terminal, so that a person probably typed this."""
    accepts_present: Callable[[CacheEntry], bool]
    """Whether a session that is there already would do."""
    began_at: float
    """Epoch seconds."""
    present: tuple[str, str] | None
    """What identified the profile's session when we began."""
    store: SessionStore
    """Where the login goes. One that lies elsewhere is not the one that was asked for."""

    @property
    def _again(self) -> str:
        return f"daypass login --profile {quote(self.profile.name)}"

    def run(self, sign_in: Callable[[], int]) -> int:
        """Sign in, or find that it is not needed. Raises what `sign_in` does, LoginRequired, LoginTimedOut."""
        config_path = load_config(os.environ).config_path
        pending = PendingLogin(self.store.directory, config_path, self.profile.name)
        with pending.claim() as is_ours:
            if is_ours:
                return self._alone(pending, sign_in)
        return self._behind(pending)

    def _alone(self, pending: PendingLogin, sign_in: Callable[[], int]) -> int:
        if self._came_meanwhile():
            return 0
        if pending.has_failed_since(self.began_at):
            raise self._unfinished()
        if self._is_signed_in():
            return 0
        if not self.may_ask:
            raise LoginRequired(
                f'profile "{self.profile.name}" needs a person to sign in, and nobody may be asked here',
                hint=f"{self._again}, at a terminal, or with --paste-from",
            )
        self._check_somebody_looks(pending)
        pending.begin(is_attended=self.is_attended or not self.opens_browser)
        try:
            code = sign_in()
        except BaseException:
            pending.fail()
            raise
        pending.succeed()
        return code

    def _check_somebody_looks(self, pending: PendingLogin) -> None:
        if self.opens_browser and not self.is_attended and pending.unattended >= _TABS_FOR_NOBODY:
            raise LoginRequired(
                f'{_TABS_FOR_NOBODY} sign-ins in a row for profile "{self.profile.name}" were answered by nobody, so no'
                " further browser is opened",
                hint=f"{self._again}, at a terminal",
            )

    def _behind(self, pending: PendingLogin) -> int:
        if not self.may_ask:
            raise LoginRequired(
                f'another sign-in for profile "{self.profile.name}" is not finished yet', hint=self._again
            )
        pid = pending.pid
        process = f" (process {pid})" if pid else ""
        say(
            f'another sign-in for profile "{self.profile.name}" is under way{process}; waiting for its outcome'
        )
        self.events.waiting(_PATIENCE)
        self._wait(pending)
        if self._came_meanwhile() or self._is_signed_in():
            return 0
        raise self._unfinished()

    def _wait(self, pending: PendingLogin) -> None:
        deadline = time.monotonic() + _PATIENCE
        with waiting_line() as show:
            while (left := deadline - time.monotonic()) > 0:
                with pending.claim() as is_free:
                    if is_free:
                        return
                show(left)
                time.sleep(_LOOK_EVERY)
        raise LoginTimedOut("the other sign-in took too long", hint=self._again)

    def _unfinished(self) -> LoginRequired:
        return LoginRequired(
            f'another sign-in for profile "{self.profile.name}" ended without a session', hint=self._again
        )

    def _came_meanwhile(self) -> bool:
        """Whether another process left a new session for this profile since we began."""
        now_there = present_session(load_config(os.environ).profile(self.profile.name), self.store)
        if now_there is None or now_there == self.present:
            return False
        login_session = now_there[0]
        entry = _load(self.store, login_session)
        if entry is None or entry.expires_at <= time.time():
            return False
        say(f'profile "{self.profile.name}" is signed in as {login_session}')
        self.events.signed_in(identity=login_session, profile=self.profile.name, entry=entry, is_new=False)
        return True

    def _is_signed_in(self) -> bool:
        login_session = self.profile.text("login_session")
        if login_session is None or self.profile.storage != self.store.storage:
            return False
        entry = _load(self.store, login_session)
        if entry is None or not self.accepts_present(entry):
            return False
        left = session_seconds_left(entry, now=int(time.time()))
        if left is None or left < _PLENTY:
            return False
        try:
            entry = renew_now(login_session, renewal_for(self.profile, os.environ))
        except (DaypassError, OSError):
            return False
        say(
            f'profile "{self.profile.name}" is already signed in as {login_session} for {duration_text(left)};'
            " --force begins a new session"
        )
        self.events.signed_in(identity=login_session, profile=self.profile.name, entry=entry, is_new=False)
        return True


def present_session(profile: Profile, store: SessionStore) -> tuple[str, str] | None:
    """What tells one login of a profile from the next: a refresh leaves both as they are. Raises KeyringError."""
    login_session = profile.text("login_session")
    if login_session is None or profile.storage != store.storage:
        return None
    entry = _load(store, login_session)
    return None if entry is None else (login_session, entry.id_token.reveal())


def _load(store: SessionStore, login_session: str) -> CacheEntry | None:
    """A damaged file is no session, and the login that follows replaces it. A keyring that fails is no lost session."""
    try:
        return store.load(login_session)
    except CacheError:
        return None
