"""Which field of an admin form a refusal is about."""

import pytest

from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    EntityAlreadyExists,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from daypass.server.web.admin_button_table import BUTTONS
from daypass.server.web.admin_errors import find_blamed

DORA = {"UserName": "dora", "GroupName": "readers", "Password": "short"}


@pytest.mark.parametrize(
    ("refusal", "blamed"),
    [
        (EntityAlreadyExists("User with name dora already exists."), ["UserName"]),
        (NoSuchEntity("The group with name readers cannot be found."), ["GroupName"]),
        (PasswordPolicyViolation("Password should have a minimum length of 12"), ["Password"]),
        (ValidationError("The specified value for userName is invalid. It must …"), ["UserName"]),
        (LimitExceeded("Cannot exceed quota for UsersPerAccount: 5000"), []),
        (AccessDenied("User: x is not authorized to perform: iam:CreateUser on resource: dora"), []),
    ],
)
def test_a_refusal_stands_beside_the_field_it_is_about(refusal: AwsError, blamed: list[str]) -> None:
    assert list(find_blamed(BUTTONS["CreateUser"], DORA, refusal)) == blamed


def test_each_of_several_violations_stands_beside_its_own_field() -> None:
    refusal = ValidationError(
        "2 validation errors detected: Value 'x' at 'minimumPasswordLength' failed to satisfy constraint: Member must be"
        " a whole number; Value '9999' at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than"
        " or equal to 1095"
    )
    assert find_blamed(BUTTONS["UpdateAccountPasswordPolicy"], {}, refusal) == {
        "MinimumPasswordLength": "It must be a whole number.",
        "MaxPasswordAge": "It must have value less than or equal to 1095.",
    }


def test_a_member_of_a_list_is_its_list() -> None:
    refusal = ValidationError(
        "1 validation error detected: Value 'x' at 'tags.1.member.key' failed to satisfy constraint: Member must be y"
    )
    assert list(find_blamed(BUTTONS["TagUser"], {}, refusal)) == ["Tags.member.1.Key", "Tags.member.1.Value"]


def test_a_policy_that_cannot_be_read_is_the_policys_fault() -> None:
    refusal = MalformedPolicyDocument("document: an element name is expected")
    values = {"RoleName": "Archivist", "PolicyDocument": "{"}
    assert list(find_blamed(BUTTONS["UpdateAssumeRolePolicy"], values, refusal)) == ["PolicyDocument"]
