"""What the doctor says of a role, and which login it then looks at."""

from pathlib import Path

from daypass.client.aws_config import AwsConfig
from daypass.client.doctor.role_chain import look_beneath
from daypass.client.ini_text import parse

ROLE = "arn:aws:iam::222233334444:role/Deploy"
CONFIG = (
    "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/dev\n"
    f"[profile prod]\ndaypass_role_arn = {ROLE}\ndaypass_source_profile = dev\n"
    f"[profile far]\nrole_arn = {ROLE}2\nsource_profile = prod\n"
    f"[profile lost]\nrole_arn = {ROLE}\nsource_profile = gone\n"
)


def _look(name: str) -> tuple[str, list[tuple[str, str]]]:
    profile, findings = look_beneath(AwsConfig(Path("config"), parse(CONFIG), {}), name, {})
    return profile, [(each.code, each.sentence) for each in findings]


def test_a_login_is_looked_at_as_it_is() -> None:
    assert _look("dev") == ("dev", [])


def test_a_role_is_named_and_its_login_looked_at() -> None:
    assert _look("prod") == (
        "dev",
        [("role", f'{ROLE}: "prod" over "dev"; the rest is about the last of these')],
    )


def test_awss_form_is_noted() -> None:
    name, findings = _look("far")
    assert name == "dev"
    assert findings[0] == (
        "role",
        f'{ROLE}2: "far" over "prod" over "dev"; the rest is about the last of these',
    )
    assert [code for code, _ in findings] == ["role", "native_role"]


def test_a_chain_that_ends_nowhere_is_an_error() -> None:
    name, findings = _look("lost")
    assert name == "lost"
    assert findings == [("role_chain", 'profile "lost" names the source profile "gone", which is not there')]
