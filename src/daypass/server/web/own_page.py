"""A person's own page, `/account/{session_id}`: the look at it, where they are signed in, and the password."""

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import AwsError
from daypass.secret import Secret
from daypass.server.domain.own_account import NotRecent
from daypass.server.flows.own_password import OwnPassword, WrongPassword
from daypass.server.ports.session_beginning import SignedIn
from daypass.server.web.own_frame import OwnFrame, refusal_sentence
from daypass.server.web.password_form import new_password_error

__all__ = ["OwnPages"]


class OwnPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, frame: OwnFrame, password: OwnPassword) -> None:
        self._frame = frame
        self._password = password

    async def show(self, request: Request) -> Response:
        """`GET /account/{session_id}`."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        return await self._frame.page(visit, session, done=self._frame.done_text(request))

    async def change_password(self, request: Request) -> Response:
        """`POST /account/{session_id}/password`."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        old, new = visit.form.get("old_password", ""), visit.form.get("password", "")
        error = new_password_error(new, visit.form.get("repeated", ""))
        if error:
            return await self._frame.page(visit, session, error=error, status=400)
        hint = await self._frame.tools.password_hint(visit)
        if hint:
            return await self._frame.page(visit, session, hint=hint, status=400)
        try:
            outcome = await self._password.change(
                session, Secret(old), Secret(new), caller=visit.caller, now=visit.now
            )
        except NotRecent:
            return self._frame.sign_in_again(visit, session)
        except WrongPassword:
            return await self._frame.page(
                visit, session, error="The old password was not right. Nothing was changed.", status=400
            )
        except AwsError as refusal:
            return await self._frame.page(visit, session, error=refusal_sentence(refusal), status=400)
        if not isinstance(outcome, SignedIn):
            return self._frame.tools.go(visit, "/")
        visit.secret, visit.is_new = outcome.browser_secret, True
        return self._frame.back(visit, outcome.session, "password")

    async def end(self, request: Request) -> Response:
        """`POST /account/{session_id}/end`: one browser, one terminal, or everything but this browser."""
        visit, session = await self._frame.enter(request)
        if session is None:
            return self._frame.tools.go(visit, "/")
        target = visit.form.get("target", "")
        match visit.form.get("kind"):
            case "browser":
                await self._frame.sessions.end_browser(session, target, caller=visit.caller, now=visit.now)
                done = "browser"
            case "login":
                await self._frame.sessions.end_login(session, target, caller=visit.caller, now=visit.now)
                done = "login"
            case "all":
                await self._frame.sessions.end_everything_else(session, caller=visit.caller, now=visit.now)
                done = "all"
            case _:
                done = ""
        return self._frame.back(visit, session, done)
