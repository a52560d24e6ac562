"""Condition keys of a session: which have a value, and which are absent (IAM reference, global condition keys)."""

from msgspec.structs import replace

from daypass.server.domain.session_values import claims_values, presence_values
from daypass.server.domain.tokens import SessionClaims

NOW = 1_900_000_000
CLAIMS = SessionClaims(
    access_key_id="ASIA" + "A" * 16,
    account_id="111122223333",
    principal_kind="user",
    principal_arn="arn:aws:iam::111122223333:user/alice",
    principal_id="AIDA1",
    issued_at=NOW,
    expires_at=NOW + 900,
)


def test_without_a_second_factor_it_is_said_so_and_has_no_age() -> None:
    assert presence_values(0, now=NOW) == {"aws:MultiFactorAuthPresent": "false"}


def test_with_a_second_factor_its_age_is_never_negative() -> None:
    present = {"aws:MultiFactorAuthPresent": "true"}
    assert presence_values(NOW - 60, now=NOW) == present | {"aws:MultiFactorAuthAge": "60"}
    assert presence_values(NOW + 60, now=NOW) == present | {"aws:MultiFactorAuthAge": "0"}


def test_a_long_term_key_has_neither_presence_nor_issue_time() -> None:
    values = claims_values(replace(CLAIMS, access_key_id="AKIA" + "A" * 16), principal_tags=(), now=NOW)
    assert values == {}


def test_temporary_credentials_say_when_they_were_made_and_with_what() -> None:
    assert claims_values(replace(CLAIMS, mfa_at=NOW - 5), principal_tags=(), now=NOW) == {
        "aws:TokenIssueTime": "2030-03-17T17:46:40Z",
        "aws:MultiFactorAuthPresent": "true",
        "aws:MultiFactorAuthAge": "5",
    }


def test_a_sessions_tag_wins_over_its_principals() -> None:
    tagged = replace(CLAIMS, tags=(("team", "blue"),))
    values = claims_values(tagged, principal_tags=(("team", "red"), ("site", "bonn")), now=NOW)
    assert (values["aws:PrincipalTag/team"], values["aws:PrincipalTag/site"]) == ("blue", "bonn")
