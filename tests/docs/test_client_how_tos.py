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

from support.file_keyring import keyring_environment
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
PASSPHRASE = "correct horse battery"
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
        here(page, server, deployer="developer")
        assert '"Arn": ' in at_terminal(page, "")
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
        for command in SHELLS.values():
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
        here(
            page,
            server,
            **{
                "/usr/local/bin/daypass": PROGRAM,
                "222233334444": server.account_id,
                "555566667777": server.account_id,
            },
        )
        page.until("exec --profile locked")
        codes = phone_of(iam, "dana")
        screen = at_terminal(page, codes.at(int(time.time()) + 30))
        assert ":assumed-role/Locked/" in screen
        page.rest()


KEYRING = Page(
    "how-to/keep-logins-in-the-system-keyring.md",
    blocks={
        "pip install": Exempt("no package index is asked by a test"),
        "daypass_login_session =": IsIn(".aws/config"),
    },
)


def test_a_login_is_kept_in_the_keyring_and_moved_back(server: RunningServer, person: Terminal) -> None:
    keyring = keyring_environment(person.home / "keyring")
    with page_of(KEYRING, person, server, **keyring) as page:
        here(
            page,
            server,
            **{
                "/usr/local/bin/daypass": PROGRAM,
                "region = us-east-1": "region = eu-west-1",
                "user/dev": "user/developer",
            },
        )
        page.until("storage dev file")
        assert page.type("aws --profile dev sts get-caller-identity")
        page.rest()
        assert not list((person.home / ".aws").rglob("*.vault"))
        page.type("aws --profile dev sts get-caller-identity")


TOOLS = Page(
    "how-to/use-with-tools-that-do-not-know-logins.md",
    blocks={
        "[profile dev-bridge]": IsIn(".aws/config"),
        "$ daypass credential-process": Runs(exit_code=4),
    },
    stand_ins={"terraform": ASKS_STS},
)


def test_tools_that_know_no_logins_ask_a_process(server: RunningServer, person: Terminal) -> None:
    with page_of(TOOLS, person, server) as page:
        page.exchanged |= {"region = us-east-1": "region = eu-west-1", "/usr/local/bin/daypass": PROGRAM}
        page.until("$ daypass credential-process")
        assert '"Arn"' in page.output
        page.type("daypass logout --profile dev")
        page.rest()


AWS_CLI_V1 = Page(
    "how-to/use-with-aws-cli-v1.md",
    blocks={
        "pip install": Exempt("no package index is asked by a test"),
        "[plugins]": IsIn(".aws/config"),
    },
)


def test_the_aws_cli_version_1_logs_in(server: RunningServer, person: Terminal) -> None:
    with page_of(AWS_CLI_V1, person, server) as page:
        page.until("aws login")
        page.step()
        assert "signed out of" in page.output
        page.rest()
    assert "daypass.aws_cli_v1" not in (person.home / ".aws" / "config").read_text()


CI = Page(
    "how-to/use-in-ci-as-a-test-double.md",
    blocks={
        "sync_playwright": Saves("sign_in.py"),
        "CREDENTIALS_LIFETIME=8": Serves("READY"),
    },
    exchanged={
        "chromium.launch()": 'chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])'
    },
)


@pytest.mark.browser
def test_a_job_signs_in_by_itself(person: Terminal) -> None:
    with PageRun(CI, person) as page:
        page.until("CREDENTIALS_LIFETIME")
        assert ":user/developer" in page.output
        page.rest()
    assert not (person.home / "daypass-data").exists()


MOVE = Page(
    "how-to/move-off-access-keys.md",
    blocks={
        "daypass audit\n": Runs(exit_code=10),
        "--folder ~/work": Runs(exit_code=10),
        "--ask-account": Runs(exit_code=10),
        "--folder .": Runs(exit_code=10),
    },
)


def test_a_key_is_found_and_gives_way_to_a_login(server: RunningServer, person: Terminal, iam: Any) -> None:
    who = new_user(server, iam, "keeper")
    key = iam.create_access_key(UserName="keeper")["AccessKey"]
    key_id, aws, shop = key["AccessKeyId"], person.home / ".aws", person.home / "src" / "shop"
    (aws / "config").write_text((aws / "config").read_text().replace("profile prod", "profile dev-login"))
    (aws / "credentials").write_text(
        f"[dev]\naws_access_key_id = {key_id}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    (aws / "credentials").chmod(0o600)
    before = {name: (aws / name).read_bytes() for name in ("config", "credentials")}
    (person.home / "work").mkdir()
    shop.mkdir(parents=True)
    (shop / ".env").write_text(f"# the shop\nPORT=80\n\nAWS_ACCESS_KEY_ID={key_id}\n")
    with page_of(MOVE, person, server) as page:
        page.sign_in_as(who)
        page.exchanged |= {"AKIAY34FZKBOKMUTVV7A": key_id, "609629065308": server.account_id}
        page.type("git -C src/shop init -q && git -C src/shop add .env")
        page.until("--apply")
        signed_in = (aws / "config").read_bytes()
        screen = at_terminal(page, PASSPHRASE, PASSPHRASE, "y")
        receipt = Path(re.findall(r"\S+/migrations/\S+\.json", screen)[0])
        page.type("aws sts get-caller-identity --profile dev")
        page.exchanged["20260102T030405Z-dev-1a2b3c"] = receipt.stem
        at_terminal(page, PASSPHRASE)
        assert (aws / "credentials").read_bytes() == before["credentials"]
        assert (aws / "config").read_bytes() == signed_in
        iam.update_access_key(UserName="keeper", AccessKeyId=key_id, Status="Active")
        page.type("daypass migrate dev --apply --no-input --backup-key-file ~/.config/daypass/backup.key")
        a_week_ago(max(receipt.parent.glob("*.json"), key=lambda path: path.stat().st_mtime_ns))
        iam.update_access_key(UserName="keeper", AccessKeyId=key_id, Status="Inactive")
        page.rest()
        assert f"{key_id} was used at" in page.output  # by this test, minutes ago: no deletion is offered


def a_week_ago(receipt: Path) -> None:
    """The key was switched off then."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 8 * 86_400))
    receipt.write_text(json.dumps({**json.loads(receipt.read_text()), "deactivated_at": moment}))
