"""Lock files of the usual tools, and whatever else a file may hold."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.doctor.python_locks import read_locked_versions

BOTH = {"botocore": "1.44.5", "awscrt": "0.38.0"}
_UV = """
version = 1
[[package]]
name = "botocore"
version = "1.44.5"
[package.optional-dependencies]
crt = [{ name = "awscrt" }]
[[package]]
name = "awscrt"
version = "0.38.0"
[[package]]
name = "here"
source = { editable = "." }
"""
_PYLOCK = (
    '[[packages]]\nname = "botocore"\nversion = "1.44.5"\n[[packages]]\nname = "awscrt"\nversion = "0.38.0"\n'
)
_PIPFILE = '{"default": {"botocore": {"version": "==1.44.5"}, "awscrt": {"version": "==0.38.0"}, "x": 1}}'
_PINS = "boto3==1.44.5\nBotocore[crt]==1.44.5 \\\n    --hash=sha256:aa\nawscrt == 0.38.0 ; python_version > '3'\n# botocore==9.9\n"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("uv.lock", _UV, BOTH),
        ("poetry.lock", _UV, BOTH),
        ("pylock.toml", _PYLOCK, BOTH),
        ("Pipfile.lock", _PIPFILE, BOTH),
        ("requirements.txt", _PINS, BOTH),
        ("requirements.txt", "botocore>=1.41\nbotocore-stubs==1.0\n", {}),
        ("uv.lock", "", {}),
        ("uv.lock", "package = 1\npackages = [1]\n", {}),
        ("Pipfile.lock", '{"default": []}', {}),
        ("uv.lock", "[[", None),
        ("Pipfile.lock", "{", None),
    ],
)
def test_what_is_locked_is_read(tmp_path: Path, name: str, text: str, found: dict[str, str] | None) -> None:
    """Exact pins only; a comment and a package of a similar name are none."""
    path = tmp_path / name
    path.write_text(text)
    assert read_locked_versions(path) == found


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(["uv.lock", "pylock.toml", "r.txt"]), content=st.binary(max_size=200))
def test_no_file_makes_the_reader_raise(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    """It belongs to another program."""
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    read_locked_versions(path)
