"""A new password typed twice: what a person is told to mend."""

import pytest

from daypass.server.web.password_form import new_password_error


@pytest.mark.parametrize(
    ("password", "repeated", "error"),
    [
        ("violet anchor pebble", "violet anchor pebble", ""),
        ("a" * 128, "a" * 128, ""),
        ("", "", "Enter a new password."),
        ("violet anchor pebble", "violet anchor", "The two passwords differ. Type the new one twice."),
        ("", "violet", "Enter a new password."),
        ("a" * 129, "a" * 129, "A password has at most 128 characters."),
    ],
)
def test_a_new_password_is_there_twice_and_not_too_long(password: str, repeated: str, error: str) -> None:
    assert new_password_error(password, repeated) == error
