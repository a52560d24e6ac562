"""Two texts of a policy, line against line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.web.admin_compare import DiffLine, compare


def test_what_is_gone_and_what_is_new_stand_where_they_were() -> None:
    assert compare("{\n--a\n}", "{\n++b\n}") == [
        DiffLine("same", "{"),
        DiffLine("removed", "--a"),
        DiffLine("added", "++b"),
        DiffLine("same", "}"),
    ]


def test_the_same_text_has_no_lines() -> None:
    assert compare("{}", "{}") == []


LINES = st.lists(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=5), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES)
def test_both_texts_can_be_read_out_of_a_comparison(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    lines = compare(before, after)
    if before.splitlines() != after.splitlines():
        assert [line.text for line in lines if line.change != "added"] == before.splitlines()
        assert [line.text for line in lines if line.change != "removed"] == after.splitlines()
