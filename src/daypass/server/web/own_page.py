"""A person's own page, `/account/{session_id}`: password, devices, recovery codes, and where they are signed in.

The session in the address must be one of this browser's own, and current: an id from elsewhere leads home. Every change
is a form of ours, leads back to the page (303), and says there what happened, in a word of a closed list.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AwsError, EntityAlreadyExists, LimitExceeded, Throttling
from daypass.secret import Secret
from daypass.server.domain.own_account import (
    RECENT_SIGN_IN,
    EnrolmentRefused,
    NotRecent,
    open_enrolment,
)
from daypass.server.domain.session import SignInSession
from daypass.server.domain.totp import provisioning_uri
from daypass.server.flows.choose_session import choose_session
from daypass.server.flows.own_devices import OwnDevices, totp_seed
from daypass.server.flows.own_password import OwnPassword, WrongPassword
from daypass.server.flows.own_sessions import OwnSessions
from daypass.server.ports.session_beginning import SignedIn
from daypass.server.web.admin_entry import find_administrators
from daypass.server.web.own_view import read_device_name, view_browser, view_device, view_login
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.password_form import new_password_error
from daypass.server.web.qr_picture import qr_svg
from daypass.server.web.session_view import view_session

__all__ = ["OwnPages"]

_DONE: Mapping[str, str] = {
    "password": "Your password is changed. Every other browser and terminal must sign in again.",
    "device": "The device is added. You will be asked for it at the next sign-in.",
    "removed": "The device is removed.",
    "browser": "That browser is signed out.",
    "login": "That terminal is signed out. Its credentials end within seconds.",
    "all": "Everything else is signed out.",
}


_TAKEN = "You have added that very key already, or that name is taken. Choose another name, or another key."
_TOO_MANY = "Too many tries. Nothing was changed. Wait 15 minutes and try again."


class OwnPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(
        self, tools: PageTools, devices: OwnDevices, sessions: OwnSessions, password: OwnPassword
    ) -> None:
        self._tools = tools
        self._devices = devices
        self._sessions = sessions
        self._password = password

    async def show(self, request: Request) -> Response:
        """`GET /account/{session_id}`."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        return await self._page(visit, session, done=_DONE.get(request.query_params.get("done", ""), ""))

    async def change_password(self, request: Request) -> Response:
        """`POST /account/{session_id}/password`."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        old, new = visit.form.get("old_password", ""), visit.form.get("password", "")
        error = new_password_error(new, visit.form.get("repeated", ""))
        if error:
            return await self._page(visit, session, error=error, status=400)
        hint = await self._tools.password_hint(visit)
        if hint:
            return await self._page(visit, session, hint=hint, status=400)
        try:
            outcome = await self._password.change(
                session, Secret(old), Secret(new), caller=visit.caller, now=visit.now
            )
        except NotRecent:
            return self._sign_in_again(visit, session)
        except WrongPassword:
            return await self._page(
                visit, session, error="The old password was not right. Nothing was changed.", status=400
            )
        except AwsError as refusal:
            return await self._page(visit, session, error=_sentence(refusal), status=400)
        if not isinstance(outcome, SignedIn):
            return self._tools.go(visit, "/")
        visit.secret, visit.is_new = outcome.browser_secret, True
        return self._back(visit, outcome.session, "password")

    async def begin_device(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices`: a picture to scan, or a key to touch."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        name = read_device_name(visit.form.get("name", ""))
        if name is None:
            text = "A device's name has letters, digits and + = , . @ _ -, at most 64."
            return await self._page(visit, session, error=text, status=400)
        try:
            if visit.form.get("kind") == "passkey":
                return await self._passkey_page(visit, session, name)
            _, sealed = await self._devices.begin_totp(session, name, now=visit.now)
        except NotRecent:
            return self._sign_in_again(visit, session)
        except EnrolmentRefused:
            return self._tools.go(visit, "/")
        return self._totp_page(visit, session, sealed)

    async def finish_device(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices/finish`."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        sealed = visit.form.get("enrolment", "")
        try:
            enrolment = open_enrolment(self._tools.parts.ring, sealed, session, now=visit.now)
            if visit.form.get("passkey"):
                await self._devices.finish_passkey(
                    session, enrolment, visit.form["passkey"], caller=visit.caller, now=visit.now
                )
            else:
                code = "".join(visit.form.get("code", "").split())[:16]
                if not await self._devices.finish_totp(
                    session, enrolment, code, caller=visit.caller, now=visit.now
                ):
                    text = "That code did not match. Check that the clock of your telephone is right."
                    return self._totp_page(visit, session, sealed, error=text)
        except NotRecent:
            return self._sign_in_again(visit, session)
        except EnrolmentRefused:
            text = "That did not work, or took too long. Begin again."
            return await self._page(visit, session, error=text, status=400)
        except EntityAlreadyExists:
            return await self._page(visit, session, error=_TAKEN, status=409)
        except LimitExceeded:
            return await self._page(
                visit, session, error="Eight devices are the most. Remove one first.", status=409
            )
        is_first = not session.mfa_at  # without a proven factor only a first device can be added
        if is_first or not await self._devices.count_recovery_codes(session):
            return await self._show_codes(visit, session, is_first=True)
        return self._back(visit, session, "device")

    async def remove_device(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices/remove`."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        try:
            await self._devices.remove(
                session, visit.form.get("serial", ""), caller=visit.caller, now=visit.now
            )
        except NotRecent:
            return self._sign_in_again(visit, session)
        except AwsError as refusal:
            return await self._page(visit, session, error=_sentence(refusal), status=400)
        return self._back(visit, session, "removed")

    async def make_codes(self, request: Request) -> Response:
        """`POST /account/{session_id}/recovery-codes`."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        try:
            return await self._show_codes(visit, session, is_first=False)
        except NotRecent:
            return self._sign_in_again(visit, session)
        except AwsError as refusal:
            return await self._page(visit, session, error=_sentence(refusal), status=400)

    async def end(self, request: Request) -> Response:
        """`POST /account/{session_id}/end`: one browser, one terminal, or everything but this browser."""
        visit, session = await self._enter(request)
        if session is None:
            return self._tools.go(visit, "/")
        target = visit.form.get("target", "")
        match visit.form.get("kind"):
            case "browser":
                await self._sessions.end_browser(session, target, caller=visit.caller, now=visit.now)
                done = "browser"
            case "login":
                await self._sessions.end_login(session, target, caller=visit.caller, now=visit.now)
                done = "login"
            case "all":
                await self._sessions.end_everything_else(session, caller=visit.caller, now=visit.now)
                done = "all"
            case _:
                done = ""
        return self._back(visit, session, done)

    async def _enter(self, request: Request) -> tuple[Visit, SignInSession | None]:
        visit = await self._tools.visit(request)
        session = await choose_session(
            sessions=self._tools.parts.storage.sign_in_sessions,
            directory=self._tools.parts.directory,
            browser_hash=visit.browser_hash,
            session_id=request.path_params["session_id"],
            now=visit.now,
        )
        return visit, session

    def _back(self, visit: Visit, session: SignInSession, done: str) -> Response:
        query = f"?{urlencode({'done': done})}" if done else ""
        return self._tools.go(visit, f"/account/{session.session_id}{query}")

    def _sign_in_again(self, visit: Visit, session: SignInSession) -> Response:
        minutes = RECENT_SIGN_IN // 60
        return self._tools.page(
            visit, "account_not_recent.html", status=403, session_id=session.session_id, minutes=minutes
        )

    async def _page(
        self,
        visit: Visit,
        session: SignInSession,
        *,
        done: str = "",
        error: str = "",
        hint: str = "",
        status: int = 200,
    ) -> Response:
        parts = self._tools.parts
        return self._tools.page(
            visit,
            "account.html",
            status=status,
            session=view_session(session, parts.identity_providers, now=visit.now),
            may_administer=bool(await find_administrators(self._tools, visit, [session])),
            has_own_secrets=session.principal_kind != "role",
            devices=[view_device(device) for device in await self._devices.list_devices(session)],
            recovery=await self._devices.count_recovery_codes(session),
            passkeys=parts.passkeys.is_available,
            browsers=[
                view_browser(view, owner_arn=session.principal_arn, now=visit.now)
                for view in await self._sessions.list_browsers(session, now=visit.now)
            ],
            logins=[
                view_login(view, owner_arn=session.principal_arn, region=parts.region, now=visit.now)
                for view in await self._sessions.list_logins(session, now=visit.now)
            ],
            done=done,
            error=error,
            hint=hint,
        )

    def _totp_page(self, visit: Visit, session: SignInSession, sealed: str, *, error: str = "") -> Response:
        enrolment = open_enrolment(self._tools.parts.ring, sealed, session, now=visit.now)
        seed = totp_seed(enrolment)
        name = session.principal_arn.rpartition(":")[2].rpartition("/")[2]
        uri = provisioning_uri(seed, account_name=f"{name}@{session.account_id}", issuer="daypass")
        return self._tools.page(
            visit,
            "account_totp.html",
            session_id=session.session_id,
            enrolment=sealed,
            picture=qr_svg(uri),
            seed=" ".join(seed[start : start + 4] for start in range(0, len(seed), 4)),
            error=error,
        )

    async def _passkey_page(self, visit: Visit, session: SignInSession, name: str) -> Response:
        enrolment, sealed = await self._devices.begin_passkey(session, name, now=visit.now)
        present = [
            device.credential_id
            for device in await self._devices.list_devices(session)
            if device.kind == "passkey"
        ]
        options = self._tools.parts.passkeys.registration_options(
            challenge=enrolment.secret,
            user_id=session.principal_id.encode(),
            user_name=session.principal_arn,
            exclude=present,
        )
        return self._tools.page(
            visit,
            "account_passkey.html",
            session_id=session.session_id,
            enrolment=sealed,
            options=options,
        )

    async def _show_codes(self, visit: Visit, session: SignInSession, *, is_first: bool) -> Response:
        make = self._devices.make_first_recovery_codes if is_first else self._devices.make_recovery_codes
        codes = await make(session, caller=visit.caller, now=visit.now)
        made = datetime.fromtimestamp(visit.now, UTC).strftime("%Y-%m-%d")
        return self._tools.page(
            visit,
            "account_codes.html",
            session_id=session.session_id,
            codes=codes,
            is_first=is_first,
            made=made,
        )


def _sentence(refusal: AwsError) -> str:
    if isinstance(refusal, Throttling):
        return _TOO_MANY
    text = str(refusal)
    return text if text.endswith(".") else f"{text}."
