"""Base64url has one spelling per value, and no other text decodes."""

import pytest

from daypass.errors import RemoteProtocolError
from daypass.protocol.jose import base64url


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"\xfb\xff", "-_8"), (bytes(3), "AAAA")],
)
def test_base64url_spells_known_values_without_padding(raw: bytes, text: str) -> None:
    """RFC 4648 §10 values, without padding, in the URL-safe alphabet."""
    assert base64url.encode(raw) == text
    assert base64url.decode(text) == raw


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zg=",
        "Zm9v=",
        "Zh",
        "Zm9",
        "A",
        "AAAAA",
        "Zm 9v",
        "Zm9v\n",
        "+/8",
        "Zm9v!",
        "Zmé9",
        "=",
        "Z=g",
        "\ud800",
    ],
)
def test_any_other_spelling_of_base64url_is_refused(text: str) -> None:
    """Padding, spare bits, white space, the other alphabet, a length that cannot be."""
    with pytest.raises(RemoteProtocolError):
        base64url.decode(text)
