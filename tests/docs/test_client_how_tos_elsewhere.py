"""The how-to pages for the person who signs in, done from the first command to the last against a real `daypass up`.

Each page is declared in a table (support/page_blocks.py). What happens between its blocks without a command, such as a role
that somebody made or a session that ends, is what the tests add. The pages about one's own shell are in `test_client_how_tos.py`.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from daypass.client.consumer_snippets import ConsumerPlace, build_snippets
from support.form_browser import FormBrowser
from support.page_blocks import Exempt, Page, Prints, Runs, Serves
from support.page_people import at_terminal, here, new_user, page_of
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal
from support.ssh_host import far_host
from support.typed_terminal import on_terminal

pytestmark = [pytest.mark.processes, pytest.mark.clients, pytest.mark.xdist_group("client-how-tos")]

PASSPHRASE = "correct horse battery"


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


def docker(server: RunningServer) -> str:
    """`docker run` without Docker: its variables in an environment without others, its one mount by the file's own place."""
    return f"""#
set -- "$@"
variables=; token=
while [ $# -gt 1 ]; do case $1 in
  -e) case $2 in *TOKEN_FILE=*) name=${{2%%=*}};; *) variables="$variables $2";; esac; shift;;
  -v) token=${{2%%:*}}; shift;;
esac; shift; done
[ "$1" = my-image ] && exec env -i PATH="$PATH" AWS_ENDPOINT_URL={server.endpoint} $variables "$name=$token" \\
  aws sts get-caller-identity"""


CONTAINERS = Page(
    "how-to/give-credentials-to-containers-and-ssh.md",
    blocks={
        "daypass login": Serves("Ctrl-C ends it"),
        "backup=ops": Serves("Ctrl-C ends it"),
        "--bind 169": Exempt(
            "needs a network of containers; tests/processes/test_container_without_docker.py makes one"
        ),
        "networks: [daypass]": Exempt("compared with what the command prints"),
    },
)


def test_a_container_and_a_far_host_get_credentials(
    server: RunningServer,
    person: Terminal,
    roles: None,
    tmp_path: Path,
    unused_tcp_port_factory: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, far_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    monkeypatch.setenv("PATH", f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "ssh").mkdir()
    declared = replace(CONTAINERS, stand_ins={"docker": docker(server)})
    with (
        far_host(tmp_path / "ssh", unused_tcp_port_factory()) as far,
        page_of(declared, person, server, PATH=far.near(dict(os.environ))["PATH"]) as page,
    ):
        page.exchanged |= {
            "serve-credentials ": f"serve-credentials --port {port} ",
            "-R 127.0.0.1:8911:": f"-R 127.0.0.1:{far_port}:",
            "8911": str(port),
        }
        page.until("backup=ops")
        page.interrupt()
        role = f"arn:aws:iam::{server.account_id}:role/Reader"
        page.type(f"daypass configure role ops --role-arn {role} --source-profile dev")
        page.until("umask 077")
        near, there = page.take(), page.take().replace(str(port), str(far_port))
        typed = f"export AWS_ENDPOINT_URL={server.endpoint}\n{there}"
        assert ":user/developer" in page.type(near, Runs(typed=typed))
        page.rest()


def test_the_pages_compose_file_is_the_one_that_is_printed() -> None:
    place = ConsumerPlace(
        "web",
        "http://169.254.170.2:8911/credentials",
        "169.254.170.2",
        8911,
        "/home/me/.aws/daypass/consumers/web.token",
        {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"},
    )
    (block,) = [block.text for block, _ in CONTAINERS.treated() if block.language == "yaml"]
    assert block.strip() == build_snippets(place)["docker_compose"].strip()


def sign_in(server: RunningServer, link: str) -> str:
    """What the person does in a browser somewhere; returns the code that the page shows, where it shows one."""
    browser = FormBrowser()
    browser.open(link)
    browser.follow("Continue with root or IAM user")
    browser.press("Sign in", **server.user)
    return browser.page.text_by_id.get("verification-code", "")


@contextlib.contextmanager
def told_link(page: PageRun, command: str, typed: str | None = None) -> Iterator[tuple[str, IO[str]]]:
    """A login that runs until the block ends and must end well: its link, and its standard input."""
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=page.home,
        env=page.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if typed is not None:
        process.stdin.write(typed)
        process.stdin.close()
    told = ""
    for line in process.stdout:
        told += line
        if line.startswith("http"):
            yield line.strip(), process.stdin
            break
    process.stdin.close()
    told += process.stdout.read()
    assert process.wait(60) == 0, told
    assert "is signed in as" in told
    process.stdout.close()


REMOTE = Page(
    "how-to/sign-in-without-a-browser.md", stand_ins={"firefox": 'echo "$1" >opened; exec $BROWSER "$2"'}
)


def test_a_person_signs_in_where_no_browser_is(
    server: RunningServer,
    person: Terminal,
    tmp_path: Path,
    unused_tcp_port_factory: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = unused_tcp_port_factory()
    monkeypatch.setenv("PATH", f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "ssh").mkdir()
    with (
        far_host(tmp_path / "ssh", unused_tcp_port_factory()) as far,
        page_of(REMOTE, person, server, PATH=far.near(dict(os.environ))["PATH"]) as page,
    ):
        page.exchanged |= {"-L 8401:": f"-L 127.0.0.2:{port}:", "8401": str(port)}
        command, *shown = page.take().splitlines()
        over_ssh = {**page.environment, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "TERM": "dumb"}
        del over_ssh["BROWSER"]
        with on_terminal(["bash", "-c", command.removeprefix("$ ")], over_ssh) as terminal:
            link = terminal.wait_for_link()
            for line in (line for line in shown if line and not line.startswith("http")):
                terminal.wait_for(re.escape(line).replace("…", r"\S*"))
            terminal.type(sign_in(server, link) + "\n")
            assert terminal.end_of_command() == 0, terminal.shown
        shutil.copytree(person.home / ".aws", far.home / ".aws", ignore=lambda *_: ["login"])
        with told_link(page, page.take(), page.take()) as (link, _):
            sign_in(server, link)
        page.type("daypass logout --profile dev")
        with told_link(page, page.take()) as (link, stdin):
            stdin.write(sign_in(server, link) + "\n\n")
        page.type("daypass logout --profile dev")
        with told_link(page, page.take()) as (link, _):
            (page.home / "code.txt").write_text(sign_in(server, link))
        page.type("daypass logout --profile dev")
        page.rest()
        assert (page.home / "opened").read_text() == "--new-window\n"


DOCTOR = Page(
    "how-to/find-out-what-is-wrong.md",
    blocks={"$ daypass doctor": Runs(exit_code=12), "--lock": Runs(exit_code=11)},
)


def test_the_doctor_says_what_is_wrong_until_nothing_is(server: RunningServer, person: Terminal) -> None:
    with page_of(DOCTOR, person, server) as page:
        here(page, server, **{"user/dev": "user/developer"})
        project = person.home / "project"
        page.type("daypass login --profile dev; python -m venv --without-pip project/.venv")
        (project / "uv.lock").write_text('version = 1\n[[package]]\nname = "botocore"\nversion = "1.40.1"\n')
        page.type("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE; chmod 644 .aws/login/cache/*.json")
        page.step()
        for hint in re.findall(r"hint: (.*)", page.output):
            page.type(hint)
        page.step()
        assert page.output == ""
        page.rest()
        assert "[sdk_too_old]" in page.output


COMPLETION = Page(
    "how-to/complete-words-in-your-shell.md", blocks={"Add-Content": Exempt("needs PowerShell")}
)


def test_tab_completes_in_a_new_shell(server: RunningServer, person: Terminal) -> None:
    (person.home / ".zshrc").write_text("autoload -Uz compinit; compinit -u\n")
    with page_of(COMPLETION, person, server) as page:
        page.rest()
        settings = {**page.environment, "TERM": "xterm"}
    for shell in (["bash", "-i"], ["zsh", "-d", "-i"], ["fish", "-i"]):
        with on_terminal(shell, settings) as terminal:
            terminal.wait_for(r"[$#%>] ")
            terminal.type("daypass env --profile=pro\t")
            terminal.wait_for("pro.*d")
            terminal.type("\x15exit\n")


PYTHON = Page(
    "how-to/use-from-python.md",
    blocks={
        "pip install": Exempt("no package index is asked by a test"),
        "arn:aws:iam::111122223333:user/dev\n": Prints(),
        'there is no profile "nobody" ->': Prints(),
    },
)


def test_python_programs_use_logins_without_the_native_library(
    server: RunningServer, person: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "without-crt").mkdir()
    (tmp_path / "without-crt" / "sitecustomize.py").write_text("import sys; sys.modules['awscrt'] = None\n")
    with page_of(PYTHON, person, server, PYTHONPATH=str(tmp_path / "without-crt")) as page:
        here(page, server, **{"user/dev": "user/developer"})
        page.type("python -m venv --without-pip project/.venv")
        (packages,) = (person.home / "project").glob(".venv/lib/python*/site-packages")
        (packages / "here.pth").write_text(
            "\n".join(path for path in sys.path if path.endswith(("site-packages", "src")))
        )
        page.rest()
        assert page.output.strip().endswith(":user/developer")


SESSIONS = Page("reference/sts-and-iam.md")


def test_curl_lists_the_terminals_that_are_signed_in(server: RunningServer, person: Terminal) -> None:
    with page_of(SESSIONS, person, server, AWS_ENDPOINT_URL=server.endpoint) as page:
        page.sign_in_as(server.root)
        page.type('daypass login --profile prod; eval "$(daypass env --profile prod)"')
        page.rest()
        assert f"<PrincipalArn>arn:aws:iam::{server.account_id}:root</PrincipalArn>" in page.output


EVENTS = Page("reference/login-events.md", blocks={"opens_browser": Prints()})


def test_event_lines_are_as_the_reference_shows_them(server: RunningServer, person: Terminal) -> None:
    with page_of(EVENTS, person, server) as page:
        here(page, server, **{"user/dev": "user/developer", "https://": "http://"})
        page.type("daypass login --profile dev --json 2>/dev/null")
        page.rest()


README = Page(
    "README.md",
    blocks={
        words: Exempt("test_console_blocks.py does the README's consoles")
        for words in ("$ make up", "$ daypass login --endpoint-url", "$ aws s3 mb")
    },
)


def test_the_readmes_login_without_an_address_uses_the_profiles(
    server: RunningServer, person: Terminal
) -> None:
    """At AWS it names nothing; here the default profile leads to the server."""
    config = person.home / ".aws" / "config"
    config.write_text(config.read_text().replace("[profile prod]", "[default]"))
    with page_of(README, person, server) as page:
        page.rest()
        assert ":user/developer" in page.output
