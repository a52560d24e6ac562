"""`daypass server account create|list`: one more account in the database, checked before anything is written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.postgres import running_postgres

pytestmark = pytest.mark.processes

PASSWORD = "correct horse battery staple"


def account(*words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daypass", "server", "account", *words]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)


def create(url: str, email: str, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return account("create", "--database-url", url, "--root-email", email, *words, typed=typed)


def make_and_list(url: str) -> None:
    """The story, whatever the engine."""
    first = create(url, "First@example.com", "--account-id", "111122223333", "--alias", "first")
    assert first.returncode == 0, first.stderr
    values = dict(line.split("=", 1) for line in first.stdout.splitlines())
    assert (values["DAYPASS_ACCOUNT_ID"], values["DAYPASS_ROOT_EMAIL"]) == (
        "111122223333",
        "first@example.com",
    )
    assert len(values["DAYPASS_ROOT_PASSWORD"]) >= 20
    second = create(url, "second@example.com", "--root-password-stdin", typed=PASSWORD + "\n")
    assert second.returncode == 0, second.stderr
    assert PASSWORD not in second.stdout + second.stderr
    number = second.stdout.splitlines()[0].partition("=")[2]
    listed = account("list", "--database-url", url)
    assert listed.stdout.splitlines() == sorted(
        ["111122223333  first  first@example.com", f"{number}  -  second@example.com"]
    )
    rows = json.loads(account("list", "--database-url", url, "--json").stdout)
    assert {row["account_id"]: row["alias"] for row in rows} == {"111122223333": "first", number: None}
    assert all(set(row) == {"account_id", "alias", "root_email"} for row in rows)


def test_accounts_are_made_and_listed_in_an_sqlite_file(tmp_path: Path) -> None:
    make_and_list(f"sqlite://{tmp_path}/daypass.db")


@pytest.mark.postgres
def test_accounts_are_made_and_listed_in_postgresql() -> None:
    with running_postgres() as server:
        make_and_list(server.create_schema("accounts"))


def test_the_settings_file_says_which_database(tmp_path: Path) -> None:
    config = tmp_path / "daypass.toml"
    config.write_text(f'database_url = "sqlite://{tmp_path}/other.db"\n')
    made = account("create", "--config", str(config), "--root-email", "a@example.com")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "other.db").exists()
    assert "a@example.com" in account("list", "--config", str(config)).stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--root-email", "nobody"], "must be an e-mail address"),
        (["--root-email", "a@example.com", "--alias", "A"], "--alias must be"),
        (["--root-email", "a@example.com", "--account-id", "12"], "twelve digits"),
        (["--root-email", "a@example.com", "--root-password-stdin"], "is not acceptable"),
    ],
)
def test_a_wrong_word_makes_nothing(tmp_path: Path, words: list[str], told: str) -> None:
    refused = account("create", "--database-url", f"sqlite://{tmp_path}/daypass.db", *words, typed="short\n")
    assert refused.returncode == 2
    assert told in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_taken_alias_or_address_makes_no_second_account(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/daypass.db"
    assert create(url, "a@example.com", "--alias", "first").returncode == 0
    for email, words in (("A@example.com", ()), ("b@example.com", ("--alias", "first"))):
        refused = create(url, email, *words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "exists already" in refused.stderr
    assert len(account("list", "--database-url", url).stdout.splitlines()) == 1


def test_an_empty_database_says_so(tmp_path: Path) -> None:
    listed = account("list", "--database-url", f"sqlite://{tmp_path}/daypass.db")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "no account yet" in listed.stderr
