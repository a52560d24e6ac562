"""Which passwords are accepted."""

import pytest

from daypass.protocol.aws.errors import PasswordPolicyViolation, ValidationError
from daypass.secret import Secret
from daypass.server.domain.password_policy import check_new_password, check_password_text


def test_twelve_characters_are_enough() -> None:
    check_new_password(Secret("x" * 12), user_name="alice")
    with pytest.raises(PasswordPolicyViolation):
        check_new_password(Secret("x" * 11), user_name="alice")


def test_the_minimum_can_be_raised() -> None:
    with pytest.raises(PasswordPolicyViolation):
        check_new_password(Secret("x" * 15), user_name="alice", minimum_length=16)


def test_the_own_name_is_no_password() -> None:
    with pytest.raises(PasswordPolicyViolation):
        check_new_password(Secret("alice.of.example"), user_name="Alice.Of.Example")


@pytest.mark.parametrize("text", ["", "x" * 129, "snow\u2603man-and-more", "null\0character"])
def test_what_the_model_does_not_admit_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        check_password_text("password", text)
    assert len(text) < 1 or text not in refusal.value.message


def test_a_password_read_is_a_secret() -> None:
    assert "long" not in repr(check_password_text("password", "x long password é"))
