"""The how-to pages for the person who signs in, done from the first command to the last against a real `daypass up`.

Each page is declared in a table (support/page_blocks.py). What happens between its blocks without a command, such as a role
that somebody made or a session that ends, is what the tests add.
"""

import json
import re
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyotp
import pytest

from support.page_blocks import TIME, Exempt, IsIn, Page, Prints, Runs, Saves, Serves
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal, new_terminal, run_up
from support.transcript import arn_of, cache_path, save_session
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.processes, pytest.mark.clients, pytest.mark.xdist_group("client-how-tos")]

PROGRAM = str(Path(sys.prefix) / "bin" / "daypass")
DIGEST = r"[\w-]{43}"
LONG = r"\b\d+ h(?: \d+ min)?|\b\d+ min"
"""A duration."""
ASKS_STS = "exec aws sts get-caller-identity"
"""A program in the place of one that needs credentials."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all pages."""
    with run_up(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def iam(server: RunningServer) -> Iterator[Any]:
    """IAM as the root user, for what an administrator did before the page begins."""
    with new_terminal() as root:
        root.login(server, server.root, "--profile", "root")
        found = json.loads(root.daypass("credential-process", "--profile", "root").stdout)
        yield boto3.client(
            "iam",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )


@pytest.fixture(scope="module")
def roles(server: RunningServer, iam: Any) -> None:
    """Roles that trust the account, and a user who may take them."""
    trust = {"Effect": "Allow", "Principal": {"AWS": server.account_id}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    for name in ("Deploy", "Audit", "Locked", "Reader"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with_code = {**trust, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    iam.update_assume_role_policy(RoleName="Locked", PolicyDocument=policy(with_code))
    iam.put_user_policy(UserName="developer", PolicyName="roles", PolicyDocument=policy(may))


@pytest.fixture
def person(tmp_path: Path, server: RunningServer) -> Terminal:
    """A person's machine; `dev` and `prod` are known as profiles of the server, and nobody is signed in."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    places = "".join(
        f"{name} =\n  endpoint_url = {server.endpoint}\n" for name in ("signin", "sts", "iam")
    ) + (f"s3 =\n  endpoint_url = {server.s3_endpoint}\n")
    profiles = "".join(f"[profile {name}]\nregion = eu-west-1\nservices = here\n" for name in ("dev", "prod"))
    (home / ".aws" / "config").write_text(f"{profiles}[services here]\n{places}")
    return Terminal(home)


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


def phone_of(iam: Any, name: str) -> pyotp.TOTP:
    """A second factor that is the user's from now on; the next unused code is that of the next half minute."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    codes, now = pyotp.TOTP(made["Base32StringSeed"].decode()), int(time.time())
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


def here(page: PageRun, server: RunningServer, **more: str) -> None:
    """The page's account, host and program are those of this test."""
    usual = {"111122223333": server.account_id, "/usr/local/bin/daypass": PROGRAM}
    for written, stands in {**usual, **more}.items():
        page.exchanged[written] = stands


AGENT = Page(
    "how-to/give-an-agent-less-than-yourself.md",
    blocks={
        "identity receipt": Prints((TIME, DIGEST)),
        "made-by-the-agent": Runs(exit_code=1),
        '"Action": ["s3:GetObject"': Saves("policy.json"),
        "serve-credentials": Serves("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    },
)


def test_an_agent_gets_less(
    server: RunningServer, person: Terminal, roles: None, unused_tcp_port: int
) -> None:
    with page_of(AGENT, person, server) as page:
        page.exchanged |= {
            "111122223333": server.account_id,
            "user/dana": "user/developer",
            "https://signin.example.com": server.endpoint,
            "serve-credentials ": f"serve-credentials --port {unused_tcp_port} ",
        }
        page.until("jq -cj")
        page.step()
        digest = page.output.split()[-2]
        assert f"inline, sha256 {digest}" in page.output
        page.until("daypass status")
        page.step()
        page.type("daypass login --profile dev")
        page.until("serve-credentials")
        page.type("daypass narrow dev --as agent")
        page.rest()


SWITCH = Page("how-to/switch-between-profiles.md")


def test_profiles_are_switched(server: RunningServer, person: Terminal) -> None:
    with page_of(SWITCH, person, server) as page:
        page.type("daypass login --profile prod; daypass login --profile dev")
        page.until("--pick")
        assert page.output.count("user/developer") == 2
        command, *shown = page.take().splitlines()
        assert command.startswith("$ ")
        with on_terminal(["bash", "-c", command[2:]], {**page.environment, "TERM": "dumb"}) as terminal:
            for line in shown:
                terminal.wait_for(
                    re.escape(line)
                    .replace("111122223333", server.account_id)
                    .replace("deployer", "developer")
                )
            terminal.type("\n")
            terminal.wait_for('"Arn": ')
            assert terminal.end_of_command() == 0
        page.rest()


PROMPT = Page(
    "how-to/show-the-session-in-your-prompt.md",
    blocks={
        "PS1=": Saves(".bashrc"),
        "RPROMPT": Saves(".zshrc"),
        "fish_right_prompt": Saves(".config/fish/config.fish"),
        "function prompt": Exempt("needs PowerShell"),
        "[custom.daypass]": Exempt("needs starship"),
    },
    stand_ins={"terraform": "echo planned"},
)
SHELLS = {
    "bash": ["bash", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "-i"],
}


def test_the_prompt_shows_the_session_and_then_nothing(person: Terminal, server: RunningServer) -> None:
    save_session(person.home, "dev", 890, 43_000)
    (person.home / ".aws" / "config").write_text(f"[profile dev]\nlogin_session = {arn_of('dev')}\n")
    with page_of(PROMPT, person, server) as page:
        page.rest()
        assert page.output.endswith("planned\n")
        settings = {**page.environment, "AWS_PROFILE": "dev", "TERM": "xterm"}
        for shell, command in SHELLS.items():
            with on_terminal(command, settings) as terminal:
                terminal.wait_for("dev 111122223333 11h")
                terminal.type("exit\n")
                terminal.end_of_command()
        cache_path(person.home, "dev").unlink()
        with on_terminal(SHELLS["bash"], settings) as terminal:
            terminal.wait_for(r" /[^\n]* [$#] ")
            assert "111122223333" not in terminal.shown


ROLES = Page(
    "how-to/roles-over-a-login.md",
    blocks={
        "daypass_source_profile = dev": Prints(),
        "[profile deploy]": Saves(".aws/config", adds=True),
    },
    stand_ins={"terraform": ASKS_STS},
)


def test_roles_stand_over_a_login(server: RunningServer, person: Terminal, iam: Any, roles: None) -> None:
    config = person.home / ".aws" / "config"
    config.write_text(config.read_text().replace("[profile prod]\nregion = eu-west-1\nservices = here\n", ""))
    with page_of(ROLES, person, server) as page:
        page.sign_in_as(new_user(server, iam, "dana"))
        here(page, server, **{"222233334444": server.account_id, "555566667777": server.account_id})
        page.until("exec --profile locked")
        codes = phone_of(iam, "dana")
        command, shown = page.take().splitlines()
        with on_terminal(["bash", "-c", command[2:]], {**page.environment, "TERM": "dumb"}) as terminal:
            terminal.wait_for(re.escape(shown))
            terminal.type(f"{codes.at(int(time.time()) + 30)}\n")
            terminal.wait_for(":assumed-role/Locked/")
            assert terminal.end_of_command() == 0
        page.rest()
