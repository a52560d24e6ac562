"""IAM's ids, names, paths and ARNs."""

import re
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import AwsError, InvalidInput, ValidationError
from daypass.server.domain import identifiers
from daypass.server.domain.identifiers import UNIQUE_ID_SEED_BYTES, build_unique_id, uuid_text


def test_a_unique_id_is_prefix_and_seventeen_characters() -> None:
    for seed in (bytes(UNIQUE_ID_SEED_BYTES), b"\xff" * UNIQUE_ID_SEED_BYTES):
        assert re.fullmatch(r"AIDA[A-Z2-7]{17}", build_unique_id("AIDA", seed))


def test_unique_ids_of_different_seeds_differ() -> None:
    assert build_unique_id("AROA", b"\0" * 10 + b"\0") != build_unique_id("AROA", b"\1" + b"\0" * 10)


@given(st.binary(min_size=16, max_size=16))
@settings(deadline=None, max_examples=100)
def test_random_bytes_become_the_version_4_uuid_the_library_would_write(seed: bytes) -> None:
    assert uuid_text(seed) == str(uuid.UUID(bytes=seed, version=4))


@pytest.mark.parametrize(
    "check, accepted, refused",
    [
        (identifiers.check_session_name, ["ab", "x" * 64], ["a", "x" * 65, "a b", "ab\n", "a:b"]),
        (identifiers.check_external_id, ["ab", "a:b/c", "x" * 1224], ["a", "x" * 1225, "a b", "ab\n"]),
        (identifiers.check_arn_length, ["x" * 20, "x" * 2048], ["x" * 19, "x" * 2049]),
    ],
)
def test_values_are_accepted_by_the_model_s_pattern(
    check: Callable[[str, str], str], accepted: list[str], refused: list[str]
) -> None:
    for value in accepted:
        assert check("member", value) == value
    for value in refused:
        with pytest.raises(ValidationError):
            check("member", value)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:policy/a",
        "arn:aws:iam::aws:policy/job-function/Billing",
        "arn:aws:iam::111122223333:policy/a/b.c/d",
    ],
)
def test_policy_arns_are_accepted(arn: str) -> None:
    assert identifiers.check_policy_arn("policyArn", arn) == arn


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:role/a-role",
        "arn:aws:iam::11112222333:policy/abc",
        "arn:aws:iam:us-east-1:111122223333:policy/a",
        "arn:aws:s3::111122223333:policy/a",
        "arn:aws:iam::111122223333:policy/",
        "arn:aws:iam::111122223333:policy/*",
        "arn:aws:iam::111122223333:policy/a\n",
        "arn:aws:iam::aws:policy//AdministratorAccess",
    ],
)
def test_other_arns_are_no_policy_s(arn: str) -> None:
    with pytest.raises(InvalidInput):
        identifiers.check_policy_arn("policyArn", arn)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=40))
def test_a_value_is_returned_or_refused_without_an_echo(value: str) -> None:
    for check in (identifiers.check_session_name, identifiers.check_policy_arn):
        assert value not in _refusal(check, value)


def _refusal(check: Callable[[str, str], str], value: str) -> str:
    """The refusal's text; empty when the value was accepted."""
    try:
        check("member", value)
    except AwsError as refusal:
        return refusal.message
    return ""
