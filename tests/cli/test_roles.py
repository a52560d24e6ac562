"""Roles over a login through the command line, with an STS that counts: one call for many, codes, sign-out, storage."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.file_keyring import kept, keyring_environment
from support.running_server import DAYPASS, Terminal
from support.stub_sts import StubSts
from support.transcript import arn_of, save_session
from support.typed_terminal import on_terminal

ROLE = "arn:aws:iam::222233334444:role/Deploy"


@pytest.fixture
def sts() -> StubSts:
    return StubSts()


@pytest.fixture
def person(tmp_path: Path, sts: StubSts) -> Iterator[Terminal]:
    """Signed in, with a role over the login and one that wants a code."""
    save_session(tmp_path, "dev", 900, 40_000)
    with sts.listening() as url:
        (tmp_path / ".aws" / "config").write_text(
            f"[profile dev]\nlogin_session = {arn_of('dev')}\nregion = eu-west-1\nendpoint_url = {url}\n"
        )
        person = Terminal(tmp_path)
        for words in (("prod",), ("locked", "--mfa-serial", "GAHT12345678")):
            made = person.daypass("configure", "role", *words, "--role-arn", ROLE, "--source-profile", "dev")
            assert made.returncode == 0, made.stderr
        yield person


def _key(person: Terminal, profile: str = "prod") -> str:
    done = person.daypass("credential-process", "--profile", profile)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["AccessKeyId"])


@pytest.mark.processes
def test_sixteen_processes_assume_a_role_once(person: Terminal, sts: StubSts) -> None:
    """No error, one call, one answer."""
    sts.slowness = 0.3
    command = [*DAYPASS, "credential-process", "--profile", "prod"]
    processes = [
        subprocess.Popen(
            command, env=person.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(16)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in answers if error] == []
    assert {json.loads(out)["AccessKeyId"] for out, _ in answers} == {"ASIAROLE1"}
    assert len(sts.asked) == 1


def test_every_way_to_credentials_gives_the_roles(person: Terminal, sts: StubSts) -> None:
    """From one AssumeRole."""
    assert _key(person) == "ASIAROLE1"
    exported = person.daypass("env", "--profile", "prod", "--shell", "sh")
    assert "AWS_ACCESS_KEY_ID=ASIAROLE1" in exported.stdout
    script = "import botocore.session as b; c = b.Session().get_credentials(); print(c.method, c.access_key)"
    for profile in ("prod", "dev"):
        run = person.daypass(
            "exec", "--profile", profile, "--", "python3", "-c", script, PATH=_python_first()
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout == f"container-role {'ASIAROLE1' if profile == 'prod' else 'ASIADEV'}\n"
    native = person.run("python3", "-c", script, AWS_PROFILE="prod", PATH=_python_first())
    assert native.stdout == "custom-process ASIAROLE1\n"
    assert len(sts.asked) == 1


def test_a_role_in_the_form_of_aws_is_led_to_its_logins_server(person: Terminal) -> None:
    """It names no endpoint, and the role's credentials are worth nothing anywhere else."""
    config = person.home / ".aws" / "config"
    config.write_text(f"{config.read_text()}\n[profile native]\nrole_arn = {ROLE}\nsource_profile = dev\n")
    (url,) = re.findall(r"^endpoint_url = (.*)$", config.read_text().split("[profile prod]")[0], re.MULTILINE)
    exported = json.loads(person.daypass("env", "--profile", "native", "--json").stdout)
    assert exported["AWS_ENDPOINT_URL_STS"] == exported["AWS_ENDPOINT_URL_S3"] == url
    child = person.daypass("exec", "--profile", "native", "--", "sh", "-c", "cat $AWS_CONFIG_FILE")
    assert f"endpoint_url = {url}" in child.stdout, child.stderr
    assert person.daypass("configure", "bridge", "native").returncode == 0
    assert f"endpoint_url = {url}" in config.read_text().split("[profile native-bridge]")[1]


def _python_first() -> str:
    import os
    import sys

    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def test_a_sign_out_forgets_the_roles_and_says_so(person: Terminal, sts: StubSts) -> None:
    _key(person)
    folder = person.home / ".aws" / "login" / "cache" / ".daypass-roles"
    assert len(list(folder.glob("*/*.json"))) == 1
    config = person.home / ".aws" / "config"
    config.write_text(
        "\n".join(line for line in config.read_text().splitlines() if "endpoint_url" not in line)
    )
    done = person.daypass("logout", "--profile", "dev")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (
        "daypass: forgot the credentials of one role; programs that loaded them have them until 20"
        in done.stderr
    )
    assert list(folder.glob("*/*.json")) == []
    assert person.daypass("credential-process", "--profile", "prod").returncode == 4


def test_a_foreign_sign_out_ends_the_role_too(person: Terminal) -> None:
    """`aws logout` deletes its file and knows of no other."""
    _key(person)
    for path in (person.home / ".aws" / "login" / "cache").glob("*.json"):
        path.unlink()
    refused = person.daypass("credential-process", "--profile", "prod")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr.splitlines()[-1] == "hint: daypass login --profile dev"


def test_a_role_alone_can_be_forgotten(person: Terminal) -> None:
    _key(person)
    done = person.daypass("logout", "--profile", "prod")
    assert done.stderr.splitlines() == [
        f'daypass: forgot the credentials of {ROLE} (profile "prod")',
        "daypass: the login beneath goes on; daypass logout --profile dev ends it",
    ]
    assert _key(person) == "ASIAROLE2"


def test_status_tells_how_long_a_role_lives(person: Terminal) -> None:
    _key(person)
    shown = person.daypass("status", "--profile", "dev").stdout.splitlines()
    assert shown[1] in {
        f'  prod  {ROLE}  over "dev": credentials for {left}, renewed when needed'
        for left in ("59 min", "1 h")
    }
    assert shown[2].startswith("  locked") and "assumed at next use" in shown[2]


def test_a_code_is_asked_at_the_terminal_once_and_never_shown(person: Terminal, sts: StubSts) -> None:
    """Then tools that cannot ask are served for the hour."""
    command = [*DAYPASS, "exec", "--profile", "locked", "--", "true"]
    with on_terminal(command, person.environment) as screen:
        screen.wait_for("code of GAHT12345678: ")
        screen.type("908172\n")
        assert screen.end_of_command() == 0, screen.shown
        assert "908172" not in screen.shown
    assert (sts.asked[0]["SerialNumber"], sts.asked[0]["TokenCode"]) == ("GAHT12345678", "908172")
    assert _key(person, "locked") == "ASIAROLE1"
    assert person.daypass("exec", "--profile", "locked", "--no-input", "--", "true").returncode == 0


@pytest.mark.parametrize("typed", ["12345\n", "letters\n", "\n", "\x04"])
def test_what_is_no_code_is_not_sent(person: Terminal, sts: StubSts, typed: str) -> None:
    with on_terminal([*DAYPASS, "exec", "--profile", "locked", "--", "true"], person.environment) as screen:
        screen.wait_for("code of GAHT12345678: ")
        screen.type(typed)
        assert screen.end_of_command() == 4
    assert "a code has 6 digits [signin_needed]" in screen.shown
    assert sts.asked == []


@pytest.mark.parametrize(
    "command", [("credential-process",), ("exec", "--no-input", "--", "true"), ("env", "--no-input")]
)
def test_nobody_is_asked_where_nobody_may_be(person: Terminal, command: tuple[str, ...]) -> None:
    """Exit code 4, and the command that asks."""
    words = [command[0], "--profile", "locked", *command[1:]]
    if command[0] == "credential-process":
        refused = person.daypass(*words)
        code, shown = refused.returncode, refused.stderr
        assert refused.stdout == ""
    else:
        with on_terminal([*DAYPASS, *words], person.environment) as screen:
            code = screen.end_of_command()
        shown = screen.shown.replace("\r", "")
    assert code == 4
    assert shown.splitlines() == [
        'daypass: the role of profile "locked" wants a code of GAHT12345678, and nobody may be asked here [signin_needed]',
        "hint: daypass exec --profile locked -- COMMAND",
    ]


@pytest.mark.parametrize(
    "refusal, code, words",
    [
        (
            (403, "AccessDenied", "no"),
            3,
            [
                f'daypass: {arn_of("dev")} may not assume {ROLE} (profile "prod") [role_denied]',
                "hint: the role's trust policy must allow this identity, and the identity's own policies sts:AssumeRole on the role; one that wants an external id: --external-id",
            ],
        ),
        (
            (400, "ValidationError", "exceeds the MaxSessionDuration set for this role"),
            2,
            [
                f'daypass: {ROLE} allows shorter sessions than the 3600 seconds of profile "prod" [config]',
                "hint: aws iam get-role --role-name Deploy --query Role.MaxSessionDuration",
            ],
        ),
        (
            (403, "ExpiredToken", "expired"),
            4,
            [
                'daypass: the credentials of "dev" are no longer accepted [signin_needed]',
                "hint: daypass login --profile dev",
            ],
        ),
    ],
    ids=["denied", "too long", "expired"],
)
def test_each_refusal_says_what_to_do(
    person: Terminal, sts: StubSts, refusal: tuple[int, str, str], code: int, words: list[str]
) -> None:
    """Both streams and the exit code."""
    sts.refusal = refusal
    refused = person.daypass("credential-process", "--profile", "prod")
    assert (refused.returncode, refused.stdout, refused.stderr.splitlines()) == (code, "", words)


def test_a_role_that_lives_is_served_when_sts_fails(person: Terminal, sts: StubSts) -> None:
    """Near its end it is asked for anew, in vain, and served still."""
    _key(person)
    (kept,) = (person.home / ".aws" / "login" / "cache" / ".daypass-roles").glob("*/*.json")
    entry = json.loads(kept.read_text())
    entry["accessToken"]["expiresAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 120))
    kept.write_text(json.dumps(entry))
    sts.refusal = (403, "AccessDenied", "no")
    assert [_key(person), _key(person)] == ["ASIAROLE1", "ASIAROLE1"]
    assert len(sts.asked) == 2, "the second finds a service that is left in peace"


def test_how_long_a_run_may_take_is_the_logins_word(person: Terminal) -> None:
    """The role renews while the login lasts; behind a code only its own hour is certain."""
    for wanted, code in (("11h", 0), ("12h", 9)):
        run = person.daypass("exec", "--profile", "prod", "--min-ttl", wanted, "--", "true")
        assert run.returncode == code, run.stderr
    assert run.stderr.splitlines() == [
        'daypass: the session of profile "dev" lasts 11 h 6 min, less than 12 h [too_little_time]',
        "hint: daypass login --profile dev --force",
    ]


def test_a_bridge_over_a_role_in_awss_form(person: Terminal, sts: StubSts) -> None:
    """What Terraform and PHP accept, of a profile they do not."""
    with (person.home / ".aws" / "config").open("a") as config:
        config.write(f"[profile native]\nrole_arn = {ROLE}\nsource_profile = dev\nexternal_id = e1\n")
    assert person.daypass("configure", "bridge", "native").returncode == 0
    text = (person.home / ".aws" / "config").read_text()
    assert "role_arn" not in text[text.index("[profile native-bridge]") :]
    script = (
        "import botocore.session as b; print(b.Session(profile='native-bridge').get_credentials().access_key)"
    )
    seen = person.run("python3", "-c", script, PATH=_python_first())
    assert (seen.stdout, sts.asked[0]["ExternalId"]) == ("ASIAROLE1\n", "e1")


def test_over_a_vault_the_role_is_sealed_too(person: Terminal, sts: StubSts) -> None:
    """Nothing of it is in plain text, its key is in the keyring, and both go with the login."""
    keyring = keyring_environment(person.home / "keyring")
    assert _key(person) == "ASIAROLE1"
    moved = person.daypass("configure", "storage", "dev", "vault", **keyring)
    assert moved.returncode == 0, moved.stderr
    folder = person.home / ".aws" / "login" / "cache" / ".daypass-roles"
    assert list(folder.glob("*/*.json")) == [], "what was in plain text does not stay behind"
    before = len(kept(person.home / "keyring"))
    for _ in range(2):
        done = person.daypass("credential-process", "--profile", "prod", **keyring)
        assert (done.returncode, json.loads(done.stdout)["AccessKeyId"]) == (0, "ASIAROLE2"), done.stderr
    assert len(sts.asked) == 2
    (sealed,) = folder.glob("*/*.vault")
    assert "secret/+2" not in sealed.read_text()
    assert len(kept(person.home / "keyring")) == before + 1
    shown = person.daypass("status", "--profile", "prod", **keyring).stdout
    assert shown.endswith(
        tuple(
            f"credentials for {left}, renewed when needed; kept in the vault\n" for left in ("59 min", "1 h")
        )
    )
    person.daypass("logout", "--profile", "dev", **keyring)
    assert list(folder.glob("*/*.vault")) == []
    assert kept(person.home / "keyring") == {}
