"""The key ring's homes: a 0600 file, a command, a variable. Its text is never shown."""

import base64
import json
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings, strategies

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.adapters.key_ring_file import (
    build_key_ring_text,
    load_key_ring,
    new_master_key,
    parse_key_ring,
    read_key_ring_file,
    rotate,
    with_rsa_key,
    write_key_ring_file,
)
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.rsa_keys import FIRST_RSA_KEY, new_rsa_key

NOW = 1_800_000_000


def _ring(*ages: int) -> KeyRing:
    return KeyRing([new_master_key(now=NOW - age) for age in ages])


def test_a_ring_survives_its_file(tmp_path: Path) -> None:
    ring = _ring(100, 0)
    write_key_ring_file(tmp_path / "ring.json", ring)
    assert read_key_ring_file(tmp_path / "ring.json").keys == ring.keys


def test_the_file_is_for_its_owner_only_and_no_half_file_remains(tmp_path: Path) -> None:
    write_key_ring_file(tmp_path / "ring.json", _ring(0))
    assert stat.S_IMODE((tmp_path / "ring.json").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ring.json"]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    write_key_ring_file(tmp_path / "ring.json", _ring(0))
    (tmp_path / "ring.json").chmod(0o640)
    with pytest.raises(ConfigError, match="others may read it"):
        read_key_ring_file(tmp_path / "ring.json")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no key ring"):
        read_key_ring_file(tmp_path / "ring.json")


def test_the_variable_beats_the_command_which_beats_the_file(tmp_path: Path) -> None:
    from_text, from_command, from_file = _ring(0), _ring(1), _ring(2)
    write_key_ring_file(tmp_path / "file.json", from_file)
    write_key_ring_file(tmp_path / "command.json", from_command)
    text = Secret(build_key_ring_text(from_text))
    command = f"cat {tmp_path / 'command.json'}"
    path = tmp_path / "file.json"
    assert load_key_ring(text=text, command=command, path=path).keys == from_text.keys
    assert load_key_ring(text=Secret(""), command=command, path=path).keys == from_command.keys
    assert load_key_ring(text=Secret(""), command="", path=path).keys == from_file.keys


def test_a_failing_command_is_refused_without_its_output(tmp_path: Path) -> None:
    script = tmp_path / "leak.py"
    script.write_text("print('the secret'); raise SystemExit(3)")
    with pytest.raises(ConfigError) as refusal:
        load_key_ring(text=Secret(""), command=f"{sys.executable} {script}", path=None)
    assert "the secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_command_meets_no_shell(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_key_ring(text=Secret(""), command=f"echo x; touch {tmp_path / 'made'}", path=None)
    assert not (tmp_path / "made").exists()


def test_rotation_adds_a_key_that_seals_and_keeps_the_old_for_opening() -> None:
    ring = _ring(100)
    sealed = ring.seal("code", b"x")
    rotated = rotate(ring, new_master_key(now=NOW), now=NOW, longest_life=50)
    assert rotated.open("code", sealed)[0] == b"x"
    assert rotated.current.created_at == NOW


def test_rotation_drops_a_key_only_when_its_successor_sealed_longer_than_anything_lives() -> None:
    ring = _ring(300, 101, 100, 20)
    rotated = rotate(ring, new_master_key(now=NOW), now=NOW, longest_life=100)
    assert [NOW - key.created_at for key in rotated.keys] == [101, 100, 20, 0]


def test_a_rotation_keeps_the_rsa_keys_that_are_published_and_adds_one() -> None:
    rotated = rotate(_ring(20), new_master_key(now=NOW), now=NOW, longest_life=100)
    assert [key_id for key_id, _ in rotated.rsa_keys()] == [key.key_id for key in rotated.keys]
    first, second = (key.private_numbers().d for _, key in rotated.rsa_keys())
    assert first != second


def test_a_ring_from_before_rsa_gets_a_key_once_and_keeps_everything_else(tmp_path: Path) -> None:
    old = KeyRing([MasterKey("00000001", 1, b"1" * 32), MasterKey("00000002", 2, b"2" * 32)])
    assert "rsa_key" not in build_key_ring_text(old)
    newer = with_rsa_key(parse_key_ring(build_key_ring_text(old), source="here"))
    assert [key_id for key_id, _ in newer.rsa_keys()] == ["00000002"]
    assert [(key.key_id, key.created_at, key.material) for key in newer.keys] == [
        (key.key_id, key.created_at, key.material) for key in old.keys
    ]
    assert with_rsa_key(newer) is newer
    write_key_ring_file(tmp_path / "ring.json", newer)
    assert read_key_ring_file(tmp_path / "ring.json").keys == newer.keys


@pytest.mark.parametrize("rsa_key", [1, "%", "AAAA", base64.b64encode(new_rsa_key(bits=1024)).decode()])
def test_what_is_no_rsa_key_of_2048_bits_is_refused(rsa_key: object) -> None:
    key = {"key_id": "0123abcd", "created_at": 1, "material": "A" * 43 + "=", "rsa_key": rsa_key}
    with pytest.raises(ConfigError):
        parse_key_ring(json.dumps({"version": 1, "keys": [key]}), source="here")


def test_a_key_that_is_not_rsa_is_refused() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    der = elliptic.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = {
        "key_id": "0123abcd",
        "created_at": 1,
        "material": "A" * 43 + "=",
        "rsa_key": base64.b64encode(der).decode(),
    }
    with pytest.raises(ConfigError):
        parse_key_ring(json.dumps({"version": 1, "keys": [key]}), source="here")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"keys": []},
        {"keys": [{"key_id": "xx", "created_at": 1, "material": "AAAA"}]},
        {"keys": [{"key_id": "0123abcd", "created_at": 1, "material": "AAAA"}]},
        {"keys": [{"key_id": "0123abcd", "created_at": "1", "material": "A" * 43 + "="}]},
        {"keys": [{"key_id": "0123abcd", "created_at": 1, "material": "A" * 43 + "="}] * 2},
        {"keys": "0123abcd"},
    ],
)
def test_what_is_no_ring_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        parse_key_ring(json.dumps({"version": 1, "keys": [], **change}), source="here")


@settings(max_examples=200, deadline=None)
@given(strategies.text() | strategies.from_type(dict).map(str) | strategies.just('{"version":1,"keys":[1]}'))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_key_ring(text, source="here")


def test_a_master_key_does_not_print_itself() -> None:
    key = MasterKey("0123abcd", 1, b"m" * 32, FIRST_RSA_KEY)
    shown = repr(key) + repr(KeyRing([key]))
    assert "mmm" not in shown
    assert repr(FIRST_RSA_KEY)[2:20] not in shown
