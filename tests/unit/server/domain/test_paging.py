"""Markers: opaque, and good for one listing only."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.paging import open_marker, page_of, seal_marker

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])


def test_a_marker_gives_its_position_back_to_the_same_listing_only() -> None:
    marker = seal_marker(RING, "alice", listing="ListUsers|1|/")
    assert "alice" not in marker
    assert open_marker(RING, marker, listing="ListUsers|1|/") == "alice"
    with pytest.raises(ValidationError):
        open_marker(RING, marker, listing="ListUsers|2|/")


def test_no_marker_is_the_beginning() -> None:
    assert open_marker(RING, None, listing="x") == ""


def test_the_longest_marker_fits_the_model() -> None:
    assert len(seal_marker(RING, "shipped|" + "x" * 128, listing="x")) <= 320


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_no_text_of_a_stranger_is_a_marker(marker: str) -> None:
    with pytest.raises(ValidationError):
        open_marker(RING, marker, listing="x")


@pytest.mark.parametrize("count, size, kept, has_more", [(0, 2, 0, False), (2, 2, 2, False), (3, 2, 2, True)])
def test_one_more_than_the_size_says_that_there_is_a_next_page(
    count: int, size: int, kept: int, has_more: bool
) -> None:
    found = [(str(number), number) for number in range(count)]
    page = page_of(RING, found, size=size, listing="x")
    assert page.items == tuple(range(kept))
    assert (page.marker is not None) == has_more
    if page.marker:
        assert open_marker(RING, page.marker, listing="x") == str(kept - 1)
