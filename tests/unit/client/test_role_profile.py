"""Role profiles become AssumeRole calls: precedence, chains, the cap, and what is legal (STS reference, "AssumeRole")."""

from pathlib import Path

import pytest

from daypass.client import role_answer
from daypass.client.aws_config import AwsConfig
from daypass.client.credential_cache import cache_file_name
from daypass.client.ini_text import parse
from daypass.client.role_profile import RoleChain, default_session_name, find_chain, parse_tags
from daypass.errors import ConfigError

USER = "arn:aws:iam::111122223333:user/team/dana"
ROLE = "arn:aws:iam::222233334444:role/Deploy"
LOGIN = f"[profile dev]\nlogin_session = {USER}\nregion = eu-west-1\n"
OWN = f"[profile prod]\ndaypass_role_arn = {ROLE}\ndaypass_source_profile = dev\n"
NATIVE = f"[profile prod]\nrole_arn = {ROLE}\nsource_profile = dev\n"


def _chain(text: str, name: str = "prod", *, keys: str = "", **environ: str) -> RoleChain | None:
    config = AwsConfig(Path("config"), parse(text), parse(keys))
    return find_chain(config, config.profile(name), environ)


def _role(text: str, name: str = "prod", **environ: str) -> RoleChain:
    chain = _chain(text, name, **environ)
    assert chain is not None
    return chain


@pytest.mark.parametrize("form", [OWN, NATIVE])
def test_both_forms_are_the_same_role(form: str) -> None:
    chain = _role(LOGIN + form)
    assert (chain.login.name, chain.login_session, chain.role.role_arn) == ("dev", USER, ROLE)
    assert (chain.role.session_name, chain.role.duration_seconds) == ("daypass-dana", 3600)
    assert chain.role.cache_text == _role(LOGIN + OWN).role.cache_text


def test_a_login_is_no_role() -> None:
    assert _chain(LOGIN, "dev") is None


def test_every_word_is_read() -> None:
    words = (
        "daypass_role_session_name = ci\ndaypass_external_id = x/1\ndaypass_source_identity = dana\n"
        "daypass_tags = Project=blue, Cost Center=a=b\ndaypass_transitive_tags = Project\n"
        "daypass_duration_seconds = 7200\ndaypass_mfa_serial = arn:aws:iam::111122223333:mfa/dana\n"
        "daypass_policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess, arn:aws:iam::222233334444:policy/x\n"
    )
    role = _role(LOGIN + OWN + words).role
    assert (role.session_name, role.external_id, role.source_identity) == ("ci", "x/1", "dana")
    assert role.tags == (("Project", "blue"), ("Cost Center", "a=b"))
    assert (role.transitive_tag_keys, role.duration_seconds) == (("Project",), 7200)
    assert role.mfa_serial == "arn:aws:iam::111122223333:mfa/dana"
    assert role.policy_arns == (
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::222233334444:policy/x",
    )


def test_a_policy_file_is_sent_as_it_is(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"Version": "2012-10-17"}\n')
    assert _role(LOGIN + OWN + f"daypass_policy_file = {policy}\n").role.policy == '{"Version": "2012-10-17"}'


def test_the_policy_that_names_the_cached_credentials_is_the_one_that_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that changes between two looks at it would leave wider credentials under a narrower policy's name."""
    texts = iter(["the one", "another"])
    monkeypatch.setattr(role_answer, "read_policy", lambda _values: next(texts))
    role = _role(LOGIN + OWN + "daypass_policy_file = /policy\n").role
    assert role.policy == "the one"
    assert f"policy_file={cache_file_name('the one')}" in role.cache_text.splitlines()


def test_a_role_over_a_role_gets_an_hour_at_most() -> None:
    """Role chaining (IAM user guide, "Roles terms and concepts")."""
    far = "[profile far]\nrole_arn = arn:aws:iam::555566667777:role/x\nsource_profile = prod\nduration_seconds = 43200\n"
    chain = _role(LOGIN + OWN + "daypass_duration_seconds = 7200\n" + far, "far")
    assert [(step.duration_seconds, step.wanted_seconds) for step in chain.steps] == [
        (7200, 7200),
        (3600, 43200),
    ]
    assert chain.login.name == "dev"


def test_a_role_over_a_federated_login_is_chained_too() -> None:
    """Such a login is a role session itself."""
    login = LOGIN.replace(USER, "arn:aws:sts::111122223333:assumed-role/Reader/dana@example.com")
    role = _role(login + OWN + "daypass_duration_seconds = 7200\n").role
    assert (role.duration_seconds, role.session_name) == (3600, "daypass-dana@example.com")


@pytest.mark.parametrize(
    "text, told",
    [
        (OWN.replace("= dev", "= prod"), "circle: prod -> prod"),
        (NATIVE + "[profile dev]\nrole_arn = x\nsource_profile = prod\n", "circle: prod -> dev -> prod"),
        (OWN, 'names the source profile "dev", which is not there'),
        (OWN + "[profile dev]\naws_access_key_id = AKIA\n", "prod -> dev end in an access key"),
        (LOGIN + OWN + "[profile dev]\naws_access_key_id = AKIA\n", "end in an access key"),
        (OWN + "[profile dev]\nsso_session = x\n", "no login (sso_session)"),
        (
            OWN + "[profile dev]\nrole_arn = x\ncredential_source = Environment\n",
            "no login (credential_source)",
        ),
        (LOGIN + OWN.replace(ROLE, "Deploy"), "role_arn is not a role's ARN"),
        (LOGIN + OWN + "daypass_duration_seconds = 899\n", "duration_seconds takes 900 to 43200"),
        (LOGIN + OWN + "daypass_duration_seconds = 43201\n", "duration_seconds takes"),
        (LOGIN + OWN + "daypass_duration_seconds = 1h\n", "duration_seconds takes"),
        (LOGIN + OWN + "daypass_role_session_name = a b\n", "role_session_name takes"),
        (LOGIN + OWN + "daypass_external_id = a\n", "external_id takes"),
        (LOGIN + OWN + "daypass_source_identity = é\n", "source_identity takes"),
        (LOGIN + OWN + "daypass_mfa_serial = 1234\n", "mfa_serial is not a device"),
        (LOGIN + OWN + "daypass_tags = A=1, a=2\n", "tags takes up to 50"),
        (LOGIN + OWN + "daypass_tags = A<b=1\n", "tags takes"),
        (LOGIN + OWN + "daypass_tags = A=1\ndaypass_transitive_tags = B\n", 'transitive_tags names "B"'),
        (LOGIN + OWN + "daypass_policy_arns = ReadOnlyAccess\n", "policy_arns takes"),
        (LOGIN + OWN + "daypass_policy_file = /nonexistent\n", "/nonexistent cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anybody_is(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _chain(text)
    assert told in refused.value.message


def test_keys_of_a_source_win_over_its_role() -> None:
    """So botocore decides; such a chain is none of ours."""
    far = "[profile far]\nrole_arn = arn:aws:iam::555566667777:role/x\nsource_profile = prod\n"
    with pytest.raises(ConfigError, match="far -> prod end in an access key"):
        _chain(LOGIN + NATIVE + "aws_access_key_id = AKIA\n" + far, "far")
    with pytest.raises(ConfigError, match="end in an access key"):
        _chain(LOGIN + NATIVE + far, "far", keys="[prod]\naws_access_key_id = AKIA\n")


def test_awss_form_wins_over_a_login_in_the_same_profile_and_ours_does_not() -> None:
    """What SDKs do with such a profile: role_arn, login_session, credential_process, in this order."""
    beside = f"login_session = {USER}2\n"
    assert _chain(LOGIN + NATIVE + beside) is not None
    assert _chain(LOGIN + OWN + beside) is None
    both = _role(LOGIN + NATIVE + "daypass_role_arn = arn:aws:iam::1:role/x\ndaypass_source_profile = gone\n")
    assert both.role.role_arn == ROLE


def test_a_web_identity_is_no_role_over_a_login() -> None:
    assert _chain(LOGIN + NATIVE + "web_identity_token_file = /token\n") is None


def test_where_sts_answers_is_the_profiles_else_the_logins_word() -> None:
    """A login of another service is no use at AWS's STS."""
    services = "[services mine]\nsts =\n  endpoint_url = https://sts.example.com/\n"
    login = LOGIN + "services = mine\n"
    assert _role(login + OWN + services).role.endpoint == "https://sts.example.com"
    own = OWN + "endpoint_url = https://own.example.com\n"
    assert _role(login + own + services).role.endpoint == "https://own.example.com"
    assert _role(login + own + services, AWS_ENDPOINT_URL="https://e").role.endpoint == "https://e"
    assert (
        _role(login + own, AWS_ENDPOINT_URL="https://e", AWS_ENDPOINT_URL_STS="https://s").role.endpoint
        == "https://s"
    )
    assert _role(LOGIN + OWN).role.endpoint == ""


@pytest.mark.parametrize(
    "arn, name",
    [
        ("arn:aws:iam::111122223333:user/a/b/dana", "daypass-dana"),
        ("arn:aws:iam::111122223333:root", "daypass-root"),
        ("arn:aws:sts::111122223333:assumed-role/R/d@x", "daypass-d@x"),
        ("arn:aws:iam::111122223333:user/ü b", "daypass---b"),
        ("arn:aws:iam::111122223333:user/" + "x" * 64, "daypass-" + "x" * 56),
    ],
)
def test_the_default_session_name_is_legal(arn: str, name: str) -> None:
    assert default_session_name(arn) == name


def test_tags_are_pairs() -> None:
    assert parse_tags(" A = 1 ,, B=,C") == (("A", "1"), ("B", ""), ("C", ""))
