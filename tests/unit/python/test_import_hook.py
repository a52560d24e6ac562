"""The hook that waits for botocore: it acts once, on one module, and a program never sees it."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.running_server import Terminal
from support.transcript import arn_of, save_session

HOOKED = (
    "import sys; sys.modules['awscrt'] = None\nfrom daypass.python.import_hook import install; install()\n"
)


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\n"
        "[profile keys]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n"
        "[profile bridge]\ncredential_process = echo nothing\n"
    )
    return Terminal(tmp_path)


def _told(person: Terminal, program: str, **settings: str) -> list[str]:
    done: subprocess.CompletedProcess[str] = person.run(sys.executable, "-c", program, **settings)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def test_an_unchanged_program_uses_logins(person: Terminal) -> None:
    program = HOOKED + "import boto3; c = boto3.Session().get_credentials(); print(c.method, c.access_key)"
    assert _told(person, program, AWS_PROFILE="dev") == ["login ASIADEV"]


def test_botocore_that_was_imported_before_is_taught_as_well(person: Terminal) -> None:
    program = (
        "import sys; sys.modules['awscrt'] = None; import botocore.credentials\n" + HOOKED + "install()\n"
        "import boto3; print(boto3.Session(profile_name='dev').get_credentials().access_key)"
    )
    assert _told(person, program) == ["ASIADEV"]


def test_profiles_without_a_login_are_botocores_business_and_cost_it_little(
    person: Terminal,
) -> None:
    program = HOOKED + (
        "import boto3; print(boto3.Session(profile_name='keys').get_credentials().access_key)\n"
        "print([m for m in ('daypass.client.refresh', 'daypass.cli.renewing') if m in sys.modules])"
    )
    assert _told(person, program) == ["AKIAX", "[]"]


def test_the_precedence_of_aws_stays(person: Terminal) -> None:
    """Environment keys win over an unnamed profile; a login wins over keys of the config file."""
    config = person.home / ".aws" / "config"
    config.write_text(
        config.read_text().replace(
            "[profile dev]", "[profile dev]\naws_access_key_id = AKIAY\naws_secret_access_key = y"
        )
    )
    program = HOOKED + "import boto3; print(boto3.Session().get_credentials().access_key)"
    assert _told(person, program, AWS_PROFILE="dev") == ["ASIADEV"]
    keys = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "e"}
    assert _told(person, program, AWS_PROFILE="dev", **keys) == ["AKIAENV"]


def test_a_start_costs_three_modules_and_the_finder_goes_when_it_has_acted(person: Terminal) -> None:
    """The interpreter is not ours: what every start pays is counted."""
    program = (
        "import sys; before = set(sys.modules)\n"
        "from daypass.python.import_hook import install; install(); install()\n"
        "print(*sorted(set(sys.modules) - before))\n"
        "ours = lambda: [f for f in sys.meta_path if type(f).__module__.startswith('daypass')]\n"
        "print(len(ours())); import botocore.credentials, inspect; print(len(ours()))\n"
        "print(botocore.credentials.__spec__.origin == botocore.credentials.__file__)\n"
        "print('class LoginProvider' in inspect.getsource(botocore.credentials))"
    )
    assert _told(person, program) == [
        "daypass daypass.python daypass.python.import_hook",
        "1",
        "0",
        "True",
        "True",
    ]


def test_a_variable_leaves_a_process_alone(person: Terminal) -> None:
    program = HOOKED + "print(sum(type(f).__module__.startswith('daypass') for f in sys.meta_path))"
    assert _told(person, program, DAYPASS_BOTOCORE="0") == ["0"]


def test_a_botocore_that_is_built_otherwise_is_left_as_it_is(person: Terminal) -> None:
    """A word on standard error, and the import succeeds."""
    program = (
        "import sys, types; sys.modules['botocore.credentials'] = types.ModuleType('botocore.credentials')\n"
        "from daypass.python.import_hook import install; install(); print('alive')"
    )
    done = person.run(sys.executable, "-c", program)
    assert (done.returncode, done.stdout) == (0, "alive\n")
    assert done.stderr.startswith("daypass: botocore was left as it is: ")


def test_without_botocore_its_absence_is_told_as_always(person: Terminal, tmp_path: Path) -> None:
    """The finder answers None when all others do."""
    program = (
        "import sys; from daypass.python.import_hook import install; install()\n"
        "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        "try: import botocore.credentials\nexcept ModuleNotFoundError as problem: print(problem.name)"
    )
    assert _told(person, program) == ["botocore"]


def test_a_chain_of_another_kind_is_left_as_it_is(person: Terminal) -> None:
    """aiobotocore builds on botocore's builder and awaits its providers; ours would not do there."""
    program = HOOKED + (
        "import botocore.session, botocore.credentials as c\n"
        "class Aio(c.ProfileProviderBuilder): pass\n"
        "session = botocore.session.Session()\n"
        "print(*{type(p).__module__ for p in Aio(session).providers('dev')})\n"
        "print(*sorted({type(p).__module__ for p in c.ProfileProviderBuilder(session).providers('dev')}))"
    )
    assert _told(person, program) == [
        "botocore.credentials",
        "botocore.credentials daypass.python.login_provider",
    ]
