"""`daypass configure python`: one file in a fresh interpreter's site-packages, and an interpreter that never depends on us."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from support.running_server import DAYPASS, Terminal
from support.transcript import arn_of, save_session

ASKED = (
    "import sys; sys.modules['awscrt'] = None; import boto3;"
    " c = boto3.Session(profile_name='dev').get_credentials(); print(c.method, c.access_key)"
)


class Environment:
    """A virtual environment that finds this one's packages, daypass among them, by a file that can be taken away."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = str(folder / "bin" / "python")
        (self.packages,) = (folder / "lib").glob("python*/site-packages")
        self.packages_file = self.packages / "all-that-is-installed.pth"
        here = sysconfig.get_path("purelib")
        self.packages_file.write_text(f"{here}\n{Path(__file__).parents[2] / 'src'}\n")

    @property
    def written(self) -> Path:
        return self.packages / "zz-daypass-botocore.pth"

    def run(self, program: str, person: Terminal) -> "subprocess.CompletedProcess[str]":
        return person.run(self.python, "-c", program)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.fixture
def person(tmp_path: Path) -> Terminal:
    save_session(tmp_path, "dev", 900)
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\n"
    )
    return Terminal(tmp_path)


def _configure(person: Terminal, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return person.run(*DAYPASS, "configure", "python", *words, **settings)


def test_a_program_without_a_line_of_ours_uses_logins_until_it_is_undone(
    environment: Environment, person: Terminal
) -> None:
    assert "MissingDependencyException" in environment.run(ASKED, person).stderr
    done = _configure(person, "--python", environment.python)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.splitlines() == [
        f"daypass: boto3 and botocore of {environment.python} use logins now",
        (
            f"daypass: it reads {environment.written} at its start;"
            f" daypass configure python --python {environment.python} --undo deletes it"
        ),
    ]
    assert environment.run(ASKED, person).stdout == "login ASIADEV\n"
    assert _configure(person, "--python", environment.python).returncode == 0, "and again"
    examined = person.run(*DAYPASS, "doctor", "--profile", "dev", "--python", environment.python, "--json")
    assert '"sdk_hooked"' in examined.stdout

    done = _configure(person, "--python", environment.python, "--undo")
    assert (done.returncode, environment.written.exists()) == (0, False)
    assert "MissingDependencyException" in environment.run(ASKED, person).stderr
    done = _configure(person, "--python", environment.python, "--undo")
    assert (done.returncode, done.stderr.count("nothing to do")) == (0, 1)


def test_an_interpreter_starts_without_a_word_where_daypass_is_gone(
    environment: Environment, person: Terminal
) -> None:
    """The file stays behind when a package is removed; nobody shall have to know."""
    assert _configure(person, "--python", environment.python).returncode == 0
    environment.packages_file.unlink()
    done = environment.run("print('alive')", person)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")
    undone = _configure(person, "--python", environment.python, "--undo")
    assert (undone.returncode, environment.written.exists()) == (0, False)


def test_an_interpreter_without_daypass_is_told_what_to_install(
    environment: Environment, person: Terminal
) -> None:
    environment.packages_file.unlink()
    done = _configure(person, "--python", environment.python)
    assert (done.returncode, environment.written.exists()) == (2, False)
    assert done.stderr.splitlines() == [
        f"daypass: daypass is not installed for {environment.python}, or too old [config]",
        f"hint: {environment.python} -m pip install --upgrade 'daypass[boto3]'",
    ]


def test_the_active_environment_is_meant_when_none_is_named(
    environment: Environment, person: Terminal
) -> None:
    done = _configure(person, VIRTUAL_ENV=str(Path(environment.python).parents[1]))
    assert (done.returncode, environment.written.exists()) == (0, True), done.stderr


def test_what_would_not_work_is_not_left_behind(environment: Environment, person: Terminal) -> None:
    done = _configure(person, "--python", environment.python, DAYPASS_BOTOCORE="0")
    assert (done.returncode, environment.written.exists()) == (2, False)
    assert "nothing was changed [config]" in done.stderr


def test_what_was_there_stays_where_it_is_only_switched_off(
    environment: Environment, person: Terminal
) -> None:
    """The variable is one process's; the file is everybody's."""
    assert _configure(person, "--python", environment.python).returncode == 0
    before = environment.written.read_text()
    assert _configure(person, "--python", environment.python, DAYPASS_BOTOCORE="0").returncode == 2
    assert environment.written.read_text() == before


@pytest.mark.parametrize("python", ["/nonexistent/python", sys.executable + "-none", "/bin/true"])
def test_what_is_no_python_is_refused(person: Terminal, python: str) -> None:
    done = _configure(person, "--python", python)
    assert done.returncode == 2
    assert f"{python} did not answer as a Python [config]" in done.stderr


def test_programs_read_what_was_done(environment: Environment, person: Terminal) -> None:
    """One object on standard output; people's words stay on the other stream."""
    words = ("--python", environment.python, "--json")
    seen = [json.loads(_configure(person, *words, *more).stdout) for more in ((), ("--undo",), ("--undo",))]
    assert [each.pop("state") for each in seen] == ["written", "deleted", "absent"]
    assert seen == [{"python": environment.python, "file": str(environment.written)}] * 3
