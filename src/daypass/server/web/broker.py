"""The custom broker: `/federation` for console-link scripts, and the pages behind the links they make.

    script  → GET or POST /federation?Action=getSigninToken&Session=…   → {"SigninToken": …}
    browser → GET /federation?Action=login&SigninToken=…&Destination=…  → signed in, or "Continue as …" first

A link that another site opened could sign this browser in as somebody else (login CSRF): unless the browser says
that the person opened it (`Sec-Fetch-Site: none`) or that it came from our own pages, one click is asked for, on a
form of this browser. What a script gets wrong is answered with status 400 and a sentence, as AWS does.
"""

import json

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from daypass.protocol.aws.errors import AwsError, ValidationError
from daypass.server.domain.audit import CALLER_KEY
from daypass.server.domain.signin_token import (
    SigninTokenInvalid,
    link_back,
    open_signin_token,
    own_destination,
    read_broker_session,
    read_session_duration,
)
from daypass.server.flows.broker_sign_in import BrokerSignInFlow
from daypass.server.flows.signin_token import SigninTokenFlow
from daypass.server.web.forms import FormRefused, read_form
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.rendering import protect

__all__ = ["BrokerPages", "build_broker_routes"]

_OPENED_BY_THE_PERSON = ("none", "same-origin")
_FORM = "application/x-www-form-urlencoded"
_REFUSALS = {
    "expired": (400, "This link has expired"),
    "used": (400, "This link was used already"),
    "unknown": (400, "This link does not work"),
    "gone": (403, "This link does not work any more"),
    "full": (409, "This browser holds five sessions"),
}
"""Reason to (status, heading)."""
_SENTENCES = {
    "expired": "Links like this one work for 15 minutes, and only while the session behind them lasts.",
    "used": "Each link signs in once.",
    "unknown": "It is incomplete, or it was made for another server.",
    "gone": "The user or role it was made for no longer exists, or has a new password since.",
    "full": "That is the most. Sign one of them out, then ask for a new link.",
}


def build_broker_routes(tools: PageTools) -> list[Route]:
    """The routes, for `build_pages_app`."""
    broker = BrokerPages(tools)
    return [
        Route("/federation", broker.federation, methods=["GET"]),
        Route("/federation", broker.get_signin_token, methods=["POST"]),
        Route("/signin/broker", broker.confirm, methods=["POST"]),
    ]


class BrokerPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(self, tools: PageTools) -> None:
        self._tools = tools
        self._parts = parts = tools.parts
        self._issue = SigninTokenFlow(
            storage=parts.storage,
            directory=parts.directory,
            ring=parts.ring,
            randomness=parts.randomness,
            session_lifetime=parts.lifetimes.sign_in_session,
        )
        self._sign_in = BrokerSignInFlow(
            storage=parts.storage, directory=parts.directory, ring=parts.ring, randomness=parts.randomness
        )

    async def federation(self, request: Request) -> Response:
        """`GET /federation`: a browser with a link, or a script."""
        if request.query_params.get("Action") == "login":
            return await self._login(request)
        return await self.get_signin_token(request)

    async def get_signin_token(self, request: Request) -> Response:
        """`Action=getSigninToken`, parameters in the query or in a form."""
        try:
            values = dict(request.query_params)
            if request.headers.get("content-type", "").startswith(_FORM):
                values |= await read_form(request)
            if values.get("Action") != "getSigninToken":
                raise ValidationError("Action must be getSigninToken, or login in a browser")
            token = await self._issue.issue(
                read_broker_session(values.get("Session", "")),
                duration=read_session_duration(values.get("SessionDuration", "")),
                caller=request.scope[CALLER_KEY],
                now=self._parts.clock(),
            )
        except FormRefused:
            return self._bad_request("the form cannot be read")
        except AwsError as refusal:
            return self._bad_request(refusal.message)
        self._parts.metrics.count("signin_token", "ok")
        return protect(Response(json.dumps({"SigninToken": token.reveal()}), media_type="application/json"))

    async def confirm(self, request: Request) -> Response:
        """`POST /signin/broker`: the click on "Continue as …"."""
        visit = await self._tools.visit(request)
        return await self._finish(visit, visit.form)

    async def _login(self, request: Request) -> Response:
        visit = await self._tools.visit(request)
        values = {
            name: request.query_params.get(name, "") for name in ("SigninToken", "Destination", "Issuer")
        }
        if request.headers.get("sec-fetch-site") in _OPENED_BY_THE_PERSON:
            return await self._finish(visit, values)
        try:
            token = open_signin_token(self._parts.ring, values["SigninToken"], now=visit.now)
        except SigninTokenInvalid as refusal:
            return self._refused(visit, refusal.reason, values)
        return self._tools.page(
            visit,
            "broker_confirm.html",
            principal_arn=token.principal_arn,
            token=values["SigninToken"],
            destination=values["Destination"],
            issuer=values["Issuer"],
        )

    async def _finish(self, visit: Visit, values: dict[str, str]) -> Response:
        try:
            outcome = await self._sign_in.sign_in(
                values.get("SigninToken", ""),
                issuer=link_back(values.get("Issuer", "")),
                old_browser=visit.browser_hash,
                caller=visit.caller,
                now=visit.now,
            )
        except SigninTokenInvalid as refusal:
            return self._refused(visit, refusal.reason, values)
        self._parts.metrics.count("sign_in", "ok")
        visit.secret, visit.is_new, visit.request = outcome.browser_secret, True, ""
        return self._tools.go(visit, own_destination(values.get("Destination", ""), self._parts.own_urls))

    def _refused(self, visit: Visit, reason: str, values: dict[str, str]) -> Response:
        self._parts.metrics.count("sign_in", f"broker_{reason}")
        status, title = _REFUSALS[reason]
        return self._tools.page(
            visit,
            "broker_refused.html",
            status=status,
            title=title,
            text=_SENTENCES[reason],
            issuer=link_back(values.get("Issuer", "")),
        )

    def _bad_request(self, message: str) -> Response:
        self._parts.metrics.count("signin_token", "refused")
        return protect(PlainTextResponse(f"{message}\n", status_code=400))
