"""`daypass login` into a vault: what the profile says then, what is left behind, and what stops it before a browser."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daypass.client.aws_config import load_config
from daypass.client.session_cache import CacheEntry
from daypass.client.vault_keyring import SystemKeyring
from daypass.client.vault_store import VaultStore
from daypass.errors import ConfigError, KeyringError, KeyringTimedOut, LoginMismatch, Shadowed, UsageError
from support.file_keyring import kept, keyring_environment, set_mood

if TYPE_CHECKING:
    from conftest import Person

ARN = "arn:aws:iam::111122223333:user/dev"
OTHER = "arn:aws:iam::111122223333:user/other"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: "Person") -> Path:
    """A system keyring, and a browser that says yes."""
    folder = tmp_path / "keyring"
    for name, value in keyring_environment(folder).items():
        monkeypatch.setenv(name, value)
    person.click = person.fake.approve
    return folder


def _sealed(person: "Person", session: str = ARN) -> CacheEntry | None:
    environ = {"AWS_LOGIN_CACHE_DIRECTORY": str(person.home / "cache")}
    return VaultStore(environ, SystemKeyring("dev", may_prompt=False, patience=20.0)).load(session)


def _files(person: "Person") -> set[str]:
    return {path.suffix for path in (person.home / "cache").glob("[0-9a-f]*")}


def _profile(person: "Person", name: str = "dev") -> dict[str, str]:
    config = load_config({"AWS_CONFIG_FILE": str(person.home / ".aws" / "config")})
    return {key: value for key, value in config.sections[f"profile {name}"].items() if isinstance(value, str)}


def test_the_login_is_sealed_and_the_profile_asks_a_program(
    person: "Person", keyring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No `login_session`, which SDKs would look up in the shared file; no such file; one small key; one line said."""
    assert person.login("--profile", "dev", "--storage", "vault") == 0
    profile = _profile(person)
    assert profile["daypass_login_session"] == ARN
    assert profile["daypass_storage"] == "vault"
    assert profile["credential_process"].endswith(" credential-process --profile dev")
    assert "login_session" not in profile
    assert _files(person) == {".vault"}
    entry = _sealed(person)
    assert entry is not None
    assert entry.access_key_id == "ASIA0"
    (key,) = kept(keyring).values()
    assert len(key.encode("utf-16-le")) < 1024
    said = capsys.readouterr().err.splitlines()
    assert said[-3:] == [
        f'daypass: profile "dev" is signed in as {ARN} for 12 h',
        "daypass: the login is sealed, its key is in the system keyring; programs get credentials by credential_process",
        "daypass: try: aws sts get-caller-identity --profile dev",
    ]
    assert key not in person.config + "".join(said)


@pytest.mark.parametrize(
    ("flag", "variable", "wish", "suffix"),
    [
        ([], "", "", ".json"),
        ([], "", "vault", ".vault"),
        ([], "vault", "", ".vault"),
        ([], "file", "vault", ".json"),
        (["--storage", "vault"], "file", "file", ".vault"),
        (["--storage", "file"], "vault", "vault", ".json"),
    ],
)
def test_flag_variable_and_profile_choose_in_this_order(
    person: "Person",
    keyring: Path,
    monkeypatch: pytest.MonkeyPatch,
    flag: list[str],
    variable: str,
    wish: str,
    suffix: str,
) -> None:
    """And without any of them it is AWS's file. The profile says afterwards where the login is."""
    monkeypatch.setenv("DAYPASS_STORAGE", variable)
    if wish:
        person.write_config(f"[profile dev]\ndaypass_storage = {wish}\n")
    assert person.login("--profile", "dev", *flag) == 0
    assert _files(person) == {suffix}
    profile = _profile(person)
    assert ("daypass_login_session" in profile) == (suffix == ".vault")
    assert ("login_session" in profile) == (suffix == ".json")
    assert suffix == ".vault" or profile.get("daypass_storage") in (None, "file")


def test_a_vault_stays_a_vault_at_the_next_login(person: "Person", keyring: Path) -> None:
    """Never plain text unasked, even where somebody removed the wish. The key stays, and the present session does."""
    person.login("--profile", "dev", "--storage", "vault")
    before = kept(keyring)
    person.write_config(person.config.replace("daypass_storage = vault\n", ""))
    assert person.login("--profile", "dev") == 0
    assert person.fake.token_calls == 2, "a refresh proved that the session lives"
    assert person.login("--profile", "dev", "--force") == 0
    assert _files(person) == {".vault"}
    assert kept(keyring) == before
    assert _profile(person)["daypass_storage"] == "vault"


def test_a_login_that_changes_storage_leaves_nothing_behind(person: "Person", keyring: Path) -> None:
    """Neither a plain file beside a vault, nor a sealed one and its key beside a file, nor a mark."""
    person.login("--profile", "dev")
    assert _files(person) == {".json"}
    assert person.login("--profile", "dev", "--storage", "vault") == 0
    assert _files(person) == {".vault"}
    assert person.login("--profile", "dev", "--storage", "file") == 0
    assert _files(person) == {".json"}
    assert kept(keyring) == {}
    assert "credential_process" not in _profile(person)
    assert list((person.home / "cache").glob(".*.move")) == []


def test_another_profile_of_the_file_keeps_its_login(person: "Person", keyring: Path) -> None:
    """A new login is this profile's alone."""
    person.login("--profile", "same")
    person.login("--profile", "dev")
    assert person.login("--profile", "dev", "--storage", "vault") == 0
    assert _files(person) == {".json", ".vault"}
    assert _profile(person, "same")["login_session"] == ARN
    assert person.cache.load(ARN) is not None


def test_another_identity_in_another_storage(person: "Person", keyring: Path) -> None:
    """Pinning holds for vaults; with `--switch` the former login goes from where it was."""
    person.login("--profile", "dev", "--storage", "vault")
    person.fake.arn = OTHER
    with pytest.raises(LoginMismatch):
        person.login("--profile", "dev", "--force")
    assert _sealed(person, OTHER) is None
    assert person.login("--profile", "dev", "--switch", "--storage", "file") == 0
    assert _files(person) == {".json"}
    assert person.cache.load(OTHER) is not None
    assert kept(keyring) == {}


@pytest.mark.parametrize("mood", ["hang", "locked", "raise", "forgetful"])
def test_a_keyring_that_fails_stops_before_the_browser(
    person: "Person", keyring: Path, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    """Nothing is asked of anybody, nothing saved, the former login untouched."""
    person.login("--profile", "dev")
    config, calls, link = person.config, len(person.fake.requests), person.link
    monkeypatch.setenv("DAYPASS_KEYRING_TIMEOUT", "0.5" if mood == "hang" else "20")
    set_mood(keyring, mood)
    with pytest.raises(KeyringError):
        person.login("--profile", "dev", "--storage", "vault")
    assert (person.config, person.link) == (config, link)
    assert [request.url for request in person.fake.requests[calls:] if "/v1/" in request.url] == []
    assert _files(person) == {".json"}


def test_a_vault_that_cannot_be_opened_is_no_missing_login(
    person: "Person", keyring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keyring's failure must not send the person to a browser."""
    person.login("--profile", "dev", "--storage", "vault")
    link = person.link
    monkeypatch.setenv("DAYPASS_KEYRING_TIMEOUT", "0.5")
    set_mood(keyring, "hang")
    with pytest.raises(KeyringTimedOut):
        person.login("--profile", "dev")
    assert person.link == link


def test_the_file_is_the_way_out_of_a_keyring_that_fails(
    person: "Person", keyring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for by name; the keyring is not needed for it."""
    person.login("--profile", "dev", "--storage", "vault")
    monkeypatch.setenv("DAYPASS_KEYRING_TIMEOUT", "0.5")
    set_mood(keyring, "hang")
    assert person.login("--profile", "dev", "--storage", "file") == 0
    assert _files(person) == {".json"}
    assert _profile(person)["login_session"] == ARN


def test_a_lost_key_or_a_damaged_file_is_replaced(person: "Person", keyring: Path) -> None:
    """They hold no session any more."""
    person.login("--profile", "dev", "--storage", "vault")
    (keyring / "keyring.json").write_text("{}")
    assert person.login("--profile", "dev") == 0
    assert _sealed(person) is not None
    (sealed,) = (person.home / "cache").glob("*.vault")
    sealed.write_text("{")
    assert person.login("--profile", "dev") == 0
    assert _sealed(person) is not None


def test_a_process_of_the_person_s_own_is_not_written_over(person: "Person", keyring: Path) -> None:
    """It is other credentials, in either storage."""
    person.write_config("[profile dev]\ncredential_process = my-tool\n")
    with pytest.raises(Shadowed):
        person.login("--profile", "dev", "--storage", "vault")
    assert "my-tool" in person.config


def test_a_word_that_is_no_storage_is_refused(person: "Person", keyring: Path) -> None:
    """Guessing would be the plain-text fall-back."""
    person.write_config("[profile dev]\ndaypass_storage = keychain\n")
    with pytest.raises(ConfigError, match="daypass_storage is file or vault"):
        person.login("--profile", "dev")
    assert person.fake.requests == []


def test_the_event_line_is_the_same(
    person: "Person", keyring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs that start a login need not know where it is kept."""
    person.login("--profile", "dev", "--storage", "vault", "--json")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "signed_in"
    assert events[-1]["identity"] == ARN


def test_a_login_line_in_the_credentials_file_is_refused_first(person: "Person", keyring: Path) -> None:
    """It would win over the vault's lines, and we do not write that file."""
    path = person.home / ".aws" / "credentials"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"[dev]\nlogin_session = {ARN}\n")
    with pytest.raises(ConfigError, match="stands in the credentials file"):
        person.login("--profile", "dev", "--storage", "vault")
    assert (person.fake.requests, person.link) == ([], "")


def test_a_name_no_command_line_can_hold_is_refused_first(person: "Person", keyring: Path) -> None:
    """The vault's profile needs one."""
    with pytest.raises(UsageError, match="cannot stand in a command line"):
        person.login("--profile", 'a"b', "--storage", "vault")
    assert (person.fake.requests, person.link) == ([], "")
