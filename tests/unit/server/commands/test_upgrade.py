"""`daypass server upgrade`: the schema, and an RSA key for a key ring from before there was one."""

from pathlib import Path

import pytest

from daypass.server.adapters.key_ring_file import read_key_ring_file, write_key_ring_file
from daypass.server.commands import upgrade
from daypass.server.domain.key_ring import KeyRing, MasterKey

OLD = KeyRing([MasterKey("0a0b0c0d", 1, b"k" * 32)])


@pytest.fixture
def ring_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ring.json"
    monkeypatch.setenv("DAYPASS_KEY_RING_FILE", str(path))
    monkeypatch.setenv("DAYPASS_DATABASE_URL", f"sqlite://{tmp_path / 'daypass.db'}")
    return path


def test_an_old_ring_gets_an_rsa_key_once_and_no_private_part_comes_to_the_database(
    ring_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_key_ring_file(ring_file, OLD)
    assert upgrade.run([]) == 0
    assert "added an RSA key" in capsys.readouterr().err
    ring = read_key_ring_file(ring_file)
    assert [(key.key_id, key.material) for key in ring.keys] == [("0a0b0c0d", b"k" * 32)]
    assert upgrade.run([]) == 0
    assert capsys.readouterr().err == "daypass: the schema is up to date\n"
    assert read_key_ring_file(ring_file).keys == ring.keys
    stored = b"".join(path.read_bytes() for path in ring_file.parent.glob("daypass.db*"))
    assert stored
    assert ring.current.rsa_key[-64:] not in stored


def test_a_host_without_the_key_ring_file_upgrades_the_database_all_the_same(ring_file: Path) -> None:
    assert upgrade.run([]) == 0
    assert not ring_file.exists()


def test_a_ring_from_the_environment_is_left_to_whoever_keeps_it(
    ring_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_key_ring_file(ring_file, OLD)
    monkeypatch.setenv("DAYPASS_KEY_RING_COMMAND", "cat nowhere")
    assert upgrade.run([]) == 0
    assert read_key_ring_file(ring_file).keys == OLD.keys
