"""The fast path of roles: what it answers, and that both paths always mean the same cache file."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client import credential_cache, role_answer
from daypass.client.aws_config import AwsConfig, load_config
from daypass.client.ini_text import parse
from daypass.client.role_profile import find_chain, flat_settings
from daypass.errors import ConfigError

ARN = "arn:aws:iam::111122223333:user/dev"
ROLE = "arn:aws:iam::222233334444:role/team/Deploy"
CONFIG = f"""
[profile dev]
login_session = {ARN}
[profile prod]
credential_process = daypass credential-process --profile prod
daypass_role_arn = {ROLE}
daypass_source_profile = dev
daypass_tags = Project=blue, Team=core
"""


class Home:
    """Files of one person, and the answer of the fast path."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        self.environ = {
            "HOME": str(folder),
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_LOGIN_CACHE_DIRECTORY": str(folder / "cache"),
        }
        self.config = folder / "config"
        self.config.write_text(text)
        self.keys_file = folder / "credentials"
        self.login = Path(folder / "cache" / credential_cache.cache_file_name(ARN))
        self.login.parent.mkdir(exist_ok=True)
        self.login.write_text("{}")

    def keep(self, profile: str = "prod", expires_at: str = "2099-01-01T00:00:00Z") -> Path:
        """Credentials of the profile's role where the slow path keeps them."""
        chain = find_chain(
            load_config(self.environ), load_config(self.environ).profile(profile), self.environ
        )
        assert chain is not None
        folder = Path(role_answer.role_directory(self.environ, chain.login_session))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / credential_cache.cache_file_name(chain.role.cache_text)
        token = {
            "accessKeyId": "ASIAROLE",
            "secretAccessKey": "s",
            "sessionToken": "t",
            "expiresAt": expires_at,
        }
        path.write_text(json.dumps({"accessToken": token}))
        path.chmod(0o600)
        return path

    def key(self, profile: str = "prod", **variables: str) -> str | None:
        """The access key the fast path answers with."""
        text = role_answer.answer(profile, {**self.environ, **variables}, 1_900_000_000)
        return None if text is None else str(json.loads(text)["AccessKeyId"])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.keep()
    return made


def test_a_role_whose_credentials_live_is_answered(home: Home) -> None:
    assert home.key() == "ASIAROLE"


def test_the_chain_is_walked_to_its_login(tmp_path: Path) -> None:
    home = Home(
        tmp_path,
        CONFIG + f"[profile far]\nrole_arn = {ROLE}2\nsource_profile = prod\nrole_session_name = me\n",
    )
    home.keep("far")
    assert (home.key("far"), home.key("prod")) == ("ASIAROLE", None)


def test_nothing_is_answered_once_the_login_is_gone(home: Home) -> None:
    """Whoever signed out, and however."""
    home.login.unlink()
    assert home.key() is None


def test_credentials_near_their_end_are_left_to_the_slow_path(home: Home) -> None:
    home.keep(expires_at="2030-03-17T17:50:00Z")  # five minutes and less
    assert home.key() is None


@pytest.mark.parametrize(
    "old, new",
    [
        (f"login_session = {ARN}", f"login_session = {ARN}2"),
        (f"role_arn = {ROLE}", f"role_arn = {ROLE}2"),
        ("Team=core", "Team=edge"),
        ("daypass_tags", "daypass_external_id = x1\ndaypass_tags"),
        ("daypass_tags", "daypass_duration_seconds = 900\ndaypass_tags"),
        ("daypass_tags", "daypass_source_identity = dana\ndaypass_tags"),
        ("daypass_tags", "daypass_role_session_name = dana\ndaypass_tags"),
        ("daypass_tags", "daypass_transitive_tags = Team\ndaypass_tags"),
        ("daypass_tags", "daypass_mfa_serial = GAHT12345678\ndaypass_tags"),
        ("daypass_tags", "daypass_policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess\ndaypass_tags"),
        ("[profile prod]", "[profile prod]\nendpoint_url = https://elsewhere.example.com"),
        ("[profile dev]", "[profile dev]\nendpoint_url = https://elsewhere.example.com"),
    ],
)
def test_another_identity_or_another_word_is_another_entry(home: Home, old: str, new: str) -> None:
    """What was assumed for one question never answers another."""
    home.config.write_text(CONFIG.replace(old, new))
    Path(home.environ["AWS_LOGIN_CACHE_DIRECTORY"], credential_cache.cache_file_name(ARN + "2")).write_text(
        "{}"
    )
    assert home.key() is None


def test_another_endpoint_is_another_entry(home: Home) -> None:
    assert home.key(AWS_ENDPOINT_URL_STS="http://127.0.0.1:1") is None
    assert home.key(AWS_ENDPOINT_URL="http://127.0.0.1:1") is None


def test_a_changed_policy_file_is_another_entry(home: Home, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    home.config.write_text(CONFIG + f"daypass_policy_file = {policy}\n")
    home.keep()
    assert home.key() == "ASIAROLE"
    policy.write_text('{"Version": "2012-10-17"}')
    assert home.key() is None
    policy.unlink()
    assert home.key() is None


@pytest.mark.parametrize(
    "text",
    [
        CONFIG.replace("login_session =", "daypass_login_session ="),
        CONFIG.replace("[profile dev]", "[profile 'dev']"),
        CONFIG + "[profile default]\n",
        CONFIG.replace("daypass_source_profile = dev", "daypass_source_profile = prod"),
        CONFIG.replace("daypass_source_profile = dev", "daypass_source_profile = gone"),
        CONFIG.replace("[profile dev]", "[profile dev]\naws_access_key_id = AKIA"),
        "[profile prod",
        "",
    ],
    ids=["vault", "quoted", "default spelt out", "circle", "missing", "keys", "torn", "empty"],
)
def test_what_is_not_plain_is_left_to_the_slow_path(home: Home, text: str) -> None:
    home.config.write_text(text)
    assert home.key() is None


def test_a_word_in_the_credentials_file_is_left_to_the_slow_path(home: Home) -> None:
    home.keys_file.write_text("[dev]\naws_access_key_id = AKIA\n")
    assert home.key() is None
    home.keys_file.write_text("[other]\naws_access_key_id = AKIA\n")
    assert home.key() == "ASIAROLE"


def test_a_file_others_can_read_is_not_answered(home: Home) -> None:
    home.keep().chmod(0o644)
    assert home.key() is None


def test_a_login_is_not_answered_where_a_role_in_awss_form_wins(home: Home) -> None:
    """botocore and the AWS CLI assume the role of such a profile."""
    text = CONFIG.replace("[profile dev]", "[profile base]\nlogin_session = x\n[profile dev]")
    both = text + f"[profile both]\nlogin_session = {ARN}\nrole_arn = {ROLE}\nsource_profile = dev\n"
    home.config.write_text(both)
    token = {
        "accessKeyId": "ASIALOGIN",
        "secretAccessKey": "s",
        "sessionToken": "t",
        "expiresAt": "2099-01-01T00:00:00Z",
    }
    home.login.write_text(json.dumps({"accessToken": token}))
    home.login.chmod(0o600)
    assert "ASIALOGIN" in (credential_cache.answer("dev", home.environ, 0) or "")
    assert credential_cache.answer("both", home.environ, 0) is None
    home.keep("both")
    assert home.key("both") == "ASIAROLE"


def test_the_prompt_is_told_the_login_and_the_role(home: Home) -> None:
    assert role_answer.plain_role("prod", home.config.read_text(), home.environ) == (ARN, ROLE)
    assert role_answer.plain_role("dev", home.config.read_text(), home.environ) is None


_WORDS = st.sampled_from(
    [
        *(
            f"daypass_{word} = {value}"
            for word in role_answer.ROLE_WORDS[:8]
            for value in ("a", "b=c", "900")
        ),
        *(f"{word} = {value}" for word in role_answer.ROLE_WORDS[:5] for value in ("a", ROLE)),
        "source_profile = dev",
        "source_profile = prod",
        "daypass_source_profile = dev",
        "endpoint_url = https://one.example.com/",
        "services = mine",
        "# role_arn = x",
        "sts =\n  endpoint_url = https://two.example.com",
        "  endpoint_url = https://three.example.com",
        "s3 =",
        "web_identity_token_file = /x",
        "",
        "region=eu-west-1",
    ]
)
_SECTIONS = st.sampled_from(
    ["[profile prod]", "[profile dev]", "[ profile  prod ]", "[services mine]", "[default]"]
)


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(st.one_of(_SECTIONS, _WORDS), max_size=14))
def test_both_paths_read_the_same_settings(lines: list[str]) -> None:
    """Else the fast path would serve what the slow path did not keep, or never find what it did."""
    text = CONFIG + "\n".join(lines)
    plain = role_answer.read_plain_sections(text)
    proper = {name: flat_settings(section) for name, section in parse(text).items()}
    for name in ("profile prod", "profile dev", "services mine"):
        mine = {key: value for key, value in plain.get(name, {}).items() if value}
        assert mine == {key: value for key, value in proper.get(name, {}).items() if value}


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=300))
def test_no_config_text_makes_the_fast_path_fail(text: str) -> None:
    role_answer.plain_role("prod", text, {"AWS_SHARED_CREDENTIALS_FILE": os.devnull})


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(st.one_of(_SECTIONS, _WORDS), max_size=14))
def test_no_config_makes_the_slow_path_raise_anything_but_ours(lines: list[str]) -> None:
    config = AwsConfig(Path("config"), parse(CONFIG + "\n".join(lines)), {})
    for name in ("prod", "dev"):
        with contextlib.suppress(ConfigError):
            find_chain(config, config.profile(name), {})
