"""The key scanners: no text makes them raise, and no secret comes out of anything they say."""

import contextlib
import io
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.cli import audit
from daypass.client.git_index import parse_index
from daypass.client.key_places import kind_in_folder
from daypass.client.key_text import masked, read_keys
from daypass.secret import Secret

KEY = "AKIAY34FZKBOKMUTVV7A"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+"
secrets = st.text(_ALPHABET, min_size=40, max_size=40)
NAMES = [
    "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY",
    "secret",
    '"awsSecretKey":',
    "set -gx",
    "[",
    "]",
    "#",
    "=",
]


@st.composite
def settings_texts(draw: st.DrawFn, secret: str) -> str:
    """Files as people write them, and as they do not: names, ids, the secret and noise in any order."""
    part = st.sampled_from(
        [KEY, secret, " ", "\n", "\n[", "]\n", " = ", '"', "\r\n", "\t", *NAMES]
    ) | st.text(max_size=8)
    return "".join(draw(st.lists(part, max_size=40)))


@settings(max_examples=200, deadline=None)
@given(st.data(), secrets)
def test_no_text_makes_the_reader_raise_and_every_id_gets_its_line(data: st.DataObject, secret: str) -> None:
    text = data.draw(settings_texts(secret))
    for is_ini, is_config in ((False, False), (True, False), (True, True)):
        for key in read_keys(text, is_ini=is_ini, is_config=is_config):
            assert key.access_key_id in text.split("\n")[key.line - 1]
            assert secret not in repr(key)
            assert key.secret_access_key is None or len(key.secret_access_key.reveal()) == 40


@settings(max_examples=200, deadline=None)
@given(st.data(), secrets)
def test_no_secret_comes_out_of_a_masked_line(data: st.DataObject, secret: str) -> None:
    """Known or not, named or not."""
    for line in data.draw(settings_texts(secret)).splitlines():
        assert secret not in masked(line, (Secret(secret),))
        for alone in (f" {secret} ", f" x={secret}", f"'{secret}'=", f" x:{secret}=="):
            assert secret not in masked(line + alone)


@settings(max_examples=60, deadline=None)
@given(st.data(), secrets)
def test_no_secret_comes_out_of_an_audit(data: st.DataObject, secret: str) -> None:
    """Whatever the files hold: section names with a secret in them too."""
    with TemporaryDirectory() as name:
        home = Path(name)
        (home / ".aws").mkdir()
        for path in (".aws/credentials", ".aws/config", ".zshrc", ".env"):
            text = data.draw(settings_texts(secret))
            (home / path).write_bytes(text.encode("utf-8", "replace"))
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {"HOME": name, "AWS_SECRET_ACCESS_KEY": secret}, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            assert audit.run(["--no-input"]) in (0, 10)
            assert audit.run(["--json"]) in (0, 10)
        assert secret not in out.getvalue() + err.getvalue()
        json.loads(out.getvalue()[out.getvalue().index("{\n") :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_no_bytes_make_the_index_reader_raise(noise: bytes, version: int, count: int) -> None:
    parse_index(noise)
    head = b"DIRC" + version.to_bytes(4, "big") + count.to_bytes(4, "big")
    parse_index(head + noise)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_every_path_has_a_kind_or_none(path: str) -> None:
    kind_in_folder(path)
