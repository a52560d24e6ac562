"""Keys of things that count once: one purpose never takes another's key."""

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.use_once import use_once_key

PURPOSES = st.sampled_from(["ticket", "signin", "sign-in-ticket", "saml", "saml-logout", "scoped-session"])


@given(PURPOSES, st.text(max_size=40), PURPOSES, st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_two_things_share_a_key_only_when_they_are_the_same(
    purpose: str, name: str, other_purpose: str, other_name: str
) -> None:
    key, other = use_once_key(purpose, name), use_once_key(other_purpose, other_name)
    assert len(key) == 32
    assert (key == other) == ((purpose, name) == (other_purpose, other_name))


def test_bytes_and_their_text_are_one_identifier() -> None:
    assert use_once_key("ticket", b"abc") == use_once_key("ticket", "abc")
