"""Access key ids: which are long-lived, and whose they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.access_key import account_of_key, find_long_lived_key_ids, is_long_lived
from daypass.server.domain.tokens import access_key_id


def test_the_account_is_read_from_the_published_vector() -> None:
    """The id and account of T. Be'ery's note."""
    assert account_of_key("ASIAY34FZKBOKMUTVV7A") == "609629065308"


def test_an_id_of_the_old_generation_holds_no_account() -> None:
    """Its first bit is not set (WithSecure Labs, "Bit 20")."""
    assert account_of_key("AKIAIOSFODNN7ABCDEFG") is None
    assert account_of_key("AKIAI44QH7DHBABCDEFG") is None


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**12 - 1), st.binary(min_size=6, max_size=6))
def test_the_layout_is_the_one_our_server_writes(account: int, seed: bytes) -> None:
    written = access_key_id(f"{account:012d}", seed)
    assert account_of_key(written) == f"{account:012d}"
    assert account_of_key("AKIA" + written[4:]) == f"{account:012d}"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_no_text_makes_the_readers_raise(text: str) -> None:
    for each in (text, "AKIA" + text, "ASIA" + text):
        account = account_of_key(each)
        assert account is None or (len(account) == 12 and account.isdecimal())
        find_long_lived_key_ids(each)
        is_long_lived(each)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aws_access_key_id = AKIAY34FZKBOKMUTVV7A\n", ["AKIAY34FZKBOKMUTVV7A"]),
        ('"AKIAY34FZKBOKMUTVV7A","AKIAY34FZKBOKMUTVV7B"', ["AKIAY34FZKBOKMUTVV7A", "AKIAY34FZKBOKMUTVV7B"]),
        ("ASIAY34FZKBOKMUTVV7A", []),
        ("AKIAIOSFODNN7EXAMPLE AKIAI44QH8DHBEXAMPLE", []),
        ("AKIAY34FZKBOKMUTVV7AB", []),
        ("xAKIAY34FZKBOKMUTVV7A", []),
        ("AKIAy34fzkbokmutvv7a", []),
        ("", []),
    ],
)
def test_only_whole_ids_of_long_lived_keys_are_found(text: str, found: list[str]) -> None:
    """Temporary keys and the made-up ids of documentation are left alone."""
    hits = find_long_lived_key_ids(text)
    assert [access_key for _, access_key in hits] == found
    assert all(text[offset:].startswith(access_key) for offset, access_key in hits)
