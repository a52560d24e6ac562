"""The sign-in form: `/signin/new` (choose how) and `/signin/user` (root or IAM user)."""

from starlette.requests import Request
from starlette.responses import Response

from daypass.protocol.aws.errors import Throttling
from daypass.secret import Secret
from daypass.server.domain.sign_in_name import RootName, UserName
from daypass.server.domain.throttle import SIGN_IN_THROTTLE
from daypass.server.flows.sign_in import SignInFlow, SignInRefused
from daypass.server.web.page_tools import PageTools, Visit
from daypass.server.web.provider_view import HowToSignIn
from daypass.server.web.second_step import SecondStepPages

__all__ = ["SignInPages"]

_BUSY = ("busy", 503, "Many people are signing in at this moment. Wait a few seconds and try again.")
_REFUSALS = {
    "mismatch": (200, "That did not match. Check what you typed and try again."),
    "throttled": (
        429,
        f"Too many tries from here for this name. Try again in {SIGN_IN_THROTTLE.window // 60} minutes.",
    ),
    "expired": (200, "This password has expired. Ask an administrator of the account to set a new one."),
}
_LONGEST_FIELD = 320
_LONGEST_PASSWORD = 1024


class SignInPages:
    """Handlers; each is HTTP in, HTTP out."""

    def __init__(
        self, tools: PageTools, flow: SignInFlow, second_step: SecondStepPages, how: HowToSignIn
    ) -> None:
        self._tools = tools
        self._how = how
        self._flow = flow
        self._second_step = second_step

    async def choose_how(self, request: Request) -> Response:
        """`GET /signin/new`."""
        return await self._how.page(await self._tools.visit(request))

    async def show_form(self, request: Request) -> Response:
        """`GET /signin/user`."""
        visit = await self._tools.visit(request)
        kind = "root" if request.query_params.get("kind") == "root" else "user"
        return self._form(visit, {"kind": kind}, errors={})

    async def show_form_of_account(self, request: Request) -> Response:
        """`GET /console/{account}`: the sign-in address an administrator hands out, by alias or account id."""
        visit = await self._tools.visit(request)
        account = request.path_params["account"][:_LONGEST_FIELD]
        return self._form(visit, {"kind": "user", "account": account}, errors={})

    async def submit_form(self, request: Request) -> Response:
        """`POST /signin/user`: check the fields, sign in, go on with the request in hand."""
        visit = await self._tools.visit(request)
        form = {name: visit.form.get(name, "") for name in ("kind", "email", "account", "user_name")}
        password = Secret(visit.form.get("password", ""))
        name, errors = _read_name(form, password)
        if errors:
            return self._form(visit, form, errors=errors, status=400)
        try:
            outcome = await self._flow.sign_in(
                name, password, old_browser=visit.browser_hash, caller=visit.caller, now=visit.now
            )
        except Throttling:
            reason, status, text = _BUSY
            self._tools.parts.metrics.count("sign_in", reason)
            return self._form(visit, form, errors={"form": text}, status=status)
        if not isinstance(outcome, SignInRefused):
            return await self._second_step.go_on(visit, outcome)
        self._tools.parts.metrics.count("sign_in", outcome.reason)
        status, text = _REFUSALS[outcome.reason]
        return self._form(visit, form, errors={"form": text}, status=status)

    def _form(
        self, visit: Visit, form: dict[str, str], *, errors: dict[str, str], status: int = 200
    ) -> Response:
        return self._tools.page(
            visit,
            "sign_in.html",
            status=status,
            kind=form.get("kind") or "user",
            email=form.get("email", ""),
            account=form.get("account", ""),
            user_name=form.get("user_name", ""),
            errors=errors,
        )


def _read_name(form: dict[str, str], password: Secret) -> tuple[RootName | UserName, dict[str, str]]:
    """The typed name and what is wrong with the fields, by field name."""
    errors: dict[str, str] = {}
    name: RootName | UserName
    if form["kind"] == "root":
        name = RootName(form["email"].strip())
        if "@" not in name.email:
            errors["email"] = "Enter the e-mail address of the account's root user."
    else:
        name = UserName(form["account"].strip(), form["user_name"].strip())
        if not name.account:
            errors["account"] = "Enter the twelve-digit account ID or the account's alias."
        if not name.user_name:
            errors["user_name"] = "Enter your user name."
    if not password:
        errors |= {"password": "Enter your password."}
    too_long = any(len(value) > _LONGEST_FIELD for value in form.values())
    if too_long or len(password.reveal()) > _LONGEST_PASSWORD:
        errors["form"] = "One of the fields is too long."
    return name, errors
