"""AWS's INI dialect: read like botocore, change without disturbing."""

import configparser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.ini_text import first_damage, parse, set_values

TEXT = """\
# my settings
[default]
region = eu-west-1

[profile dev]
# keep me
region=us-east-1
s3 =
  addressing_style = path
  max_concurrent_requests = 4
output = json

[services local]
sts =
  endpoint_url = http://127.0.0.1:1
"""


def test_sections_settings_and_nested_blocks_are_read() -> None:
    """A value, an equals sign without spaces, and a nested block."""
    assert parse(TEXT) == {
        "default": {"region": "eu-west-1"},
        "profile dev": {
            "region": "us-east-1",
            "s3": {"addressing_style": "path", "max_concurrent_requests": "4"},
            "output": "json",
        },
        "services local": {"sts": {"endpoint_url": "http://127.0.0.1:1"}},
    }


def test_an_edit_changes_only_the_lines_it_names() -> None:
    """Comments, order and other keys stay, byte for byte."""
    edited = set_values(TEXT, "profile dev", {"region": "us-west-2", "login_session": "arn:x"})
    assert edited == TEXT.replace("region=us-east-1\n", "").replace(
        "output = json\n", "output = json\nregion = us-west-2\nlogin_session = arn:x\n"
    )


def test_removing_a_key_removes_its_nested_block() -> None:
    """None removes; a neighbour's lines stay."""
    edited = set_values(TEXT, "profile dev", {"s3": None})
    assert edited == TEXT.replace("s3 =\n  addressing_style = path\n  max_concurrent_requests = 4\n", "")


def test_replacing_a_nested_block_leaves_no_line_of_the_old_one() -> None:
    """The old block's lines must not fall under another key."""
    edited = set_values(TEXT, "profile dev", {"s3": {"addressing_style": "virtual"}})
    assert parse(edited)["profile dev"]["s3"] == {"addressing_style": "virtual"}
    assert "max_concurrent_requests" not in edited


def test_a_new_section_is_appended_after_a_blank_line() -> None:
    """Also when the file does not end with a newline."""
    assert set_values("[default]\nregion = x", "profile new", {"a": "b"}) == (
        "[default]\nregion = x\n\n[profile new]\na = b\n"
    )


def test_a_profile_name_with_a_space_is_quoted_the_way_botocore_reads_it(tmp_path: Path) -> None:
    """botocore is the judge of what we write."""
    import botocore.configloader

    path = tmp_path / "config"
    path.write_text(
        set_values("", "profile my team", {"login_session": "arn:x", "s3": {"addressing_style": "path"}})
    )
    read = botocore.configloader.load_config(str(path))
    assert read["profiles"]["my team"] == {"login_session": "arn:x", "s3": {"addressing_style": "path"}}


names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
texts = st.from_regex(r"[!-Z^-~]([ -~]{0,20}[!-~])?", fullmatch=True)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=300), section=names, key=names, value=texts)
def test_what_is_set_is_read_back_from_any_text(text: str, section: str, key: str, value: str) -> None:
    """parse(set(x)) == x, and no text makes either raise."""
    edited = set_values(text, f"profile {section}", {key: value})
    assert parse(edited)[f"profile {section}"][key] == value


@settings(max_examples=40, deadline=None)
@given(
    sections=st.dictionaries(
        names, st.dictionaries(names, texts | st.dictionaries(names, texts, min_size=1)), max_size=4
    ),
    key=names,
    value=texts,
)
def test_setting_one_key_keeps_every_other(
    sections: dict[str, dict[str, str | dict[str, str]]], key: str, value: str
) -> None:
    """Whole-file comparison before and after one edit."""
    text = ""
    for section, content in sections.items():
        text = set_values(text, f"profile {section}", content)
    before = parse(text)
    after = parse(set_values(text, "profile target", {key: value}))
    before.setdefault("profile target", {})[key] = value
    assert after == before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("# c\n ; d\n\n[profile a]\nb = 1\n  more\nc : 2\n[x] ; said\n", 0),
        ("[profile a]\ns3 =\n  path = 1\n\n  style = 2\n", 0),
        ("b = 1\n[profile a]\n", 1),
        ("\ufeff[profile a]\n", 1),
        ("[profile a]\n\n[profile b\nc = 1\n", 3),
        ("[]\n", 1),
        ("[profile a]\nword\n", 2),
        ("[profile a]\n= 1\n", 2),
        ("[profile a]\n  word\n", 2),
    ],
)
def test_the_first_line_that_is_none_is_named(text: str, line: int) -> None:
    assert first_damage(text) == line


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="[]ab=: #;\n\t", max_size=40))
def test_a_file_is_damaged_where_the_reader_of_botocore_says_so(text: str) -> None:
    """It stands on Python's, in which only a name that stands twice is a fault of another kind."""
    reader = configparser.RawConfigParser(default_section="", strict=False)
    try:
        reader.read_string(text)
        is_read = True
    except configparser.Error:
        is_read = False
    assert (first_damage(text) == 0) == is_read
