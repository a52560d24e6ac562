"""A person's devices and recovery codes, on the own page: adding, removing, and what is shown once."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AwsError, EntityAlreadyExists, LimitExceeded
from daypass.server.domain.own_account import EnrolmentRefused, NotRecent, open_enrolment
from daypass.server.domain.session import SignInSession
from daypass.server.domain.totp import provisioning_uri
from daypass.server.flows.own_devices import totp_seed
from daypass.server.web.own_frame import OwnFrame, refusal_sentence
from daypass.server.web.own_view import read_device_name
from daypass.server.web.page_tools import Visit
from daypass.server.web.qr_picture import qr_svg

__all__ = ["OwnDevicePages"]

_TAKEN = "You have added that very key already, or that name is taken. Choose another name, or another key."


class OwnDevicePages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, frame: OwnFrame) -> None:
        self._frame = frame

    async def begin(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices`: a picture to scan, or a key to touch."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        name = read_device_name(visit.form.get("name", ""))
        if name is None:
            text = "A device's name has letters, digits and + = , . @ _ -, at most 64."
            return await self._frame.page(visit, session, error=text, status=400)
        try:
            if visit.form.get("kind") == "passkey":
                return await self._passkey_page(visit, session, name)
            _, sealed = await self._frame.devices.begin_totp(session, name, now=visit.now)
        except NotRecent:
            return self._frame.sign_in_again(visit, session)
        except EnrolmentRefused:
            return self._frame.tools.go(visit, "/")
        return self._totp_page(visit, session, sealed)

    async def finish(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices/finish`."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        sealed = visit.form.get("enrolment", "")
        try:
            enrolment = open_enrolment(self._frame.tools.parts.ring, sealed, session, now=visit.now)
            if visit.form.get("passkey"):
                await self._frame.devices.finish_passkey(
                    session, enrolment, visit.form["passkey"], caller=visit.caller, now=visit.now
                )
            else:
                code = "".join(visit.form.get("code", "").split())[:16]
                if not await self._frame.devices.finish_totp(
                    session, enrolment, code, caller=visit.caller, now=visit.now
                ):
                    text = "That code did not match. Check that the clock of your telephone is right."
                    return self._totp_page(visit, session, sealed, error=text)
        except NotRecent:
            return self._frame.sign_in_again(visit, session)
        except EnrolmentRefused:
            text = "That did not work, or took too long. Begin again."
            return await self._frame.page(visit, session, error=text, status=400)
        except EntityAlreadyExists:
            return await self._frame.page(visit, session, error=_TAKEN, status=409)
        except LimitExceeded:
            return await self._frame.page(
                visit, session, error="Eight devices are the most. Remove one first.", status=409
            )
        is_first = not session.mfa_at  # without a proven factor only a first device can be added
        if is_first or not await self._frame.devices.count_recovery_codes(session):
            return await self._show_codes(visit, session, is_first=True)
        return self._frame.back(visit, session, "device")

    async def remove(self, request: Request) -> Response:
        """`POST /account/{session_id}/devices/remove`."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        try:
            await self._frame.devices.remove(
                session, visit.form.get("serial", ""), caller=visit.caller, now=visit.now
            )
        except NotRecent:
            return self._frame.sign_in_again(visit, session)
        except AwsError as refusal:
            return await self._frame.page(visit, session, error=refusal_sentence(refusal), status=400)
        return self._frame.back(visit, session, "removed")

    async def make_codes(self, request: Request) -> Response:
        """`POST /account/{session_id}/recovery-codes`."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        try:
            return await self._show_codes(visit, session, is_first=False)
        except NotRecent:
            return self._frame.sign_in_again(visit, session)
        except AwsError as refusal:
            return await self._frame.page(visit, session, error=refusal_sentence(refusal), status=400)

    def _totp_page(self, visit: Visit, session: SignInSession, sealed: str, *, error: str = "") -> Response:
        enrolment = open_enrolment(self._frame.tools.parts.ring, sealed, session, now=visit.now)
        seed = totp_seed(enrolment)
        name = session.principal_arn.rpartition(":")[2].rpartition("/")[2]
        uri = provisioning_uri(seed, account_name=f"{name}@{session.account_id}", issuer="daypass")
        return self._frame.tools.page(
            visit,
            "account_totp.html",
            session_id=session.session_id,
            enrolment=sealed,
            picture=qr_svg(uri),
            seed=" ".join(seed[start : start + 4] for start in range(0, len(seed), 4)),
            error=error,
        )

    async def _passkey_page(self, visit: Visit, session: SignInSession, name: str) -> Response:
        enrolment, sealed = await self._frame.devices.begin_passkey(session, name, now=visit.now)
        present = [
            device.credential_id
            for device in await self._frame.devices.list_devices(session)
            if device.kind == "passkey"
        ]
        options = self._frame.tools.parts.passkeys.registration_options(
            challenge=enrolment.secret,
            user_id=session.principal_id.encode(),
            user_name=session.principal_arn,
            exclude=present,
        )
        return self._frame.tools.page(
            visit,
            "account_passkey.html",
            session_id=session.session_id,
            enrolment=sealed,
            options=options,
        )

    async def _show_codes(self, visit: Visit, session: SignInSession, *, is_first: bool) -> Response:
        make = (
            self._frame.devices.make_first_recovery_codes
            if is_first
            else self._frame.devices.make_recovery_codes
        )
        codes = await make(session, caller=visit.caller, now=visit.now)
        made = datetime.fromtimestamp(visit.now, UTC).strftime("%Y-%m-%d")
        return self._frame.tools.page(
            visit,
            "account_codes.html",
            session_id=session.session_id,
            codes=codes,
            is_first=is_first,
            made=made,
        )
