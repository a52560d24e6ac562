"""The how-to pages for the person who signs in, done from the first command to the last against a real `daypass up`.

Each page is declared in a table (support/page_blocks.py). What happens between its blocks without a command, such as a role
that somebody made or a session that ends, is what the tests add. The pages about other places are in `test_client_how_tos_elsewhere.py`.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.file_keyring import keyring_environment
from support.page_blocks import TIME, Exempt, IsIn, Page, Prints, Runs, Saves, Serves
from support.page_people import at_terminal, here, new_user, page_of, phone_of
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal
from support.transcript import arn_of, cache_path, save_session
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.processes, pytest.mark.clients, pytest.mark.xdist_group("client-how-tos")]

PROGRAM = str(Path(sys.prefix) / "bin" / "daypass")
DIGEST = r"[\w-]{43}"
ASKS_STS = "exec aws sts get-caller-identity"


AGENT = Page(
    "how-to/give-an-agent-less-than-yourself.md",
    blocks={
        "identity receipt": Prints((TIME, DIGEST)),
        "made-by-the-agent": Runs(exit_code=1),
        "[signin_needed]": Runs(exit_code=4),
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
        page.until("[signin_needed]")
        page.type("daypass logout --profile agent")
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


CHROMIUM = os.environ.get("DAYPASS_TEST_CHROMIUM", "/usr/bin/chromium")
CI = Page(
    "how-to/use-in-ci-as-a-test-double.md",
    blocks={
        "sync_playwright": Saves("sign_in.py"),
        "CREDENTIALS_LIFETIME=8": Serves("READY"),
    },
    exchanged={
        "chromium.launch()": f'chromium.launch(executable_path="{CHROMIUM}", args=["--no-sandbox", "--disable-gpu"])'
    },
)


@pytest.mark.browser
def test_a_job_signs_in_by_itself(person: Terminal) -> None:
    with PageRun(CI, person) as page:
        page.until("CREDENTIALS_LIFETIME")
        assert ":user/developer" in page.output
        page.rest()
    assert not (person.home / "daypass-data").exists()
