"""Who does a client's page: users of the server, their second factors, and what they type at a real terminal."""

import json
import re
import secrets
import time
from typing import Any

from pyotp.totp import TOTP

from support.page_blocks import Page
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal
from support.typed_terminal import on_terminal


def policy(statement: dict[str, Any]) -> str:
    """The document of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def new_user(server: RunningServer, iam: Any, name: str) -> dict[str, str]:
    """Somebody who may do everything; returns what they fill in at the sign-in page."""
    password = secrets.token_urlsafe(24)
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password=password)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return {**server.user, "user_name": name, "password": password}


def phone_of(iam: Any, name: str) -> TOTP:
    """A second factor that is the user's from now on; the next unused code is that of the next half minute."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    codes, now = TOTP(made["Base32StringSeed"].decode()), int(time.time())
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=codes.at(now - 30),
        AuthenticationCode2=codes.at(now),
    )
    return codes


def page_of(page: Page, person: Terminal, server: RunningServer, **environment: str) -> PageRun:
    """The page begun, its browser signing in as the sample user."""
    run = PageRun(page, person, environment)
    run.sign_in_as(server.user)
    return run


def at_terminal(page: PageRun, *answers: str) -> str:
    """Do the next block, one console command, at a real terminal: its shown lines are questions. Returns the screen."""
    command, *questions = page.take().splitlines()
    with on_terminal(
        ["bash", "-c", command.removeprefix("$ ")], {**page.environment, "TERM": "dumb"}
    ) as terminal:
        for number, question in enumerate(questions):
            terminal.wait_for(re.escape(question))
            if len(questions) - number <= len(answers):
                terminal.type(answers[number - len(questions)] + "\n")
        assert terminal.end_of_command() == 0, terminal.shown
        return terminal.shown


def here(page: PageRun, server: RunningServer, **more: str) -> None:
    """The page's account is the server's."""
    page.exchanged |= {"111122223333": server.account_id, **more}
