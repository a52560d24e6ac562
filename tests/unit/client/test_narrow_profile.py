"""What a profile says of its narrowed login, written and read back."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.aws_config import AwsConfig, Profile
from daypass.client.ini_text import parse, profile_section, set_values
from daypass.client.narrow_profile import (
    NARROW_SETTINGS,
    NarrowWords,
    arn_of_session,
    narrowed_session,
    profiles_narrowed_from,
    read_narrowed,
    way_back,
)

ARN = "arn:aws:iam::111122223333:user/dev"
NAMES = st.text("ABCxyz019+=,.@_-", min_size=1, max_size=64)


def _config(text: str) -> AwsConfig:
    return AwsConfig(Path("config"), parse(text), {})


@given(
    NAMES,
    st.lists(
        st.sampled_from(["arn:aws:iam::aws:policy/A", "arn:aws:iam::111122223333:policy/p/B"]), unique=True
    ),
    st.integers(300, 43_200),
)
@settings(max_examples=100, deadline=None)
def test_what_was_written_is_read_again(name: str, arns: list[str], seconds: int) -> None:
    words = NarrowWords("dev", name, tuple(arns), "/home/me/p.json", "ab" * 32, seconds)
    lines = {**words.settings(), "login_session": narrowed_session(ARN, name)}
    profile = _config(set_values("", profile_section("agent"), lines)).profile("agent")
    assert read_narrowed(profile) == words
    assert arn_of_session(profile.text("login_session") or "") == ARN


def test_every_line_is_named_so_that_it_can_be_taken_away() -> None:
    assert set(NarrowWords("dev", "agent").settings()) == set(NARROW_SETTINGS)


def test_another_program_s_login_in_its_place_is_not_narrowed() -> None:
    """`aws login --profile agent` leaves our lines and writes its own."""
    settings = {"daypass_narrowed_from": "dev", "daypass_scope_name": "agent", "login_session": ARN}
    profile = Profile("agent", True, settings, {})
    assert read_narrowed(profile) is None
    assert way_back(profile) == "daypass login --profile agent"


def test_a_line_that_cannot_be_read_costs_only_itself() -> None:
    settings = {
        "daypass_narrowed_from": "dev",
        "daypass_scope_name": "agent",
        "daypass_scope_seconds": "²",
        "login_session": narrowed_session(ARN, "agent"),
    }
    words = read_narrowed(Profile("agent", True, settings, {}))
    assert words is not None
    assert words.seconds == 3600


def test_the_logins_made_of_a_profile_are_found() -> None:
    text = "".join(
        f"[profile {name}]\nlogin_session = {ARN}?scope={name}\ndaypass_narrowed_from = {parent}\n"
        f"daypass_scope_name = {name}\n"
        for name, parent in (("a", "dev"), ("b", "ops"), ("c", "copy"))
    )
    found = profiles_narrowed_from(_config(text), ["dev", "copy"])
    assert [profile.name for profile in found] == ["a", "c"]
    assert way_back(found[1]) == "daypass narrow copy --as c"


def test_people_read_what_is_left() -> None:
    words = NarrowWords("dev", "agent", ("arn:aws:iam::aws:policy/ReadOnlyAccess",), "p.json", "ab" * 32)
    assert words.summary() == "ReadOnlyAccess, an inline policy"
    assert words.members()["policy_sha256"] == "ab" * 32
