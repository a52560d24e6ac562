"""What stands between a right password and a session: `/signin/mfa` and `/signin/new-password`.

The sealed ticket travels in a hidden field, and is opened before anything costs: a stranger gets no password judged.
A page that is shown again after a mistake keeps it; one that cannot go on
sends the person back to the form.
"""

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import PasswordPolicyViolation, Throttling
from daypass.secret import Secret
from daypass.server.domain.mfa_device import MfaDevice
from daypass.server.domain.sign_in_steps import (
    OneTimeCode,
    PasskeyAnswer,
    PasswordChangeNeeded,
    Proof,
    RecoveryCode,
    SecondFactorNeeded,
)
from daypass.server.domain.sign_in_ticket import SignInTicket, TicketRefused, open_sign_in_ticket
from daypass.server.flows.forced_password_change import ForcedPasswordChangeFlow
from daypass.server.flows.second_step import SecondStepFlow, StepRefused
from daypass.server.ports.session_beginning import SessionFull, SignedIn
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.password_form import new_password_error
from daypass.server.web.sessions import SessionPages

__all__ = ["SecondStepPages"]

Outcome = SignedIn | SessionFull | SecondFactorNeeded | PasswordChangeNeeded

_FULL = "This browser already holds five sessions. Sign one of them out first, then sign in again."
_MISMATCHES = {
    OneTimeCode: "That code did not match, or was used before. Wait for the next one and try again.",
    RecoveryCode: "That is none of your recovery codes, or it was used before. Each works once.",
    PasskeyAnswer: "That passkey did not match. Try again, or use another way.",
}
_THROTTLED = "Too many wrong codes. Use a passkey or a recovery code, or try again in 5 minutes."
_LONGEST_CODE = 64


class SecondStepPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(
        self,
        tools: PageTools,
        sessions: SessionPages,
        second_step: SecondStepFlow,
        password_change: ForcedPasswordChangeFlow,
    ) -> None:
        self._tools = tools
        self._sessions = sessions
        self._second_step = second_step
        self._password_change = password_change

    async def go_on(self, visit: Visit, outcome: Outcome) -> Response:
        """From what a step of signing in said to the next page."""
        match outcome:
            case SignedIn(session, browser_secret):
                self._tools.parts.metrics.count("sign_in", "ok")
                visit.secret, visit.is_new = browser_secret, True
                return await self._sessions.continue_with(visit, session)
            case SecondFactorNeeded(ticket, sealed, devices):
                return await self._mfa_page(visit, ticket, sealed, devices)
            case PasswordChangeNeeded(_, sealed):
                return self._password_page(visit, sealed)
            case SessionFull():
                self._tools.parts.metrics.count("sign_in", "full")
                return self._tools.page(visit, "sign_in_full.html", status=409, text=_FULL)

    async def submit_proof(self, request: Request) -> Response:
        """`POST /signin/mfa`."""
        visit = await self._tools.visit(request)
        sealed = visit.form.get("ticket", "")
        try:
            ticket = self._open(visit, sealed)
            proof = _read_proof(visit)
            outcome = await self._second_step.prove(
                ticket, proof, old_browser=visit.browser_hash, caller=visit.caller, now=visit.now
            )
        except TicketRefused:
            return self._tools.go(visit, "/signin/user")
        if isinstance(outcome, StepRefused):
            self._tools.parts.metrics.count("sign_in", f"mfa_{outcome.reason}")
            is_wrong = outcome.reason == "mismatch"
            status, text = (200, _MISMATCHES[type(proof)]) if is_wrong else (429, _THROTTLED)
            devices = await self._devices(ticket)
            return await self._mfa_page(
                visit,
                ticket,
                sealed,
                devices,
                error=text,
                status=status,
                recovery_tried=isinstance(proof, RecoveryCode),
            )
        return await self.go_on(visit, outcome)

    async def submit_password(self, request: Request) -> Response:
        """`POST /signin/new-password`."""
        visit = await self._tools.visit(request)
        sealed = visit.form.get("ticket", "")
        password = visit.form.get("password", "")
        try:
            ticket = self._open(visit, sealed)
        except TicketRefused:
            return self._tools.go(visit, "/signin/user")
        error = new_password_error(password, visit.form.get("repeated", ""))
        if error:
            return self._password_page(visit, sealed, error=error, status=400)
        hint = await self._tools.password_hint(visit)
        if hint:
            return self._password_page(visit, sealed, hint=hint, status=400)
        try:
            outcome = await self._password_change.change(
                ticket,
                Secret(password),
                old_browser=visit.browser_hash,
                caller=visit.caller,
                now=visit.now,
            )
        except TicketRefused:
            return self._tools.go(visit, "/signin/user")
        except PasswordPolicyViolation as refusal:
            return self._password_page(visit, sealed, error=f"{refusal}.", status=400)
        except Throttling:
            busy = "Many people are signing in at this moment. Wait a few seconds and try again."
            return self._password_page(visit, sealed, error=busy, status=503)
        return await self.go_on(visit, outcome)

    def _open(self, visit: Visit, sealed: str) -> SignInTicket:
        return open_sign_in_ticket(
            self._tools.parts.ring, sealed, browser_hash=visit.browser_hash, now=visit.now
        )

    async def _devices(self, ticket: SignInTicket) -> tuple[MfaDevice, ...]:
        return tuple(
            await self._tools.parts.storage.mfa_devices.list_mfa_devices(
                ticket.account_id, ticket.principal_id
            )
        )

    async def _mfa_page(
        self,
        visit: Visit,
        ticket: SignInTicket,
        sealed: str,
        devices: tuple[MfaDevice, ...],
        *,
        error: str = "",
        status: int = 200,
        recovery_tried: bool = False,
    ) -> Response:
        parts = self._tools.parts
        keys = [device.credential_id for device in devices if device.kind == "passkey"]
        recovery = await parts.storage.mfa_devices.count_recovery_codes(
            ticket.account_id, ticket.principal_id
        )
        return self._tools.page(
            visit,
            "mfa.html",
            status=status,
            ticket=sealed,
            arn=ticket.principal_arn,
            error=error,
            has_codes=any(device.kind == "totp" for device in devices),
            has_recovery=recovery > 0,
            recovery_tried=recovery_tried,
            passkey_options=parts.passkeys.authentication_options(challenge=ticket.challenge, allow=keys)
            if keys and parts.passkeys.is_available
            else "",
        )

    def _password_page(
        self, visit: Visit, sealed: str, *, error: str = "", hint: str = "", status: int = 200
    ) -> Response:
        return self._tools.page(
            visit, "new_password.html", status=status, ticket=sealed, error=error, hint=hint
        )


def _read_proof(visit: Visit) -> Proof:
    if visit.form.get("passkey"):
        return PasskeyAnswer(visit.form["passkey"])
    if visit.form.get("recovery_code"):
        return RecoveryCode(Secret(visit.form["recovery_code"][:_LONGEST_CODE]))
    return OneTimeCode(Secret("".join(visit.form.get("code", "").split())[:_LONGEST_CODE]))
