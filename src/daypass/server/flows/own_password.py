"""A person changes their own password on their own page.

Order: a recent sign-in, with the second factor of who has one; no policy that forbids it, no hard expiry; the old password, counted like
a sign-in; the rules for new ones; the change, which ends every login and every other browser; a new session here, as
proven as the one before, so a session without the factor cannot prolong itself. An IAM user may change the password unless a
policy denies `iam:ChangePassword`: the pages belong to the person, the API asks for the permission (IAM user guide,
"Permit IAM users to change their own passwords").
"""

from dataclasses import dataclass

from daypass.policy.decision import Effect
from daypass.protocol.aws.errors import AccessDenied, NoSuchEntity, PasswordPolicyViolation, Throttling
from daypass.secret import Secret
from daypass.server.domain.audit import Caller
from daypass.server.domain.own_account import check_factor, check_recent
from daypass.server.domain.password_policy import check_new_password, password_age_state
from daypass.server.domain.principal import PrincipalSnapshot, authorize
from daypass.server.domain.session import SignInSession
from daypass.server.domain.sign_in_events import sign_in_event
from daypass.server.domain.throttle import PASSWORD_CHANGE, PASSWORD_CHANGE_THROTTLE, owner_key
from daypass.server.ports.clock import Randomness
from daypass.server.ports.password_hasher import PasswordHasher, PasswordMismatch
from daypass.server.ports.password_judge import PasswordJudge
from daypass.server.ports.password_rules import PasswordRules
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.session_beginning import Proven, SessionBeginning, SessionFull, SignedIn
from daypass.server.ports.storage import Storage

__all__ = ["OwnPassword", "WrongPassword"]


class WrongPassword(Exception):
    """The old password was not that."""


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """The story with its neighbours."""

    storage: Storage
    directory: PrincipalDirectory
    hasher: PasswordHasher
    judge: PasswordJudge
    rules: PasswordRules
    randomness: Randomness
    beginning: SessionBeginning
    region: str

    async def change(
        self, session: SignInSession, old: Secret, new: Secret, *, caller: Caller, now: int
    ) -> SignedIn | SessionFull:
        """Raises NotRecent, AccessDenied, WrongPassword, PasswordPolicyViolation, Throttling."""
        check_recent(session, now=now)
        devices = await self.storage.mfa_devices.list_mfa_devices(session.account_id, session.principal_id)
        check_factor(session, has_devices=bool(devices))
        snapshot = await self.directory.load(
            session.account_id, session.principal_kind, session.principal_id, fresh=True
        )
        if snapshot is None or session.principal_kind == "role":
            raise AccessDenied("This session has no password.")
        try:
            self._check_permitted(snapshot, caller, now)
            await self._check_age(session, now)
            old_hash = await self._check_old(session, old, now)
            await self._set(session, new, now, replacing=old_hash)
        except NoSuchEntity:
            await self._record(session, caller, now, error_code="mismatch")
            raise WrongPassword from None  # somebody else changed it while this was looked at: theirs stays
        except (AccessDenied, Throttling, WrongPassword) as refusal:
            word = "mismatch" if isinstance(refusal, WrongPassword) else refusal.code
            await self._record(session, caller, now, error_code=word)
            raise
        await self._record(session, caller, now)
        await self._end_other_browsers(session, now)
        changed = await self.directory.load(
            session.account_id, session.principal_kind, session.principal_id, fresh=True
        )
        proven = Proven(
            session.account_id,
            session.principal_kind,
            session.principal_id,
            session.principal_arn,
            0 if changed is None else changed.credentials_epoch,
            mfa_at=session.mfa_at,
        )
        return await self.beginning.begin(proven, old_browser=session.browser_hash, caller=caller, now=now)

    async def _end_other_browsers(self, session: SignInSession, now: int) -> None:
        """Their sessions are worth nothing any more, and no more is a role the person took, here or elsewhere."""
        sessions = self.storage.sign_in_sessions
        for role in await sessions.list_roles_taken(session.account_id, session.principal_id, now=now):
            await sessions.end_session_of_principal(role.session_id, role.account_id, role.principal_id)
        for other in await sessions.list_sessions_of_principal(
            session.account_id, session.principal_id, now=now
        ):
            if other.session_id != session.session_id:
                await sessions.end_session_of_principal(
                    other.session_id, session.account_id, session.principal_id
                )

    def _check_permitted(self, snapshot: PrincipalSnapshot, caller: Caller, now: int) -> None:
        decision = authorize(
            snapshot,
            action="iam:ChangePassword",
            resource=snapshot.arn,
            caller=caller,
            now=now,
            region=self.region,
        )
        if decision.effect is Effect.EXPLICIT_DENY:
            raise AccessDenied("A policy of your account forbids you to change your password.")

    async def _check_age(self, session: SignInSession, now: int) -> None:
        """HardExpiry holds for who was signed in before it, too (IAM reference, "UpdateAccountPasswordPolicy")."""
        if session.principal_kind != "user":
            return
        policy = await self.storage.account_settings.load_password_policy(session.account_id)
        profile = await self.storage.users.load_login_profile(session.account_id, session.principal_id)
        if profile is not None and password_age_state(policy, profile, now=now) == "locked":
            raise AccessDenied("The password has expired. An administrator has to set a new one.")

    async def _check_old(self, session: SignInSession, old: Secret, now: int) -> str:
        """The present hash, which is of `old`. Counted before it is judged, in one atomic write, so that parallel guesses
        get only the free ones.
        """
        key, limit = (
            owner_key(PASSWORD_CHANGE, session.account_id, session.principal_id),
            PASSWORD_CHANGE_THROTTLE,
        )
        if (
            await self.storage.attempts.record_failure(key, now=now, window=limit.window)
            > limit.free_failures
        ):
            raise Throttling("Rate exceeded")
        try:
            password_hash = await self._present_hash(session)
            await self.hasher.verify(password_hash, old)
        except PasswordMismatch:
            raise WrongPassword from None
        await self.storage.attempts.clear_attempts(key)
        return password_hash

    async def _present_hash(self, session: SignInSession) -> str:
        if session.principal_kind == "root":
            account = await self.storage.accounts.load_account(session.account_id)
            return "" if account is None else account.root_password_hash
        profile = await self.storage.users.load_login_profile(session.account_id, session.principal_id)
        return "" if profile is None else profile.password_hash

    async def _set(self, session: SignInSession, new: Secret, now: int, *, replacing: str) -> None:
        if session.principal_kind == "root":
            check_new_password(new, user_name="root")
            if await self.judge.is_breached(new):
                raise PasswordPolicyViolation(
                    "Password is known from a breach; choose one that you use nowhere else"
                )
            password_hash = await self.hasher.hash(new)
            await self.storage.accounts.set_root_password(
                session.account_id, password_hash, changed=True, replacing=replacing
            )
            return
        user = await self.storage.users.load_user_by_id(session.account_id, session.principal_id)
        if user is None:
            raise AccessDenied("This user is no more.")
        await self.rules.check_new(user, new)
        await self.storage.users.update_login_profile(
            session.account_id,
            session.principal_id,
            password_hash=await self.hasher.hash(new),
            password_reset_required=False,
            changed=True,
            now=now,
            replacing=replacing,
        )

    async def _record(
        self, session: SignInSession, caller: Caller, now: int, *, error_code: str = ""
    ) -> None:
        await self.storage.audit.append(
            sign_in_event(
                "ChangePassword",
                event_id=self.randomness.uuid(),
                caller=caller,
                now=now,
                principal=(session.account_id, session.principal_arn),
                error_code=error_code,
            )
        )
