"""Access keys, virtual devices, simulations, context keys and the credential report, each by itself."""

import csv
import io

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.policy.decision import Effect
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.protocol.aws.errors import MalformedPolicyDocument, PasswordPolicyViolation
from daypass.secret import Secret
from daypass.server.domain.access_key import AccessKey, long_term_key_id, long_term_secret
from daypass.server.domain.account import Account, LoginProfile, User
from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.domain.context_keys import context_keys
from daypass.server.domain.credential_report import ReportedUser, write_report
from daypass.server.domain.password_policy import check_new_password, password_age_state
from daypass.server.domain.policy_simulation import Position, Simulation, Source
from daypass.server.domain.tokens import access_key_account, is_long_term
from daypass.server.domain.totp_enrolment import matching_pair
from support.query_world import allow, deny, policy_text

ACCOUNT = "111122223333"
NOW = 1_900_000_000
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DAY = 86_400


def test_a_long_term_key_id_holds_its_account_and_looks_like_aws_s() -> None:
    key_id = long_term_key_id(ACCOUNT, bytes(range(6)))
    assert key_id.startswith("AKIA")
    assert len(key_id) == 20
    assert access_key_account(key_id) == ACCOUNT
    assert is_long_term(key_id)
    assert len(long_term_secret(bytes(30)).reveal()) == 40
    assert "AAAA" not in repr(long_term_secret(bytes(30)))


def _pair(step: int) -> tuple[str, str]:
    app = pyotp.TOTP(SEED)
    return app.generate_otp(step - 1), app.generate_otp(step)


@pytest.mark.parametrize("drift", [-4, -1, 0, 1])
def test_two_codes_in_a_row_within_the_window_are_a_pair(drift: int) -> None:
    step = NOW // 30 + drift
    assert matching_pair(SEED, *_pair(step), now=NOW, after=0) == step


@pytest.mark.parametrize("drift", [-5, 2])
def test_a_pair_outside_the_window_is_none(drift: int) -> None:
    assert matching_pair(SEED, *_pair(NOW // 30 + drift), now=NOW, after=0) is None


def test_a_pair_is_in_order_in_a_row_and_new() -> None:
    step = NOW // 30
    first, second = _pair(step)
    assert matching_pair(SEED, second, first, now=NOW, after=0) is None
    assert matching_pair(SEED, first, first, now=NOW, after=0) is None
    assert matching_pair(SEED, _pair(step - 1)[0], second, now=NOW, after=0) is None
    assert matching_pair(SEED, first, second, now=NOW, after=step) is None


def test_context_keys_are_those_of_conditions_and_variables_each_once() -> None:
    text = policy_text(
        allow("s3:*", resource="arn:aws:s3:::${aws:username}/${aws:PrincipalTag/team, 'none'}"),
        deny("*", Condition={"Bool": {"AWS:UserName": "x", "aws:SecureTransport": "false"}}),
    )
    assert context_keys([text, text]) == ["aws:username", "aws:PrincipalTag/team", "aws:SecureTransport"]


def test_a_simulation_says_which_statement_decided_and_where_it_stands() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}\n]}'
    result = Simulation([Source("mine", "none", text)]).ask("s3:GetObject", "*", {})
    assert result.effect is Effect.ALLOWED
    assert result.matched is not None
    assert result.matched.source.policy_id == "mine"
    assert (result.matched.start, result.matched.end) == (Position(3, 3), Position(3, 57))
    single = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    alone = Simulation([Source("mine", "none", single)]).ask("s3:GetObject", "*", {}).matched
    assert alone is not None
    assert alone.start == Position(1, single.index('{"Effect"') + 1)
    assert alone.end == Position(1, len(single))


def test_a_simulation_names_the_layers_that_do_not_allow() -> None:
    everything = Source("all", "none", policy_text(allow("*")))
    some = Source("some", "none", policy_text(allow("s3:*")))
    result = Simulation([everything], boundary=[some], service_control=[everything]).ask(
        "iam:GetUser", "*", {}
    )
    assert (result.effect, result.by_boundary, result.by_organizations) == (Effect.IMPLICIT_DENY, False, True)
    with pytest.raises(MalformedPolicyDocument):
        Simulation([Source("broken", "none", "{}")])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["s3:Get*", "s3:*", "iam:*", "*"])), min_size=1, max_size=4
    )
)
def test_a_simulation_agrees_with_the_engine(chosen: list[tuple[bool, str]]) -> None:
    texts = [policy_text((allow if is_allow else deny)(action)) for is_allow, action in chosen]
    sources = [Source(str(number), "none", text) for number, text in enumerate(texts)]
    expected = evaluate(
        [source.parse() for source in sources], RequestContext("s3:GetObject", "arn:aws:s3:::a")
    )
    assert Simulation(sources).ask("s3:GetObject", "arn:aws:s3:::a", {}).effect is expected.effect


def _user(name: str = "ada", **more: int) -> User:
    return User(ACCOUNT, "AIDA" + "A" * 17, name, "/", NOW - 100 * DAY, **more)


def _report(*users: ReportedUser, policy: PasswordPolicy | None = None) -> list[dict[str, str]]:
    account = Account(ACCOUNT, None, "root@example.com", "", 0, NOW - 200 * DAY)
    text = write_report(account, users, root_has_device=True, policy=policy).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_report_tells_what_everybody_can_sign_in_with() -> None:
    key = AccessKey(
        "AKIA" + "A" * 16, ACCOUNT, "u", "sealed", "Inactive", NOW - 5 * DAY, NOW, "s3", "eu-west-1"
    )
    profile = LoginProfile(ACCOUNT, "u", "hash", NOW - 9 * DAY, password_changed_at=NOW - 2 * DAY)
    policy = PasswordPolicy(max_password_age=90)
    root, ada = _report(
        ReportedUser(_user(password_last_used=NOW - DAY), profile, True, [key]), policy=policy
    )
    assert (root["user"], root["mfa_active"]) == ("<root_account>", "true")
    assert root["password_enabled"] == "not_supported"
    assert ada["password_last_changed"] == "2030-03-15T17:46:40+00:00"
    assert ada["password_next_rotation"] == "2030-06-13T17:46:40+00:00"
    assert ada["password_last_used"] == "2030-03-16T17:46:40+00:00"
    assert (ada["access_key_1_active"], ada["access_key_1_last_used_region"]) == ("false", "eu-west-1")
    assert (ada["access_key_2_active"], ada["access_key_2_last_rotated"]) == ("false", "N/A")
    assert "sealed" not in str(ada)
    assert "hash" not in str(ada)


def test_a_name_that_a_spreadsheet_would_run_is_only_shown() -> None:
    assert _report(ReportedUser(_user("=1+1"), None, False, []))[1]["user"] == "'=1+1"


@pytest.mark.parametrize(
    "age, hard, state",
    [(89, False, "fresh"), (90, False, "expired"), (90, True, "locked"), (0, True, "fresh")],
)
def test_a_password_grows_old(age: int, hard: bool, state: str) -> None:
    profile = LoginProfile(ACCOUNT, "u", "hash", NOW - age * DAY)
    policy = PasswordPolicy(max_password_age=90, hard_expiry=hard)
    assert password_age_state(policy, profile, now=NOW) == state
    assert password_age_state(None, profile, now=NOW) == "fresh"
    assert password_age_state(PasswordPolicy(), profile, now=NOW) == "fresh"


def test_a_password_changed_lately_is_fresh_however_old_its_profile() -> None:
    profile = LoginProfile(ACCOUNT, "u", "hash", 0, password_changed_at=NOW - DAY)
    assert password_age_state(PasswordPolicy(max_password_age=90), profile, now=NOW) == "fresh"


def test_an_account_asks_for_more_and_never_for_less_than_the_server() -> None:
    lenient = PasswordPolicy(minimum_password_length=6)
    with pytest.raises(PasswordPolicyViolation, match="length of 12"):
        check_new_password(Secret("eleven char"), user_name="ada", policy=lenient)
    check_new_password(Secret("twelve chars"), user_name="ada", policy=lenient)
