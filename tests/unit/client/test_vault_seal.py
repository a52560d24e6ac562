"""The sealed file: small key, one spelling, and no byte of it may change."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.vault_seal import Damaged, SealedEntry, draw_key, parse_sealed, seal, unseal
from daypass.secret import Secret

KEY = draw_key()
NAME = "11fc.vault"
HEADER = SealedEntry("login-1", "111122223333", 1_800_000_000, 1_800_043_200)
CONTENT = json.dumps({"refreshToken": "r" * 2048, "dpopKey": "k" * 300}).encode()
SEALED = seal(HEADER, CONTENT, KEY, file_name=NAME)
TEXT = SEALED.text()


def _opens(text: str, key: Secret = KEY, name: str = NAME) -> bytes:
    return unseal(parse_sealed(text), key, file_name=name)


def test_what_was_sealed_is_opened() -> None:
    """The content, and what stands in clear."""
    assert _opens(TEXT) == CONTENT
    assert parse_sealed(TEXT) == SEALED
    assert SEALED.account_id == "111122223333"


def test_the_key_fits_every_keyring_whatever_is_sealed() -> None:
    """Windows Credential Manager holds 2,560 bytes and writes UTF-16: less than 1 KiB leaves room."""
    assert len(draw_key().reveal().encode("utf-16-le")) < 1024
    huge = seal(HEADER, b"x" * 200_000, KEY, file_name=NAME)
    assert _opens(huge.text()) == b"x" * 200_000


def test_nothing_of_the_content_stands_in_the_file() -> None:
    """Not even parts."""
    assert "refreshToken" not in TEXT
    assert "rrrr" not in TEXT


def test_every_sealing_has_its_own_nonce() -> None:
    """Two of the same content share nothing (NIST SP 800-38D section 8)."""
    assert seal(HEADER, CONTENT, KEY, file_name=NAME).sealed[:16] != SEALED.sealed[:16]


REGIONS = {
    name: (TEXT.index(mark), TEXT.index(mark) + len(mark))
    for name, mark in {
        "format": '{"format":"daypass-vault-1"',
        "key id": '"keyId":"login-1"',
        "account": '"accountId":"111122223333"',
        "expiry": '"expiresAt":1800000000',
        "session end": '"sessionEndsAt":1800043200',
        "nonce": SEALED.sealed[:16],
        "first block": SEALED.sealed[16:48],
        "last block": SEALED.sealed[-48:-24],
        "tag": SEALED.sealed[-24:],
        "end": '"}\n',
    }.items()
}


@pytest.mark.parametrize("region", REGIONS)
def test_no_byte_of_the_file_may_change(region: str) -> None:
    """Each byte of the region, by a bit, by its case, to a neighbour, gone, and doubled."""
    start, end = REGIONS[region]
    for at in range(start, end):
        was = TEXT[at]
        changes = {chr(ord(was) ^ 1), was.swapcase(), chr((ord(was) + 1) % 127), "", was * 2} - {was}
        for change in changes:
            with pytest.raises(Damaged):
                _opens(TEXT[:at] + change + TEXT[at + 1 :])


def test_every_cut_is_seen() -> None:
    """A file that ends early, at any place."""
    for length in range(0, len(TEXT), 7):
        with pytest.raises(Damaged):
            _opens(TEXT[:length])


def test_another_session_s_file_does_not_open_under_this_name() -> None:
    """Nor with another key."""
    with pytest.raises(Damaged):
        _opens(TEXT, name="22fc.vault")
    with pytest.raises(Damaged):
        _opens(TEXT, key=draw_key())


@pytest.mark.parametrize(
    "key", ["", "!", "QUJD", KEY.reveal() + "QUJD"], ids=["none", "no base64", "short", "long"]
)
def test_what_is_no_key_opens_nothing(key: str) -> None:
    """A keyring may hold anything under our name."""
    with pytest.raises(Damaged):
        _opens(TEXT, key=Secret(key))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.dictionaries(
                    st.sampled_from(["format", "keyId", "accountId", "expiresAt", "sessionEndsAt", "sealed"]),
                    inner,
                )
                | st.lists(inner)
            ),
            max_leaves=8,
        ).map(json.dumps),
    )
)
def test_no_input_makes_it_raise_anything_else(text: str) -> None:
    """Damaged, or what was sealed."""
    try:
        _opens(text)
    except Damaged:
        return
    raise AssertionError("a stranger's file opened")
