"""The parking place opens with its own key and for its own receipt, and a key that others can read is none."""

import base64
import os
from pathlib import Path

import pytest

from daypass.client.sealed_backup import load_key_file, make_or_load_key_file, open_sealed, seal
from daypass.errors import ConfigError
from daypass.secret import Secret

KEY = Secret(base64.b64encode(b"k" * 32).decode())
OTHER = Secret(base64.b64encode(b"o" * 32).decode())


def test_what_was_sealed_is_not_to_be_read_and_opens_again() -> None:
    sealed = seal(b"aws_secret_access_key = secret", KEY, "receipt-1")
    assert b"secret" not in base64.b64decode(sealed)
    assert open_sealed(sealed, KEY, "receipt-1") == b"aws_secret_access_key = secret"


@pytest.mark.parametrize(("key", "receipt"), [(OTHER, "receipt-1"), (KEY, "receipt-2")])
def test_another_key_and_another_receipt_open_nothing(key: Secret, receipt: str) -> None:
    """A backup that is put in another's place would bring back another profile's key."""
    with pytest.raises(ConfigError, match="does not open"):
        open_sealed(seal(b"text", KEY, "receipt-1"), key, receipt)


def test_a_backup_that_was_altered_opens_nothing() -> None:
    sealed = bytearray(base64.b64decode(seal(b"text", KEY, "receipt-1")))
    sealed[-1] ^= 1
    with pytest.raises(ConfigError, match="does not open"):
        open_sealed(base64.b64encode(sealed).decode(), KEY, "receipt-1")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes say nothing here")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys" / "backup.key"
    made = make_or_load_key_file(path, apart_from=tmp_path)
    assert load_key_file(path).reveal() == made.reveal()
    path.chmod(mode)
    with pytest.raises(ConfigError, match="others can read") as caught:
        load_key_file(path)
    assert caught.value.hint == f"chmod 600 {path}"
