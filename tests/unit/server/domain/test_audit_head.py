"""The head of the audit log outside the database: what the ring did not make is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.audit_head import Head, open_head, seal_head
from daypass.server.domain.key_ring import KeyRing, MasterKey, SealBroken

OLD, NEW = MasterKey("00000001", 1, b"a" * 32), MasterKey("00000002", 2, b"b" * 32)
RING = KeyRing([OLD])
HEAD = Head(7, bytes(range(32)), "this server")


def test_a_head_is_found_again_also_after_a_rotation() -> None:
    assert open_head(RING, seal_head(RING, HEAD)) == HEAD
    assert open_head(KeyRing([OLD, NEW]), seal_head(RING, HEAD)) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        {"block": 6},
        {"digest": "00" * 32},
        {"mac": "00" * 32},
        {"key_id": "00000009"},
        {"digest": "00"},
        {"mac": ""},
    ],
)
def test_an_altered_head_does_not_open(change: dict[str, object]) -> None:
    text = json.dumps(json.loads(seal_head(RING, HEAD)) | change)
    with pytest.raises(SealBroken):
        open_head(RING, text)


def test_another_rings_head_does_not_open() -> None:
    with pytest.raises(SealBroken):
        open_head(KeyRing([MasterKey("00000001", 1, b"z" * 32)]), seal_head(RING, HEAD))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.builds(
            json.dumps,
            st.dictionaries(
                st.sampled_from(["block", "digest", "key_id", "mac"]), st.one_of(st.integers(), st.text())
            ),
        ),
    )
)
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(SealBroken):
        open_head(RING, text)
