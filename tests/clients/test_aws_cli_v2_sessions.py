"""A login that the unmodified AWS CLI version 2 keeps: renewed in time and in parallel, or refused, in its words."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from support.aws_cli_v2 import POWERS, CliV2, administrator, new_user, sign_in
from support.form_browser import FormBrowser
from support.running_server import RunningServer, Terminal, new_terminal, run_up
from support.serving import PASSWORD, age_cache
from support.typed_terminal import TypedTerminal, on_terminal

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]

IDENTITY = ("sts", "get-caller-identity")
PARALLEL = 16
MIB = 1 << 20


@pytest.fixture
def cli(terminal: Terminal, server: RunningServer) -> CliV2:
    cli = CliV2(terminal)
    cli.knows(server)
    return cli


def test_credentials_about_to_end_are_renewed_and_the_rest_stays(cli: CliV2, server: RunningServer) -> None:
    cli.signs_in(server.user)
    age_cache(cli.person)
    before = cli.entry
    assert json.loads(cli.said(*IDENTITY))["Arn"].endswith(":user/developer")
    after = cli.entry
    assert after["refreshToken"] != before["refreshToken"]
    assert after["accessToken"]["accessKeyId"] != before["accessToken"]["accessKeyId"]
    kept = ("idToken", "dpopKey", "clientId", "tokenType")
    assert [after[name] for name in kept] == [before[name] for name in kept]


def test_many_processes_cross_one_renewal_and_nobody_is_signed_out(cli: CliV2, server: RunningServer) -> None:
    """No lock is between them, and the CLI writes its file in place: one may read half of it, and says only its name.

    That is the CLI's own (a `KeyError`); no process is refused by the server, and the session goes on.
    """
    cli.signs_in(server.user)
    age_cache(cli.person)
    before = cli.entry["refreshToken"]
    processes = [cli.start(*IDENTITY) for _ in range(PARALLEL)]
    answers = [process.communicate(timeout=300) for process in processes]
    assert cli.entry["refreshToken"] != before
    (name,) = (path.stem for path in cli.cache.glob("*.json"))
    assert {error.strip() for _, error in answers} <= {"", f"aws: [ERROR]: '{name}'"}
    arns = {json.loads(out)["Arn"] for out, error in answers if not error}
    assert arns == {f"arn:aws:iam::{server.account_id}:user/developer"}
    age_cache(cli.person)
    assert cli.run(*IDENTITY).returncode == 0


def test_a_copy_two_renewals_old_is_told_that_its_session_expired(cli: CliV2, server: RunningServer) -> None:
    """One renewal back is a repeat, which is answered; two back is not any more. The session itself goes on."""
    cli.signs_in(server.user)
    (path,) = cli.cache.glob("*.json")
    old = path.read_text()
    for _ in range(2):
        age_cache(cli.person)
        cli.said(*IDENTITY)
    newest = path.read_text()
    path.write_text(old)
    age_cache(cli.person)
    assert "Your session has expired." in cli.run(*IDENTITY).stderr
    path.write_text(newest)
    assert cli.run(*IDENTITY).returncode == 0


def test_each_refusal_in_the_words_of_the_cli(cli: CliV2, server: RunningServer) -> None:
    """Permission taken, password changed, person deleted; a permission that is given back heals."""
    iam = administrator(server)
    cli.signs_in(new_user(iam, server.account_id, "eve", POWERS))

    def refused() -> str:
        age_cache(cli.person)
        before = cli.entry
        done = cli.run(*IDENTITY)
        assert (done.returncode, cli.entry) == (255, before), "a refusal takes nothing away"
        return done.stderr.strip().removeprefix("aws: [ERROR]: ")

    iam.detach_user_policy(UserName="eve", PolicyArn=POWERS)
    assert refused() == (
        "Unable to create or refresh login credentials due to insufficient permissions."
        " You may be missing permission for the 'signin:CreateOAuth2Token' action."
    )
    iam.attach_user_policy(UserName="eve", PolicyArn=POWERS)
    assert cli.run(*IDENTITY).returncode == 0
    iam.update_login_profile(UserName="eve", Password=PASSWORD + " changed")
    assert refused() == (
        "Unable to refresh login credentials because of a change in your password."
        " Please reauthenticate with your new password using 'aws login'."
    )
    iam.detach_user_policy(UserName="eve", PolicyArn=POWERS)
    iam.delete_login_profile(UserName="eve")
    iam.delete_user(UserName="eve")
    assert refused() == "Your session has expired. Please reauthenticate using 'aws login'."


def test_a_person_ends_it_on_their_own_page(cli: CliV2, server: RunningServer) -> None:
    """ "Sign out everywhere else": credentials that live end within seconds, and nothing renews them."""
    ivy = new_user(administrator(server), server.account_id, "ivy", POWERS)
    browser = FormBrowser()

    def answer(url: str) -> None:
        nonlocal browser
        browser = sign_in(ivy, url)

    assert cli.login(answer).returncode == 0
    browser.open(server.endpoint + "/")
    browser.follow("Manage")
    browser.press("Sign out everywhere else")
    deadline = time.monotonic() + 20
    while (done := cli.run(*IDENTITY)).returncode == 0:
        assert time.monotonic() < deadline, "the credentials outlive their session"
    assert "(ExpiredToken)" in done.stderr
    age_cache(cli.person)
    assert "Your session has expired." in cli.run(*IDENTITY).stderr


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Credentials of eight seconds, codes of ten: ends in a test's time, by ordinary settings."""
    lives = {"DAYPASS_CREDENTIALS_LIFETIME": "8", "DAYPASS_CODE_LIFETIME": "10"}
    with run_up(tmp_path_factory.mktemp("short") / "data", environment=lives) as running:
        yield running


@pytest.fixture
def late(short_lived: RunningServer) -> Iterator[tuple[TypedTerminal, str, float]]:
    """`aws login --remote` that waits for its code, the code, and when it was shown."""
    with new_terminal() as person:
        cli = CliV2(person)
        cli.knows(short_lived)
        environment = {**person.environment, "TERM": "xterm"}
        with on_terminal([cli.program, "login", "--remote"], environment) as typed:
            page = sign_in(short_lived.root, typed.wait_for_link()).page
            yield typed, page.text_by_id["verification-code"], time.monotonic()


def test_a_process_outlives_its_credentials_and_a_code_does_not_outlive_its_time(
    terminal: Terminal, short_lived: RunningServer, late: tuple[TypedTerminal, str, float]
) -> None:
    """An upload of three parts, the last one read when the credentials of the first have ended."""
    cli = CliV2(terminal)
    cli.knows(short_lived)
    cli.signs_in(short_lived.user)
    cli.said("s3", "mb", "s3://slowly")
    first = cli.entry["accessToken"]["accessKeyId"]
    words = [cli.program, "s3", "cp", "-", "s3://slowly/three-parts"]
    with subprocess.Popen(words, env=terminal.environment, stdin=subprocess.PIPE) as upload:
        assert upload.stdin is not None
        upload.stdin.write(bytes(9 * MIB))
        upload.stdin.flush()
        time.sleep(9)  # until the credentials it began with have ended, by the clock that the program reads
        upload.stdin.write(bytes(9 * MIB))
    assert upload.returncode == 0
    assert cli.entry["accessToken"]["accessKeyId"] != first
    assert str(18 * MIB) in cli.said("s3", "ls", "s3://slowly/three-parts")

    typed, code, shown_at = late
    time.sleep(max(0, shown_at + 11 - time.monotonic()))  # the code lives ten seconds here
    typed.type(code + "\n")
    assert typed.end_of_command() == 255
    assert "Unable to complete the login process due to an expired authorization code." in typed.shown
